import { join } from 'node:path';
import { pino } from 'pino';
import type { AccessOptions, KubernetesAccess } from '../../src/clients/kubernetes/access.ts';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient, type PrometheusClient } from '../../src/clients/prometheus.ts';
import { type KubernetesConfig, kubernetesSchema } from '../../src/model/kubernetes.ts';
import { installFiles } from '../../src/server/derive/install.ts';
import { PROMETHEUS_FILE, prometheusFiles } from '../../src/server/derive/prometheus-files.ts';
import { createInternalListener } from '../../src/server/internal.ts';
import { type Kubernetes, startKubernetes } from '../../src/server/kubernetes/start.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import type { Source } from '../../src/server/reader.ts';
import { run } from '../../src/tools/run.ts';
import { prometheus as prometheusInput, rules } from '../derive/house.ts';
import { eventually, freePort, scratch, startPrometheus } from '../stand-ins/real.ts';

export const profiles = loadProfiles(join(import.meta.dirname, '../../profiles'));
const credential = { username: 'vigia', password: 'pass word' };

export interface ClusterHouse {
  readonly kubernetes: Kubernetes;
  readonly client: PrometheusClient;
  readonly source: Source;
  /** Where the files for Prometheus lie. */
  readonly configDir: string;
  /** How often the files were made because of the cluster. */
  derived(): number;
  stop(): Promise<void>;
}

/** The part of Vigía that watches a cluster, with a real Prometheus that follows what it publishes. */
export async function clusterHouse(options: {
  access: KubernetesAccess;
  accessOptions?: AccessOptions;
  config?: Partial<KubernetesConfig>;
  stepMs: number;
}): Promise<ClusterHouse> {
  const { stepMs } = options;
  const config = kubernetesSchema.parse(options.config ?? {});
  const { dir, stop: removeDir } = scratch();
  const stops: (() => Promise<unknown> | unknown)[] = [removeDir];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).toReversed()) await each();
  };
  const [internalPort, port] = [await freePort(), await freePort()];
  const configDir = join(dir, 'config');
  let derivedCount = 0;
  const derive = async (): Promise<void> => {
    const files = prometheusFiles(
      prometheusInput({
        scrapeIntervalMs: stepMs,
        internal: { port: internalPort, token: 'token' },
        kubernetes: kubernetes.scrapeInput(),
        rules: rules({ scrapeIntervalMs: stepMs, profiles: [...profiles.values()], targets: kubernetes.targets(), kubernetes: true }),
      }),
    );
    const check = (trial: string) => [{ file: 'promtool', args: ['check', 'config', join(trial, PROMETHEUS_FILE)] }];
    await installFiles({ dir: configDir, files, part: 'Prometheus', check, run });
  };
  const kubernetes = startKubernetes({
    config,
    access: options.access,
    accessOptions: options.accessOptions ?? { env: {} },
    fetchOptions: { proxy: undefined, noProxy: [], caPem: undefined, forbiddenPorts: () => new Set<number>() },
    now: Date.now,
    log: pino({ level: 'silent' }),
    onChange: () => {},
    onDerive: async () => {
      derivedCount++;
      await derive();
      await client.reload();
    },
    pauses: { firstMs: 20, mostMs: 200 },
  });
  stops.push(() => kubernetes.stop());
  // What else the listener serves is not asked for here.
  const internal = createInternalListener({
    token: 'token',
    targetsOf: async (job: string) => kubernetes.discover(job) ?? [],
    kubernetes: () => kubernetes.exposition(),
    metrics: () => '',
    log: pino({ level: 'silent' }),
  } as unknown as Parameters<typeof createInternalListener>[0]);
  stops.push(() => internal.close());
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set([port]) });
  stops.push(() => fetch.close());
  const client = createPrometheusClient({ name: 'Prometheus', baseUrl: `http://127.0.0.1:${port}`, fetch, ownChild: true, ...credential });
  try {
    await internal.listen({ host: '127.0.0.1', port: internalPort });
    await eventually('the cluster', () => kubernetes.cluster.synced() || undefined).catch((thrown: unknown) => {
      throw new Error(kubernetes.health().reason, { cause: thrown });
    });
    await derive();
    const flags = [`--web.config.file=${join(configDir, 'web.yml')}`, `--query.lookback-delta=${2 * stepMs}ms`];
    const prometheus = await startPrometheus(configDir, port, flags);
    stops.push(() => prometheus.stop());
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  const source: Source = {
    client,
    stepMs,
    watermarkMs: 2 * stepMs,
    rateMs: 4 * stepMs,
    selector: (profile) => profile.selector,
    identity: (profile) => profile.identity,
  };
  return { kubernetes, client, source, configDir, derived: () => derivedCount, stop };
}
