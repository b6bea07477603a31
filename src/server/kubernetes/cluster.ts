import type { Change, KubernetesClient, Resource } from '../../clients/kubernetes/client.ts';
import { type Follower, follow, type FollowOptions } from '../../clients/kubernetes/follow.ts';
import type { KubernetesNode, KubernetesPod, KubernetesWorkload, Meta } from '../../clients/kubernetes/objects.ts';
import type { PartHealth } from '../../model/api.ts';
import type { ClusterWorkload } from '../../model/kubernetes.ts';
import type { State } from '../../model/target.ts';
import { type ResourceName, resourceNames, resources } from './resources.ts';

export type WorkloadKind = ClusterWorkload['kind'];
export interface Workload extends KubernetesWorkload {
  readonly kind: WorkloadKind;
}

/** What is known of a cluster at this moment, kept up to date by watches. */
export interface Cluster {
  /** Nodes and pods were listed once. */
  synced(): boolean;
  /** Nodes and pods are what they are now, give or take a minute. */
  fresh(): boolean;
  nodes(): KubernetesNode[];
  namespaces(): Meta[];
  pods(): IterableIterator<KubernetesPod>;
  /** By NAMESPACE/NAME. */
  pod(id: string): KubernetesPod | null;
  workloads(): Workload[];
  replicaSets(): IterableIterator<KubernetesWorkload>;
  /** What a pod belongs to: a ReplicaSet is only the hand of a Deployment. */
  ownerOf(pod: KubernetesPod): Meta['owner'];
  health(): PartHealth;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly client: KubernetesClient;
  readonly now: () => number;
  /** Something changed; called often. */
  readonly onChange: (what: ResourceName | 'health') => void;
  readonly pauses?: FollowOptions<unknown>['pauses'];
}

/** So long what was known before may stand in for what is. */
const badAfterMs = 60_000;

export const keyOf = ({ namespace, name }: Pick<Meta, 'namespace' | 'name'>): string => (namespace === '' ? name : `${namespace}/${name}`);

/** Begins to follow all kinds at once. It never throws: what cannot be read is told by `health`. */
export function followCluster({ client, now, onChange, pauses }: ClusterOptions): Cluster {
  const held = {
    nodes: new Map<string, KubernetesNode>(),
    namespaces: new Map<string, Meta>(),
    pods: new Map<string, KubernetesPod>(),
    deployments: new Map<string, KubernetesWorkload>(),
    replicasets: new Map<string, KubernetesWorkload>(),
    statefulsets: new Map<string, KubernetesWorkload>(),
    daemonsets: new Map<string, KubernetesWorkload>(),
  };
  const startedMs = now();
  const problems = new Map(resourceNames.map((name) => [name, { reason: 'it has not answered yet', sinceMs: startedMs }]));
  const listed = new Set<ResourceName>();
  /** When all was well again. */
  let wellSinceMs = startedMs;

  const start = <T extends Meta>(name: ResourceName, resource: Resource<T>, items: Map<string, T>): Follower =>
    follow<T>({
      client,
      resource,
      ...(pauses === undefined ? {} : { pauses }),
      replace(all) {
        items.clear();
        for (const item of all) items.set(keyOf(item), item);
        listed.add(name);
        onChange(name);
      },
      change({ kind, item }: Change<T>) {
        if (kind === 'delete') items.delete(keyOf(item));
        else items.set(keyOf(item), item);
        onChange(name);
      },
      tell(problem) {
        const before = problems.get(name);
        if (problem === (before?.reason ?? null)) return;
        if (problem !== null) problems.set(name, { reason: problem, sinceMs: before?.sinceMs ?? now() });
        else if (problems.delete(name) && problems.size === 0) wellSinceMs = now();
        onChange('health');
      },
    });

  const followers = [
    start('nodes', resources.nodes, held.nodes),
    start('namespaces', resources.namespaces, held.namespaces),
    start('pods', resources.pods, held.pods),
    start('deployments', resources.deployments, held.deployments),
    start('replicasets', resources.replicasets, held.replicasets),
    start('statefulsets', resources.statefulsets, held.statefulsets),
    start('daemonsets', resources.daemonsets, held.daemonsets),
  ];

  const isOld = (problem: { readonly sinceMs: number }): boolean => now() - problem.sinceMs > badAfterMs;
  const synced = (): boolean => listed.has('nodes') && listed.has('pods');
  const health = (): PartHealth => {
    const [first] = [...problems.values()].toSorted((a, b) => a.sinceMs - b.sinceMs);
    const state: State = first === undefined ? 'ok' : isOld(first) ? 'bad' : 'unknown';
    const phase = state === 'ok' ? 'ready' : 'degraded';
    return { part: 'Kubernetes', state, phase, reason: first?.reason ?? '', sinceMs: first?.sinceMs ?? wellSinceMs };
  };

  const ofKind = (kind: WorkloadKind, items: Map<string, KubernetesWorkload>): Workload[] =>
    [...items.values()].map((each) => ({ ...each, kind }));

  return {
    synced,
    fresh: () =>
      synced() &&
      (['nodes', 'pods'] as const).every((name) => {
        const problem = problems.get(name);
        return problem === undefined || !isOld(problem);
      }),
    nodes: () => [...held.nodes.values()],
    namespaces: () => [...held.namespaces.values()],
    pods: () => held.pods.values(),
    pod: (id) => held.pods.get(id) ?? null,
    workloads: () => [
      ...ofKind('Deployment', held.deployments),
      ...ofKind('StatefulSet', held.statefulsets),
      ...ofKind('DaemonSet', held.daemonsets),
    ],
    replicaSets: () => held.replicasets.values(),
    ownerOf(pod) {
      const { owner } = pod;
      if (owner?.kind !== 'ReplicaSet') return owner;
      return held.replicasets.get(keyOf({ namespace: pod.namespace, name: owner.name }))?.owner ?? owner;
    },
    health,
    async stop() {
      await Promise.all(followers.map((each) => each.stop()));
    },
  };
}
