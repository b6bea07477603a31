/**
 * What each feature should be, given all the others: the leave-one-out residual of a Gaussian model, read from the precision
 * matrix of robustly scaled, bounded values (Mahalanobis, 1936; conditional residual as in Gaussian graphical models). The
 * covariance is learned online over a week and shrunk by a ridge.
 */
import type { FeatureSpec } from '../contract.ts';
import { counts, numbers } from '../streaming/fields.ts';
import type { Field } from '../streaming/fields.ts';
import { inverse } from '../streaming/symmetric.ts';
import { DeviationScales } from './scales.ts';

const memoryMs = 7 * 86_400_000;
const ridge = 0.05;
/** Values enter the covariance within so many scales, and are judged within more. */
const scalesLearned = 8;
const scalesJudged = 50;
const leastScale = 0.05;
const settledRows = 60;
const largestRefresh = 240;

export class Relations {
  readonly scales: DeviationScales;
  /** Conditional residuals of the row weighed last, in their own scales. */
  readonly residuals: Float64Array;
  private readonly width: number;
  private readonly memoryRows: number;
  private readonly mean: Float64Array;
  private readonly covariance: Float64Array;
  private readonly precision: Float64Array;
  /** Rows learned, and rows since the precision was computed. */
  private readonly rows = new Float64Array(2);
  private readonly raw: Float64Array;
  private readonly centred: Float64Array;

  constructor(features: readonly FeatureSpec[], stepMs: number) {
    const width = features.length;
    this.width = width;
    this.memoryRows = Math.max(256, Math.round(memoryMs / stepMs));
    this.scales = new DeviationScales(features, null, leastScale);
    this.residuals = new Float64Array(width);
    this.mean = new Float64Array(width);
    this.covariance = new Float64Array(width * width);
    this.precision = new Float64Array(width * width);
    this.raw = new Float64Array(width);
    this.centred = new Float64Array(width);
    for (let index = 0; index < width; index++) this.precision[index * width + index] = 1 / (1 + ridge);
  }

  get settled(): boolean {
    return (this.rows[0] as number) >= settledRows;
  }

  /** Fills `residuals` from values in scales of level (NaN is missing). @returns the squared Mahalanobis distance over the width. */
  weigh(scaled: Float64Array): number {
    const { width, centred, raw, precision } = this;
    for (let i = 0; i < width; i++) {
      const value = scaled[i] as number;
      centred[i] = Number.isNaN(value) ? 0 : Math.max(-scalesJudged, Math.min(scalesJudged, value - (this.mean[i] as number)));
    }
    let distance = 0;
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += (precision[i * width + j] as number) * (centred[j] as number);
      distance += sum * (centred[i] as number);
      raw[i] = sum / Math.sqrt(precision[i * width + i] as number);
      this.residuals[i] = Number.isNaN(scaled[i]) ? Number.NaN : this.scales.scaled(i, raw[i] as number, 0);
    }
    return Math.max(0, distance) / width;
  }

  learn(scaled: Float64Array): void {
    const { width, mean, covariance, centred } = this;
    if (this.settled) {
      this.weigh(scaled);
      for (let i = 0; i < width; i++) if (!Number.isNaN(scaled[i])) this.scales.learn(i, this.raw[i] as number);
    }
    const rows = Math.min(this.memoryRows, (this.rows[0] as number) + 1);
    const weight = 1 / rows;
    for (let i = 0; i < width; i++) {
      const value = scaled[i] as number;
      centred[i] = Number.isNaN(value) ? 0 : Math.max(-scalesLearned, Math.min(scalesLearned, value)) - (mean[i] as number);
    }
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) {
        const entry = covariance[i * width + j] as number;
        covariance[i * width + j] = (1 - weight) * (entry + weight * (centred[i] as number) * (centred[j] as number));
      }
    }
    for (let i = 0; i < width; i++) mean[i] = (mean[i] as number) + weight * (centred[i] as number);
    const since = (this.rows[1] as number) + 1;
    const due = since >= Math.min(largestRefresh, Math.max(1, rows / 16));
    this.rows[0] = rows;
    this.rows[1] = due ? 0 : since;
    if (due && this.settled) this.refresh();
  }

  fields(name: string): readonly Field[] {
    return [
      ...this.scales.fields(name),
      numbers(`${name} means`, this.mean, -scalesLearned, scalesLearned),
      numbers(`${name} covariance`, this.covariance, -4 * scalesLearned ** 2, 4 * scalesLearned ** 2),
      numbers(`${name} precision`, this.precision, -1 / ridge, 1 / ridge),
      counts(`${name} rows`, this.rows, this.memoryRows),
    ];
  }

  /** The inverse of covariance plus ridge; where rounding left none, the old one stays. */
  private refresh(): void {
    const { width, covariance } = this;
    const matrix = new Float64Array(width * width);
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) matrix[i * width + j] = (covariance[i * width + j] as number) + (i === j ? ridge : 0);
    }
    const inverted = inverse(matrix, width);
    if (inverted === null) return;
    for (const [at, entry] of inverted.entries()) this.precision[at] = Math.max(-1 / ridge, Math.min(1 / ridge, entry));
  }
}
