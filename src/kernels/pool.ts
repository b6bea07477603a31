/** Scores in worker threads, over memory that they share with the caller: the event loop stays free. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { IsolationForest } from '../detect/forest/forest.ts';
import { rowCountOf } from './shape.ts';

/** What a worker is told. Rows and scores lie in shared memory; `next` counts the chunks that somebody has taken. */
export interface Job {
  readonly forest: IsolationForest;
  /** The same number is the same forest: a worker keeps the scorer of the last one. */
  readonly forestNumber: number;
  readonly how: 'batch' | 'exact';
  readonly rows: Float32Array;
  readonly scores: Float64Array;
  readonly next: Int32Array;
}

/** Rows that a worker takes at once: a millisecond of work, so that all end at about the same time. */
export const chunkRows = 4096;

export interface ScoringPool {
  /**
   * Scores rows (row-major), one call after the other. Rows that lie in shared memory (`sharedRows`) are not copied.
   * @throws RangeError when the length does not fit; Error when a worker ended.
   */
  score(forest: IsolationForest, rows: Float32Array, how: Job['how']): Promise<Float64Array>;
  /** Ends the workers; what is being scored is given up. */
  close(): Promise<void>;
}

/** Room for rows that workers can read where they are. */
export const sharedRows = (rowCount: number, featureCount: number): Float32Array =>
  new Float32Array(new SharedArrayBuffer(4 * rowCount * featureCount));

/** Starts so many workers; each compiles the kernels for itself. */
export function startPool(size: number): ScoringPool {
  if (!(Number.isInteger(size) && size >= 1)) throw new RangeError(`A pool has at least 1 worker, not ${size}.`);
  // Built, the worker is JavaScript as this file is.
  const file = new URL(`./pool-worker${import.meta.url.slice(-3)}`, import.meta.url);
  const workers = Array.from({ length: size }, () => new Worker(file));
  const closing = new AbortController();
  for (const worker of workers) {
    worker.unref();
    worker.on('exit', () => closing.abort(new Error('A worker that scores has ended.')));
    // Reported to whoever waits for an answer.
    worker.on('error', (thrown) => closing.abort(thrown));
  }
  let last: Promise<unknown> = Promise.resolve();
  const numbers = new WeakMap<IsolationForest, number>();
  let met = 0;

  function numberOf(forest: IsolationForest): number {
    const number = numbers.get(forest) ?? ++met;
    numbers.set(forest, number);
    return number;
  }

  async function run(job: Job): Promise<Float64Array> {
    closing.signal.throwIfAborted();
    const answers = workers.map(async (worker) => {
      worker.ref();
      try {
        const answer = once(worker, 'message', { signal: closing.signal });
        worker.postMessage(job);
        await answer;
      } catch (thrown) {
        throw closing.signal.aborted ? closing.signal.reason : thrown;
      } finally {
        worker.unref();
      }
    });
    await Promise.all(answers);
    return job.scores;
  }

  return {
    async score(forest, rows, how) {
      const count = rowCountOf(rows, forest.featureCount);
      let given = rows;
      if (!(rows.buffer instanceof SharedArrayBuffer)) {
        given = sharedRows(count, forest.featureCount);
        given.set(rows);
      }
      const scores = new Float64Array(new SharedArrayBuffer(8 * count));
      const next = new Int32Array(new SharedArrayBuffer(4));
      const job: Job = { forest, forestNumber: numberOf(forest), how, rows: given, scores, next };
      const mine = last.then(() => run(job));
      last = mine.catch(() => {});
      return mine;
    },
    async close() {
      closing.abort(new Error('The pool that scores was closed.'));
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
