/**
 * The Isolation Forest: F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008.
 * Random trees cut the data at random places; a row that few cuts separate from the rest is anomalous.
 *
 * The forest is a handful of flat arrays. Only inner nodes have a place in them; a leaf is a negative child:
 * `~child` is its place in `leafPaths`, the few different path lengths that occur. A child always comes after its parent,
 * so a walk ends whatever the arrays hold. Values and thresholds are 32-bit floats, a row goes left when `x <= threshold`
 * (as in scikit-learn); path lengths and scores are 64-bit.
 */
export interface IsolationForest {
  readonly featureCount: number;
  /** Rows that each tree saw. */
  readonly sampleSize: number;
  /** First child code of each tree: a node of that tree, or a leaf when the tree has no node. */
  readonly roots: Int16Array;
  /** Where each tree's nodes begin; one entry more than trees. */
  readonly offsets: Uint32Array;
  readonly feature: Uint8Array;
  readonly threshold: Float32Array;
  /** Children, counted from the beginning of their tree. */
  readonly left: Int16Array;
  readonly right: Int16Array;
  /** Expected steps to isolate a row that ends in this leaf. */
  readonly leafPaths: Float64Array;
}

/** Features are numbered in one byte, nodes and leaves of a tree in 15 bits. */
export const maximumFeatures = 256;
export const maximumSampleSize = 16_384;

const eulerGamma = 0.577_215_664_901_532_9;

/** c(n): mean steps of an unsuccessful search in a binary tree of n rows (equation 1 of the paper). */
export function averagePath(rows: number): number {
  if (rows <= 1) return 0;
  if (rows === 2) return 1;
  return 2 * (Math.log(rows - 1) + eulerGamma) - (2 * (rows - 1)) / rows;
}

/** The largest 32-bit float that is not above x: `fround(v) <= x` and `fround(v) <= floor32(x)` are then the same. */
export function floor32(x: number): number {
  const rounded = Math.fround(x);
  if (rounded <= x) return rounded;
  const step = Math.max(Math.abs(rounded) * 2 ** -24, 2 ** -150);
  return Math.fround(rounded - step * 1.5);
}

/** Score of one row in (0, 1]: 2^(-mean path / c(sampleSize)). About 0.5 is ordinary, near 1 is isolated at once. */
export function scoreRow(forest: IsolationForest, row: Float32Array, at = 0): number {
  const { roots, offsets, feature, threshold, left, right, leafPaths } = forest;
  let path = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    const base = offsets[tree] as number;
    let child = roots[tree] as number;
    while (child >= 0) {
      const node = base + child;
      child = ((row[at + (feature[node] as number)] as number) <= (threshold[node] as number) ? left[node] : right[node]) as number;
    }
    path += leafPaths[~child] as number;
  }
  return 2 ** (-path / (roots.length * averagePath(forest.sampleSize)));
}

/** Scores of many rows, row-major (`rows.length / featureCount` of them). */
export function scoreRows(forest: IsolationForest, rows: Float32Array): Float64Array {
  const scores = new Float64Array(Math.floor(rows.length / forest.featureCount));
  for (let i = 0; i < scores.length; i++) scores[i] = scoreRow(forest, rows, i * forest.featureCount);
  return scores;
}
