/** What both fleets, compiled and plain, have in common: shape, codes of leaves, and how an entity's first rows become levels. */
import { averagePath } from '../detect/forest/forest.ts';
import type { FleetOptions } from '../detect/kernels.ts';
import { mostRowsPerTree } from './shape.ts';

const topLevel = 1022;
const middleLevel = 511;
/** Records of a tree are numbered in 8 bits. */
export const mostRecords = 256;
/** Room for so many records per tree on average; trees of 256 bell-shaped rows have 85, of evenly spread ones 120. */
const recordsPerTree = 104;

export interface FleetShape {
  /** Features padded to four. */
  readonly padded: number;
  readonly depth: number;
  readonly capacity: number;
  /** Records that the first trees up to this one may have when an entity begins; those to come have one each. */
  limitAt(tree: number): number;
  /** Code of a leaf by depth * 257 + rows, in 1/unit steps. */
  readonly codes: Uint8Array;
  scoreOf(sum: number): number;
}

/** @throws RangeError for options that make no fleet. */
export function fleetShape({ entities, features, trees, sampleSize, refreshTicks }: FleetOptions): FleetShape {
  const whole = (what: string, value: number, least: number, most: number): void => {
    if (!(Number.isInteger(value) && value >= least && value <= most))
      throw new RangeError(`A fleet's ${what} is ${least} to ${most}, not ${value}.`);
  };
  whole('number of entities', entities, 1, 2 ** 32);
  whole('number of features', features, 1, 63);
  whole('number of trees', trees, 4, 256);
  if (trees % 4 !== 0) throw new RangeError(`A fleet's trees go four at a time; ${trees} is no multiple of four.`);
  whole('sample size', sampleSize, 2, mostRowsPerTree);
  whole('refresh', refreshTicks, 1, 1_000_000);
  const depth = Math.ceil(Math.log2(sampleSize));
  const keysPerDepth = mostRowsPerTree + 1;
  const unit = 255 / (depth + averagePath(sampleSize));
  const codes = Uint8Array.from({ length: (depth + 1) * keysPerDepth }, (_, key) =>
    Math.min(255, Math.round((Math.floor(key / keysPerDepth) + averagePath(key % keysPerDepth)) * unit)),
  );
  const divisor = unit * trees * averagePath(sampleSize);
  // Records are counted in 16 bits: 256 trees have fewer.
  const capacity = trees * recordsPerTree;
  return {
    padded: Math.ceil(features / 4) * 4,
    depth,
    capacity,
    limitAt: (tree) => Math.floor((capacity * (tree + 1)) / trees) + trees - 1 - tree,
    codes,
    scoreOf: (sum) => 2 ** (-sum / divisor),
  };
}

/** The bounds of a feature: what was seen, and a quarter of that range on both sides. */
interface Bounds {
  readonly low: Float32Array;
  readonly scale: Float32Array;
}

export function boundsOf(rows: Float32Array, features: number): Bounds {
  const low = new Float32Array(features);
  const scale = new Float32Array(features);
  for (let feature = 0; feature < features; feature++) {
    let least = Infinity;
    let most = -Infinity;
    for (let at = feature; at < rows.length; at += features) {
      const value = rows[at] as number;
      if (!Number.isFinite(value)) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    if (least > most) [least, most] = [0, 0];
    const range = most > least ? most - least : Math.max(Math.abs(most) / 100, 1e-6);
    low[feature] = least - range / 4;
    scale[feature] = topLevel / (1.5 * range);
  }
  return { low, scale };
}

/** The level of a value, 0 ... 1022, computed in 32-bit floats. Not for NaN. */
export function fleetLevel(value: number, low: number, scale: number): number {
  return Math.max(0, Math.min(topLevel, Math.trunc(Math.fround(Math.fround(value - low) * scale))));
}

/** Fills a reservoir (`padded` levels per row) with the last `sampleSize` rows, over again where there are fewer; NaN lies in the middle. */
export function fillReservoir(
  reservoir: Uint16Array,
  rows: Float32Array,
  { low, scale }: Bounds,
  { padded, sampleSize }: { readonly padded: number; readonly sampleSize: number },
): void {
  const features = low.length;
  const count = rows.length / features;
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`Rows of ${features} features cannot be made of ${rows.length} values.`);
  const first = Math.max(0, count - sampleSize);
  for (let place = 0; place < sampleSize; place++) {
    const row = first + (place % (count - first));
    for (let feature = 0; feature < features; feature++) {
      const value = rows[row * features + feature] as number;
      reservoir[place * padded + feature] = Number.isNaN(value)
        ? middleLevel
        : fleetLevel(value, low[feature] as number, scale[feature] as number);
    }
  }
}

/** @throws RangeError for an entity that the fleet does not have. */
export function checkEntity(entity: number, entities: number): void {
  if (!(Number.isInteger(entity) && entity >= 0 && entity < entities)) {
    throw new RangeError(`There is no entity ${entity}; there are 0 to ${entities - 1}.`);
  }
}
