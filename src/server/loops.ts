import { setTimeout as sleep } from 'node:timers/promises';
import type { PartHealth } from '../model/api.ts';
import { reasonOf, VigiaError } from '../model/errors.ts';
import type { State } from '../model/target.ts';
import type { Log } from './log.ts';

/** Work that is done again and again, never twice at once; what fails is a state with a reason, never the end of the loop. */
export interface Loop {
  health(): PartHealth;
  /** Does not wait for the pause to end. */
  wake(): void;
  stop(): Promise<void>;
}

export function startLoop(options: {
  name: string;
  /** @returns how long to pause before the next time. */
  work: () => Promise<number>;
  /** Pause after a failure. */
  retryMs: number;
  /** Without success for so long, the state is bad and no longer unknown. */
  badAfterMs: number;
  now: () => number;
  log: Log;
  onChange: () => void;
}): Loop {
  const stopping = new AbortController();
  let waking = new AbortController();
  let state: State = 'unknown';
  let reason = 'has not run yet';
  let sinceMs = options.now();
  let goodMs = options.now();

  const enter = (next: State, why: string): void => {
    if (next === state && why === reason) return;
    if (next !== state) sinceMs = options.now();
    if (next === 'bad' && state !== 'bad') options.log.warn({ part: options.name }, why);
    state = next;
    reason = why;
    options.onChange();
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      let pauseMs = options.retryMs;
      try {
        pauseMs = await options.work();
        goodMs = options.now();
        enter('ok', '');
      } catch (thrown) {
        pauseMs = Math.max(pauseMs, askedForMs(thrown));
        enter(options.now() - goodMs > options.badAfterMs ? 'bad' : 'unknown', reasonOf(thrown));
      }
      waking = new AbortController();
      const signal = AbortSignal.any([stopping.signal, waking.signal]);
      await sleep(Math.max(0, pauseMs), undefined, { signal }).catch(() => {});
    }
  };

  const running = run();
  return {
    health: () => ({ part: options.name, state, phase: state === 'ok' ? 'ready' : 'degraded', reason, sinceMs }),
    wake: () => waking.abort(),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** How long a far side that limits its callers wants to hear nothing. */
function askedForMs(thrown: unknown): number {
  return thrown instanceof VigiaError && thrown.code === 'far-limited' ? Number(thrown.params['seconds']) * 1000 : 0;
}
