/**
 * A fleet: every entity has a forest of its own, kept small enough that memory is read about as fast as it can be.
 *
 * An entity's block: low and scale of the quantiser (f32 each, features padded to four), u16 per tree where its records begin
 * (one more than trees, padded to 16 bytes), then the records of all trees one after the other. A record is one u32:
 * right << 24 | left << 16 | threshold << 6 | feature, children counted from the tree's first record, thresholds of 10 bits. A
 * leaf points to itself and has its path code in the lower 16 bits; leaves of the same code are one. So eight steps without a
 * branch end in a leaf, however deep it is.
 *
 * Beside it lies the entity's reservoir: `sampleSize` quantised rows (u16, features padded to four), of which every tick replaces one
 * at random.
 */
import { below, seedRandom } from './random.ts';

const topLevel: i32 = 1022;

// The fleet's shape and where things lie.
let blocks: usize = 0;
let stride: usize = 0;
let reservoirs: usize = 0;
let features: usize = 0;
let padded: usize = 0;
let trees: usize = 0;
let sampleSize: u32 = 0;
let steps: u32 = 0;
let capacity: u32 = 0;
let header: usize = 0;
let recordsAt: usize = 0;
/** u16 x 64: the quantised row. */
let row: usize = 0;
/** u32 per row of the sample: its byte offset in the reservoir. */
let order: usize = 0;
let candidates: usize = 0;
/** u8: code of a leaf, by depth * 257 + rows. */
let codes: usize = 0;
/** u8: record of the leaf with this code, 0 when there is none yet. */
let leafRecord: usize = 0;
/** u32 x 512: the tree being grown. */
let draft: usize = 0;
let records: u32 = 0;
/** How deep the tree being grown may be: `steps`, or less where there is no room. */
let depthLimit: u32 = 0;
let reservoir: usize = 0;
let low: u32 = 0;
let high: u32 = 0;

export function fleetOpen(
  blocksAt: usize,
  blockBytes: usize,
  reservoirsAt: usize,
  featureCount: usize,
  treeCount: usize,
  rowsPerTree: u32,
  depth: u32,
  recordsPerEntity: u32,
  rowAt: usize,
  orderAt: usize,
  candidatesAt: usize,
  codesAt: usize,
  leafRecordAt: usize,
  draftAt: usize,
  seedHigh: u32,
  seedLow: u32,
): void {
  blocks = blocksAt;
  stride = blockBytes;
  reservoirs = reservoirsAt;
  features = featureCount;
  padded = (featureCount + 3) & ~3;
  trees = treeCount;
  sampleSize = rowsPerTree;
  steps = depth;
  capacity = recordsPerEntity;
  header = padded << 3;
  recordsAt = header + ((((treeCount + 1) << 1) + 15) & ~15);
  row = rowAt;
  order = orderAt;
  candidates = candidatesAt;
  codes = codesAt;
  leafRecord = leafRecordAt;
  draft = draftAt;
  for (let feature: usize = 0; feature < features; feature++) store<u8>(candidates + feature, <u8>feature);
  seedRandom(seedHigh, seedLow);
}

function leaf(depth: u32, rows: u32): u32 {
  const code = <u32>load<u8>(codes + <usize>(depth * 257 + rows));
  let record = <u32>load<u8>(leafRecord + <usize>code);
  if (record === 0) {
    record = records++;
    // The root may be a leaf: its record is 0, and nobody looks for another.
    store<u8>(leafRecord + <usize>code, <u8>record);
    store<u32>(draft + (<usize>record << 2), (record << 24) | (record << 16) | code);
  }
  return record;
}

function drawFeature(from: u32, to: u32): i32 {
  for (let left = <u32>features; left > 0; left--) {
    const pick = candidates + <usize>below(left);
    const last = candidates + <usize>(left - 1);
    const feature = load<u8>(pick);
    store<u8>(pick, load<u8>(last));
    store<u8>(last, feature);
    const column = reservoir + (<usize>feature << 1);
    low = 0xffff;
    high = 0;
    let least = low;
    let most = high;
    const end = order + (<usize>to << 2);
    for (let at = order + (<usize>from << 2); at < end; at += 4) {
      const value = <u32>load<u16>(column + <usize>load<u32>(at));
      least = min<u32>(least, value);
      most = max<u32>(most, value);
    }
    low = least;
    high = most;
    if (least < most) return <i32>feature;
  }
  return -1;
}

function partition(from: u32, to: u32, feature: i32, threshold: u32): u32 {
  const column = reservoir + (<usize>feature << 1);
  let front = order + (<usize>from << 2);
  let back = order + (<usize>to << 2);
  while (front < back) {
    const here = load<u32>(front);
    const last = load<u32>(back - 4);
    const right = <u32>load<u16>(column + <usize>here) > threshold;
    store<u32>(front, right ? last : here);
    store<u32>(back - 4, right ? here : last);
    front += <usize>!right << 2;
    back -= <usize>right << 2;
  }
  return <u32>((front - order) >>> 2);
}

function grow(from: u32, to: u32, depth: u32): u32 {
  const feature = depth < depthLimit && to - from > 1 ? drawFeature(from, to) : -1;
  if (feature < 0) return leaf(depth, to - from);
  const threshold = low + below(high - low);
  const middle = partition(from, to, feature, threshold);
  const record = records++;
  const left = grow(from, middle, depth + 1);
  const right = grow(middle, to, depth + 1);
  store<u32>(draft + (<usize>record << 2), (right << 24) | (left << 16) | (threshold << 6) | <u32>feature);
  return record;
}

/** The first record of a tree that is yet to be grown: a leaf that tells nothing. */
@inline
function blank(): u32 {
  return <u32>load<u8>(codes + <usize>sampleSize);
}

/**
 * Grows a tree from the entity's reservoir and puts it in the place of tree `tree`. All trees together have at most `limit`
 * records: where there is no room, a tree is grown again one step less deep, until there is. What it does not split any more
 * its leaves estimate.
 */
function renew(entity: usize, tree: usize, limit: u32): void {
  reservoir = reservoirs + entity * <usize>sampleSize * (padded << 1);
  const bytes = <u32>padded << 1;
  const block = blocks + entity * stride;
  const offset = block + header + (tree << 1);
  const begin = <u32>load<u16>(offset);
  const end = <u32>load<u16>(offset, 2);
  const used = <u32>load<u16>(block + header + (trees << 1));
  depthLimit = steps + 1;
  do {
    depthLimit--;
    for (let i: u32 = 0; i < sampleSize; i++) store<u32>(order + (<usize>i << 2), i * bytes);
    memory.fill(leafRecord, 0, 256);
    records = 0;
    grow(0, sampleSize, 0);
    // Children are numbered in 8 bits.
  } while (depthLimit > 0 && (records > 256 || used - (end - begin) + records > limit));
  const change = records - (end - begin);
  const base = block + recordsAt;
  if (change !== 0) {
    memory.copy(base + (<usize>(end + change) << 2), base + (<usize>end << 2), <usize>(used - end) << 2);
    for (let at = offset + 2, last = block + header + (trees << 1); at <= last; at += 2) store<u16>(at, <u16>(load<u16>(at) + change));
  }
  memory.copy(base + (<usize>begin << 2), draft, <usize>records << 2);
}

/** The first forest of an entity whose quantiser and reservoir are set. Each tree may use its share of the room, and what is left. */
export function fleetBegin(entity: usize): void {
  const block = blocks + entity * stride;
  for (let tree: usize = 0; tree <= trees; tree++) store<u16>(block + header + (tree << 1), <u16>tree);
  for (let tree: usize = 0; tree < trees; tree++) store<u32>(block + recordsAt + (tree << 2), blank());
  for (let tree: usize = 0; tree < trees; tree++) {
    const share = (capacity * <u32>(tree + 1)) / <u32>trees;
    renew(entity, tree, share + <u32>(trees - 1 - tree));
  }
}

@inline
function step(record: u32, tree: usize): u32 {
  const value = load<u32>(tree + (<usize>record << 2));
  const right = (((value >>> 6) & 1023) - <u32>load<u16>(row + ((<usize>value & 63) << 1))) >>> 31;
  return (value >>> (16 + (right << 3))) & 255;
}

@inline
function code(record: u32, tree: usize): u32 {
  return <u32>load<u16>(tree + (<usize>record << 2));
}

/** The sum of the quantised row's path codes; `trees` is a multiple of four. */
@inline
function walk(block: usize): u32 {
  const base = block + recordsAt;
  let sum: u32 = 0;
  for (let at = block + header, end = at + (trees << 1); at < end; at += 8) {
    const tree0 = base + (<usize>load<u16>(at) << 2);
    const tree1 = base + (<usize>load<u16>(at, 2) << 2);
    const tree2 = base + (<usize>load<u16>(at, 4) << 2);
    const tree3 = base + (<usize>load<u16>(at, 6) << 2);
    let a: u32 = 0;
    let b: u32 = 0;
    let c: u32 = 0;
    let d: u32 = 0;
    for (let level: u32 = 0; level < steps; level++) {
      a = step(a, tree0);
      b = step(b, tree1);
      c = step(c, tree2);
      d = step(d, tree3);
    }
    sum += code(a, tree0) + code(b, tree1) + code(c, tree2) + code(d, tree3);
  }
  return sum;
}

/** Four 16-bit levels of a reservoir row, as 32-bit integers. */
@inline
function kept(at: usize): v128 {
  return i32x4.extend_low_i16x8_u(v128.load64_zero(at));
}

/**
 * One tick: scores `values` (f32, entities x features, row-major), takes each row into its reservoir, and renews tree `tree` of
 * every `every`th entity, from entity `first` on. A missing value (NaN) is taken from the row that goes, an ordinary one.
 * `sums` receives one u32 per entity.
 */
export function fleetTick(values: usize, count: usize, sums: usize, first: usize, every: usize, tree: usize): void {
  const top = i32x4.splat(topLevel);
  const zero = i32x4.splat(0);
  let due = first;
  let touched = zero;
  const rowBytes = padded << 1;
  for (let entity: usize = 0; entity < count; entity++) {
    const block = blocks + entity * stride;
    // Reading the block in order first lets the processor fetch ahead; the walk jumps about in it.
    const end = block + recordsAt + (<usize>load<u16>(block + header + (trees << 1)) << 2);
    for (let at = block; at < end; at += 64) touched = v128.or(touched, v128.load(at));
    const place = reservoirs + (entity * <usize>sampleSize + <usize>below(sampleSize)) * rowBytes;
    for (let feature: usize = 0; feature < features; feature += 4) {
      const at = block + (feature << 2);
      const value = v128.load(values + (feature << 2));
      const scaled = f32x4.mul(f32x4.sub(value, v128.load(at)), v128.load(at + (padded << 2)));
      const level = i32x4.max_s(zero, i32x4.min_s(top, i32x4.trunc_sat_f32x4_s(scaled)));
      const now = v128.bitselect(level, kept(place + (feature << 1)), f32x4.eq(value, value));
      const narrow = i16x8.narrow_i32x4_u(now, now);
      v128.store64_lane(row + (feature << 1), narrow, 0);
      v128.store64_lane(place + (feature << 1), narrow, 0);
    }
    store<u32>(sums + (entity << 2), walk(block));
    if (entity === due) {
      renew(entity, tree, capacity);
      due += every;
    }
    values += features << 2;
  }
  // Kept, so that the reads above are not left out.
  v128.store(draft, touched);
}
