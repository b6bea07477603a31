import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf, sentence } from '../model/errors.ts';
import type { PartHealth, Phase } from '../model/api.ts';
import type { Child, Command, Exit } from '../tools/run.ts';
import type { Log } from './log.ts';

/**
 * Keeps one child running, judged by its HTTP answers and not by its pid:
 *
 *   starting ──answers──▶ ready ──probe fails──▶ degraded ──too often──▶ (killed)
 *       ▲                   ▲───────answers─────────┘                        │
 *       └── backoff ◀──────────────────── ends or is killed ◀────────────────┘
 *              └── too many ends ──▶ open (circuit open: tried again later)
 */

export interface Supervised {
  readonly name: string;
  health(): PartHealth;
  /** Resolves once it answers; rejects with its last words when the circuit opens first. */
  untilReady(): Promise<void>;
  stop(): Promise<void>;
  /** Pid of the running process, for tests and `vigia status`. */
  pid(): number | null;
  /** Hears each line that the child prints. @returns how to stop hearing. */
  listen(hear: (line: string) => void): () => void;
}

export interface ChildSpec {
  readonly name: string;
  /** Runs before every start: derived files, quarantine of corrupt state. Gets the last words of a run that never answered, or ''. */
  prepare?(attempt: number, lastWords: string): Promise<void>;
  command(): Command;
  /** Resolves when the child answers as it should. */
  probe(): Promise<void>;
  /** Called each time it becomes ready. */
  onReady?(): Promise<void>;
}

export interface SupervisorTimes {
  /** Pause between probes, and how long one may take. */
  readonly probeMs: number;
  /** How long a start may take; Prometheus replays its log. */
  readonly startMs: number;
  /** A child that does not answer for so long is killed. */
  readonly deadMs: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** So many ends within `openWindowMs` open the circuit for `openMs`. */
  readonly openAfter: number;
  readonly openWindowMs: number;
  readonly openMs: number;
}

export const supervisorTimes: SupervisorTimes = {
  probeMs: 2_000,
  startMs: 120_000,
  deadMs: 8_000,
  backoffMs: 500,
  backoffMaxMs: 30_000,
  openAfter: 5,
  openWindowMs: 300_000,
  openMs: 300_000,
};

export function supervise(
  spec: ChildSpec,
  options: {
    start: (command: Command, options: { onLine: (stream: string, line: string) => void }) => Child;
    log: Log;
    now: () => number;
    times?: SupervisorTimes;
    onChange: () => void;
  },
): Supervised {
  const times = options.times ?? supervisorTimes;
  const { log } = options;
  const stopping = new AbortController();
  let phase: Phase = 'stopped';
  let reason = '';
  let sinceMs = options.now();
  let child: Child | null = null;
  let lastWords = '';
  let neverAnswered = false;
  const ends: number[] = [];
  const listeners = new Set<(line: string) => void>();
  const waiting = new Set<{ resolve: () => void; reject: (error: Error) => void }>();

  const enter = (next: Phase, why: string): void => {
    if (phase !== next) sinceMs = options.now();
    else if (reason === why) return;
    phase = next;
    reason = why;
    log.debug({ part: spec.name, phase, reason }, 'part changed');
    if (next === 'ready') for (const waiter of waiting) waiter.resolve();
    if (next === 'open') for (const waiter of waiting) waiter.reject(new Error(why));
    if (next === 'ready' || next === 'open') waiting.clear();
    options.onChange();
  };

  /** A child that is stopped takes connections and never answers: no probe waits longer than this. */
  const probe = async (): Promise<void> => {
    const over = new AbortController();
    const late = sleep(times.probeMs, undefined, { signal: over.signal }).then(() => {
      throw new Error(`${spec.name} did not answer within ${times.probeMs / 1000} s`);
    });
    late.catch(() => {});
    try {
      await Promise.race([spec.probe(), late]);
    } finally {
      over.abort();
    }
  };

  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => {});

  /** Probes until the child ends or has to be killed; by the monotonic clock, as the wall clock may jump. @returns whether it answered. */
  const watch = async (running: Child, over: () => boolean): Promise<boolean> => {
    let silentMs = 0;
    let countedMs = performance.now();
    let answered = false;
    let welcomed = false;
    while (!over() && !stopping.signal.aborted) {
      let isGood = false;
      try {
        await probe();
        if (over()) break;
        answered = true;
        silentMs = 0;
        countedMs = performance.now();
        // Tried again until it succeeds: silences must not stay lost because one request was.
        if (!welcomed) await spec.onReady?.();
        if (over()) break;
        welcomed = true;
        isGood = true;
        enter('ready', '');
      } catch (thrown) {
        if (over()) break;
        const why = reasonOf(thrown);
        // A round that took longer than a pause and a probe can was held up in this process, and tells nothing of the child.
        silentMs += Math.min(performance.now() - countedMs, 2 * times.probeMs);
        countedMs = performance.now();
        if (answered) enter('degraded', why);
        else reason = why;
        if (silentMs > (answered ? times.deadMs : times.startMs)) {
          log.warn({ part: spec.name }, `does not answer for ${Math.round(silentMs / 1000)} s and is killed: ${why}`);
          running.kill('SIGKILL');
          break;
        }
      }
      await Promise.race([pause(isGood ? times.probeMs : Math.min(250, times.probeMs)), running.exited]);
    }
    return answered;
  };

  const once = async (attempt: number): Promise<string> => {
    enter('starting', '');
    await spec.prepare?.(attempt, neverAnswered ? lastWords : '');
    let exit: Exit | null = null;
    const onLine = (_: string, line: string) => {
      log.debug({ part: spec.name }, line);
      for (const hear of listeners) hear(line);
    };
    const running = options.start(spec.command(), { onLine });
    child = running;
    void running.exited.then((ended) => (exit = ended));
    const answered = await watch(running, () => exit !== null);
    if (stopping.signal.aborted && exit === null) {
      running.kill('SIGTERM');
      await Promise.race([running.exited, sleep(5_000)]);
      running.kill('SIGKILL');
    }
    const ended = await running.exited;
    child = null;
    lastWords = running.lastWords();
    neverAnswered = !answered;
    return ended.signal === null ? `ended with code ${ended.exitCode}` : `ended by ${ended.signal}`;
  };

  const loop = async (): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      let why: string;
      try {
        why = await once(attempt);
      } catch (thrown) {
        why = reasonOf(thrown);
      }
      if (stopping.signal.aborted) break;
      const nowMs = performance.now();
      ends.push(nowMs);
      while ((ends[0] ?? nowMs) < nowMs - times.openWindowMs) ends.shift();
      const words = lastWords.split('\n').at(-1) ?? '';
      if (ends.length >= times.openAfter) {
        const told = sentence('child-gave-up', {
          part: spec.name,
          count: ends.length,
          seconds: Math.round((nowMs - (ends[0] ?? nowMs)) / 1000),
          words: words || why,
        });
        log.error({ part: spec.name }, told);
        enter('open', told);
        await pause(times.openMs);
        ends.length = 0;
        continue;
      }
      const delayMs = Math.min(times.backoffMaxMs, times.backoffMs * 2 ** (ends.length - 1));
      log.warn({ part: spec.name, words }, `${why}; starts again in ${delayMs / 1000} s`);
      enter('backoff', `${why}; starts again in ${delayMs / 1000} s`);
      await pause(delayMs);
    }
    enter('stopped', '');
  };

  // Not before the caller holds what this returns: its callbacks may ask for it.
  const running = Promise.resolve().then(loop);
  return {
    name: spec.name,
    health: () => ({ part: spec.name, state: phase === 'ready' ? 'ok' : phase === 'starting' ? 'unknown' : 'bad', phase, reason, sinceMs }),
    untilReady: () =>
      phase === 'ready'
        ? Promise.resolve()
        : new Promise((resolve, reject) => {
            if (phase === 'open') reject(new Error(reason));
            else waiting.add({ resolve, reject });
          }),
    async stop() {
      stopping.abort();
      await running;
    },
    pid: () => child?.pid ?? null,
    listen(hear) {
      listeners.add(hear);
      return () => listeners.delete(hear);
    },
  };
}
