import type { ContainerStatus, Ended, KubernetesNode, KubernetesPod, KubernetesWorkload } from '../../clients/kubernetes/objects.ts';
import type { State } from '../../model/target.ts';

export interface Verdict {
  readonly state: State;
  /** The cluster's own words for what is not ok; empty otherwise. */
  readonly reason: string;
  readonly sinceMs: number | null;
}

export interface PodVerdict extends Verdict {
  /** As `kubectl get pods` has it. */
  readonly status: string;
  readonly ready: number;
  readonly containers: number;
  readonly restarts: number;
  readonly lastEnd: Ended | null;
}

/** So long a pod may be on its way: pulling images, waiting for a node or for its first readiness. */
export const settlingMs = 5 * 60_000;
/** So long a container that was killed for its memory, and runs again, is still told of. */
const oomRecentMs = 10 * 60_000;
const onTheWay: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

/** What kubectl says of a pod, and whether that is as it should be. Source: printPod in kubernetes/pkg/printers/internalversion. */
export function podVerdict(pod: KubernetesPod, nowMs: number): PodVerdict {
  const own = pod.statuses.filter((each) => !each.init);
  const status = podStatus(pod, own);
  const ends = own.flatMap((each) => [each.terminated, each.lastTerminated].filter((end) => end !== null));
  const lastEnd = ends.toSorted((a, b) => (b.atMs ?? 0) - (a.atMs ?? 0))[0] ?? null;
  const ready = pod.conditions.find((each) => each.type === 'Ready');
  return {
    status,
    ...judged(pod, status, lastEnd, nowMs),
    ready: own.filter((each) => each.ready).length,
    containers: Math.max(own.length, pod.containers.length),
    restarts: pod.statuses.reduce((sum, each) => sum + each.restarts, 0),
    lastEnd,
    sinceMs: ready?.sinceMs ?? pod.createdMs,
  };
}

function judged(pod: KubernetesPod, status: string, lastEnd: Ended | null, nowMs: number): Pick<Verdict, 'state' | 'reason'> {
  const { phase, statuses } = pod;
  const lost = pod.conditions.find((each) => each.type === 'PodScheduled' && each.status === 'False') ?? null;
  const waiting = statuses.find((each) => each.waiting !== null && !onTheWay.has(each.waiting.reason))?.waiting ?? null;
  const unready = pod.conditions.find((each) => each.type === 'Ready' && each.status !== 'True');
  const settling = nowMs - (unready?.sinceMs ?? pod.createdMs) < settlingMs;
  if (phase === 'Succeeded') return { state: 'ok', reason: '' };
  if (phase === 'Failed') return { state: 'bad', reason: pod.message };
  if (status === 'Terminating' || status === 'Unknown') return { state: 'unknown', reason: pod.message };
  if (waiting !== null) return { state: 'bad', reason: waiting.message };
  const failed = statuses.some((each) => each.terminated !== null && each.terminated.exitCode !== 0);
  if (failed) return { state: 'bad', reason: '' };
  if (phase !== 'Running') return { state: settling ? 'unknown' : 'bad', reason: lost?.message ?? '' };
  if (lastEnd?.reason === 'OOMKilled' && nowMs - (lastEnd.atMs ?? 0) < oomRecentMs) return { state: 'bad', reason: '' };
  if (unready === undefined || unready.reason === 'PodCompleted') return { state: 'ok', reason: '' };
  return { state: settling ? 'unknown' : 'bad', reason: unready.message };
}

function podStatus(pod: KubernetesPod, own: readonly ContainerStatus[]): string {
  const ended = pod.phase === 'Succeeded' || pod.phase === 'Failed';
  if (pod.deleting && pod.reason === 'NodeLost') return 'Unknown';
  if (pod.deleting && !ended) return 'Terminating';
  const init = pod.statuses.filter((each) => each.init);
  // One that runs and is ready serves beside the others, and holds nothing up.
  const holding = init.findIndex((each) => each.terminated?.exitCode !== 0 && !(each.running && each.ready));
  const held = init[holding];
  if (held !== undefined && pod.phase === 'Pending') {
    if (held.terminated !== null) return `Init:${held.terminated.reason}`;
    const reason = held.waiting?.reason ?? '';
    return reason === '' || reason === 'PodInitializing' ? `Init:${holding}/${init.length}` : `Init:${reason}`;
  }
  let status = pod.reason === '' ? pod.phase : pod.reason;
  for (const each of own.toReversed()) {
    if (each.waiting !== null && each.waiting.reason !== '') status = each.waiting.reason;
    else if (each.terminated !== null) status = each.terminated.reason;
  }
  const serving = own.some((each) => each.ready && each.running);
  if (status !== 'Completed' || !serving) return status;
  return pod.conditions.some((each) => each.type === 'Ready' && each.status === 'True') ? 'Running' : 'NotReady';
}

/** Conditions of a node that are bad when they hold. */
const pressures: ReadonlySet<string> = new Set(['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable']);

export function nodeVerdict(node: KubernetesNode): Verdict {
  const ready = node.conditions.find((each) => each.type === 'Ready');
  if (ready === undefined) return { state: 'unknown', reason: '', sinceMs: node.createdMs };
  // Unknown is what the cluster says when a kubelet has been silent for 40 s.
  if (ready.status !== 'True')
    return { state: ready.status === 'False' ? 'bad' : 'unknown', reason: ready.message || ready.reason, sinceMs: ready.sinceMs };
  const pressed = node.conditions.find((each) => pressures.has(each.type) && each.status === 'True');
  if (pressed !== undefined) return { state: 'bad', reason: pressed.message || pressed.type, sinceMs: pressed.sinceMs };
  return { state: 'ok', reason: '', sinceMs: ready.sinceMs };
}

export function workloadVerdict(workload: KubernetesWorkload, nowMs: number): Pick<Verdict, 'state' | 'reason'> {
  if (workload.available >= workload.desired) return { state: 'ok', reason: '' };
  return { state: nowMs - workload.createdMs < settlingMs ? 'unknown' : 'bad', reason: '' };
}
