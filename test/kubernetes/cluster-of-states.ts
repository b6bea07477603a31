import { kubeDaemonSet, kubeNamespace, kubeNode, kubePod, kubeWorkload } from '../stand-ins/kubernetes-objects.ts';
import type { KubernetesStandIn } from '../stand-ins/kubernetes.ts';

/** The pods that the recorded kubelet ran, in the states that they were in, and one that found no node. */
export function fillCluster(api: KubernetesStandIn): void {
  api.set('nodes', kubeNode('vm'));
  for (const name of ['default', 'kube-system', 'empty']) api.set('namespaces', kubeNamespace(name));
  const web = { owner: ['ReplicaSet', 'web-5c7d8b77c8'] as const, limits: { memory: '32Mi', cpu: '500m' } };
  api.set('pods', kubePod('burn', 'running', { limits: { memory: '32Mi', cpu: '300m' } }));
  api.set('pods', kubePod('crash', 'crashing', { restarts: 4 }));
  api.set('pods', kubePod('oom', 'oomKilled', { restarts: 2, limits: { memory: '16Mi' } }));
  for (const name of ['web-5c7d8b77c8-grb6j', 'web-5c7d8b77c8-xn42k']) api.set('pods', kubePod(name, 'running', web));
  api.set('pods', kubePod('starting', 'unscheduled', { ageMs: 60_000 }));
  api.set('deployments', kubeWorkload('web', { desired: 3, available: 2 }));
  api.set('replicasets', kubeWorkload('web-5c7d8b77c8', { desired: 3, available: 2, owner: ['Deployment', 'web'] }));
  api.set('statefulsets', kubeWorkload('db', { namespace: 'kube-system', desired: 1, available: 1 }));
  api.set('daemonsets', kubeDaemonSet('agent', 'kube-system', 1, 1));
}
