/**
 * How restless each feature is against its own last hours: the logarithm of a short average of its moves' sizes, and how far
 * it is from a guarded long average of the same, in scales of that distance. What begins to swing shows here though no single
 * move is unusual, and so does what swung and stands still; a feature that is always wild must become wilder to count.
 */
import type { FeatureSpec } from '../contract.ts';
import { counts, numbers } from '../streaming/fields.ts';
import type { Field } from '../streaming/fields.ts';
import type { AlarmedRow } from '../streaming/calibration.ts';
import type { Tick } from '../streaming/streaming-detector.ts';
import { DeviationScales } from './scales.ts';

/** Weight of the newest move in the short average. */
const newest = 0.1;
/** The long average's time constant, and the least of it in steps. */
const usualMs = 6 * 3_600_000;
const leastUsualSteps = 30;
/** Moves count within so many scales: one jump is motion, not restlessness. */
const largestMove = 20;
/** Added before the logarithm, in scales: below it rest is rest. */
const rest = 0.05;
/** Least scale of the logarithm's distance. */
const leastScale = 0.02;
/** Its scale is learned at this pace: smoothed values repeat themselves. */
const pace = 0.25;
/** A distance of so many scales counts half in the long average, and none less than the least. */
const scalesHalf = 3;
const leastWeight = 0.05;
const settledMoves = 60;

export class Restlessness {
  readonly scales: DeviationScales;
  private readonly alpha: number;
  private readonly short: Float64Array;
  private readonly usual: Float64Array;
  private readonly seen: Float64Array;

  constructor(features: readonly FeatureSpec[], stepMs: number) {
    this.alpha = 1 / Math.max(leastUsualSteps, usualMs / stepMs);
    this.scales = new DeviationScales(features, null, leastScale, pace);
    this.short = new Float64Array(features.length);
    this.usual = new Float64Array(features.length).fill(Math.log(rest));
    this.seen = new Float64Array(features.length);
  }

  /** Whether anything can be told. */
  get settled(): boolean {
    return this.seen.some((seen) => seen >= 2 * settledMoves);
  }

  /** In scales, above 0 for more restless than usual. @param move in scales, >= 0; 0 while too little is known */
  scaled(index: number, move: number): number {
    if ((this.seen[index] as number) < 2 * settledMoves) return 0;
    return this.scales.scaled(index, this.distance(index, move), 0);
  }

  /** In an alarm only the short average goes on. */
  learn(index: number, move: number, { steps }: Tick, alarm: AlarmedRow): void {
    const seen = Math.min(2 * settledMoves, (this.seen[index] as number) + (alarm === 'on' ? 0 : 1));
    if (alarm !== 'on' && seen >= settledMoves) {
      const distance = this.distance(index, move);
      const weight = Math.max(leastWeight, 1 / (1 + (this.scaled(index, move) / scalesHalf) ** 2));
      if (seen > settledMoves) this.scales.learn(index, distance);
      const share = seen === settledMoves ? 1 : 1 - (1 - this.alpha * weight) ** steps;
      this.usual[index] = (this.usual[index] as number) + share * distance;
    }
    this.short[index] = this.shortWith(index, move);
    this.seen[index] = seen;
  }

  fields(name: string): readonly Field[] {
    return [
      ...this.scales.fields(name),
      numbers(`${name} short`, this.short, 0, largestMove),
      numbers(`${name} usual`, this.usual, 2 * Math.log(rest), Math.log(2 * largestMove)),
      counts(`${name} seen`, this.seen, 2 * settledMoves),
    ];
  }

  private shortWith(index: number, move: number): number {
    return Math.min(largestMove, (1 - newest) * (this.short[index] as number) + newest * Math.min(largestMove, move));
  }

  private distance(index: number, move: number): number {
    return Math.log(rest + this.shortWith(index, move)) - (this.usual[index] as number);
  }
}
