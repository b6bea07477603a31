/**
 * The detector `ewma-residual`: how far each feature is from its own recent past, a quick and a slow exponentially weighted
 * moving average (Roberts, 1959), in robust scales of these residuals.
 */
import type { FeatureSpec } from './contract.ts';
import { bound, exceedance } from './scaler.ts';
import { part, rowFigure } from './streaming/evidence.ts';
import { counts, numbers } from './streaming/fields.ts';
import type { Field } from './streaming/fields.ts';
import { excess, leastShareOfScale, RobustLevels } from './streaming/robust-levels.ts';
import { streamingKind } from './streaming/streaming-detector.ts';
import type { Method, Tick, Weighing } from './streaming/streaming-detector.ts';

/** Weight of the newest value, per step: the quick average sees jumps, the slow one also what creeps for 50 steps. */
const quick = 0.5;
const slow = 0.02;
/** An average follows at most so many scales at once, so an incident is not learned in minutes and a spike leaves no echo. */
const scalesFollowed = 8;

/** One average of each feature and the levels of its residuals. */
class Average {
  readonly residuals: RobustLevels;
  private readonly alpha: number;
  private readonly mean: Float64Array;
  private readonly seen: Float64Array;

  constructor(features: readonly FeatureSpec[], stepMs: number, alpha: number) {
    this.alpha = alpha;
    this.residuals = new RobustLevels(features, stepMs);
    this.mean = new Float64Array(features.length);
    this.seen = new Float64Array(features.length);
  }

  /** How far a value is from what the average expects; 0 before the first value. */
  deviation(index: number, value: number): number {
    return this.seen[index] === 0 ? 0 : this.residuals.deviation(index, value - (this.mean[index] as number));
  }

  /** A gap lets the feature wander: the tolerance grows with the steps that nobody saw. */
  widening({ steps }: Tick): number {
    return 1 + this.alpha * (steps - 1);
  }

  /** Centre and scale of what is expected next. */
  next(index: number, tick: Tick): readonly [number, number] {
    return [
      (this.mean[index] as number) + (this.residuals.centre[index] as number),
      (this.residuals.scale[index] as number) * this.widening(tick),
    ];
  }

  learn(index: number, value: number, tick: Tick, leastScale: number): void {
    if (this.seen[index] === 0) {
      this.seen[index] = 1;
      this.mean[index] = value;
      return;
    }
    const mean = this.mean[index] as number;
    const residual = value - mean;
    const accepted = this.residuals.learn(index, residual / this.widening(tick), tick.elapsedMs);
    const scale = Math.max(leastScale, this.residuals.scale[index] as number);
    const reach = scale > 0 ? scalesFollowed * scale * this.widening(tick) : Number.POSITIVE_INFINITY;
    const weight = 1 - (1 - this.alpha) ** tick.steps;
    const by = accepted ? this.residuals.recentre(index) : weight * Math.max(-reach, Math.min(reach, residual));
    this.mean[index] = Math.max(-bound, Math.min(bound, mean + by));
  }

  fields(name: string): readonly Field[] {
    return [...this.residuals.fields(name), numbers(`${name} means`, this.mean, -bound, bound), counts(`${name} seen`, this.seen, 1)];
  }
}

function createMethod(features: readonly FeatureSpec[], stepMs: number): Method {
  const levels = new RobustLevels(features, stepMs);
  const averages = [new Average(features, stepMs, quick), new Average(features, stepMs, slow)] as const;

  const weighFeature = (average: Average, feature: FeatureSpec, index: number, value: number, tick: Tick, out: Weighing): void => {
    const deviation = average.deviation(index, value);
    if (Number.isNaN(deviation)) return;
    // Where a feature rests, an average that settles leaves ever smaller residuals: no scale of theirs is one to judge by.
    const least = leastShareOfScale * (levels.scale[index] as number);
    const excesses = excess(average.residuals, feature, index, deviation / average.widening(tick), least);
    out.parts[index] = Math.max(out.parts[index] as number, part(excesses));
    out.exceedances[index] = Math.max(out.exceedances[index] as number, exceedance(deviation, feature.direction));
  };

  return {
    weigh: (row, tick, out) => {
      for (const [index, feature] of features.entries()) {
        for (const average of averages) weighFeature(average, feature, index, row[index] as number, tick, out);
      }
      return rowFigure(out.parts);
    },
    learn: (row, tick) => {
      for (const [index, value] of row.entries()) {
        if (Number.isNaN(value)) continue;
        levels.learn(index, value, tick.elapsedMs);
        for (const average of averages) average.learn(index, value, tick, leastShareOfScale * (levels.scale[index] as number));
      }
    },
    expected: (index, tick) => {
      const [centre, scale] = averages[1].next(index, tick);
      return levels.expected(index, centre, Math.max(scale, leastShareOfScale * (levels.scale[index] as number)));
    },
    fields: [...levels.fields('level'), ...averages[0].fields('quick'), ...averages[1].fields('slow')],
  };
}

export const ewmaResidual = streamingKind({ slug: 'ewma-residual', create: (features, { stepMs }) => createMethod(features, stepMs) });
