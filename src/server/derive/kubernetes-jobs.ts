import { reveal, type Secret } from '../../clients/secret.ts';
import type { KubernetesConfig } from '../../model/kubernetes.ts';
import { kubernetesJobs } from '../kubernetes/discovery.ts';

/** What Prometheus needs to scrape a cluster. */
export interface KubernetesInput {
  readonly config: KubernetesConfig;
  readonly token: Secret | undefined;
  readonly caPem: string | undefined;
  readonly certPem: string | undefined;
  readonly keyPem: Secret | undefined;
  readonly serverName: string | undefined;
}

const TOKEN_FILE = 'kubernetes-token';
const CA_FILE = 'kubernetes-ca.pem';
const CERT_FILE = 'kubernetes-cert.pem';
const KEY_FILE = 'kubernetes-key.pem';

/** A kubelet of 110 pods brings some 20,000 samples; an own state some 30 for each pod. */
const kubeletLimits = {
  sample_limit: 50_000,
  label_limit: 40,
  label_value_length_limit: 2_048,
  body_size_limit: '64MB',
  target_limit: 10_000,
};
const stateLimits = {
  sample_limit: 1_000_000,
  label_limit: 40,
  label_value_length_limit: 2_048,
  body_size_limit: '256MB',
  target_limit: 100,
};
const podLimits = { sample_limit: 5_000, label_limit: 40, label_value_length_limit: 2_048, body_size_limit: '10MB', target_limit: 5_000 };

type Relabel = Readonly<Record<string, unknown>>;
const jobOfProfile: Relabel = { source_labels: ['profile'], regex: '(k8s-.+)', target_label: 'job', replacement: '$1' };

/** Of what cAdvisor says of control groups, those of pods and that of the node stay; the first belong to another profile. */
const kubeletSeries: readonly Relabel[] = [
  { source_labels: ['__name__', 'pod', 'id'], regex: 'container_.+;;/.+', action: 'drop' },
  { source_labels: ['__name__', 'pod'], regex: 'container_.+;.+', target_label: 'profile', replacement: 'k8s-pod' },
  jobOfProfile,
];

/** The state of objects comes as one scrape and belongs to three profiles. A node's is that of its target. */
const stateSeries = (name: string): readonly Relabel[] => [
  { source_labels: ['__name__'], regex: 'kube_node_.+', target_label: 'profile', replacement: 'k8s-node' },
  { source_labels: ['__name__', 'node'], regex: 'kube_node_.+;(.+)', target_label: 'target', replacement: `${name}:$1` },
  {
    source_labels: ['__name__'],
    regex: 'kube_(deployment|statefulset|daemonset|replicaset)_.+',
    target_label: 'profile',
    replacement: 'k8s-workload',
  },
  jobOfProfile,
];

/**
 * The jobs of a cluster and the files that they name, beside the jobs of the profiles. The token goes to the API server and
 * to kubelets alone, and follows no redirect: Prometheus would give it to whoever is named there.
 */
export function kubernetesScrapes(
  input: KubernetesInput,
  internal: { readonly address: string; readonly auth: Readonly<Record<string, unknown>> },
): { files: Record<string, string>; jobs: unknown[] } {
  const { config, token, caPem, certPem, keyPem, serverName } = input;
  const files = {
    ...(token === undefined ? {} : { [TOKEN_FILE]: reveal(token) }),
    ...(caPem === undefined ? {} : { [CA_FILE]: caPem }),
    ...(certPem === undefined ? {} : { [CERT_FILE]: certPem }),
    ...(keyPem === undefined ? {} : { [KEY_FILE]: reveal(keyPem) }),
  };
  const tls = {
    ...(caPem === undefined ? {} : { ca_file: CA_FILE }),
    ...(certPem === undefined ? {} : { cert_file: CERT_FILE, key_file: KEY_FILE }),
    ...(serverName === undefined || config.kubelets === 'direct' ? {} : { server_name: serverName }),
  };
  const sd = (job: string) => ({
    http_sd_configs: [{ url: `http://${internal.address}/internal/sd/${job}`, refresh_interval: '5s', ...internal.auth }],
  });
  return {
    files,
    jobs: [
      {
        job_name: kubernetesJobs.kubelets,
        ...(token === undefined ? {} : { authorization: { type: 'Bearer', credentials_file: TOKEN_FILE } }),
        ...(Object.keys(tls).length === 0 ? {} : { tls_config: tls }),
        follow_redirects: false,
        ...kubeletLimits,
        ...sd(kubernetesJobs.kubelets),
        metric_relabel_configs: kubeletSeries,
      },
      {
        job_name: 'kubernetes-state',
        metrics_path: '/internal/kubernetes/metrics',
        ...internal.auth,
        follow_redirects: false,
        ...stateLimits,
        static_configs: [
          {
            targets: [internal.address],
            labels: { target: `${config.name}:state`, profile: 'k8s-pod', job: 'k8s-pod', instance: 'vigia' },
          },
        ],
        metric_relabel_configs: stateSeries(config.name),
      },
      {
        job_name: kubernetesJobs.stateMetrics,
        follow_redirects: false,
        ...stateLimits,
        ...sd(kubernetesJobs.stateMetrics),
        metric_relabel_configs: stateSeries(config.name),
      },
      ...(config.annotatedPods
        ? [{ job_name: kubernetesJobs.pods, follow_redirects: false, ...podLimits, ...sd(kubernetesJobs.pods) }]
        : []),
    ],
  };
}
