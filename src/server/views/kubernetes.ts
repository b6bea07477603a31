import type { KubernetesPod } from '../../clients/kubernetes/objects.ts';
import type { Scope } from '../../model/account.ts';
import type { Cluster as ClusterAnswer, ClusterNamespace, ClusterNode, ClusterPod, ClusterWorkload } from '../../model/kubernetes.ts';
import type { State } from '../../model/target.ts';
import { freshMs, type House } from '../house.ts';
import { keyOf } from '../kubernetes/cluster.ts';
import { nodeTarget } from '../kubernetes/discovery.ts';
import type { Kubernetes } from '../kubernetes/start.ts';
import { nodeVerdict, podVerdict, type PodVerdict, workloadVerdict } from '../kubernetes/verdict.ts';
import { bind } from '../profiles.ts';
import { bindingOf } from '../reader.ts';
import { worst } from './overview.ts';

/** Most pods in one answer; what is wrong comes first. */
const mostPods = 500;

/** What is used now, by entity. */
export interface Use {
  readonly nodeCpu: ReadonlyMap<string, number>;
  readonly nodeMemory: ReadonlyMap<string, number>;
  readonly podCpu: ReadonlyMap<string, number>;
  readonly podMemory: ReadonlyMap<string, number>;
}

/** Reads what is used, once per step at most: many pages may look at once. Where the source is silent there is no figure. */
export function createUse(house: House): () => Promise<Use> {
  let newest: { readonly atMs: number; readonly use: Promise<Use> } | null = null;
  const read = async (): Promise<Use> => {
    const [nodeCpu, nodeMemory, podCpu, podMemory] = await Promise.all([
      newestOf(house, 'k8s-node', 'cpu'),
      newestOf(house, 'k8s-node', 'memory'),
      newestOf(house, 'k8s-pod', 'cpu'),
      newestOf(house, 'k8s-pod', 'memory'),
    ]);
    return { nodeCpu, nodeMemory, podCpu, podMemory };
  };
  return () => {
    const nowMs = house.now();
    if (newest === null || nowMs - newest.atMs >= house.source.stepMs || nowMs < newest.atMs) newest = { atMs: nowMs, use: read() };
    return newest.use;
  };
}

/** The newest value of a feature for each entity, not older than two steps. */
async function newestOf(house: House, slug: string, name: string): Promise<ReadonlyMap<string, number>> {
  const profile = house.profiles.get(slug);
  const feature = profile?.features.find((each) => each.name === name);
  const values = new Map<string, number>();
  if (profile === undefined || feature === undefined) return values;
  const { source } = house;
  try {
    const toMs = Math.floor((await source.client.nowMs()) / source.stepMs) * source.stepMs;
    const range = { fromMs: toMs - 2 * source.stepMs, toMs, stepMs: source.stepMs };
    const labels = source.identity(profile);
    for (const series of await source.client.queryRange(bind(feature.expr, bindingOf(source, profile)), range)) {
      const value = series.values.findLast((each) => Number.isFinite(each));
      if (value !== undefined) values.set(labels.map((label) => series.labels[label] ?? '').join('/'), value);
    }
  } catch {
    // The page says elsewhere that the source is silent.
  }
  return values;
}

const rank: Readonly<Record<State, number>> = { bad: 0, unknown: 1, ok: 2 };
const byTrouble = (a: { state: State; id: string }, b: { state: State; id: string }): number =>
  rank[a.state] - rank[b.state] || (a.id < b.id ? -1 : 1);

function grouped<T>(items: readonly T[], keyOfItem: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOfItem(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

interface Judged {
  readonly pod: KubernetesPod;
  readonly verdict: PodVerdict;
}

/** Cluster → node → namespace → pod, as far as the account may see it (P12). */
export function clusterView(
  house: House,
  kubernetes: Kubernetes,
  use: Use,
  scope: Scope,
  asked: { node?: string | undefined; namespace?: string | undefined },
): ClusterAnswer {
  const { cluster, config } = kubernetes;
  const nowMs = house.now();
  const { state, reason, sinceMs } = cluster.health();
  const all: Judged[] = [...cluster.pods()].map((pod) => ({ pod, verdict: podVerdict(pod, nowMs) }));
  const onNode = all.filter(({ pod }) => asked.node === undefined || pod.node === asked.node);
  const chosen = onNode.filter(({ pod }) => asked.namespace === undefined || pod.namespace === asked.namespace);
  const pods = scope.containers ? chosen.map((each) => podOf(house, kubernetes, use, each)).toSorted(byTrouble) : [];
  const opinion = opinionOf(house);
  const byNode = grouped(all, ({ pod }) => pod.node ?? '');
  const nodes = cluster.nodes().map((node): ClusterNode => {
    const { id } = nodeTarget(config, node);
    const here = byNode.get(node.name) ?? [];
    return {
      id,
      name: node.name,
      ...nodeVerdict(node),
      schedulable: node.schedulable,
      version: node.version,
      pods: here.length,
      badPods: here.filter(({ verdict }) => verdict.state === 'bad').length,
      cpuRatio: use.nodeCpu.get(id) ?? null,
      memoryRatio: use.nodeMemory.get(id) ?? null,
      ...opinion('k8s-node', id),
    };
  });
  const workloads = cluster
    .workloads()
    .filter((each) => asked.namespace === undefined || each.namespace === asked.namespace)
    .map(
      (each): ClusterWorkload => ({
        id: keyOf(each),
        namespace: each.namespace,
        kind: each.kind,
        name: each.name,
        ...workloadVerdict(each, nowMs),
        desired: each.desired,
        available: each.available,
        ...opinion('k8s-workload', keyOf(each)),
      }),
    );
  return {
    configured: true,
    name: config.name,
    server: kubernetes.server,
    state,
    reason,
    sinceMs,
    stateMetrics: kubernetes.stateMetrics(),
    nodes: scope.hosts ? nodes.toSorted(byTrouble) : [],
    namespaces: scope.containers ? namespacesOf(kubernetes, use, onNode, asked.node) : [],
    workloads: scope.containers ? workloads.toSorted(byTrouble).slice(0, mostPods) : [],
    pods: pods.slice(0, mostPods),
    podsTotal: pods.length,
  };
}

/** Those without pods too, but for one node only those that have some there. */
function namespacesOf({ cluster }: Kubernetes, use: Use, pods: readonly Judged[], node: string | undefined): ClusterNamespace[] {
  const byName = grouped(pods, ({ pod }) => pod.namespace);
  if (node === undefined) for (const { name } of cluster.namespaces()) if (!byName.has(name)) byName.set(name, []);
  const sum = (values: readonly (number | undefined)[]): number | null => {
    const known = values.filter((each) => each !== undefined);
    return known.length === 0 ? null : known.reduce((total, each) => total + each, 0);
  };
  return [...byName]
    .map(([name, here]): ClusterNamespace => {
      const states = here.map(({ verdict }) => verdict.state);
      return {
        name,
        state: worst(states),
        pods: here.length,
        badPods: states.filter((each) => each === 'bad').length,
        unknownPods: states.filter((each) => each === 'unknown').length,
        cpuCores: sum(here.map(({ pod }) => use.podCpu.get(keyOf(pod)))),
        memoryBytes: sum(here.map(({ pod }) => use.podMemory.get(keyOf(pod)))),
      };
    })
    .toSorted((a, b) => rank[a.state] - rank[b.state] || (a.name < b.name ? -1 : 1));
}

function podOf(house: House, { cluster }: Kubernetes, use: Use, { pod, verdict }: Judged): ClusterPod {
  const id = keyOf(pod);
  const owner = cluster.ownerOf(pod);
  /** What all its containers may use together; null as soon as one has no limit. */
  const limit = (values: readonly (number | null)[]): number | null =>
    values.length > 0 && values.every((each) => each !== null) ? values.reduce((sum: number, each) => sum + (each ?? 0), 0) : null;
  return {
    id,
    namespace: pod.namespace,
    name: pod.name,
    node: pod.node,
    owner: owner === null ? null : `${owner.kind}/${owner.name}`,
    ...verdict,
    createdMs: pod.createdMs,
    cpuCores: use.podCpu.get(id) ?? null,
    cpuLimitCores: limit(pod.containers.map((each) => each.cpuLimitCores)),
    memoryBytes: use.podMemory.get(id) ?? null,
    memoryLimitBytes: limit(pod.containers.map((each) => each.memoryLimitBytes)),
    ...opinionOf(house)('k8s-pod', id),
  };
}

/** The newest score of an entity, as long as it is new. */
const opinionOf = (house: House) => (profile: string, id: string) => {
  const row = house.board.get(profile, id);
  const fresh = row !== null && house.now() - row.tsMs <= freshMs(house.source);
  return { score: fresh ? row.score : null, threshold: fresh ? row.threshold : null };
};
