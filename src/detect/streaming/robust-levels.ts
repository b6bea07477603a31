/**
 * What each feature does at the moment, learned value after value: a median, a robust scale that never explodes where
 * nothing moved, and the memory of how long the feature has been away.
 *
 * The median and the scale are those of the last week (all values at first, thinned later). A value far out enters bounded,
 * so an incident does not widen the scale; but what stays away for six hours is accepted as the new level.
 */
import type { ExpectedRange, FeatureSpec } from '../contract.ts';
import { quantile } from '../quantile.ts';
import { bound, exceedance } from '../scaler.ts';
import { counts, numbers } from './fields.ts';
import type { Field } from './fields.ts';
import { ThinnedRings } from './thinned-rings.ts';

const capacity = 512;
const recentCapacity = 64;
const settledValues = 16;
const horizonMs = 7 * 86_400_000;
/** Away so long is a new level; at least so many rows, where rows are rare. */
const acceptMs = 6 * 3_600_000;
const leastAwayRows = 16;
/** Rows far out that are taken for a burst, which belongs to what the feature does. */
const burstRows = 4;

const quartilesInDeviations = 1.349;
const tailsInDeviations = 10.3;
const expectedTail = 0.005;
/** Least scale as a share of the whole range, so that rare moves of a still feature are 20 scales, not thousands. */
const leastShareOfRange = 0.05;
const scalesPerMinimumChange = 3;
/** A value enters at most this far out; above 1 / `leastShareOfRange`, so that what happens again and again is not shrunk away. */
const scalesKept = 20;
/** And at most so many times the known range, so that rare moves become ordinary where resting values had shrunk the scale. */
const rangesKept = 2;
const scalesAway = 4;
/** Any move of a feature that never moved, and whose minimum change is 0: no scale can be told, in any unit. */
const firstMove = 8;
/** Differences below this share of the value are rounding. */
export const resolution = 1e-13;
const largestRatio = 1e300;
/** What a residual is measured with is never below this share of the feature's own scale: 1 % of a band of six scales. */
export const leastShareOfScale = 0.06;
/** Scales that the expected range reaches to either side. */
const expectedScales = 3;

export class RobustLevels {
  readonly centre: Float64Array;
  /** 0 where the feature never moved. */
  readonly scale: Float64Array;
  private readonly features: readonly FeatureSpec[];
  private readonly longestBurstMs: number;
  private readonly longestAwayMs: number;
  private readonly long: ThinnedRings;
  private readonly recent: ThinnedRings;
  private readonly awayMs: Float64Array;
  private readonly unseen: Float64Array;
  private readonly least: Float64Array;
  private readonly range: Float64Array;

  constructor(features: readonly FeatureSpec[], stepMs: number) {
    const width = features.length;
    this.features = features;
    this.longestBurstMs = burstRows * stepMs;
    this.longestAwayMs = Math.max(acceptMs, leastAwayRows * stepMs);
    const awayRows = Math.ceil(this.longestAwayMs / stepMs);
    this.long = new ThinnedRings(width, capacity, horizonMs / stepMs);
    // Even, so that it can be halved.
    this.recent = new ThinnedRings(width, Math.min(recentCapacity, 2 * Math.floor(awayRows / 2)), awayRows);
    this.centre = new Float64Array(width);
    this.scale = new Float64Array(width);
    this.awayMs = new Float64Array(width);
    this.unseen = new Float64Array(width);
    this.least = new Float64Array(width);
    this.range = new Float64Array(width);
  }

  /** Whether enough was learned of a feature to judge it. */
  settled(index: number): boolean {
    return (this.long.count[index] as number) >= settledValues;
  }

  /** Distance from the centre in the feature's unit; 0 while nothing was learned, NaN for a missing value. */
  deviation(index: number, value: number): number {
    if (Number.isNaN(value)) return value;
    if (this.long.count[index] === 0) return 0;
    const centre = this.centre[index] as number;
    const deviation = value - centre;
    return Math.abs(deviation) <= resolution * Math.abs(centre) ? 0 : deviation;
  }

  /** The same in scales, of which none is below `leastScale`; NaN stays NaN. */
  scaled(index: number, deviation: number, leastScale = 0): number {
    const scale = Math.max(leastScale, this.scale[index] as number);
    if (scale > 0) return Math.max(-largestRatio, Math.min(largestRatio, deviation / scale));
    return firstMove * Math.sign(deviation);
  }

  /** Learns one value of one feature. @returns true when the feature had been away for so long that its level was accepted. */
  learn(index: number, value: number, elapsedMs: number): boolean {
    const scale = this.scale[index] as number;
    const deviation = this.deviation(index, value);
    const away = Math.abs(this.scaled(index, deviation)) > scalesAway;
    const awayMs = (this.awayMs[index] as number) + (away ? elapsedMs : -2 * elapsedMs);
    this.recent.push(index, value);
    if (awayMs >= this.longestAwayMs) {
      this.awayMs[index] = 0;
      this.long.replace(index, this.recent);
      this.refresh(index);
      return true;
    }
    this.awayMs[index] = Math.max(0, awayMs);
    // What goes on and on is an incident, or a new level that is not accepted yet: neither may widen the tails.
    if (away && awayMs > this.longestBurstMs && (this.long.count[index] as number) >= capacity / 2) return false;
    const centre = this.centre[index] as number;
    const reach = Math.max(scalesKept * scale, rangesKept * (this.range[index] as number));
    const kept = this.long.push(index, scale > 0 ? Math.max(centre - reach, Math.min(centre + reach, value)) : value);
    if (!kept) return false;
    const unseen = (this.unseen[index] as number) + 1;
    this.unseen[index] = unseen;
    if (unseen >= (this.long.count[index] as number) / 16 || (scale === 0 && deviation !== 0)) this.refresh(index);
    return false;
  }

  /** Moves the centre of a feature to 0. @returns where it was. */
  recentre(index: number): number {
    const by = this.centre[index] as number;
    this.long.shift(index, -by);
    this.recent.shift(index, -by);
    this.refresh(index);
    return by;
  }

  /** The expected range around a centre: by default the learned one; not below 0 where values never were. */
  expected(index: number, centre = this.centre[index] as number, scale = this.scale[index] as number): ExpectedRange {
    const reach = expectedScales * scale;
    const range = { low: centre - reach, high: centre + reach };
    return (this.least[index] as number) >= 0 ? { low: Math.max(0, range.low), high: Math.max(0, range.high) } : range;
  }

  fields(name: string): readonly Field[] {
    return [
      ...this.long.fields(`${name} long`),
      ...this.recent.fields(`${name} recent`),
      numbers(`${name} centres`, this.centre, -2 * bound, 2 * bound),
      numbers(`${name} scales`, this.scale, 0, 4 * bound),
      numbers(`${name} least`, this.least, -2 * bound, 2 * bound),
      numbers(`${name} ranges`, this.range, 0, 4 * bound),
      numbers(`${name} away`, this.awayMs, 0, this.longestAwayMs),
      counts(`${name} unseen`, this.unseen, capacity),
    ];
  }

  private refresh(index: number): void {
    const sorted = this.long.sorted(index);
    const median = quantile(sorted, 0.5);
    const least = sorted[0] as number;
    const range = (sorted.at(-1) as number) - least;
    const spread = Math.max(
      (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / quartilesInDeviations,
      (quantile(sorted, 1 - expectedTail) - quantile(sorted, expectedTail)) / tailsInDeviations,
      range * leastShareOfRange,
    );
    const floor = (this.features[index] as FeatureSpec).minimumChange / scalesPerMinimumChange;
    this.centre[index] = median;
    this.scale[index] = Math.max(floor, range <= resolution * Math.abs(median) ? 0 : spread);
    this.least[index] = least;
    this.range[index] = range;
    this.unseen[index] = 0;
  }
}

/** The part of a deviation that matters, in scales, of which none is below `leastScale`. */
export const excess = (levels: RobustLevels, feature: FeatureSpec, index: number, deviation: number, leastScale = 0): number =>
  exceedance(levels.scaled(index, deviation, leastScale), feature.direction);
