import type { Cluster, ClusterPod } from '../../src/model/kubernetes.ts';
import type { Scene } from './scenes.ts';

const minute = 60_000;

function pod(now: number, name: string, part: Partial<ClusterPod> = {}): ClusterPod {
  const namespace = part.namespace ?? 'default';
  return {
    id: `${namespace}/${name}`,
    namespace,
    name,
    node: 'vm',
    owner: null,
    status: 'Running',
    state: 'ok',
    reason: '',
    sinceMs: now - 90 * minute,
    createdMs: now - 100 * minute,
    ready: 1,
    containers: 1,
    restarts: 0,
    lastEnd: null,
    cpuCores: 0.04,
    cpuLimitCores: null,
    memoryBytes: 34e6,
    memoryLimitBytes: null,
    score: 0.31,
    threshold: 0.62,
    ...part,
  };
}

/** A cluster of two nodes with one pod in each of the states that people ask about. */
export function madeUpCluster(now = Date.now()): Cluster {
  const shop = { namespace: 'shop', node: 'worker-with-a-rather-long-name-eu-west-1' };
  const pods = [
    pod(now, 'crash', {
      status: 'CrashLoopBackOff',
      state: 'bad',
      reason: 'back-off 1m20s restarting failed container=c pod=crash_default(9014a37b-ca51-46b2-a4d8-83fd976f167d)',
      sinceMs: now - 12 * minute,
      ready: 0,
      restarts: 6,
      lastEnd: { reason: 'Error', exitCode: 1, atMs: now - minute },
      cpuCores: 0.001,
      memoryBytes: 425_984,
      score: 0.81,
    }),
    pod(now, 'oom', {
      status: 'OOMKilled',
      state: 'bad',
      sinceMs: now - 4 * minute,
      ready: 0,
      restarts: 3,
      lastEnd: { reason: 'OOMKilled', exitCode: 137, atMs: now - 20_000 },
      memoryBytes: 15.9e6,
      memoryLimitBytes: 16 * 2 ** 20,
      score: null,
      threshold: null,
    }),
    pod(now, 'starting', {
      status: 'Pending',
      state: 'unknown',
      node: null,
      reason: '0/2 nodes are available: 2 Insufficient cpu.',
      sinceMs: now - minute,
      ready: 0,
      cpuCores: null,
      memoryBytes: null,
      score: null,
      threshold: null,
    }),
    pod(now, 'burn', { cpuCores: 0.29, cpuLimitCores: 0.3, memoryLimitBytes: 32 * 2 ** 20 }),
    pod(now, 'web-5c7d8b77c8-grb6j', { ...shop, owner: 'Deployment/web', memoryLimitBytes: 64 * 2 ** 20 }),
    pod(now, 'web-5c7d8b77c8-xn42k', { ...shop, owner: 'Deployment/web', memoryLimitBytes: 64 * 2 ** 20, restarts: 1 }),
  ];
  return {
    configured: true,
    name: 'home',
    server: 'https://192.168.1.20:6443',
    state: 'ok',
    reason: '',
    sinceMs: now - 5 * 60 * minute,
    stateMetrics: 'own',
    nodes: [
      {
        id: 'home:worker-with-a-rather-long-name-eu-west-1',
        name: 'worker-with-a-rather-long-name-eu-west-1',
        state: 'unknown',
        reason: 'Kubelet stopped posting node status.',
        sinceMs: now - 3 * minute,
        schedulable: false,
        version: 'v1.20.2',
        pods: 2,
        badPods: 0,
        cpuRatio: null,
        memoryRatio: null,
        score: null,
        threshold: null,
      },
      {
        id: 'home:vm',
        name: 'vm',
        state: 'ok',
        reason: '',
        sinceMs: now - 300 * minute,
        schedulable: true,
        version: 'v1.20.2',
        pods: 3,
        badPods: 2,
        cpuRatio: 0.27,
        memoryRatio: 0.14,
        score: 0.28,
        threshold: 0.6,
      },
    ],
    namespaces: [
      { name: 'default', state: 'bad', pods: 4, badPods: 2, unknownPods: 1, cpuCores: 0.33, memoryBytes: 50.3e6 },
      { name: 'empty', state: 'ok', pods: 0, badPods: 0, unknownPods: 0, cpuCores: null, memoryBytes: null },
      { name: 'shop', state: 'ok', pods: 2, badPods: 0, unknownPods: 0, cpuCores: 0.08, memoryBytes: 68e6 },
    ],
    workloads: [
      {
        id: 'shop/web',
        namespace: 'shop',
        kind: 'Deployment',
        name: 'web',
        state: 'bad',
        reason: '',
        desired: 3,
        available: 2,
        score: 0.4,
        threshold: 0.6,
      },
      {
        id: 'default/agent',
        namespace: 'default',
        kind: 'DaemonSet',
        name: 'agent',
        state: 'ok',
        reason: '',
        desired: 2,
        available: 2,
        score: null,
        threshold: null,
      },
    ],
    pods,
    podsTotal: pods.length,
  };
}

/** Narrowed as the server does. */
export function clusterAnswer(scene: Scene, query: URLSearchParams): Cluster {
  const cluster = scene.cluster ?? madeUpCluster();
  const [node, namespace] = [query.get('node'), query.get('namespace')];
  const pods = cluster.pods.filter((each) => (node ?? each.node) === each.node && (namespace ?? each.namespace) === each.namespace);
  return {
    ...cluster,
    namespaces: cluster.namespaces.filter(({ name }) => node === null || pods.some((each) => each.namespace === name)),
    workloads: cluster.workloads.filter((each) => (namespace ?? each.namespace) === each.namespace),
    pods,
    podsTotal: pods.length,
  };
}
