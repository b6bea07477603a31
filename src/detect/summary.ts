/**
 * What the forest is fed: four figures that sum up how far a row's features are from normal.
 *
 * A forest on the raw features barely sees one feature of twelve that is far outside its range, because few of its cuts
 * fall on that feature. Each of these figures sees it at once.
 */
import type { FeatureSpec } from './contract.ts';
import { quantile } from './quantile.ts';
import { bounded, exceedance } from './scaler.ts';
import type { Scaler } from './scaler.ts';

/** Largest and mean of the three largest on the scale of reach; mean of the three largest and of all on that of spread. */
export const summaryWidth = 4;

/** Ratios beyond this are alike; so no figure is infinite, and none above `largestFigure`. */
const largestRatio = 1e300;
export const largestFigure = 700;

/** The three largest of the numbers added, in no need of a sort. */
class TopThree {
  private first = 0;
  private second = 0;
  private third = 0;

  clear(): void {
    this.first = 0;
    this.second = 0;
    this.third = 0;
  }

  add(value: number): void {
    if (value > this.first) {
      this.third = this.second;
      this.second = this.first;
      this.first = value;
    } else if (value > this.second) {
      this.third = this.second;
      this.second = value;
    } else if (value > this.third) this.third = value;
  }

  largest(): number {
    return this.first;
  }

  mean(of: number): number {
    return (this.first + this.second + this.third) / Math.min(3, of);
  }
}

/** Exceedance of one feature in its unit: 0 where the value is missing, was never seen, or moved the harmless way. */
export function featureExceedance(scaler: Scaler, feature: FeatureSpec, index: number, value: number): number {
  if (scaler.seen[index] === 0) return 0;
  return exceedance(bounded(value) - (scaler.median[index] as number), feature.direction);
}

/** asinh: like the ratio itself near 0, like its logarithm far away, so one wild feature does not drown the rest. */
export const farness = (exceeds: number, scale: number): number => Math.asinh(Math.min(exceeds / scale, largestRatio));

/** Makes the function that writes the summary of the exceedances (one per feature, in its unit) into `out` at `at`. */
export function createSummarizer(scaler: Scaler): (exceedances: Float64Array, out: Float64Array, at: number) => void {
  const { spread, reach } = scaler;
  const width = spread.length;
  const byReach = new TopThree();
  const bySpread = new TopThree();

  return (exceedances, out, at) => {
    byReach.clear();
    bySpread.clear();
    let sum = 0;
    for (let index = 0; index < width; index++) {
      const exceeds = exceedances[index] as number;
      if (exceeds === 0) continue;
      byReach.add(farness(exceeds, reach[index] as number));
      const ordinary = farness(exceeds, spread[index] as number);
      bySpread.add(ordinary);
      sum += ordinary;
    }
    out[at] = byReach.largest();
    out[at + 1] = byReach.mean(width);
    out[at + 2] = bySpread.mean(width);
    out[at + 3] = sum / width;
  };
}

/** Where the training rows lay in each figure. */
export interface FigureRanges {
  /** Only one row in a hundred lay beyond. */
  readonly edge: Float64Array;
  /** The distance that counts as one beyond the edge: that from the centre to the edge. */
  readonly span: Float64Array;
}

const edgeQuantile = 0.99;
/** In units of asinh: where all training rows were alike, a tenth of a scale is far. */
export const leastSpan = 0.1;

export function learnFigures(summaries: Float64Array): FigureRanges & { readonly centre: Float64Array } {
  const centre = new Float64Array(summaryWidth);
  const edge = new Float64Array(summaryWidth);
  const span = new Float64Array(summaryWidth);
  for (let figure = 0; figure < summaryWidth; figure++) {
    const sorted = new Float64Array(summaries.length / summaryWidth);
    for (let row = 0; row < sorted.length; row++) sorted[row] = summaries[row * summaryWidth + figure] as number;
    sorted.sort();
    const median = quantile(sorted, 0.5);
    const end = quantile(sorted, edgeQuantile);
    centre[figure] = median;
    edge[figure] = end;
    span[figure] = Math.max(leastSpan, end - median);
  }
  return { centre, edge, span };
}

/**
 * Upper bound of the score by what matters: 0.5 while no feature exceeds its minimum change, 1 from twice that on.
 * A feature whose minimum change is 0 sets no bound.
 */
export function scoreCap(exceedances: Float64Array, features: readonly FeatureSpec[]): number {
  let share = 0;
  for (let index = 0; index < features.length; index++) {
    const { minimumChange } = features[index] as FeatureSpec;
    if (minimumChange === 0) return 1;
    share = Math.max(share, (exceedances[index] as number) / minimumChange - 1);
  }
  return 0.5 + 0.5 * Math.min(1, share);
}
