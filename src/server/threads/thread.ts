import { Worker } from 'node:worker_threads';
import type { Config } from '../../model/config.ts';
import { reasonOf } from '../../model/errors.ts';
import type { BacktestPlan } from '../backtest-run.ts';
import type { Admit, Source } from '../reader.ts';
import type { CompareJob, ReplayJob } from '../replay.ts';
import type { FollowJob, LearnJob } from './heavy-work.ts';

/** What a thread knows of a source; what it reads there it asks the main thread for. */
export interface SourceThere extends Pick<Source, 'stepMs' | 'watermarkMs' | 'rateMs'> {
  readonly selector: string;
  readonly identity: readonly string[];
}

export type Job =
  | { readonly kind: 'learn'; readonly job: LearnJob }
  | { readonly kind: 'follow'; readonly job: FollowJob }
  | { readonly kind: 'replay'; readonly job: ReplayJob }
  | { readonly kind: 'compare'; readonly job: CompareJob }
  | { readonly kind: 'backtest'; readonly plan: BacktestPlan; readonly source: SourceThere };

type Range = Parameters<Source['client']['queryRange']>[1];

/** A range query of a job, and what it is for: the main thread asks whether it may be sent. */
interface Ask {
  readonly query: Parameters<Admit>[0];
  readonly expr: string;
  readonly range: Range;
}

/** To a thread: a job, or what was asked for in the course of one. */
export type Told = { readonly number: number } & (
  | Job
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'refusal'; readonly reason: string }
);

/** From a thread. A job asks for one thing at a time. */
export type Said = { readonly number: number } & (
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'progress'; readonly ratio: number }
  | { readonly kind: 'ask'; readonly ask: Ask }
);

interface Callbacks {
  readonly onProgress?: (ratio: number) => void;
  readonly onAsk?: (ask: Ask) => ReturnType<Source['client']['queryRange']>;
}

interface Waiting extends Callbacks {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Why a query was refused: the error itself, which does not outlive the way to a thread and back. */
  refusal?: unknown;
}

/** A worker thread that does jobs one after the other. */
export interface Thread {
  /** @throws what the job throws; Error when the thread ended. */
  run(job: Job, callbacks?: Callbacks): Promise<unknown>;
  /** Ends the thread at once; its jobs are rejected with `reason`. */
  end(reason: unknown): Promise<void>;
  readonly jobs: number;
  readonly ended: boolean;
}

export function startThread(config: Config['detection']): Thread {
  // Built, the worker is JavaScript as this file is.
  const worker = new Worker(new URL(`./thread-worker${import.meta.url.slice(-3)}`, import.meta.url), { workerData: config });
  const waiting = new Map<number, Waiting>();
  let count = 0;
  let ended: { readonly reason: unknown } | null = null;

  const fail = (reason: unknown): void => {
    ended ??= { reason };
    for (const { reject } of waiting.values()) reject(ended.reason);
    waiting.clear();
  };
  const settle = (number: number, how: (job: Waiting) => void): void => {
    const job = waiting.get(number);
    waiting.delete(number);
    if (waiting.size === 0) worker.unref();
    if (job !== undefined) how(job);
  };
  const answer = async (number: number, job: Waiting, ask: Ask): Promise<void> => {
    try {
      worker.postMessage({ number, kind: 'answer', answer: await job.onAsk?.(ask) } satisfies Told);
    } catch (thrown) {
      job.refusal = thrown;
      worker.postMessage({ number, kind: 'refusal', reason: reasonOf(thrown) } satisfies Told);
    }
  };

  worker.unref();
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('A thread with heavy work has ended.')));
  worker.on('message', (said: Said) => {
    const job = waiting.get(said.number);
    if (said.kind === 'progress') job?.onProgress?.(said.ratio);
    else if (said.kind === 'ask' && job !== undefined) void answer(said.number, job, said.ask);
    else if (said.kind === 'done') settle(said.number, ({ resolve }) => resolve(said.result));
    else if (said.kind === 'failed') settle(said.number, ({ reject, refusal }) => reject(refusal ?? said.error));
  });

  return {
    get jobs() {
      return waiting.size;
    },
    get ended() {
      return ended !== null;
    },
    async run(job, callbacks = {}) {
      if (ended !== null) throw ended.reason;
      const number = ++count;
      return new Promise((resolve, reject) => {
        waiting.set(number, { ...callbacks, resolve, reject });
        worker.ref();
        worker.postMessage({ number, ...job } satisfies Told);
      });
    },
    async end(reason) {
      fail(reason);
      await worker.terminate();
    },
  };
}
