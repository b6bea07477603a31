/** What is expected of each feature by its last week, and when it has been elsewhere for so long that the new level is accepted. */
import type { ExpectedRange, FeatureSpec } from '../contract.ts';
import { quantile } from '../quantile.ts';
import { bound } from '../scaler.ts';
import { numbers } from '../streaming/fields.ts';
import type { Field } from '../streaming/fields.ts';
import type { AlarmedRow } from '../streaming/calibration.ts';
import type { Tick } from '../streaming/streaming-detector.ts';
import { ThinnedRings } from '../streaming/thinned-rings.ts';
import { inScales, none } from './scales.ts';
import type { Ranges } from './scales.ts';

const capacity = 512;
const horizonMs = 7 * 86_400_000;
const settledValues = 16;
const refreshShare = 1 / 16;
const quartilesInDeviations = 1.349;
const tailsInDeviations = 10.3;
const expectedTail = 0.005;
const leastShareOfRange = 0.01;
const scalesPerMinimumChange = 3;
const scalesAway = 4;
const acceptMs = 6 * 3_600_000;
/** A feature that is back where it was before a new level was accepted is believed so many times sooner, for so long. */
const backSooner = 36;
const formerMs = 7 * 86_400_000;

export class Levels {
  private readonly features: readonly FeatureSpec[];
  private readonly ranges: Ranges;
  private readonly rings: ThinnedRings;
  private readonly median: Float64Array;
  private readonly scale: Float64Array;
  private readonly low: Float64Array;
  private readonly high: Float64Array;
  private readonly unseen: Float64Array;
  private readonly awayMs: Float64Array;
  /** How far the level before the accepted one is from it, and how long that still counts. */
  private readonly formerBy: Float64Array;
  private readonly formerLeftMs: Float64Array;

  constructor(features: readonly FeatureSpec[], stepMs: number, ranges: Ranges) {
    const width = features.length;
    this.features = features;
    this.ranges = ranges;
    this.rings = new ThinnedRings(width, capacity, horizonMs / stepMs);
    this.median = new Float64Array(width);
    this.scale = new Float64Array(width);
    this.low = new Float64Array(width);
    this.high = new Float64Array(width);
    this.unseen = new Float64Array(width);
    this.awayMs = new Float64Array(width);
    this.formerBy = new Float64Array(width);
    this.formerLeftMs = new Float64Array(width);
  }

  deviation(index: number, value: number): number {
    return this.rings.count[index] === 0 ? none(value) : value - (this.median[index] as number);
  }

  /** In scales; 0 while too little is known, NaN for a missing value. */
  scaled(index: number, value: number): number {
    const deviation = this.deviation(index, value);
    if ((this.rings.count[index] as number) < settledValues) return none(deviation);
    return inScales(deviation, value, this.scaleOf(index));
  }

  scaleOf(index: number): number {
    const { minimumChange } = this.features[index] as FeatureSpec;
    const floor = Math.max(minimumChange / scalesPerMinimumChange, leastShareOfRange * this.ranges.of(index));
    return Math.max(floor, this.scale[index] as number);
  }

  /** Where all but one in a hundred values of the week lay. */
  expected(index: number): ExpectedRange {
    return { low: this.low[index] as number, high: this.high[index] as number };
  }

  /**
   * @param recent where the feature has been lately, for when a new level is accepted
   * @param alarm in one that is on, only the time away is learned; accepting it accepts what is away at all
   * @returns the new level that was accepted, NaN for none
   */
  learn(index: number, value: number, recent: number, { elapsedMs }: Tick, alarm: AlarmedRow): number {
    const scaled = this.scaled(index, value);
    const isBack = this.isBack(index, value, elapsedMs);
    const isLong = this.isAwayForLong(index, scaled, isBack, elapsedMs);
    const accepts = isLong || (alarm === 'accepting' && Math.abs(scaled) > scalesAway / 2);
    // Where it was before is known better than where it has been since it came back.
    const former = (this.median[index] as number) + (this.formerBy[index] as number);
    const level = isBack ? Math.max(-bound, Math.min(bound, former)) : recent;
    if (accepts) this.accept(index, level);
    if (alarm !== 'on' && this.rings.push(index, value)) this.refresh(index);
    return accepts ? level : Number.NaN;
  }

  fields(name: string): readonly Field[] {
    return [
      ...this.rings.fields(`${name} values`),
      numbers(`${name} medians`, this.median, -bound, bound),
      numbers(`${name} scales`, this.scale, 0, 4 * bound),
      numbers(`${name} low`, this.low, -bound, bound),
      numbers(`${name} high`, this.high, -bound, bound),
      numbers(`${name} away`, this.awayMs, 0, acceptMs),
      numbers(`${name} former`, this.formerBy, -2 * bound, 2 * bound),
      numbers(`${name} former left`, this.formerLeftMs, 0, formerMs),
      numbers(`${name} unseen`, this.unseen, 0, capacity),
    ];
  }

  private refresh(index: number): void {
    const unseen = (this.unseen[index] as number) + 1;
    this.unseen[index] = unseen;
    if (unseen < (this.rings.count[index] as number) * refreshShare) return;
    this.unseen[index] = 0;
    const sorted = this.rings.sorted(index);
    const low = quantile(sorted, expectedTail);
    const high = quantile(sorted, 1 - expectedTail);
    this.median[index] = quantile(sorted, 0.5);
    this.low[index] = low;
    this.high[index] = high;
    const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / quartilesInDeviations;
    this.scale[index] = Math.max(spread, (high - low) / tailsInDeviations);
  }

  /** Whether a value is where the feature was before a new level was accepted, while that counts. */
  private isBack(index: number, value: number, elapsedMs: number): boolean {
    const left = this.formerLeftMs[index] as number;
    this.formerLeftMs[index] = Math.max(0, left - elapsedMs);
    return left > 0 && Math.abs(this.scaled(index, value - (this.formerBy[index] as number))) <= scalesAway / 2;
  }

  /** Counts how long a feature is away; coming back makes it run backwards. */
  private isAwayForLong(index: number, scaled: number, isBack: boolean, elapsedMs: number): boolean {
    const isAway = Math.abs(scaled) > scalesAway;
    const away = (this.awayMs[index] as number) + (isAway ? elapsedMs * (isBack ? backSooner : 1) : -2 * elapsedMs);
    this.awayMs[index] = away >= acceptMs ? 0 : Math.max(0, away);
    return away >= acceptMs;
  }

  /** All that is known of a feature moves to its new level, the spread stays. */
  private accept(index: number, level: number): void {
    const by = level - (this.median[index] as number);
    this.awayMs[index] = 0;
    this.formerBy[index] = -by;
    this.formerLeftMs[index] = formerMs;
    this.rings.shift(index, by);
    for (const values of [this.median, this.low, this.high])
      values[index] = Math.max(-bound, Math.min(bound, (values[index] as number) + by));
  }
}
