/** Exact scores by WebAssembly: bit for bit those of src/detect/forest/forest.ts. */
import { averagePath, type IsolationForest } from '../detect/forest/forest.ts';
import type { RowScorer } from '../detect/kernels.ts';
import { openInstance } from './instance.ts';
import { checkRow, heapPlaces, scoresOf, toHeaps } from './shape.ts';

/** Rows handed over at once: they, their sums and one tree stay in the second-level cache. */
const blockRows = 512;

/** `null` for a forest with trees of more than eight steps. */
export function exactScorer(forest: IsolationForest): RowScorer | null {
  // A step goes to 2i + 1 when the value is at most the threshold.
  const heaps = toHeaps(forest, true);
  if (heaps === null) return null;
  const { featureCount, feature, threshold, leafPaths } = forest;
  const trees = forest.roots.length;
  const allTrees = Math.ceil(trees / 4) * 4;
  const { call, buffer, at } = openInstance({
    nodes: allTrees * heapPlaces * 8,
    leaves: allTrees * heapPlaces * 8,
    rows: blockRows * featureCount * 4,
    sums: blockRows * 8,
  });
  const offsets = new Uint32Array(buffer, at.nodes, 2 * allTrees * heapPlaces);
  const thresholds = new Float32Array(buffer, at.nodes, 2 * allTrees * heapPlaces);
  for (const [place, node] of heaps.nodes.entries()) {
    if (node < 0) continue;
    offsets[2 * place] = 4 * (feature[node] as number);
    thresholds[2 * place + 1] = threshold[node] as number;
  }
  new Float64Array(buffer, at.leaves, heaps.leaves.length).set(Float64Array.from(heaps.leaves, (leaf) => leafPaths[leaf] as number));
  const block = new Float32Array(buffer, at.rows, blockRows * featureCount);
  const sums = new Float64Array(buffer, at.sums, blockRows);
  const whole = trees * averagePath(forest.sampleSize);

  return {
    scoreRow(row) {
      checkRow(row, featureCount);
      for (let index = 0; index < featureCount; index++) block[index] = row[index] as number;
      return 2 ** (-call.exactRow(at.nodes, at.leaves, allTrees, at.rows) / whole);
    },
    scoreRows(rows, given) {
      const scores = scoresOf(rows, featureCount, given);
      for (let from = 0; from < scores.length; from += blockRows) {
        const count = Math.min(blockRows, scores.length - from);
        block.set(rows.subarray(from * featureCount, (from + count) * featureCount));
        sums.fill(0);
        call.exactRows(at.nodes, at.leaves, trees, at.rows, 4 * featureCount, Math.ceil(count / 4) * 4, at.sums);
        for (let row = 0; row < count; row++) scores[from + row] = 2 ** (-(sums[row] as number) / whole);
      }
      return scores;
    },
  };
}
