/** Grows an Isolation Forest, as scikit-learn does: samples without replacement, depth at most log2 of the sample. */
import { createRandom } from '../random.ts';
import { ForestBuilder } from './builder.ts';
import { averagePath, floor32, maximumFeatures, maximumSampleSize } from './forest.ts';
import type { IsolationForest } from './forest.ts';

export interface ForestOptions {
  readonly trees: number;
  /** Rows per tree; all rows when there are fewer. */
  readonly sampleSize: number;
  readonly seed: number;
}

/**
 * Grows a forest from `rows` (row-major, rowCount x featureCount, finite numbers).
 * @throws RangeError for shapes and options that make no forest.
 */
export function growForest(rows: Float32Array, rowCount: number, featureCount: number, options: ForestOptions): IsolationForest {
  if (rows.length !== rowCount * featureCount) {
    throw new RangeError(`${rowCount} rows x ${featureCount} features need ${rowCount * featureCount} values, not ${rows.length}.`);
  }
  if (rowCount < 2) throw new RangeError(`A forest needs at least 2 rows, not ${rowCount}.`);
  if (featureCount < 1 || featureCount > maximumFeatures) {
    throw new RangeError(`A forest takes 1 to ${maximumFeatures} features, not ${featureCount}.`);
  }
  if (!(options.trees >= 1)) throw new RangeError(`A forest needs at least 1 tree, not ${options.trees}.`);
  if (!(options.sampleSize >= 2 && options.sampleSize <= maximumSampleSize)) {
    throw new RangeError(`A tree sees 2 to ${maximumSampleSize} rows, not ${options.sampleSize}.`);
  }

  const random = createRandom(options.seed);
  const sampleSize = Math.min(options.sampleSize, rowCount);
  const depthLimit = Math.ceil(Math.log2(sampleSize));
  const builder = new ForestBuilder();
  const order = Uint32Array.from({ length: rowCount }, (_, row) => row);
  const candidates = Uint8Array.from({ length: featureCount }, (_, feature) => feature);
  let low = 0;
  let high = 0;

  /** A random feature that is not constant in order[from, to), its range left in low and high; -1 when all are. */
  function drawFeature(from: number, to: number): number {
    for (let left = featureCount; left > 0; left--) {
      const pick = random.below(left);
      const feature = candidates[pick] as number;
      candidates[pick] = candidates[left - 1] as number;
      candidates[left - 1] = feature;
      low = Infinity;
      high = -Infinity;
      for (let i = from; i < to; i++) {
        const value = rows[(order[i] as number) * featureCount + feature] as number;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      if (low < high) return feature;
    }
    return -1;
  }

  /** Moves rows with x <= threshold to the front of order[from, to) and returns where the others begin. */
  function partition(from: number, to: number, feature: number, threshold: number): number {
    let front = from;
    let back = to;
    while (front < back) {
      const row = order[front] as number;
      if ((rows[row * featureCount + feature] as number) <= threshold) front++;
      else {
        back--;
        order[front] = order[back] as number;
        order[back] = row;
      }
    }
    return front;
  }

  function grow(from: number, to: number, depth: number): number {
    const feature = depth < depthLimit && to - from > 1 ? drawFeature(from, to) : -1;
    if (feature < 0) return builder.leaf(depth + averagePath(to - from));
    // A threshold in [low, high): both sides keep at least one row.
    const drawn = floor32(low + (high - low) * random.uniform());
    const threshold = drawn >= low && drawn < high ? drawn : low;
    const middle = partition(from, to, feature, threshold);
    const node = builder.open(feature, threshold);
    const left = grow(from, middle, depth + 1);
    const right = grow(middle, to, depth + 1);
    builder.close(node, left, right);
    return node;
  }

  for (let tree = 0; tree < options.trees; tree++) {
    // Sampling without replacement: the first `sampleSize` places of a Fisher-Yates shuffle.
    for (let i = 0; i < sampleSize; i++) {
      const other = i + random.below(rowCount - i);
      const row = order[i] as number;
      order[i] = order[other] as number;
      order[other] = row;
    }
    builder.endTree(grow(0, sampleSize, 0));
  }
  return builder.build(featureCount, sampleSize);
}
