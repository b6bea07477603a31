import { timeMs } from '../../clients/answer.ts';
import type { Inspected, Stats } from '../../clients/docker-answers.ts';
import type { ContainerState } from '../../model/docker.ts';
import { type Replica, replicaOf } from './application.ts';

/** What is known of a container at a moment. */
export interface SeenContainer extends Replica {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: ContainerState;
  readonly health: 'starting' | 'healthy' | 'unhealthy' | null;
  /** Whether it runs, where it is meant to; null for one that nobody misses. */
  readonly running: boolean | null;
  readonly restarts: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly startedMs: number | null;
  readonly finishedMs: number | null;
  /** 0 is "no limit". */
  readonly memoryLimitBytes: number;
  /** Microseconds of CPU per period; 0 is "no limit". */
  readonly cpuQuotaUs: number;
  readonly cpuPeriodUs: number;
}

/** One reading of a container's figures, under our own clock. */
export interface Reading {
  readonly atMs: number;
  readonly stats: Stats;
}

/** A container that stopped longer ago than this, and that the engine is not to start again, is no longer missed. */
const missedMs = 86_400_000;
/** The kernel's own, where only a quota is set. */
const usualPeriodUs = 100_000;
const mostLabels = 64;

/** `stoppedByHand`: a person or a program asked the engine to stop it, so that its exit code is no sign of success. */
export function seenOf(inspected: Inspected, at: { nowMs: number; stoppedByHand: boolean }): SeenContainer {
  const { State, HostConfig, Config } = inspected;
  const name = inspected.Name.replace(/^\//, '');
  const labels = Object.fromEntries(Object.entries(Config.Labels).slice(0, mostLabels));
  const image = Config.Image;
  const finishedMs = timeMs(State.FinishedAt);
  const policy = HostConfig.RestartPolicy?.Name ?? '';
  const kept = policy === 'always' || policy === 'unless-stopped';
  const runs = State.Status === 'running';
  const over = State.Status === 'exited' || State.Status === 'dead';
  const ended = State.Status === 'exited' && State.ExitCode === 0 && !State.OOMKilled && !kept && !at.stoppedByHand;
  const forgotten = !runs && !kept && (over ? finishedMs === null || at.nowMs - finishedMs > missedMs : State.Status === 'created');
  return {
    ...replicaOf({ name, image, labels }),
    id: inspected.Id,
    name,
    image,
    labels,
    state: ended ? 'ended' : State.Status,
    health: State.Health === null || State.Health === undefined || State.Health.Status === 'none' ? null : State.Health.Status,
    running: runs ? true : ended || forgotten ? null : false,
    restarts: inspected.RestartCount,
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    startedMs: timeMs(State.StartedAt),
    finishedMs,
    memoryLimitBytes: Math.max(0, HostConfig.Memory),
    ...cpuLimit(HostConfig),
  };
}

function cpuLimit(host: Inspected['HostConfig']): { cpuQuotaUs: number; cpuPeriodUs: number } {
  const cpuPeriodUs = host.CpuPeriod || usualPeriodUs;
  if ((host.NanoCpus ?? 0) > 0) return { cpuQuotaUs: Math.round(((host.NanoCpus ?? 0) / 1e9) * usualPeriodUs), cpuPeriodUs: usualPeriodUs };
  return { cpuQuotaUs: Math.max(0, host.CpuQuota ?? 0), cpuPeriodUs };
}
