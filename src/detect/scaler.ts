/**
 * What each feature normally does, learned robustly: half of the training rows may be wild and the centre stays.
 *
 * A deviation is measured on two scales. `spread` is the feature's ordinary variation. `reach` is how far it has
 * normally gone at all: a host whose cron jobs burn its CPU every hour has a small spread and a long reach.
 * Neither is ever below a third of the minimum change that matters, so a deviation of one minimum change is at most
 * 3 scales however still the feature was.
 */
import type { Direction, ExpectedRange, FeatureSpec } from './contract.ts';
import { quantile } from './quantile.ts';

export interface Scaler {
  readonly median: Float64Array;
  readonly spread: Float64Array;
  readonly reach: Float64Array;
  /** Expected range in the feature's unit; outside it a deviation matters. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** 1 where training held any value; a feature never seen is ignored. */
  readonly seen: Uint8Array;
}

/** Width of a normal distribution's interquartile range, and of its 0.5 % to 99.5 % range doubled: both in deviations. */
const quartilesInDeviations = 1.349;
const tailsInDeviations = 10.3;
const scalesPerMinimumChange = 3;
/** Least scale as a share of the whole range, and of the value itself where nothing moved at all. */
const leastShareOfRange = 0.001;
const leastShareOfValue = 1e-6;
const expectedTail = 0.005;
/** Values and minimum changes are at most this far from 0. */
export const bound = 1e150;

/** A value within +-1e150, so that no difference or square overflows; NaN where it is missing (NaN or infinite). */
export const bounded = (value: number): number => (Number.isFinite(value) ? Math.min(bound, Math.max(-bound, value)) : Number.NaN);

/** How far a deviation goes in the direction that matters; 0 the other way and for a missing value. */
export function exceedance(deviation: number, direction: Direction): number {
  if (Number.isNaN(deviation)) return 0;
  if (direction === 'both') return Math.abs(deviation);
  return Math.max(0, direction === 'up' ? deviation : -deviation);
}

/**
 * Learns the scales of each feature from row-major rows.
 * @param contamination share of the rows that may lie beyond a feature's reach
 */
export function learnScaler(rows: Float64Array, features: readonly FeatureSpec[], contamination: number): Scaler {
  const width = features.length;
  const scaler: Scaler = {
    median: new Float64Array(width),
    spread: new Float64Array(width).fill(1),
    reach: new Float64Array(width).fill(1),
    low: new Float64Array(width),
    high: new Float64Array(width),
    seen: new Uint8Array(width),
  };
  for (const [index, feature] of features.entries()) learnFeature(scaler, index, feature, column(rows, width, index), contamination);
  return scaler;
}

/** The values of one feature that are not missing, ascending. */
function column(rows: Float64Array, width: number, index: number): Float64Array {
  const values = new Float64Array(rows.length / width);
  let count = 0;
  for (let at = index; at < rows.length; at += width) {
    const value = bounded(rows[at] as number);
    if (!Number.isNaN(value)) values[count++] = value;
  }
  return values.subarray(0, count).sort();
}

function learnFeature(scaler: Scaler, index: number, feature: FeatureSpec, sorted: Float64Array, contamination: number): void {
  const floor = feature.minimumChange / scalesPerMinimumChange;
  if (sorted.length === 0) {
    scaler.low[index] = -feature.minimumChange;
    scaler.high[index] = feature.minimumChange;
    return;
  }
  const median = quantile(sorted, 0.5);
  const low = quantile(sorted, expectedTail);
  const high = quantile(sorted, 1 - expectedTail);
  const least = sorted[0] as number;
  const most = sorted.at(-1) as number;
  const spread = Math.max(
    floor,
    (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / quartilesInDeviations,
    (high - low) / tailsInDeviations,
    (most - least) * leastShareOfRange,
    Math.abs(median) * leastShareOfValue,
  );
  const exceedances = sorted.map((value) => exceedance(value - median, feature.direction)).sort();
  const furthest = quantile(exceedances, 1 - contamination);

  scaler.seen[index] = 1;
  scaler.median[index] = median;
  // Zero is left only for a feature that was 0 throughout and has no minimum change: there any scale is as good.
  scaler.spread[index] = spread > 0 ? spread : 1;
  scaler.reach[index] = Math.max(scaler.spread[index] as number, furthest / scalesPerMinimumChange);
  const range = expectedRange(feature, low, high, least);
  scaler.low[index] = range.low;
  scaler.high[index] = range.high;
}

/** Widens to the side that matters by the minimum change, but not below 0 where the feature never was below. */
function expectedRange(feature: FeatureSpec, low: number, high: number, least: number): ExpectedRange {
  const widerLow = feature.direction === 'up' ? low : low - feature.minimumChange;
  return {
    low: least >= 0 ? Math.max(0, widerLow) : widerLow,
    high: feature.direction === 'down' ? high : high + feature.minimumChange,
  };
}
