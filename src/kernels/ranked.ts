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
  const { offsets, feature, threshold } = forest;
  const trees = forest.roots.length;
  const thresholds = thresholdsOf(forest);
  if (thresholds.some(({ length }) => length > mostThresholds)) return null;
  const ranks = new Uint16Array(threshold.length);
  for (let node = 0; node < ranks.length; node++) {
    ranks[node] = rankIn(thresholds[feature[node] as number] as Float32Array, threshold[node] as number);
  }

  const paths = new Float64Array(leavesPerTree * trees);
  const groups: RankedGroup[] = [];
  const room = groupRoom(forest, thresholds, ranks);
  let from = 0;
  const close = (to: number): void => {
    groups.push(groupOf(forest, from, to, thresholds, ranks, paths));
    room.begin();
    from = to;
  };
  for (let tree = 0; tree < trees; tree++) {
    if ((offsets[tree + 1] as number) - (offsets[tree] as number) > thresholdsPerGroup) return null;
    if (room.take(tree)) continue;
    close(tree);
    room.take(tree);
  }
  close(trees);
  return { thresholds, groups, paths };
}

/** Per feature its different thresholds, sorted and filled up. */
function thresholdsOf({ featureCount, feature, threshold }: IsolationForest): Float32Array[] {
  const counts = new Uint32Array(featureCount);
  for (let node = 0; node < feature.length; node++) counts[feature[node] as number] = (counts[feature[node] as number] as number) + 1;
  const all = Array.from(counts, (count) => new Float32Array(count));
  for (let node = feature.length - 1; node >= 0; node--) {
    const index = feature[node] as number;
    const place = (counts[index] as number) - 1;
    counts[index] = place;
    (all[index] as Float32Array)[place] = threshold[node] as number;
  }
  return all.map((values) => {
    values.sort();
    let different = 0;
    for (let at = 0; at < values.length; at++) {
      if (at === 0 || values[at] !== values[at - 1]) values[different++] = values[at] as number;
    }
    const filled = new Float32Array(2 ** Math.ceil(Math.log2(different + 1)) - 1).fill(Infinity);
    filled.set(values.subarray(0, different));
    return filled;
  });
}

/** How many of the sorted thresholds a value is above; there are 2^steps - 1 of them. */
function rankIn(sorted: Float32Array, value: number): number {
  let at = 0;
  for (let half = (sorted.length + 1) / 2; half >= 1; half /= 2) if ((sorted[at + half - 1] as number) < value) at += half;
  return at;
}

/** Counts the different thresholds of the trees that a group takes. */
function groupRoom(
  { featureCount, offsets, feature }: IsolationForest,
  thresholds: readonly Float32Array[],
  ranks: Uint16Array,
): { begin(): void; take(tree: number): boolean } {
  /** The last group, and the last tree, in which each threshold was met. */
  const inGroup = thresholds.map(({ length }) => new Int32Array(length).fill(-1));
  const inTree = thresholds.map(({ length }) => new Int32Array(length).fill(-1));
  const held = new Int32Array(featureCount);
  const more = new Int32Array(featureCount);
  let group = 0;

  return {
    begin() {
      group++;
      held.fill(0);
    },
    /** False, and nothing taken, when a feature would have more thresholds than ranks. */
    take(tree) {
      more.fill(0);
      const [begin, end] = [offsets[tree] as number, offsets[tree + 1] as number];
      for (let node = begin; node < end; node++) {
        const index = feature[node] as number;
        const rank = ranks[node] as number;
        const [groups, trees] = [inGroup[index] as Int32Array, inTree[index] as Int32Array];
        if (groups[rank] === group || trees[rank] === tree) continue;
        trees[rank] = tree;
        more[index] = (more[index] as number) + 1;
      }
      if (more.some((count, index) => count + (held[index] as number) > thresholdsPerGroup)) {
        // The tree is asked about again, for the next group.
        for (let node = begin; node < end; node++) (inTree[feature[node] as number] as Int32Array)[ranks[node] as number] = -1;
        return false;
      }
      for (let node = begin; node < end; node++) (inGroup[feature[node] as number] as Int32Array)[ranks[node] as number] = group;
      for (let index = 0; index < featureCount; index++) held[index] = (held[index] as number) + (more[index] as number);
      return true;
    },
  };
}

function groupOf(
  forest: IsolationForest,
  from: number,
  to: number,
  thresholds: readonly Float32Array[],
  ranks: Uint16Array,
  paths: Float64Array,
): RankedGroup {
  const { offsets, feature, leafPaths } = forest;
  // Where each feature's levels begin: one for each rank, 0 ... length.
  const first = new Uint32Array(thresholds.length + 1);
  for (const [index, { length }] of thresholds.entries()) first[index + 1] = (first[index] as number) + length + 1;
  const placeOf = (node: number): number => (first[feature[node] as number] as number) + (ranks[node] as number);
  const own = new Uint8Array(first.at(-1) as number);
  for (let node = offsets[from] as number; node < (offsets[to] as number); node++) own[placeOf(node)] = 1;
  // A value of rank r is above the first r thresholds, so above those of the group that are among them; NaN is above all.
  const levels = new Int8Array(own.length);
  for (const [index, { length }] of thresholds.entries()) {
    const begin = first[index] as number;
    let level = -128;
    for (let rank = 0; rank <= length; rank++) {
      levels[begin + rank] = level;
      level += own[begin + rank] as number;
    }
  }
  const program: number[] = [];
  for (let tree = from; tree < to; tree++) {
    let leaf = tree * leavesPerTree;
    const inLevels = {
      levelOf: (node: number) => levels[placeOf(node)] as number,
      codeOf(place: number) {
        paths[leaf] = leafPaths[place] as number;
        return leaf++ % leavesPerTree;
      },
    };
    appendTree(forest, tree, inLevels, program);
  }
  return { trees: to - from, program: Uint8Array.from(program), levels };
}
