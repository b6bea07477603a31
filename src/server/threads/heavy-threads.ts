import type { BacktestSide } from '../../model/backtest.ts';
import type { Config } from '../../model/config.ts';
import { admitted } from '../reader.ts';
import type { Compared } from '../replay.ts';
import type { ScoredWindow } from '../scoring.ts';
import type { HeavyWork, LearnOutcome } from './heavy-work.ts';
import { type Job, startThread, type Thread } from './thread.ts';

/** A thread without work for so long ends, and gives its memory back. */
const idleMs = 120_000;

/** A thread that is there while there is something to do. */
function createOnDemand(config: Config['detection']) {
  let thread: Thread | null = null;
  const rest = setTimeout(() => {
    if (thread === null || thread.jobs > 0) return;
    void thread.end(new Error('The thread had nothing to do.'));
    thread = null;
  }, idleMs);
  rest.unref();
  return {
    async run(job: Job): Promise<unknown> {
      rest.refresh();
      if (thread === null || thread.ended) thread = startThread(config);
      try {
        return await thread.run(job);
      } finally {
        rest.refresh();
      }
    },
    async stop(reason: Error): Promise<void> {
      clearTimeout(rest);
      await thread?.end(reason);
    },
  };
}

/**
 * Heavy work in worker threads, with the detectors that there are: one thread that learns and one that scores what people ask
 * for, each while there is something to do, and one for a backtest as long as it runs. The event loop hands over rows and takes
 * back what came of them.
 */
export function createHeavyThreads(config: Config['detection']): HeavyWork {
  const [learning, scoring] = [createOnDemand(config), createOnDemand(config)];
  const backtesting = new Set<Thread>();
  const stopped = new AbortController();
  const run = (thread: typeof learning, job: Job): Promise<unknown> => {
    stopped.signal.throwIfAborted();
    return thread.run(job);
  };

  return {
    learn: async (job) => (await run(learning, { kind: 'learn', job })) as LearnOutcome | null,
    follow: async (job) => (await run(learning, { kind: 'follow', job })) as Uint8Array,
    replay: async (job) => (await run(scoring, { kind: 'replay', job })) as ScoredWindow,
    compare: async (job) => (await run(scoring, { kind: 'compare', job })) as Compared,
    async backtest({ plan, source, signal, onProgress }) {
      stopped.signal.throwIfAborted();
      signal.throwIfAborted();
      const thread = startThread(config);
      backtesting.add(thread);
      const cancel = () => void thread.end(signal.reason);
      signal.addEventListener('abort', cancel);
      const { stepMs, watermarkMs, rateMs, client } = source;
      const there = { stepMs, watermarkMs, rateMs, selector: source.selector(plan.profile), identity: source.identity(plan.profile) };
      try {
        const sides = await thread.run(
          { kind: 'backtest', plan, source: there },
          { onProgress, onAsk: ({ query, expr, range }) => admitted(source.admit, query, () => client.queryRange(expr, range)) },
        );
        return sides as BacktestSide[];
      } finally {
        signal.removeEventListener('abort', cancel);
        backtesting.delete(thread);
        await thread.end(new Error('The backtest has ended.'));
      }
    },
    async stop() {
      const reason = new Error('Vigía stops.');
      stopped.abort(reason);
      await Promise.all([learning.stop(reason), scoring.stop(reason), ...[...backtesting].map((thread) => thread.end(reason))]);
    },
  };
}
