import type { KubernetesAccess } from '../../clients/kubernetes/access.ts';
import { hostPort, type KubernetesNode, type KubernetesPod } from '../../clients/kubernetes/objects.ts';
import type { KubernetesConfig } from '../../model/kubernetes.ts';
import type { Target } from '../../model/target.ts';
import type { Cluster } from './cluster.ts';

/** One answer of `http_sd`. */
export interface Discovered {
  readonly targets: string[];
  readonly labels: Record<string, string>;
}

/** Jobs of Prometheus beside those of the profiles; each asks for its targets under its name. */
export const kubernetesJobs = {
  kubelets: 'kubernetes-kubelets',
  stateMetrics: 'kubernetes-state-metrics',
  pods: 'kubernetes-pods',
} as const;

/** A node as a target. Its name cannot be that of a target that a person added, whose ids have no colon. */
export function nodeTarget(config: KubernetesConfig, node: KubernetesNode): Target {
  return {
    id: `${config.name}:${node.name}`,
    name: node.name,
    profile: 'k8s-node',
    address: node.kubelet ?? hostPort(node.name, 10_250),
    scheme: 'https',
    metricsPath: '/metrics/cadvisor',
    labels: {},
    enabled: config.kubelets !== 'off',
    managedBy: 'kubernetes',
    createdMs: node.createdMs,
  };
}

/**
 * Both endpoints of each kubelet. The address is the kubelet's own, or that of the API server, which forwards; the labels
 * are the same either way, so that a model outlives the change.
 */
export function discoverKubelets(config: KubernetesConfig, access: KubernetesAccess, cluster: Cluster): Discovered[] {
  if (config.kubelets === 'off') return [];
  const server = new URL(access.server);
  const scheme = server.protocol.replace(':', '');
  const port = server.port === '' ? (scheme === 'https' ? '443' : '80') : server.port;
  return cluster.nodes().flatMap((node) => {
    const target = nodeTarget(config, node);
    const through =
      config.kubelets === 'proxy'
        ? {
            address: `${server.hostname}:${port}`,
            scheme,
            prefix: `${server.pathname.replace(/\/$/, '')}/api/v1/nodes/${encodeURIComponent(node.name)}/proxy`,
          }
        : node.kubelet === null
          ? null
          : { address: node.kubelet, scheme: 'https', prefix: '' };
    if (through === null) return [];
    const labels = { target: target.id, profile: target.profile, job: target.profile, instance: target.address, node: node.name };
    return (['cadvisor', 'kubelet'] as const).map((endpoint) => ({
      targets: [through.address],
      labels: {
        __scheme__: through.scheme,
        __metrics_path__: `${through.prefix}${endpoint === 'cadvisor' ? '/metrics/cadvisor' : '/metrics'}`,
        ...labels,
        endpoint,
      },
    }));
  });
}

/** Where kube-state-metrics says the state of objects; empty where Vigía says it itself. */
export function discoverStateMetrics(config: KubernetesConfig, access: KubernetesAccess, cluster: Cluster): Discovered[] {
  if (config.stateMetrics === 'own' || (config.stateMetrics === 'auto' && !access.inCluster)) return [];
  return [...cluster.pods()].flatMap((pod) => {
    if (pod.app !== 'kube-state-metrics' || pod.ip === null || pod.deleting || !isReady(pod)) return [];
    const ports = pod.containers.flatMap((each) => each.ports);
    const port = (ports.find((each) => each.name === 'http-metrics') ?? ports.find((each) => each.port === 8080))?.port ?? 8080;
    const address = hostPort(pod.ip, port);
    return [{ targets: [address], labels: { target: `${config.name}:state`, profile: 'k8s-pod', job: 'k8s-pod', instance: address } }];
  });
}

/** Pods that ask to be scraped, by the annotations that have become usual. They get no credentials. */
export function discoverPods(config: KubernetesConfig, cluster: Cluster): Discovered[] {
  if (!config.annotatedPods) return [];
  return [...cluster.pods()].flatMap((pod) => {
    if (pod.scrape['scrape'] !== 'true' || pod.ip === null || pod.phase !== 'Running') return [];
    const said = pod.scrape['port'];
    const port = said === undefined ? pod.containers.flatMap((each) => each.ports)[0]?.port : Number(said);
    if (port === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return [];
    const address = hostPort(pod.ip, port);
    const path = pod.scrape['path'] ?? '/metrics';
    return [
      {
        targets: [address],
        labels: {
          __scheme__: pod.scrape['scheme'] === 'https' ? 'https' : 'http',
          __metrics_path__: path.startsWith('/') ? path : `/${path}`,
          instance: address,
          namespace: pod.namespace,
          pod: pod.name,
          ...(pod.node === null ? {} : { node: pod.node }),
        },
      },
    ];
  });
}

const isReady = (pod: KubernetesPod): boolean => pod.conditions.some((each) => each.type === 'Ready' && each.status === 'True');
