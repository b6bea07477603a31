import type { Resource } from '../../clients/kubernetes/client.ts';
import {
  type KubernetesNode,
  type KubernetesPod,
  type KubernetesWorkload,
  type Meta,
  namespaceOf,
  nodeOf,
  podOf,
  workloadOf,
} from '../../clients/kubernetes/objects.ts';

/** All that Vigía reads of a cluster: list and watch of these, and of nothing else. docs/kubernetes.md says the same. */
export const resources = {
  nodes: { name: 'nodes', path: '/api/v1/nodes', keep: nodeOf } satisfies Resource<KubernetesNode>,
  namespaces: { name: 'namespaces', path: '/api/v1/namespaces', keep: namespaceOf } satisfies Resource<Meta>,
  pods: { name: 'pods', path: '/api/v1/pods', keep: podOf } satisfies Resource<KubernetesPod>,
  deployments: { name: 'deployments', path: '/apis/apps/v1/deployments', keep: workloadOf } satisfies Resource<KubernetesWorkload>,
  replicasets: { name: 'replicasets', path: '/apis/apps/v1/replicasets', keep: workloadOf } satisfies Resource<KubernetesWorkload>,
  statefulsets: { name: 'statefulsets', path: '/apis/apps/v1/statefulsets', keep: workloadOf } satisfies Resource<KubernetesWorkload>,
  daemonsets: { name: 'daemonsets', path: '/apis/apps/v1/daemonsets', keep: workloadOf } satisfies Resource<KubernetesWorkload>,
} as const;
export type ResourceName = keyof typeof resources;
export const resourceNames = Object.keys(resources) as readonly ResourceName[];
