/**
 * Exact scoring: 32-bit values against 32-bit thresholds, path lengths as 64-bit floats summed tree by tree: bit for bit what
 * src/detect/forest/forest.ts says.
 *
 * Many rows go through the batch kernel, without loss. A value's rank among the sorted thresholds of its feature decides every
 * comparison as the value does. Trees come in groups in which no feature has more than 255 different thresholds, so within a
 * group 8 bits are enough: a table turns the rank among all thresholds into that. The answers are numbers of leaves, not codes.
 *
 * One row walks instead. A tree is a perfect heap of 256 places: node i's children are 2i (the row is above the threshold) and
 * 2i + 1. Eight steps without a branch lead to its leaf; where the tree ended before, the places below hold the same leaf. Nodes
 * are 8 bytes (byte offset of the feature, threshold). Four trees go side by side, so that no step waits for the last.
 */
import { answerTree, nextTree, rootOf } from './batch.ts';

const lanes: usize = 128;
/** A tree as a heap, and its leaves' path lengths. */
const nodeBytes: usize = 2048;
const leafBytes: usize = 2048;

@inline
function step(place: usize, tree: usize, row: usize): usize {
  const node = tree + (place << 3);
  return (place << 1) + <usize>(load<f32>(row + <usize>load<u32>(node)) <= load<f32>(node, 4));
}

/** `at`, or `half` bytes further when the value is above the last threshold before there: NaN is. */
@inline
function search(value: f32, at: usize, half: usize): usize {
  return select<usize>(at, at + half, value <= load<f32>(at + half - 4));
}

/** How many of the feature's 2^steps - 1 thresholds each of 128 values is above, as u16: four binary searches side by side. */
function rankColumn(row: usize, stride: usize, thresholds: usize, steps: usize, ranks: usize): void {
  for (const end = ranks + 2 * lanes; ranks < end; ranks += 8) {
    const value0 = load<f32>(row);
    const value1 = load<f32>(row + stride);
    const value2 = load<f32>(row + 2 * stride);
    const value3 = load<f32>(row + 3 * stride);
    let a = thresholds;
    let b = thresholds;
    let c = thresholds;
    let d = thresholds;
    for (let half: usize = (<usize>2) << steps; half >= 4; half >>>= 1) {
      a = search(value0, a, half);
      b = search(value1, b, half);
      c = search(value2, c, half);
      d = search(value3, d, half);
    }
    store<u16>(ranks, <u16>((a - thresholds) >>> 2));
    store<u16>(ranks, <u16>((b - thresholds) >>> 2), 2);
    store<u16>(ranks, <u16>((c - thresholds) >>> 2), 4);
    store<u16>(ranks, <u16>((d - thresholds) >>> 2), 6);
    row += stride << 2;
  }
}

/** 128 ranks among all thresholds to 8-bit levels within a group. */
@inline
function translate(ranks: usize, table: usize, column: usize): void {
  for (const end = column + lanes; column < end; column += 4) {
    store<u8>(column, load<u8>(table + <usize>load<u16>(ranks)));
    store<u8>(column, load<u8>(table + <usize>load<u16>(ranks, 2)), 1);
    store<u8>(column, load<u8>(table + <usize>load<u16>(ranks, 4)), 2);
    store<u8>(column, load<u8>(table + <usize>load<u16>(ranks, 6)), 3);
    ranks += 8;
  }
}

/**
 * Sums of path lengths (f64) of `blocks` x 128 rows. `searches` holds per feature 3 x u32: where its thresholds are, the steps to
 * search them, how many ranks there are. `groups` holds per group 3 x u32: its trees, its program, and a table for each feature,
 * from rank to level. `paths` holds per tree 256 path lengths by leaf.
 */
export function exactRows(
  groups: usize,
  groupCount: usize,
  searches: usize,
  paths: usize,
  rows: usize,
  features: usize,
  blocks: usize,
  ranks: usize,
  columns: usize,
  slots: usize,
  sums: usize,
): void {
  memory.fill(sums, 0, blocks * (lanes << 3));
  for (let block: usize = 0; block < blocks; block++) {
    for (let feature: usize = 0; feature < features; feature++) {
      const how = searches + feature * 12;
      rankColumn(rows + (feature << 2), features << 2, <usize>load<u32>(how), <usize>load<u32>(how, 4), ranks + feature * 2 * lanes);
    }
    let path = paths;
    for (let group = groups, end = groups + groupCount * 12; group < end; group += 12) {
      const trees = <usize>load<u32>(group);
      let at = <usize>load<u32>(group, 4);
      let table = <usize>load<u32>(group, 8);
      for (let feature: usize = 0; feature < features; feature++) {
        translate(ranks + feature * 2 * lanes, table, columns + feature * lanes);
        table += <usize>load<u32>(searches + feature * 12, 8);
      }
      for (let tree: usize = 0; tree < trees; tree++) {
        answerTree(at, columns, slots);
        let leaf = rootOf(at, slots);
        let sum = sums;
        for (const end = leaf + lanes; leaf < end; leaf += 4) {
          store<f64>(sum, load<f64>(sum) + load<f64>(path + (<usize>load<u8>(leaf) << 3)));
          store<f64>(sum, load<f64>(sum, 8) + load<f64>(path + (<usize>load<u8>(leaf, 1) << 3)), 8);
          store<f64>(sum, load<f64>(sum, 16) + load<f64>(path + (<usize>load<u8>(leaf, 2) << 3)), 16);
          store<f64>(sum, load<f64>(sum, 24) + load<f64>(path + (<usize>load<u8>(leaf, 3) << 3)), 24);
          sum += 32;
        }
        at = nextTree(at);
        path += leafBytes;
      }
    }
    rows += lanes * (features << 2);
    sums += lanes << 3;
  }
}

/** The sum of one row's path lengths; `trees` is a multiple of four, those that are missing have leaves of 0. */
export function exactRow(nodes: usize, leaves: usize, trees: usize, row: usize): f64 {
  let sum: f64 = 0;
  for (let tree: usize = 0; tree < trees; tree += 4) {
    const top0 = nodes + tree * nodeBytes;
    const top1 = top0 + nodeBytes;
    const top2 = top1 + nodeBytes;
    const top3 = top2 + nodeBytes;
    const bottom = leaves + tree * leafBytes - leafBytes;
    let a: usize = 1;
    let b: usize = 1;
    let c: usize = 1;
    let d: usize = 1;
    for (let level = 0; level < 8; level++) {
      a = step(a, top0, row);
      b = step(b, top1, row);
      c = step(c, top2, row);
      d = step(d, top3, row);
    }
    sum += load<f64>(bottom + (a << 3));
    sum += load<f64>(bottom + leafBytes + (b << 3));
    sum += load<f64>(bottom + 2 * leafBytes + (c << 3));
    sum += load<f64>(bottom + 3 * leafBytes + (d << 3));
  }
  return sum;
}
