/** Exact scores by WebAssembly: bit for bit those of src/detect/forest/forest.ts. */
import { averagePath, type IsolationForest } from '../detect/forest/forest.ts';
import type { RowScorer } from '../detect/kernels.ts';
import { openInstance } from './instance.ts';
import { fillSlots, lanes, slotBytes } from './program.ts';
import { leavesPerTree, type RankedForest, rankForest } from './ranked.ts';
import { checkRow, heapPlaces, type HeapForest, scoresOf, toHeaps } from './shape.ts';

const blocksAtOnce = 8;
const rowsAtOnce = lanes * blocksAtOnce;

/** `null` for a forest with trees of more than eight steps or 255 nodes. */
export function exactScorer(forest: IsolationForest): RowScorer | null {
  // A step goes to 2i + 1 when the value is at most the threshold.
  const heaps = toHeaps(forest, true);
  const ranked = heaps === null ? null : rankForest(forest);
  if (heaps === null || ranked === null) return null;
  const whole = forest.roots.length * averagePath(forest.sampleSize);
  let many: ReturnType<typeof manyRows> | null = null;
  let one: ReturnType<typeof oneRow> | null = null;
  return {
    scoreRow(row) {
      checkRow(row, forest.featureCount);
      one ??= oneRow(forest, heaps);
      return 2 ** (-one(row) / whole);
    },
    scoreRows(rows, given) {
      const scores = scoresOf(rows, forest.featureCount, given);
      many ??= manyRows(forest, ranked);
      many(rows, scores, whole);
      return scores;
    },
  };
}

/** The sum of one row's path lengths. */
function oneRow({ featureCount, feature, threshold, leafPaths, roots }: IsolationForest, heaps: HeapForest): (row: Float32Array) => number {
  const trees = Math.ceil(roots.length / 4) * 4;
  const { call, buffer, at } = openInstance({ nodes: trees * heapPlaces * 8, leaves: trees * heapPlaces * 8, row: featureCount * 4 });
  const offsets = new Uint32Array(buffer, at.nodes, 2 * trees * heapPlaces);
  const thresholds = new Float32Array(buffer, at.nodes, 2 * trees * heapPlaces);
  for (const [place, node] of heaps.nodes.entries()) {
    if (node < 0) continue;
    offsets[2 * place] = 4 * (feature[node] as number);
    thresholds[2 * place + 1] = threshold[node] as number;
  }
  new Float64Array(buffer, at.leaves, heaps.leaves.length).set(Float64Array.from(heaps.leaves, (leaf) => leafPaths[leaf] as number));
  const held = new Float32Array(buffer, at.row, featureCount);
  return (row) => {
    for (let index = 0; index < featureCount; index++) held[index] = row[index] as number;
    return call.exactRow(at.nodes, at.leaves, trees, at.row);
  };
}

/** Writes the scores of many rows. */
function manyRows(
  { featureCount, roots }: IsolationForest,
  { thresholds, groups, paths }: RankedForest,
): (rows: Float32Array, scores: Float64Array, whole: number) => void {
  const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const { call, buffer, at } = openInstance({
    groups: 12 * groups.length,
    searches: 12 * featureCount,
    thresholds: 4 * total(thresholds.map(({ length }) => length)),
    programs: total(groups.map(({ program }) => program.length)),
    levels: total(groups.map(({ levels }) => levels.length)),
    paths: roots.length * leavesPerTree * 8,
    ranks: featureCount * lanes * 2,
    columns: featureCount * lanes,
    slots: slotBytes,
    sums: rowsAtOnce * 8,
    rows: rowsAtOnce * featureCount * 4,
  });
  fillSlots(new Uint8Array(buffer, at.slots, slotBytes));
  new Float64Array(buffer, at.paths, paths.length).set(paths);
  let end = at.thresholds;
  const searches = new Uint32Array(buffer, at.searches, 3 * featureCount);
  for (const [feature, sorted] of thresholds.entries()) {
    new Float32Array(buffer, end).set(sorted);
    searches.set([end, Math.log2(sorted.length + 1), sorted.length + 1], 3 * feature);
    end += sorted.byteLength;
  }
  let [program, levels] = [at.programs, at.levels];
  for (const [number, group] of groups.entries()) {
    new Uint8Array(buffer, program).set(group.program);
    new Int8Array(buffer, levels).set(group.levels);
    new Uint32Array(buffer, at.groups + 12 * number, 3).set([group.trees, program, levels]);
    program += group.program.length;
    levels += group.levels.length;
  }
  const block = new Float32Array(buffer, at.rows, rowsAtOnce * featureCount);
  const sums = new Float64Array(buffer, at.sums, rowsAtOnce);
  const forest = [at.groups, groups.length, at.searches, at.paths] as const;
  const scratch = [at.ranks, at.columns, at.slots, at.sums] as const;
  return (rows, scores, whole) => {
    for (let from = 0; from < scores.length; from += rowsAtOnce) {
      const count = Math.min(rowsAtOnce, scores.length - from);
      block.set(rows.subarray(from * featureCount, (from + count) * featureCount));
      call.exactRows(...forest, at.rows, featureCount, Math.ceil(count / lanes), ...scratch);
      for (let row = 0; row < count; row++) scores[from + row] = 2 ** (-(sums[row] as number) / whole);
    }
  };
}
