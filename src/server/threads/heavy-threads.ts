import type { BacktestSide } from '../../model/backtest.ts';
import type { Config } from '../../model/config.ts';
import { admitted } from '../reader.ts';
import type { HeavyWork, LearnOutcome } from './heavy-work.ts';
import { startThread, type Thread } from './thread.ts';

/** A thread without work for so long ends, and gives its memory back. */
const idleMs = 120_000;

/**
 * Heavy work in worker threads, with the detectors that there are: one thread that learns, while there is something to learn,
 * and one for a backtest as long as it runs. The event loop hands over rows and takes back what was learned of them.
 */
export function createHeavyThreads(config: Config['detection']): HeavyWork {
  let learning: Thread | null = null;
  const backtesting = new Set<Thread>();
  const stopped = new AbortController();

  const rest = setTimeout(() => {
    if (learning === null || learning.jobs > 0) return;
    void learning.end(new Error('The thread that learns had nothing to do.'));
    learning = null;
  }, idleMs);
  rest.unref();

  return {
    async learn(job) {
      stopped.signal.throwIfAborted();
      rest.refresh();
      if (learning === null || learning.ended) learning = startThread(config);
      try {
        return (await learning.run({ kind: 'learn', job })) as LearnOutcome | null;
      } finally {
        rest.refresh();
      }
    },
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
      clearTimeout(rest);
      await Promise.all([learning?.end(reason), ...[...backtesting].map((thread) => thread.end(reason))]);
    },
  };
}
