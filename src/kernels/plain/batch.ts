/**
 * Batch scores in plain TypeScript: the same quantised forest, the same sums, so the same scores as with SIMD.
 *
 * Trees are perfect heaps of one integer per node (threshold << 8 | feature), so that eight steps without a branch end in a leaf;
 * four rows go side by side.
 */
import type { IsolationForest } from '../../detect/forest/forest.ts';
import type { RowScorer } from '../../detect/kernels.ts';
import { levelOf, quantise, type QuantisedForest } from '../quantised.ts';
import { checkRow, heapPlaces, mostRowsPerTree, scoresOf, toHeaps } from '../shape.ts';

/** Levels are counted from 0 here. */
const offset = 128;
/** No level is above this: where there is no node, every row goes left. */
const nowhere = 255 << 8;
const blockRows = 256;

export interface PlainHeaps {
  readonly trees: number;
  readonly nodes: Uint16Array;
  readonly codes: Uint8Array;
}

/** `null` when a tree is deeper than eight steps. */
export function plainHeaps({ forest, thresholds, leafCodes }: QuantisedForest): PlainHeaps | null {
  const heaps = toHeaps(forest, false);
  if (heaps === null) return null;
  return {
    trees: forest.roots.length,
    nodes: Uint16Array.from(heaps.nodes, (node) =>
      node < 0 ? nowhere : (((thresholds[node] as number) + offset) << 8) | (forest.feature[node] as number),
    ),
    codes: Uint8Array.from(heaps.leaves, (leaf) => leafCodes[leaf] as number),
  };
}

/** Adds up the leaf codes of `count` rows (a multiple of four) of `width` levels (from 0 on) each. */
export function sumCodes(heaps: PlainHeaps, levels: Uint8Array, width: number, count: number, sums: Int32Array): void {
  const { trees, nodes, codes } = heaps;
  sums.fill(0, 0, count);
  for (let tree = 0; tree < trees; tree++) {
    const top = tree * heapPlaces;
    const bottom = top - heapPlaces;
    for (let row = 0; row < count; row += 4) {
      const row0 = row * width;
      const row1 = row0 + width;
      const row2 = row1 + width;
      const row3 = row2 + width;
      let a = 1;
      let b = 1;
      let c = 1;
      let d = 1;
      for (let step = 0; step < 8; step++) {
        const nodeA = nodes[top + a] as number;
        const nodeB = nodes[top + b] as number;
        const nodeC = nodes[top + c] as number;
        const nodeD = nodes[top + d] as number;
        a = (a << 1) + (((nodeA >> 8) - (levels[row0 + (nodeA & 255)] as number)) >>> 31);
        b = (b << 1) + (((nodeB >> 8) - (levels[row1 + (nodeB & 255)] as number)) >>> 31);
        c = (c << 1) + (((nodeC >> 8) - (levels[row2 + (nodeC & 255)] as number)) >>> 31);
        d = (d << 1) + (((nodeD >> 8) - (levels[row3 + (nodeD & 255)] as number)) >>> 31);
      }
      sums[row] = (sums[row] as number) + (codes[bottom + a] as number);
      sums[row + 1] = (sums[row + 1] as number) + (codes[bottom + b] as number);
      sums[row + 2] = (sums[row + 2] as number) + (codes[bottom + c] as number);
      sums[row + 3] = (sums[row + 3] as number) + (codes[bottom + d] as number);
    }
  }
}

/** `null` for a forest whose trees saw more than 256 rows. */
export function plainBatchScorer(forest: IsolationForest): RowScorer | null {
  const quantised = quantise(forest);
  const heaps = forest.sampleSize > mostRowsPerTree ? null : plainHeaps(quantised);
  if (heaps === null) return null;
  const { featureCount } = forest;
  const { centre, scale } = quantised.grid;
  const levels = new Uint8Array(blockRows * featureCount);
  const sums = new Int32Array(blockRows);

  function scoreBlock(rows: Float32Array, from: number, count: number, scores: Float64Array): void {
    for (let row = 0, at = 0; row < count; row++) {
      const begin = (from + row) * featureCount;
      for (let feature = 0; feature < featureCount; feature++, at++) {
        levels[at] = offset + levelOf(rows[begin + feature] as number, centre[feature] as number, scale[feature] as number);
      }
    }
    sumCodes(heaps as PlainHeaps, levels, featureCount, Math.ceil(count / 4) * 4, sums);
    for (let row = 0; row < count; row++) scores[from + row] = quantised.scoreOf(sums[row] as number);
  }

  const one = new Float64Array(1);
  return {
    scoreRow(row) {
      checkRow(row, featureCount);
      scoreBlock(row, 0, 1, one);
      return one[0] as number;
    },
    scoreRows(rows, given) {
      const scores = scoresOf(rows, featureCount, given);
      for (let from = 0; from < scores.length; from += blockRows) {
        scoreBlock(rows, from, Math.min(blockRows, scores.length - from), scores);
      }
      return scores;
    },
  };
}
