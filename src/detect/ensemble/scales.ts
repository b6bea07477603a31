/**
 * How large each feature's deviations usually are, in constant memory. Three percentiles of their size are tracked by
 * stochastic approximation with multiplicative steps (Yazidi and Hammer, "Multiplicative update methods for incremental
 * quantile estimation", IEEE Trans. Cybernetics, 2019), here with a soft comparison, so that rounding never turns a step round.
 * The scale is the largest of what a normal distribution with that median, 95th or 99th percentile would have, and of a
 * hundredth of the feature's own range, so that a feature that rests is not judged by its rounding.
 */
import type { FeatureSpec } from '../contract.ts';
import { bound } from '../scaler.ts';
import { counts, numbers } from '../streaming/fields.ts';
import type { Field } from '../streaming/fields.ts';

/** Percentile, step, and the deviations of a normal distribution that it stands for. The 99th counts a little less: it is rough. */
const percentiles = [
  { share: 0.5, step: 0.008, deviations: 0.6745 },
  { share: 0.95, step: 0.016, deviations: 1.96 },
  { share: 0.99, step: 0.02, deviations: 2.576 / 0.7 },
] as const;
/** Half the width of the soft comparison, as a share of the percentile. */
const softness = 0.1;
const largestStep = 0.5;
const settledValues = 16;
const largestCount = 2 ** 20;
const leastShareOfRange = 0.01;
/** A percentile follows down to this share of the least scale, so that it can rise again. */
const leastShareOfFloor = 0.1;
const scalesPerMinimumChange = 3;
/** Any move of a feature that never moved, and whose minimum change is 0: no scale can be told, in any unit. */
const firstMove = 8;
const largestRatio = 1e300;
/** Differences below this share of the value are rounding. */
const resolution = 1e-13;
/** Below it numbers have no digits left to tell rounding by. */
const leastDifference = 1e-300;

/** No deviation, or NaN where the value is missing. */
export const none = (value: number): number => (Number.isNaN(value) ? Number.NaN : 0);

/** A deviation of a value in a scale that may be 0, bounded; NaN stays NaN. A difference that is the value's rounding counts as none. */
export function inScales(deviation: number, value: number, scale: number, rested = 0): number {
  if (Math.abs(deviation) <= resolution * Math.abs(value) + leastDifference) return 0;
  return scale > 0
    ? Math.max(-largestRatio, Math.min(largestRatio, deviation / scale))
    : Math.max(firstMove, rested) * Math.sign(deviation);
}

/** The range that each feature has shown; wild values enter by `seen` like all others. */
export class Ranges {
  private readonly least: Float64Array;
  private readonly most: Float64Array;

  constructor(width: number) {
    this.least = new Float64Array(width).fill(bound);
    this.most = new Float64Array(width).fill(-bound);
  }

  see(index: number, value: number): void {
    if (value < (this.least[index] as number)) this.least[index] = value;
    if (value > (this.most[index] as number)) this.most[index] = value;
  }

  /** 0 while nothing, or only one value, was seen. */
  of(index: number): number {
    return Math.max(0, (this.most[index] as number) - (this.least[index] as number));
  }

  fields(): readonly Field[] {
    return [numbers('least', this.least, -bound, bound), numbers('most', this.most, -bound, bound)];
  }
}

export class DeviationScales {
  private readonly tracked: readonly Float64Array[];
  private readonly count: Float64Array;
  private readonly floors: Float64Array;
  private readonly ranges: Ranges | null;
  private readonly pace: number;

  /**
   * @param ranges null where deviations have no unit: they then have the floor `leastScale`
   * @param pace of the steps, where neighbouring deviations say the same
   */
  constructor(features: readonly FeatureSpec[], ranges: Ranges | null, leastScale = 0, pace = 1) {
    this.pace = pace;
    this.tracked = percentiles.map(() => new Float64Array(features.length));
    this.count = new Float64Array(features.length);
    this.ranges = ranges;
    this.floors = Float64Array.from(features, ({ minimumChange }) =>
      ranges === null ? leastScale : minimumChange / scalesPerMinimumChange,
    );
  }

  settled(index: number): boolean {
    return (this.count[index] as number) >= settledValues;
  }

  /** A deviation in scales, bounded; NaN stays NaN. `value` is what deviates: a difference that is its rounding counts as none. */
  scaled(index: number, deviation: number, value: number): number {
    return inScales(deviation, value, this.of(index), this.count[index] as number);
  }

  /** The scale; 0 where the feature never moved and has no minimum change. */
  of(index: number): number {
    let scale = this.floor(index);
    for (const [at, { deviations }] of percentiles.entries()) {
      scale = Math.max(scale, ((this.tracked[at] as Float64Array)[index] as number) / deviations);
    }
    return scale > Number.MIN_VALUE ? scale : 0;
  }

  learn(index: number, deviation: number): void {
    const size = Math.min(2 * bound, Math.abs(deviation));
    const count = Math.min(largestCount, (this.count[index] as number) + 1);
    this.count[index] = count;
    const least = Math.max(Number.MIN_VALUE, leastShareOfFloor * this.floor(index));
    for (const [at, { share, step }] of percentiles.entries()) {
      const tracked = this.tracked[at] as Float64Array;
      const before = tracked[index] as number;
      const below = before > 0 ? Math.min(1, Math.max(0, (before * (1 + softness) - size) / (2 * softness * before))) : 1;
      const after = before * (1 + Math.min(largestStep, Math.max(this.pace * step, 2 / count)) * (share - below));
      tracked[index] = before > least ? Math.min(2 * bound, Math.max(least, after)) : Math.max(least, size);
    }
  }

  fields(name: string): readonly Field[] {
    return [
      ...this.tracked.map((values, at) => numbers(`${name} percentile ${at}`, values, 0, 2 * bound)),
      counts(`${name} count`, this.count, largestCount),
    ];
  }

  private floor(index: number): number {
    const range = this.ranges === null ? 0 : this.ranges.of(index) * leastShareOfRange;
    return Math.max(this.floors[index] as number, range);
  }
}
