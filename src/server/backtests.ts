import type { Backtest, BacktestInput } from '../model/backtest.ts';
import type { Config } from '../model/config.ts';
import { reasonOf, VigiaError } from '../model/errors.ts';
import type { Profile } from '../model/profile.ts';
import type { Store } from '../store/contract.ts';
import type { Alarms } from './alarms.ts';
import { runBacktest } from './backtest-run.ts';
import type { Detectors } from './detectors.ts';
import type { Log } from './log.ts';
import { completeUntil, type Source } from './reader.ts';

/** Backtests, one at a time; the last one is remembered until the next or the end of the process. */
export interface Backtests {
  /** Answers at once; the work goes on. @throws VigiaError `conflict` while one runs, `not-found`, `input-invalid`, `far-…`. */
  start(profile: Profile, input: BacktestInput, by: string): Promise<Backtest>;
  last(): Backtest | null;
  /** False when none runs. */
  cancel(): boolean;
  /** Cancels, and resolves when nothing runs any more. */
  stop(): Promise<void>;
}

const dayMs = 86_400_000;

export function createBacktests(options: {
  store: Pick<Store, 'pipeline'>;
  source: () => Source;
  detectors: Detectors;
  alarms: Pick<Alarms, 'apart'>;
  config: Config['detection'];
  now: () => number;
  log: Log;
}): Backtests {
  const { store, detectors, now, log } = options;
  let last: Backtest | null = null;
  let abort = new AbortController();
  let work: Promise<void> = Promise.resolve();
  let starting = false;

  const begin = async (profile: Profile, input: BacktestInput, by: string): Promise<Backtest> => {
    const settings = input.settings.map(({ detector = options.config.detector, threshold }) => ({ detector, threshold }));
    for (const { detector } of settings) {
      if (!detectors.slugs.includes(detector))
        throw new VigiaError('input-invalid', { problems: `detector: there is no "${detector}"; there are ${detectors.slugs.join(', ')}` });
    }
    const known = (await store.pipeline.entities(profile.slug)).map((row) => row.entity);
    const entities = input.entity === undefined ? known : known.filter((entity) => entity === input.entity);
    if (entities.length === 0)
      throw new VigiaError('not-found', { thing: `entity of ${profile.slug} that was seen`, id: input.entity ?? 'any' });
    const source = options.source();
    const toMs = completeUntil(await source.client.nowMs(), source);
    const fromMs = toMs - Math.max(1, Math.round((input.days * dayMs) / source.stepMs)) * source.stepMs;
    const running: Backtest = {
      id: (last?.id ?? 0) + 1,
      input: { ...input, settings },
      state: 'running',
      progress: 0,
      reason: '',
      by,
      startedMs: now(),
      endedMs: null,
      fromMs,
      toMs,
      entities: entities.length,
      sides: [],
    };
    last = running;
    abort = new AbortController();
    const { signal } = abort;
    const end = (change: Partial<Backtest>) => {
      last = { ...running, progress: last?.progress ?? 0, endedMs: now(), ...change };
    };
    work = runBacktest(
      { profile, entities, fromMs, toMs, settings },
      {
        source,
        detectors,
        alarms: options.alarms,
        config: options.config,
        signal,
        onProgress: (progress) => {
          last = { ...running, progress };
        },
      },
    ).then(
      (sides) => end({ state: 'done', progress: 1, sides }),
      (thrown: unknown) => {
        if (signal.aborted) return end({ state: 'cancelled' });
        log.warn({ reason: reasonOf(thrown) }, 'a backtest failed');
        return end({ state: 'failed', reason: reasonOf(thrown) });
      },
    );
    return running;
  };

  return {
    async start(profile, input, by) {
      if (starting || last?.state === 'running')
        throw new VigiaError('conflict', { reason: 'A backtest is running already. Wait for its end, or cancel it.' });
      starting = true;
      try {
        return await begin(profile, input, by);
      } finally {
        starting = false;
      }
    },
    last: () => last,
    cancel() {
      if (last?.state !== 'running') return false;
      abort.abort();
      return true;
    },
    async stop() {
      abort.abort();
      await work;
    },
  };
}
