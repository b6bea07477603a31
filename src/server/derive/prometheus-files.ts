import { reveal, type Secret } from '../../clients/secret.ts';
import type { Target } from '../../model/target.ts';
import { formatDuration } from '../../model/time.ts';
import { type KubernetesInput, kubernetesScrapes } from './kubernetes-jobs.ts';
import { engineIntervalMs, evaluationIntervalMs, instanceOf, type RuleInput } from './rule-spec.ts';
import { ruleFileNames, ruleFiles } from './rules.ts';
import { type ChildCredential, webFile } from './web-file.ts';
import { yamlText } from './yaml-text.ts';

export interface PrometheusInput {
  readonly scrapeIntervalMs: number;
  /** Vigía's listener for its own children, on 127.0.0.1: discovery, metrics. */
  readonly internal: { readonly port: number; readonly token: string | Secret };
  readonly alertmanager: ChildCredential & { readonly port: number };
  /** What Prometheus itself asks of its callers. */
  readonly own: ChildCredential;
  /** Vigía's own node_exporter child and the target it is; its discovery entry could carry no credentials. */
  readonly node?: (ChildCredential & { readonly port: number; readonly target: Target }) | undefined;
  readonly rules: RuleInput;
  /** Whether Vigía answers for the time before Prometheus's own samples. */
  readonly archive?: boolean | undefined;
  readonly kubernetes?: KubernetesInput | undefined;
  /** Exporters that are asked about others and want a credential of their callers. */
  readonly exporters?: (ChildCredential & { readonly names: ReadonlySet<string> }) | undefined;
}

/** The main file, and the web configuration for `--web.config.file`. */
export const PROMETHEUS_FILE = 'prometheus.yml';
export const PROMETHEUS_WEB_FILE = 'web.yml';

/** Bounds of a target: against exporters gone wild. Vigía's own metrics grow with the inventory and get more. */
const targetLimits = {
  sample_limit: 5_000,
  label_limit: 40,
  label_value_length_limit: 2_048,
  body_size_limit: '10MB',
  target_limit: 5_000,
};
const ownLimits = { sample_limit: 200_000, label_limit: 40, body_size_limit: '64MB', target_limit: 1 };

/** Of containerd cAdvisor knows no names and says the id in their place: the rules of `container-names.ts` know better. */
const idIsNoName = { source_labels: ['name'], regex: '[0-9a-f]{64}', target_label: 'name', replacement: '' };

const TOKEN_FILE = 'internal-token';
const ALERTMANAGER_FILE = 'alertmanager-password';
const NODE_FILE = 'node-exporter-password';
const EXPORTER_FILE = 'exporter-password';

/**
 * All files of the Prometheus child by name, for a folder of their own. Paths in them are relative to that folder.
 * Every series of a target carries target, profile, job and instance: from discovery, or spelled out for Vigía's own host.
 */
export function prometheusFiles(input: PrometheusInput): Record<string, string> {
  const bearer = { authorization: { type: 'Bearer', credentials_file: TOKEN_FILE } };
  const internal = `127.0.0.1:${input.internal.port}`;
  const cluster =
    input.kubernetes === undefined ? { files: {}, jobs: [] } : kubernetesScrapes(input.kubernetes, { address: internal, auth: bearer });
  const profiles = input.rules.profiles.toSorted((a, b) => (a.slug < b.slug ? -1 : 1));
  const config = {
    global: {
      scrape_interval: formatDuration(input.scrapeIntervalMs),
      // A timeout longer than the interval is refused.
      scrape_timeout: formatDuration(Math.min(10_000, Math.floor(input.scrapeIntervalMs * 0.9))),
      evaluation_interval: formatDuration(evaluationIntervalMs(input.scrapeIntervalMs)),
    },
    rule_files: [...ruleFileNames],
    alerting: {
      alertmanagers: [
        {
          basic_auth: { username: input.alertmanager.username, password_file: ALERTMANAGER_FILE },
          timeout: '5s',
          static_configs: [{ targets: [`127.0.0.1:${input.alertmanager.port}`] }],
        },
      ],
    },
    // Only asked for time before the first sample of its own; where it does not answer, queries say so and go on without.
    ...(input.archive === true ? { remote_read: [{ url: `http://${internal}/internal/read`, ...bearer, remote_timeout: '30s' }] } : {}),
    scrape_configs: [
      {
        job_name: 'vigia',
        // Without it the scores would be called after Vigía's host instead of the hosts they are about.
        honor_labels: true,
        ...bearer,
        ...ownLimits,
        static_configs: [{ targets: [internal], labels: { instance: 'vigia' } }],
      },
      ...(input.node === undefined ? [] : [nodeJob(input.node)]),
      ...(input.rules.targets.some(({ managedBy }) => managedBy === 'docker') ? [dockerJob(internal, bearer, input)] : []),
      ...profiles.map(({ slug, sampleLimit, through }) => ({
        job_name: slug,
        ...(through !== undefined && input.exporters?.names.has(through.exporter) === true
          ? { basic_auth: { username: input.exporters.username, password_file: EXPORTER_FILE } }
          : {}),
        ...targetLimits,
        sample_limit: sampleLimit,
        ...(slug === 'container' ? { metric_relabel_configs: [idIsNoName] } : {}),
        http_sd_configs: [{ url: `http://${internal}/internal/sd/${encodeURIComponent(slug)}`, refresh_interval: '5s', ...bearer }],
      })),
      ...cluster.jobs,
    ],
  };
  return {
    [TOKEN_FILE]: reveal(input.internal.token),
    [ALERTMANAGER_FILE]: reveal(input.alertmanager.password),
    ...(input.node === undefined ? {} : { [NODE_FILE]: reveal(input.node.password) }),
    ...cluster.files,
    ...(input.exporters === undefined ? {} : { [EXPORTER_FILE]: reveal(input.exporters.password) }),
    [PROMETHEUS_WEB_FILE]: webFile(input.own),
    ...ruleFiles(input.rules),
    [PROMETHEUS_FILE]: yamlText(config),
  };
}

/** Docker engines, which Vigía itself asks and exports. A job of its own, as only these scrapes carry its token. */
function dockerJob(internal: string, bearer: object, input: PrometheusInput): unknown {
  const interval = engineIntervalMs(input.scrapeIntervalMs);
  return {
    job_name: 'vigia-docker',
    ...targetLimits,
    sample_limit: 100_000,
    body_size_limit: '64MB',
    scrape_interval: formatDuration(interval),
    scrape_timeout: formatDuration(Math.floor(interval * 0.9)),
    ...bearer,
    // Discovery names the job `container`: an engine is a target of its profile like a cAdvisor.
    http_sd_configs: [{ url: `http://${internal}/internal/docker`, refresh_interval: '5s', ...bearer }],
  };
}

function nodeJob(node: NonNullable<PrometheusInput['node']>): unknown {
  const { target } = node;
  return {
    job_name: 'vigia-node',
    ...targetLimits,
    basic_auth: { username: node.username, password_file: NODE_FILE },
    static_configs: [
      {
        targets: [`127.0.0.1:${node.port}`],
        // `job` given here wins over the job's own name: this host is one of its profile like any other.
        labels: { ...target.labels, target: target.id, profile: target.profile, job: target.profile, instance: instanceOf(target) },
      },
    ],
  };
}
