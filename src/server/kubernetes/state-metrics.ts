import type { ContainerStatus, KubernetesPod } from '../../clients/kubernetes/objects.ts';
import { family } from '../board.ts';
import type { Cluster, Workload, WorkloadKind } from './cluster.ts';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

const phases = ['Pending', 'Succeeded', 'Failed', 'Unknown', 'Running'] as const;
const truths = ['true', 'false', 'unknown'] as const;
const seconds = (ms: number): number => ms / 1000;
const bit = (holds: boolean): number => (holds ? 1 : 0);

/**
 * What kube-state-metrics 2 would say of a cluster, as far as profiles, panels and rules ask for it: the same names, labels and
 * meanings. Source: kubernetes/kube-state-metrics, docs/metrics.
 */
export function stateMetrics(cluster: Cluster): string {
  return [...nodeFamilies(cluster), ...podFamilies(cluster), ...workloadFamilies(cluster)].join('');
}

const plain = (name: string, help: string, samples: readonly Sample[], type: 'gauge' | 'counter' = 'gauge'): string =>
  family(name, type, help, samples, (sample) => sample);

function nodeFamilies(cluster: Cluster): string[] {
  const nodes = cluster.nodes();
  const label = (node: string): Labels => ({ node });
  return [
    plain(
      'kube_node_info',
      'Information about a cluster node.',
      nodes.map((each) => [{ ...label(each.name), kubelet_version: each.version }, 1]),
    ),
    plain(
      'kube_node_created',
      'Unix creation timestamp.',
      nodes.map((each) => [label(each.name), seconds(each.createdMs)]),
    ),
    plain(
      'kube_node_spec_unschedulable',
      'Whether a node takes new pods (0) or not (1).',
      nodes.map((each) => [label(each.name), bit(!each.schedulable)]),
    ),
    plain(
      'kube_node_status_condition',
      'The condition of a cluster node.',
      nodes.flatMap((each) =>
        each.conditions.flatMap(({ type, status }) =>
          truths.map((truth): Sample => [{ ...label(each.name), condition: type, status: truth }, bit(status.toLowerCase() === truth)]),
        ),
      ),
    ),
    plain(
      'kube_node_status_allocatable',
      'What a node has for pods.',
      nodes.flatMap(({ name, allocatable }) => resourceSamples(label(name), allocatable.cpuCores, allocatable.memoryBytes)),
    ),
  ];
}

function resourceSamples(labels: Labels, cores: number | null, bytes: number | null): Sample[] {
  return [
    ...(cores === null ? [] : [[{ ...labels, resource: 'cpu', unit: 'core' }, cores] as const]),
    ...(bytes === null ? [] : [[{ ...labels, resource: 'memory', unit: 'byte' }, bytes] as const]),
  ];
}

function podFamilies(cluster: Cluster): string[] {
  const pods = [...cluster.pods()].map((pod) => ({ pod, labels: { namespace: pod.namespace, pod: pod.name, uid: pod.uid } }));
  const containers = pods.flatMap(({ pod, labels }) =>
    pod.statuses.filter((each) => !each.init).map((status) => ({ status, labels: { ...labels, container: status.name } })),
  );
  const each = (samples: (status: ContainerStatus) => number | null): Sample[] =>
    containers.flatMap(({ status, labels }) => {
      const value = samples(status);
      return value === null ? [] : [[labels, value] as const];
    });
  const reasons = (reasonOf: (status: ContainerStatus) => string | undefined): Sample[] =>
    containers.flatMap(({ status, labels }) => {
      const reason = reasonOf(status) ?? '';
      return reason === '' ? [] : [[{ ...labels, reason }, 1] as const];
    });
  const readyOf = (pod: KubernetesPod): string => (pod.conditions.find(({ type }) => type === 'Ready')?.status ?? 'False').toLowerCase();
  return [
    plain(
      'kube_pod_info',
      'Information about pod.',
      pods.map(({ pod, labels }) => [
        {
          ...labels,
          node: pod.node ?? '',
          pod_ip: pod.ip ?? '',
          created_by_kind: pod.owner?.kind ?? '',
          created_by_name: pod.owner?.name ?? '',
        },
        1,
      ]),
    ),
    plain(
      'kube_pod_owner',
      "Information about the pod's owner.",
      pods.flatMap(({ pod, labels }) =>
        pod.owner === null ? [] : [[{ ...labels, owner_kind: pod.owner.kind, owner_name: pod.owner.name, owner_is_controller: 'true' }, 1]],
      ),
    ),
    plain(
      'kube_pod_created',
      'Unix creation timestamp.',
      pods.map(({ pod, labels }) => [labels, seconds(pod.createdMs)]),
    ),
    plain(
      'kube_pod_status_phase',
      'The pods current phase.',
      pods.flatMap(({ pod, labels }) => phases.map((phase): Sample => [{ ...labels, phase }, bit(pod.phase === phase)])),
    ),
    plain(
      'kube_pod_status_ready',
      'Whether the pod is ready to serve requests.',
      pods.flatMap(({ pod, labels }) => truths.map((condition): Sample => [{ ...labels, condition }, bit(readyOf(pod) === condition)])),
    ),
    plain(
      'kube_pod_container_info',
      'Information about a container in a pod.',
      containers.map(({ status: { image, imageId, containerId }, labels }) => [
        { ...labels, image, image_id: imageId, container_id: containerId },
        1,
      ]),
    ),
    plain(
      'kube_pod_container_status_ready',
      'Whether the readiness check of a container succeeded.',
      each((status) => bit(status.ready)),
    ),
    plain(
      'kube_pod_container_status_running',
      'Whether a container runs.',
      each((status) => bit(status.running)),
    ),
    plain(
      'kube_pod_container_status_waiting',
      'Whether a container waits.',
      each((status) => bit(status.waiting !== null)),
    ),
    plain(
      'kube_pod_container_status_waiting_reason',
      'Why a container waits.',
      reasons((status) => status.waiting?.reason),
    ),
    plain(
      'kube_pod_container_status_terminated',
      'Whether a container has ended.',
      each((status) => bit(status.terminated !== null)),
    ),
    plain(
      'kube_pod_container_status_terminated_reason',
      'Why a container has ended.',
      reasons((status) => status.terminated?.reason),
    ),
    plain(
      'kube_pod_container_status_last_terminated_reason',
      'Why a container ended the last time.',
      reasons((status) => status.lastTerminated?.reason),
    ),
    plain(
      'kube_pod_container_status_last_terminated_exitcode',
      'With which code a container ended the last time.',
      each((status) => status.lastTerminated?.exitCode ?? null),
    ),
    plain(
      'kube_pod_container_status_restarts_total',
      'Restarts of a container.',
      each((status) => status.restarts),
      'counter',
    ),
    plain(
      'kube_pod_container_resource_limits',
      'What a container may use at most.',
      pods.flatMap(({ pod, labels }) =>
        pod.containers.flatMap(({ name, cpuLimitCores, memoryLimitBytes }) =>
          resourceSamples({ ...labels, container: name, node: pod.node ?? '' }, cpuLimitCores, memoryLimitBytes),
        ),
      ),
    ),
  ];
}

/** Metric by what it counts, for each kind. */
const workloadMetrics: Readonly<Record<WorkloadKind, readonly (readonly [name: string, count: (workload: Workload) => number])[]>> = {
  Deployment: [
    ['kube_deployment_spec_replicas', (each) => each.desired],
    ['kube_deployment_status_replicas', (each) => each.current],
    ['kube_deployment_status_replicas_ready', (each) => each.ready],
    ['kube_deployment_status_replicas_available', (each) => each.available],
    ['kube_deployment_status_replicas_unavailable', (each) => Math.max(0, each.current - each.available)],
    ['kube_deployment_status_replicas_updated', (each) => each.updated],
  ],
  StatefulSet: [
    ['kube_statefulset_replicas', (each) => each.desired],
    ['kube_statefulset_status_replicas', (each) => each.current],
    ['kube_statefulset_status_replicas_ready', (each) => each.ready],
    ['kube_statefulset_status_replicas_available', (each) => each.available],
    ['kube_statefulset_status_replicas_updated', (each) => each.updated],
  ],
  DaemonSet: [
    ['kube_daemonset_status_desired_number_scheduled', (each) => each.desired],
    ['kube_daemonset_status_current_number_scheduled', (each) => each.current],
    ['kube_daemonset_status_number_ready', (each) => each.ready],
    ['kube_daemonset_status_number_available', (each) => each.available],
    ['kube_daemonset_status_number_unavailable', (each) => Math.max(0, each.desired - each.available)],
    ['kube_daemonset_status_updated_number_scheduled', (each) => each.updated],
  ],
};

function workloadFamilies(cluster: Cluster): string[] {
  const workloads = cluster.workloads();
  const owners = [...cluster.replicaSets()].flatMap((each): Sample[] =>
    each.owner === null
      ? []
      : [
          [
            {
              namespace: each.namespace,
              replicaset: each.name,
              owner_kind: each.owner.kind,
              owner_name: each.owner.name,
              owner_is_controller: 'true',
            },
            1,
          ],
        ],
  );
  return [
    ...Object.entries(workloadMetrics).flatMap(([kind, metrics]) => {
      const ours = workloads.filter((each) => each.kind === kind);
      const label = kind.toLowerCase();
      return metrics.map(([name, count]) =>
        plain(
          name,
          `Of a ${kind}.`,
          ours.map((each) => [{ namespace: each.namespace, [label]: each.name }, count(each)]),
        ),
      );
    }),
    plain('kube_replicaset_owner', "Information about the ReplicaSet's owner.", owners),
  ];
}
