/** Brings in a forest that scikit-learn has grown. It is the oracle of our own: same trees, same scores. */
import { ForestBuilder } from './builder.ts';
import { averagePath, floor32 } from './forest.ts';
import type { IsolationForest } from './forest.ts';

/** A tree as scikit-learn holds it (`estimator.tree_`); `childrenLeft[i] === -1` marks a leaf. */
export interface ForeignTree {
  readonly childrenLeft: readonly number[];
  readonly childrenRight: readonly number[];
  readonly feature: readonly number[];
  readonly threshold: readonly number[];
  readonly nodeSamples: readonly number[];
  /** `estimators_features_`: the forest's feature behind each of the tree's features. */
  readonly features: readonly number[];
}

/** Imports a forest of scikit-learn; its scores equal `-score_samples`. @throws RangeError for trees that are none. */
export function importForest(trees: readonly ForeignTree[], sampleSize: number, featureCount: number): IsolationForest {
  const builder = new ForestBuilder();
  for (const [number, tree] of trees.entries()) {
    let visits = 0;
    const copy = (from: number, depth: number): number => {
      const samples = tree.nodeSamples[from];
      if (samples === undefined || ++visits > tree.nodeSamples.length) {
        throw new RangeError(`Tree ${number} has a child ${from} that is no node, or a cycle.`);
      }
      const leftFrom = tree.childrenLeft[from] as number;
      if (leftFrom === -1) return builder.leaf(depth + averagePath(samples));
      const feature = tree.features[tree.feature[from] as number];
      if (feature === undefined || feature >= featureCount)
        throw new RangeError(`Tree ${number} splits on an unknown feature at node ${from}.`);
      const node = builder.open(feature, floor32(tree.threshold[from] as number));
      const left = copy(leftFrom, depth + 1);
      const right = copy(tree.childrenRight[from] as number, depth + 1);
      builder.close(node, left, right);
      return node;
    };
    builder.endTree(copy(0, 0));
  }
  return builder.build(featureCount, sampleSize);
}
