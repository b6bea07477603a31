/** A worker of src/kernels/pool.ts: takes chunk after chunk until there is none left. */
import { parentPort } from 'node:worker_threads';
import type { RowScorer } from '../detect/kernels.ts';
import { loadKernels } from './load.ts';
import { chunkRows, type Job } from './pool.ts';

const kernels = loadKernels();

parentPort?.on('message', ({ forest, how, rows, scores, next }: Job) => {
  const scorer: RowScorer = how === 'batch' ? kernels.batch(forest) : kernels.exact(forest);
  const width = forest.featureCount;
  for (;;) {
    const from = Atomics.add(next, 0, 1) * chunkRows;
    if (from >= scores.length) break;
    const to = Math.min(scores.length, from + chunkRows);
    scorer.scoreRows(rows.subarray(from * width, to * width), scores.subarray(from, to));
  }
  parentPort?.postMessage('done');
});
