/** A forest to and from the body of a saved model. Reading trusts nothing: a forest that passes can be walked safely. */
import { DetectError } from '../detect-error.ts';
import type { BodyReader, BodyWriter } from '../model-buffer.ts';
import { maximumSampleSize } from './forest.ts';
import type { IsolationForest } from './forest.ts';

const maximumTrees = 100_000;

export function writeForest(writer: BodyWriter, forest: IsolationForest): void {
  writer.uint32(forest.featureCount);
  writer.uint32(forest.sampleSize);
  writer.uint32(forest.roots.length);
  writer.uint32(forest.feature.length);
  writer.uint32(forest.leafPaths.length);
  writer.int16s(forest.roots);
  writer.uint32s(forest.offsets);
  writer.uint8s(forest.feature);
  writer.float32s(forest.threshold);
  writer.int16s(forest.left);
  writer.int16s(forest.right);
  writer.float64s(forest.leafPaths);
}

/** @throws DetectError when the numbers are no forest of `featureCount` features. */
export function readForest(reader: BodyReader, featureCount: number): IsolationForest {
  const found = reader.uint32();
  if (found !== featureCount) throw hostile(`The forest has ${found} features, not ${featureCount}.`);
  const sampleSize = reader.uint32();
  if (sampleSize < 2 || sampleSize > maximumSampleSize)
    throw hostile(`The forest's trees saw ${sampleSize} rows, not 2 to ${maximumSampleSize}.`);
  const trees = reader.uint32();
  if (trees < 1 || trees > maximumTrees) throw hostile(`The forest has ${trees} trees, not 1 to ${maximumTrees}.`);
  const nodes = reader.uint32();
  const leaves = reader.uint32();
  const forest: IsolationForest = {
    featureCount,
    sampleSize,
    roots: reader.int16s(trees),
    offsets: reader.uint32s(trees + 1),
    feature: reader.uint8s(nodes),
    threshold: reader.float32s(nodes),
    left: reader.int16s(nodes),
    right: reader.int16s(nodes),
    leafPaths: reader.float64s(leaves),
  };
  check(forest);
  return forest;
}

function check(forest: IsolationForest): void {
  const { featureCount, roots, offsets, feature, threshold, left, right, leafPaths } = forest;
  if (offsets[0] !== 0 || offsets.at(-1) !== feature.length) throw hostile(`The forest's trees do not cover its ${feature.length} nodes.`);
  for (const path of leafPaths) {
    if (!(path >= 0 && path <= maximumSampleSize)) throw hostile(`A leaf of the forest has the path length ${path}.`);
  }
  for (let tree = 0; tree < roots.length; tree++) {
    const base = offsets[tree] as number;
    const size = (offsets[tree + 1] as number) - base;
    if (size < 0 || base + size > feature.length)
      throw hostile(`Tree ${tree} has ${size} nodes from ${base} on; the forest has ${feature.length}.`);
    const root = roots[tree] as number;
    if (root > 0) throw hostile(`Tree ${tree} begins at node ${root}, not at 0.`);
    checkChild(root, -1, size, leafPaths.length, tree);
    for (let node = 0; node < size; node++) {
      const at = base + node;
      if ((feature[at] as number) >= featureCount)
        throw hostile(`Node ${node} of tree ${tree} splits on feature ${feature[at]} of ${featureCount}.`);
      if (!Number.isFinite(threshold[at])) throw hostile(`Node ${node} of tree ${tree} has the threshold ${threshold[at]}.`);
      checkChild(left[at] as number, node, size, leafPaths.length, tree);
      checkChild(right[at] as number, node, size, leafPaths.length, tree);
    }
  }
}

/** A child comes after its parent, so every walk ends; a leaf is one of those there are. */
function checkChild(child: number, parent: number, size: number, leaves: number, tree: number): void {
  const fits = child >= 0 ? child > parent && child < size : ~child < leaves;
  if (!fits)
    throw hostile(`Node ${parent} of tree ${tree} has the child ${child}; the tree has ${size} nodes and the forest ${leaves} leaves.`);
}

const hostile = (message: string): DetectError => new DetectError('hostile', message);
