/** Grows an Isolation Forest, as scikit-learn does: samples without replacement, depth at most log2 of the sample. */
import { createRandom } from '../random.ts';
import { ForestBuilder } from './builder.ts';
import { averagePath, floor32, maximumFeatures, maximumSampleSize } from './forest.ts';
import type { IsolationForest } from './forest.ts';
import { createTreeGrower } from './grow-tree.ts';

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
  const grower = createTreeGrower({
    random,
    features: featureCount,
    stride: featureCount,
    order,
    cut(low, high) {
      const drawn = floor32(low + (high - low) * random.uniform());
      return drawn >= low && drawn < high ? drawn : low;
    },
    maker: {
      leaf: (depth, count) => builder.leaf(depth + averagePath(count)),
      open: (feature, threshold) => builder.open(feature, threshold),
      close: (node, left, right) => builder.close(node, left, right),
    },
  });

  for (let tree = 0; tree < options.trees; tree++) {
    // Sampling without replacement: the first `sampleSize` places of a Fisher-Yates shuffle.
    for (let i = 0; i < sampleSize; i++) {
      const other = i + random.below(rowCount - i);
      const row = order[i] as number;
      order[i] = order[other] as number;
      order[other] = row;
    }
    builder.endTree(grower.grow(rows, sampleSize, depthLimit));
  }
  return builder.build(featureCount, sampleSize);
}
