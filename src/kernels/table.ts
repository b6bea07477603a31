/** Rows in WebAssembly memory, and the growing of forests on them: bit for bit the forest of src/detect/forest/grow.ts. */
import { averagePath, type IsolationForest } from '../detect/forest/forest.ts';
import { type ForestOptions, growForest } from '../detect/forest/grow.ts';
import type { Table } from '../detect/kernels.ts';
import { openInstance } from './instance.ts';
import { mostRowsPerTree, mostSteps, seedWords } from './shape.ts';
import { checkShape, notFinite } from './table-shape.ts';

/** Room that is kept for a forest; larger ones are grown in TypeScript. Untouched memory costs nothing. */
const mostTrees = 512;
const mostNodes = mostTrees * (mostRowsPerTree - 1);
/** The values are looked through in steps of so many bytes. */
const step = 64;

/** Leaves are told apart by depth * 257 + rows. */
const keysPerDepth = mostRowsPerTree + 1;
const keyCount = (mostSteps + 1) * keysPerDepth;
const pathOf = (key: number): number => Math.floor(key / keysPerDepth) + averagePath(key % keysPerDepth);

/** For each key the first one with the same path length: two rows at depth d are as far as one row at depth d + 1. */
let sameKeys: Uint16Array | null = null;
function leafKeys(): Uint16Array {
  const first = new Map<number, number>();
  sameKeys ??= Uint16Array.from({ length: keyCount }, (_, key) => {
    const known = first.get(pathOf(key)) ?? key;
    first.set(pathOf(key), known);
    return known;
  });
  return sameKeys;
}

/** @throws RangeError for a shape that makes no table, or that does not fit into 4 GiB. */
export function openTable(rowCount: number, featureCount: number): Table {
  checkShape(rowCount, featureCount);
  const valueBytes = Math.ceil((4 * rowCount * featureCount) / step) * step;
  const { call, buffer, at } = openInstance({
    sample: mostRowsPerTree * featureCount * 4,
    order: mostRowsPerTree * 4,
    drawn: mostRowsPerTree * 4,
    candidates: featureCount,
    sameKeys: keyCount * 2,
    leafPlace: keyCount * 2,
    leafKey: keyCount * 2,
    leafCount: 4,
    roots: mostTrees * 2,
    offsets: (mostTrees + 1) * 4,
    feature: mostNodes,
    threshold: mostNodes * 4,
    left: mostNodes * 2,
    right: mostNodes * 2,
    shuffled: rowCount * 4,
    rows: valueBytes,
  });
  new Uint16Array(buffer, at.sameKeys, keyCount).set(leafKeys());
  const rows = new Float32Array(buffer, at.rows, rowCount * featureCount);

  function growHere({ trees, seed }: ForestOptions, sampleSize: number): IsolationForest {
    const depth = Math.ceil(Math.log2(sampleSize));
    const [high, low] = seedWords(seed);
    const shape = [rowCount, featureCount, trees, sampleSize, depth, high, low];
    const scratch = [at.shuffled, at.sample, at.order, at.drawn, at.candidates, at.sameKeys, at.leafPlace];
    const out = [at.leafKey, at.feature, at.threshold, at.left, at.right, at.roots, at.offsets, at.leafCount];
    const nodes = call.growForest(at.rows, ...shape, ...scratch, ...out);
    const leaves = new Uint32Array(buffer, at.leafCount, 1)[0] as number;
    return {
      featureCount,
      sampleSize,
      roots: new Int16Array(buffer, at.roots, trees).slice(),
      offsets: new Uint32Array(buffer, at.offsets, trees + 1).slice(),
      feature: new Uint8Array(buffer, at.feature, nodes).slice(),
      threshold: new Float32Array(buffer, at.threshold, nodes).slice(),
      left: new Int16Array(buffer, at.left, nodes).slice(),
      right: new Int16Array(buffer, at.right, nodes).slice(),
      leafPaths: Float64Array.from(new Uint16Array(buffer, at.leafKey, leaves), pathOf),
    };
  }

  return {
    rowCount,
    featureCount,
    rows,
    grow(options) {
      if (call.allFinite(at.rows, valueBytes) === 0) throw notFinite(rows, featureCount);
      const { trees } = options;
      const sampleSize = Math.min(options.sampleSize, rowCount);
      // What the kernel has no room for, and what makes no forest at all, is for growForest.
      const fits = Number.isInteger(trees) && trees >= 1 && trees <= mostTrees && sampleSize >= 2 && sampleSize <= mostRowsPerTree;
      return fits && Number.isInteger(sampleSize) ? growHere(options, sampleSize) : growForest(rows, rowCount, featureCount, options);
    },
  };
}
