/**
 * Grows an Isolation Forest: the same trees as src/detect/forest/grow.ts, bit for bit.
 *
 * A tree's sample is copied side by side first, so that all its nodes read 40 KB and not the whole table. `order` then holds
 * where each row of the sample lies. Trees see at most 256 rows, so that depth, leaves and nodes fit into small numbers.
 */
import { below, seedRandom, uniform } from './random.ts';

/** Leaf keys: depth * 257 + rows in the leaf. */
const keysPerDepth: u32 = 257;
const leafKeys: u32 = 9 * keysPerDepth;

// Where things lie, and what is being grown.
let sample: usize = 0;
let order: usize = 0;
let candidates: usize = 0;
let sameKey: usize = 0;
let leafPlace: usize = 0;
let leafKey: usize = 0;
let featureOut: usize = 0;
let thresholdOut: usize = 0;
let leftOut: usize = 0;
let rightOut: usize = 0;
let width: u32 = 0;
let depthLimit: u32 = 0;
let nodes: u32 = 0;
let treeBase: u32 = 0;
let leaves: u32 = 0;
let low: f32 = 0;
let high: f32 = 0;

/** The largest 32-bit float that is not above x. */
@inline
function floor32(x: f64): f32 {
  const rounded = <f32>x;
  if (<f64>rounded <= x) return rounded;
  const step = max<f64>(abs<f64>(<f64>rounded) * 5.960464477539063e-8, 7.006492321624085e-46);
  return <f32>(<f64>rounded - step * 1.5);
}

/** The code of a leaf: the complement of its place among the path lengths met so far. */
function leaf(depth: u32, rows: u32): i32 {
  const key = <usize>load<u16>(sameKey + (<usize>(depth * keysPerDepth + rows) << 1));
  let place = <i32>load<i16>(leafPlace + (key << 1));
  if (place < 0) {
    place = <i32>(leaves++);
    store<i16>(leafPlace + (key << 1), <i16>place);
    store<u16>(leafKey + (<usize>place << 1), <u16>key);
  }
  return ~place;
}

/** A random feature that is not constant in order[from, to), its range left in low and high; -1 when all are. */
function drawFeature(from: u32, to: u32): i32 {
  for (let left = width; left > 0; left--) {
    const pick = candidates + <usize>below(left);
    const last = candidates + <usize>(left - 1);
    const feature = load<u8>(pick);
    store<u8>(pick, load<u8>(last));
    store<u8>(last, feature);
    const column = sample + (<usize>feature << 2);
    // pmin and pmax are one instruction without a branch; f32.min and f32.max are not.
    let least = f32x4.splat(Infinity);
    let most = f32x4.splat(-Infinity);
    const end = order + (<usize>to << 2);
    for (let at = order + (<usize>from << 2); at < end; at += 4) {
      const value = v128.load32_zero(column + <usize>load<u32>(at));
      least = f32x4.pmin(least, value);
      most = f32x4.pmax(most, value);
    }
    low = f32x4.extract_lane(least, 0);
    high = f32x4.extract_lane(most, 0);
    if (low < high) return <i32>feature;
  }
  return -1;
}

/** Moves rows with x <= threshold to the front of order[from, to) and returns where the others begin. */
function partition(from: u32, to: u32, feature: i32, threshold: f32): u32 {
  const column = sample + (<usize>feature << 2);
  let front = order + (<usize>from << 2);
  let back = order + (<usize>to << 2);
  while (front < back) {
    const row = load<u32>(front);
    const last = load<u32>(back - 4);
    const right = load<f32>(column + <usize>row) > threshold;
    store<u32>(front, right ? last : row);
    store<u32>(back - 4, right ? row : last);
    front += <usize>!right << 2;
    back -= <usize>right << 2;
  }
  return <u32>((front - order) >>> 2);
}

function grow(from: u32, to: u32, depth: u32): i32 {
  const feature = depth < depthLimit && to - from > 1 ? drawFeature(from, to) : -1;
  if (feature < 0) return leaf(depth, to - from);
  const drawn = floor32(<f64>low + (<f64>high - <f64>low) * uniform());
  const threshold: f32 = drawn >= low && drawn < high ? drawn : low;
  const middle = partition(from, to, feature, threshold);
  const node = nodes++;
  store<u8>(featureOut + <usize>node, <u8>feature);
  store<f32>(thresholdOut + (<usize>node << 2), threshold);
  store<i16>(leftOut + (<usize>node << 1), <i16>grow(from, middle, depth + 1));
  store<i16>(rightOut + (<usize>node << 1), <i16>grow(middle, to, depth + 1));
  return <i32>(node - treeBase);
}

/** Copies one row; four values at a time, and the last four once more where the width is no multiple of four. */
@inline
function copyRow(from: usize, to: usize, bytes: usize): void {
  if (bytes < 16) {
    for (let at: usize = 0; at < bytes; at += 4) store<f32>(to + at, load<f32>(from + at));
    return;
  }
  for (let at: usize = 0; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
  v128.store(to + bytes - 16, v128.load(from + bytes - 16));
}

/**
 * Grows `trees` trees. `rows` is row-major, rowCount x features, finite. `shuffled` holds 0 ... rowCount - 1 and is where
 * samples are drawn from. `keys` says which leaf keys mean the same path length.
 * @returns how many nodes; `counts` receives how many different leaves, their keys are in `leafKeyAt`.
 */
export function growForest(
  rows: usize,
  rowCount: u32,
  features: u32,
  trees: u32,
  sampleSize: u32,
  depth: u32,
  seedHigh: u32,
  seedLow: u32,
  shuffled: usize,
  sampleAt: usize,
  orderAt: usize,
  rowAt: usize,
  candidatesAt: usize,
  keys: usize,
  leafPlaceAt: usize,
  leafKeyAt: usize,
  featureAt: usize,
  thresholdAt: usize,
  leftAt: usize,
  rightAt: usize,
  roots: usize,
  offsets: usize,
  counts: usize,
): u32 {
  sample = sampleAt;
  order = orderAt;
  candidates = candidatesAt;
  sameKey = keys;
  leafPlace = leafPlaceAt;
  leafKey = leafKeyAt;
  featureOut = featureAt;
  thresholdOut = thresholdAt;
  leftOut = leftAt;
  rightOut = rightAt;
  width = features;
  depthLimit = depth;
  nodes = 0;
  leaves = 0;
  memory.fill(leafPlace, 0xff, <usize>leafKeys << 1);
  for (let feature: u32 = 0; feature < features; feature++) store<u8>(candidates + <usize>feature, <u8>feature);
  for (let row: u32 = 0; row < rowCount; row++) store<u32>(shuffled + (<usize>row << 2), row);
  seedRandom(seedHigh, seedLow);
  const bytes = <usize>features << 2;
  store<u32>(offsets, 0);
  for (let tree: u32 = 0; tree < trees; tree++) {
    // Sampling without replacement: the first `sampleSize` places of a Fisher-Yates shuffle.
    for (let i: u32 = 0; i < sampleSize; i++) {
      const here = shuffled + (<usize>i << 2);
      const there = shuffled + (<usize>(i + below(rowCount - i)) << 2);
      const row = load<u32>(there);
      store<u32>(there, load<u32>(here));
      store<u32>(here, row);
      store<u32>(rowAt + (<usize>i << 2), row);
    }
    for (let i: usize = 0; i < <usize>sampleSize; i++) {
      const to = i * bytes;
      copyRow(rows + <usize>load<u32>(rowAt + (i << 2)) * bytes, sample + to, bytes);
      store<u32>(order + (i << 2), <u32>to);
    }
    treeBase = nodes;
    store<i16>(roots + (<usize>tree << 1), <i16>grow(0, sampleSize, 0));
    store<u32>(offsets + (<usize>(tree + 1) << 2), nodes);
    // Growing has moved the sample's rows about; the next shuffle begins from there.
    for (let i: usize = 0; i < <usize>sampleSize; i++) {
      const place = <usize>(load<u32>(order + (i << 2)) / <u32>bytes);
      store<u32>(shuffled + (i << 2), load<u32>(rowAt + (place << 2)));
    }
  }
  store<u32>(counts, leaves);
  return nodes;
}

/** True when all `bytes` (a multiple of 64) hold finite 32-bit floats: x * 0 is 0 for these alone. */
export function allFinite(at: usize, bytes: usize): bool {
  const zero = f32x4.splat(0);
  let a = zero;
  let b = zero;
  let c = zero;
  let d = zero;
  for (const end = at + bytes; at < end; at += 64) {
    a = f32x4.add(a, f32x4.mul(v128.load(at), zero));
    b = f32x4.add(b, f32x4.mul(v128.load(at, 16), zero));
    c = f32x4.add(c, f32x4.mul(v128.load(at, 32), zero));
    d = f32x4.add(d, f32x4.mul(v128.load(at, 48), zero));
  }
  const sum = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  return v128.all_true<i32>(f32x4.eq(sum, zero));
}
