/** A worker of src/server/threads/thread.ts: learns, and scores the past; what it reads it asks the main thread for. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Config } from '../../model/config.ts';
import { createDetectors } from '../detectors.ts';
import type { Admit, Source } from '../reader.ts';
import { compareRows, replayRows } from '../replay.ts';
import { followRows, learnRows, testPast } from './heavy-work.ts';
import type { Job, Said, SourceThere, Told } from './thread.ts';

const config = workerData as Config['detection'];
const detectors = createDetectors(config);
/** The query that each job waits for. */
const asked = new Map<number, { resolve: (answer: never) => void; reject: (error: unknown) => void }>();
const say = (said: Said): void => parentPort?.postMessage(said);

function sourceOf(number: number, { selector, identity, ...rest }: SourceThere): Source {
  let query: Parameters<Admit>[0];
  return {
    ...rest,
    // The main thread asks whether a query may be sent, and for how long it took.
    admit: async (asked) => {
      query = asked;
      return () => {};
    },
    selector: () => selector,
    identity: () => identity,
    client: {
      nowMs: async () => {
        throw new Error('A backtest knows its end; it does not ask what time it is.');
      },
      queryRange: (expr, range) =>
        new Promise((resolve, reject) => {
          asked.set(number, { resolve, reject });
          say({ number, kind: 'ask', ask: { query, expr, range } });
        }),
    },
  };
}

function work(number: number, job: Job): Promise<unknown> {
  if (job.kind === 'learn') return learnRows(detectors, job.job);
  if (job.kind === 'follow') return followRows(detectors, job.job);
  if (job.kind === 'replay') return replayRows(detectors, job.job);
  if (job.kind === 'compare') return compareRows(detectors, job.job);
  const onProgress = (ratio: number): void => say({ number, kind: 'progress', ratio });
  // Cancelled, the whole thread ends.
  const { signal } = new AbortController();
  return testPast(detectors, config, { plan: job.plan, source: sourceOf(number, job.source), signal, onProgress });
}

parentPort?.on('message', async (told: Told) => {
  const { number } = told;
  if (told.kind === 'answer') asked.get(number)?.resolve(told.answer as never);
  else if (told.kind === 'refusal') asked.get(number)?.reject(new Error(told.reason));
  else {
    try {
      say({ number, kind: 'done', result: await work(number, told) });
    } catch (error) {
      say({ number, kind: 'failed', error });
    } finally {
      asked.delete(number);
    }
  }
});
