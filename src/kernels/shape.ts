/** What fits into the kernels, and where it is laid: trees of at most 256 rows, so at most eight steps deep. */
import type { IsolationForest } from '../detect/forest/forest.ts';

export const mostRowsPerTree = 256;
export const mostSteps = 8;
/** Places of a perfect heap of eight steps: nodes 1 ... 255; a leaf at place 256 ... 511 is kept at place - 256. */
export const heapPlaces = 256;

/** A forest as perfect heaps: node i's children are 2i and 2i + 1. Where a tree ends early, the places below repeat its leaf. */
export interface HeapForest {
  /** Per tree 256 places: the node of the forest, or -1 where there is none. */
  readonly nodes: Int32Array;
  /** Per tree 256 leaves: place in `leafPaths`. */
  readonly leaves: Uint16Array;
}

/** Lays a forest into heaps, right children first when `rightFirst`; `null` when one of its trees is deeper than eight steps. */
export function toHeaps(forest: IsolationForest, rightFirst: boolean): HeapForest | null {
  const { roots, offsets, left, right } = forest;
  const nodes = new Int32Array(roots.length * heapPlaces).fill(-1);
  const leaves = new Uint16Array(roots.length * heapPlaces);
  /** False when there is a node below the last step. */
  const lay = (tree: number, child: number, place: number, depth: number): boolean => {
    if (child < 0) {
      const below = mostSteps - depth;
      const first = tree * heapPlaces + (place << below) - heapPlaces;
      leaves.fill(~child, first, first + (1 << below));
      return true;
    }
    if (depth === mostSteps) return false;
    const node = (offsets[tree] as number) + child;
    nodes[tree * heapPlaces + place] = node;
    const [first, second] = rightFirst ? [right, left] : [left, right];
    return lay(tree, first[node] as number, 2 * place, depth + 1) && lay(tree, second[node] as number, 2 * place + 1, depth + 1);
  };
  return roots.every((root, tree) => lay(tree, root, 1, 0)) ? { nodes, leaves } : null;
}

/** @throws RangeError when the length does not fit. */
export function rowCountOf(rows: Float32Array, featureCount: number): number {
  if (rows.length % featureCount !== 0) throw new RangeError(`Rows of ${featureCount} features cannot be made of ${rows.length} values.`);
  return rows.length / featureCount;
}

/** How many rows there are, and where their scores go. @throws RangeError when the lengths do not fit. */
export function scoresOf(rows: Float32Array, featureCount: number, scores: Float64Array | undefined): Float64Array {
  const count = rowCountOf(rows, featureCount);
  if (scores !== undefined && scores.length !== count) throw new RangeError(`${count} rows have ${count} scores, not ${scores.length}.`);
  return scores ?? new Float64Array(count);
}

export function checkRow(row: Float32Array, featureCount: number): void {
  if (row.length !== featureCount) throw new RangeError(`A row has ${featureCount} values, not ${row.length}.`);
}

/** Upper and lower 32 bits of a seed, as `createRandom` takes them. */
export const seedWords = (seed: number): readonly [number, number] => [Math.floor(seed / 2 ** 32) | 0, seed | 0];
