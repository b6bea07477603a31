/** A forest in ranks: 8 bits that decide every comparison as the values do. What exact scoring of many rows needs. */
import type { IsolationForest } from '../detect/forest/forest.ts';
import { appendTree } from './program.ts';

/** Different thresholds of a feature in a group: ranks among them fit into 8 bits. */
const thresholdsPerGroup = 255;
/** Ranks among all thresholds of a feature fit into 16 bits. */
const mostThresholds = 65_535;
/** Leaves of a tree that are told apart. */
export const leavesPerTree = 256;

export interface RankedGroup {
  readonly trees: number;
  readonly program: Uint8Array;
  /** Feature after feature, for each rank among all thresholds the level among the group's. */
  readonly levels: Int8Array;
}

export interface RankedForest {
  /** Per feature its different thresholds, sorted, and infinite ones up to 2^steps - 1: so many halvings find a rank. */
  readonly thresholds: readonly Float32Array[];
  /** Groups of consecutive trees. */
  readonly groups: readonly RankedGroup[];
  /** Per tree 256 path lengths, by the number of the leaf. */
  readonly paths: Float64Array;
}

/** `null` when a tree has more than 255 nodes, or a feature more than 65,535 thresholds. */
export function rankForest(forest: IsolationForest): RankedForest | null {
  const { offsets, feature, threshold, featureCount } = forest;
  const trees = forest.roots.length;
  const sets = emptySets(featureCount);
  for (const [node, index] of feature.entries()) sets[index]?.add(threshold[node] as number);
  const thresholds = sets.map(sortedAndFilled);
  if (thresholds.some(({ length }) => length > mostThresholds)) return null;

  const paths = new Float64Array(leavesPerTree * trees);
  const groups: RankedGroup[] = [];
  let from = 0;
  let held = emptySets(featureCount);
  const close = (to: number): void => {
    groups.push(groupOf(forest, from, to, thresholds, held, paths));
    held = emptySets(featureCount);
    from = to;
  };
  for (let tree = 0; tree < trees; tree++) {
    if ((offsets[tree + 1] as number) - (offsets[tree] as number) > thresholdsPerGroup) return null;
    if (!takes(held, forest, tree)) close(tree);
    for (let node = offsets[tree] as number; node < (offsets[tree + 1] as number); node++) {
      held[feature[node] as number]?.add(threshold[node] as number);
    }
  }
  close(trees);
  return { thresholds, groups, paths };
}

const emptySets = (count: number): Set<number>[] => Array.from({ length: count }, () => new Set());

function sortedAndFilled(set: ReadonlySet<number>): Float32Array {
  const filled = new Float32Array(2 ** Math.ceil(Math.log2(set.size + 1)) - 1).fill(Infinity);
  filled.set(Float32Array.from(set).sort());
  return filled;
}

/** True when the group still has room for all thresholds of the tree. */
function takes(held: readonly Set<number>[], { offsets, feature, threshold }: IsolationForest, tree: number): boolean {
  const more = emptySets(held.length);
  for (let node = offsets[tree] as number; node < (offsets[tree + 1] as number); node++) {
    const index = feature[node] as number;
    if (!held[index]?.has(threshold[node] as number)) more[index]?.add(threshold[node] as number);
  }
  return held.every((set, index) => set.size + (more[index] as Set<number>).size <= thresholdsPerGroup);
}

function groupOf(
  forest: IsolationForest,
  from: number,
  to: number,
  thresholds: readonly Float32Array[],
  held: readonly Set<number>[],
  paths: Float64Array,
): RankedGroup {
  const { feature, threshold, leafPaths } = forest;
  const levels: number[] = [];
  const levelOf: Map<number, number>[] = [];
  for (const [index, all] of thresholds.entries()) {
    const own = new Map<number, number>();
    // A value of rank r is above the first r thresholds, so above those of the group that are among them; NaN is above all.
    levels.push(-128);
    for (const value of all) {
      if (held[index]?.has(value)) own.set(value, own.size - 128);
      levels.push(own.size - 128);
    }
    levelOf.push(own);
  }
  const program: number[] = [];
  for (let tree = from; tree < to; tree++) {
    let leaf = tree * leavesPerTree;
    const inLevels = {
      levelOf: (node: number) => levelOf[feature[node] as number]?.get(threshold[node] as number) as number,
      codeOf(place: number) {
        paths[leaf] = leafPaths[place] as number;
        return leaf++ % leavesPerTree;
      },
    };
    appendTree(forest, tree, inLevels, program);
  }
  return { trees: to - from, program: Uint8Array.from(program), levels: Int8Array.from(levels) };
}
