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
  let fits = true;
  const lay = (tree: number, child: number, place: number, depth: number): void => {
    if (child < 0) {
      const below = mostSteps - depth;
      const first = tree * heapPlaces + (place << below) - heapPlaces;
      leaves.fill(~child, first, first + (1 << below));
    } else if (depth === mostSteps) {
      fits = false;
    } else {
      const node = (offsets[tree] as number) + child;
      nodes[tree * heapPlaces + place] = node;
      lay(tree, (rightFirst ? right[node] : left[node]) as number, 2 * place, depth + 1);
      lay(tree, (rightFirst ? left[node] : right[node]) as number, 2 * place + 1, depth + 1);
    }
  };
  for (let tree = 0; fits && tree < roots.length; tree++) lay(tree, roots[tree] as number, 1, 0);
  return fits ? { nodes, leaves } : null;
}

/** How many rows there are, and where their scores go. @throws RangeError when the lengths do not fit. */
export function scoresOf(rows: Float32Array, featureCount: number, scores: Float64Array | undefined): Float64Array {
  if (rows.length % featureCount !== 0) throw new RangeError(`Rows of ${featureCount} features cannot be made of ${rows.length} values.`);
  const count = rows.length / featureCount;
  if (scores !== undefined && scores.length !== count) throw new RangeError(`${count} rows have ${count} scores, not ${scores.length}.`);
  return scores ?? new Float64Array(count);
}

export function checkRow(row: Float32Array, featureCount: number): void {
  if (row.length !== featureCount) throw new RangeError(`A row has ${featureCount} values, not ${row.length}.`);
}

/** Upper and lower 32 bits of a seed, as `createRandom` takes them. */
export const seedWords = (seed: number): readonly [number, number] => [Math.floor(seed / 2 ** 32) | 0, seed | 0];
