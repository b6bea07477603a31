/**
 * How far each feature is from its own recent past: exponentially weighted moving averages (Roberts, 1959), in scales of the
 * residuals of the last week. A guarded average hardly follows what is far from it, so that an incident stays visible.
 */
import type { FeatureSpec } from '../contract.ts';
import { bound } from '../scaler.ts';
import { counts, numbers } from '../streaming/fields.ts';
import type { Field } from '../streaming/fields.ts';
import type { AlarmedRow } from '../streaming/calibration.ts';
import type { Tick } from '../streaming/streaming-detector.ts';
import { DeviationScales, none } from './scales.ts';
import type { Ranges } from './scales.ts';

/** A residual of so many scales counts half (Cauchy weights); none counts less than the least, so a new level is followed in the end. */
const scalesHalf = 3;
const leastWeight = 0.05;
/** Of fewer values there is no mean yet that a guard could hold. */
const guardedValues = 60;

export class Averages {
  readonly scales: DeviationScales;
  private readonly alpha: number;
  private readonly guarded: boolean;
  private readonly longest: number;
  private readonly mean: Float64Array;
  private readonly seen: Float64Array;

  /** @param alpha weight of the newest value, per step */
  constructor(features: readonly FeatureSpec[], ranges: Ranges, options: { alpha: number; guarded: boolean }) {
    this.alpha = options.alpha;
    this.guarded = options.guarded;
    this.longest = Math.ceil(1 / options.alpha);
    this.scales = new DeviationScales(features, ranges);
    this.mean = new Float64Array(features.length);
    this.seen = new Float64Array(features.length);
  }

  /** In the feature's unit; 0 before the first value, NaN for a missing one. A gap lets a feature wander: that much is allowed. */
  deviation(index: number, value: number, { steps }: Tick): number {
    if (this.seen[index] === 0) return none(value);
    return (value - (this.mean[index] as number)) / (1 + this.alpha * (steps - 1));
  }

  /** In scales; 0 while too little is known. */
  scaled(index: number, value: number, tick: Tick): number {
    const deviation = this.deviation(index, value, tick);
    return this.scales.settled(index) ? this.scales.scaled(index, deviation, value) : none(deviation);
  }

  meanOf(index: number): number {
    return this.mean[index] as number;
  }

  /** The mean once a value was taken in a step later, NaN for a missing one; of an average that is not guarded. Changes no state. */
  meanWith(index: number, value: number): number {
    const mean = this.seen[index] === 0 ? value : (this.mean[index] as number);
    return mean + this.alphaOf(index) * (value - mean);
  }

  /** In an alarm scales stay as they are, and a guarded average follows only what is ordinary. */
  learn(index: number, value: number, tick: Tick, alarm: AlarmedRow): void {
    if (this.seen[index] === 0) {
      this.seen[index] = 1;
      this.mean[index] = value;
      return;
    }
    const residual = value - (this.mean[index] as number);
    const scaled = this.scaled(index, value, tick);
    if (alarm !== 'on') this.scales.learn(index, this.deviation(index, value, tick));
    const isSettled = (this.seen[index] as number) >= Math.min(guardedValues, this.longest);
    const weight = this.guarded && isSettled ? Math.max(alarm === 'on' ? 0 : leastWeight, 1 / (1 + (scaled / scalesHalf) ** 2)) : 1;
    const share = 1 - (1 - this.alphaOf(index) * weight) ** tick.steps;
    this.seen[index] = Math.min(this.longest, (this.seen[index] as number) + 1);
    this.mean[index] = Math.max(-bound, Math.min(bound, (this.mean[index] as number) + share * residual));
  }

  /** Takes a level for the new normal. */
  accept(index: number, level: number): void {
    this.mean[index] = level;
  }

  fields(name: string): readonly Field[] {
    return [
      ...this.scales.fields(name),
      numbers(`${name} means`, this.mean, -bound, bound),
      counts(`${name} seen`, this.seen, this.longest),
    ];
  }

  /** A young average is the mean of all that was. */
  private alphaOf(index: number): number {
    return Math.max(this.alpha, 1 / ((this.seen[index] as number) + 1));
  }
}
