import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Answer, Job } from './jobs.ts';

export interface Done {
  readonly job: Job;
  readonly answer: Answer;
  readonly seconds: number;
}

/** Does all jobs in `count` threads and hands each over when it is done; answers are in the order of the jobs. */
export async function doAll(jobs: readonly Job[], count: number, done: (each: Done) => void): Promise<readonly Done[]> {
  const answers: Done[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(count, jobs.length) }, async () => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url));
      try {
        while (next < jobs.length) {
          const at = next++;
          const job = jobs[at] as Job;
          const startedMs = performance.now();
          const each: Done = { job, answer: await ask(worker, job), seconds: (performance.now() - startedMs) / 1000 };
          answers[at] = each;
          done(each);
        }
      } finally {
        await worker.terminate();
      }
    }),
  );
  return answers;
}

async function ask(worker: Worker, job: Job): Promise<Answer> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(worker, 'exit', { signal }).then(([code]) => {
    throw new Error(`The worker on ${job.set} ${job.name} ended with ${code}.`);
  });
  const answered = Promise.race([once(worker, 'message', { signal }).then(([answer]) => answer as Answer), ended]);
  worker.postMessage(job, []);
  try {
    return await answered;
  } finally {
    over.abort();
  }
}
