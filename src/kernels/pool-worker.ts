/** A worker of src/kernels/pool.ts: takes chunk after chunk until there is none left. */
import { parentPort } from 'node:worker_threads';
import type { RowScorer } from '../detect/kernels.ts';
import { loadKernels } from './load.ts';
import { chunkRows, type Job } from './pool.ts';

const kernels = loadKernels();
let last: { readonly forestNumber: number; readonly how: Job['how']; readonly scorer: RowScorer } | null = null;

function scorerOf({ forest, forestNumber, how }: Job): RowScorer {
  if (last?.forestNumber !== forestNumber || last.how !== how) last = { forestNumber, how, scorer: kernels[how](forest) };
  return last.scorer;
}

parentPort?.on('message', (job: Job) => {
  const { forest, rows, scores, next } = job;
  const scorer = scorerOf(job);
  const width = forest.featureCount;
  for (;;) {
    const from = Atomics.add(next, 0, 1) * chunkRows;
    if (from >= scores.length) break;
    const to = Math.min(scores.length, from + chunkRows);
    scorer.scoreRows(rows.subarray(from * width, to * width), scores.subarray(from, to));
  }
  parentPort?.postMessage('done');
});
