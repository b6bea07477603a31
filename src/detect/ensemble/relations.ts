/**
 * What each feature should be, given all the others: the leave-one-out residual of a Gaussian model, read from the precision
 * matrix of standardised, bounded values (Mahalanobis, 1936; conditional residual as in Gaussian graphical models). The
 * correlation is learned online over four weeks and shrunk by a ridge. What rows are judged by is settled: it is replaced only
 * when about as much again was learned, so an incident is judged by what was before it for as long as it lasts.
 */
import type { FeatureSpec } from '../contract.ts';
import { bound } from '../scaler.ts';
import { counts, numbers } from '../streaming/fields.ts';
import type { Field } from '../streaming/fields.ts';
import { inverse } from '../streaming/symmetric.ts';
import { DeviationScales, inScales } from './scales.ts';
import type { Ranges } from './scales.ts';

const dayMs = 86_400_000;
const memoryMs = 28 * dayMs;
const ridge = 0.05;
/** Values are learned within so many deviations, and are judged within more. */
const deviationsLearned = 8;
const deviationsJudged = 50;
const leastShareOfRange = 0.01;
/** Least deviation of standardised values, for those that seldom moved. */
const leastDeviation = 0.5;
const leastScale = 0.05;
/** Weight of the newest row in the short averages. */
const newest = 0.1;
/** Residuals of one incident repeat themselves. */
const pace = 0.05;
/** A diagonal entry of the precision is at least 1 / (1 + ridge); only rounding, or a hostile model, leaves less. */
const leastPrecision = 0.5;
const settledRows = 60;
const settledValues = 30;
/** In the first day it is replaced each time so much more was learned. */
const firstGrowth = 1.25;
const largestCount = 2 ** 40;

export class Relations {
  readonly scales: DeviationScales;
  /** Conditional residuals of the row weighed last, in their own scales. */
  readonly residuals: Float64Array;
  /** The same of the short averages of standardised values: what is small but lasts. */
  readonly lasting: Float64Array;
  readonly lastingScales: DeviationScales;
  private readonly width: number;
  private readonly memoryRows: number;
  private readonly dayRows: number;
  private readonly ranges: Ranges;
  private readonly seen: Float64Array;
  private readonly mean: Float64Array;
  private readonly variance: Float64Array;
  private readonly covariance: Float64Array;
  /** What rows are judged by: deviations of the standardised values, and the inverse of their correlation. */
  private readonly deviations: Float64Array;
  private readonly precision: Float64Array;
  /** Rows learned, and how many there were when the precision was replaced. */
  private readonly rows = new Float64Array(2);
  private readonly raw: Float64Array;
  private readonly within: Float64Array;
  /** Short averages of `within`: as they are, and as they will be once the row weighed last is learned. */
  private readonly average: Float64Array;
  private readonly nextAverage: Float64Array;
  private readonly rawLasting: Float64Array;

  constructor(features: readonly FeatureSpec[], stepMs: number, ranges: Ranges) {
    const width = features.length;
    this.width = width;
    this.memoryRows = Math.max(256, Math.round(memoryMs / stepMs));
    this.dayRows = Math.max(settledRows, Math.round(dayMs / stepMs));
    this.ranges = ranges;
    this.scales = new DeviationScales(features, null, leastScale, pace);
    this.residuals = new Float64Array(width);
    this.seen = new Float64Array(width);
    this.mean = new Float64Array(width);
    this.variance = new Float64Array(width);
    this.covariance = new Float64Array(width * width);
    this.deviations = new Float64Array(width).fill(1);
    this.precision = new Float64Array(width * width);
    this.raw = new Float64Array(width);
    this.within = new Float64Array(width);
    this.lasting = new Float64Array(width);
    this.lastingScales = new DeviationScales(features, null, leastScale, pace);
    this.average = new Float64Array(width);
    this.nextAverage = new Float64Array(width);
    this.rawLasting = new Float64Array(width);
    for (let index = 0; index < width; index++) this.precision[index * width + index] = 1 / (1 + ridge);
  }

  get settled(): boolean {
    return (this.rows[0] as number) >= settledRows;
  }

  /** A value in deviations from its mean of four weeks; NaN, as for a missing one, while too little is known. */
  standardised(index: number, value: number): number {
    if (!this.isKnown(index)) return Number.NaN;
    return inScales(value - (this.mean[index] as number), value, this.deviationOf(index));
  }

  /** Fills `residuals` and `lasting` from standardised values (NaN is missing). @returns the squared Mahalanobis distances of both. */
  weigh(standardised: Float64Array): { readonly distance: number; readonly lastingDistance: number } {
    const { width, within, average, nextAverage } = this;
    for (let i = 0; i < width; i++) {
      const value = standardised[i] as number;
      within[i] = Number.isNaN(value) ? 0 : bounded(value, deviationsJudged) / (this.deviations[i] as number);
      nextAverage[i] = (1 - newest) * (average[i] as number) + newest * (within[i] as number);
    }
    const distance = this.residualsOf(within, this.raw);
    const lastingDistance = this.residualsOf(nextAverage, this.rawLasting);
    for (let i = 0; i < width; i++) {
      const missing = Number.isNaN(standardised[i]) || this.isBehind(i);
      this.residuals[i] = missing ? Number.NaN : this.scales.scaled(i, this.raw[i] as number, 0);
      this.lasting[i] = missing ? Number.NaN : this.lastingScales.scaled(i, this.rawLasting[i] as number, 0);
    }
    return { distance, lastingDistance };
  }

  /** The short averages go on with the row weighed last, in an alarm too. */
  follow(): void {
    this.average.set(this.nextAverage);
  }

  /** Learns the row weighed last. @param row values; `standardised`: the same as they were weighed */
  learn(row: Float64Array, standardised: Float64Array): void {
    const { width, covariance, within } = this;
    if (this.settled) {
      for (let i = 0; i < width; i++) {
        if (Number.isNaN(standardised[i])) continue;
        this.scales.learn(i, this.raw[i] as number);
        this.lastingScales.learn(i, this.rawLasting[i] as number);
      }
    }
    const rows = Math.min(largestCount, (this.rows[0] as number) + 1);
    const weight = 1 / Math.min(this.memoryRows, rows);
    for (let i = 0; i < width; i++) {
      const value = standardised[i] as number;
      within[i] = Number.isNaN(value) ? 0 : bounded(value, deviationsLearned);
    }
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) {
        const entry = covariance[i * width + j] as number;
        covariance[i * width + j] = (1 - weight) * entry + weight * (within[i] as number) * (within[j] as number);
      }
    }
    for (let i = 0; i < width; i++) if (!Number.isNaN(row[i])) this.learnMoments(i, row[i] as number);
    this.rows[0] = rows;
    if (!this.due(rows)) return;
    this.rows[1] = rows;
    this.replace();
  }

  /** Takes a level for the new normal; what lasted until now is over. */
  accept(index: number, level: number): void {
    this.mean[index] = level;
    this.average.fill(0);
  }

  fields(name: string): readonly Field[] {
    return [
      ...this.scales.fields(name),
      ...this.lastingScales.fields(`${name} lasting`),
      numbers(`${name} average`, this.average, -deviationsJudged / leastDeviation, deviationsJudged / leastDeviation),
      counts(`${name} seen`, this.seen, this.memoryRows),
      numbers(`${name} means`, this.mean, -bound, bound),
      numbers(`${name} variances`, this.variance, 0, 5 * bound ** 2),
      numbers(`${name} covariance`, this.covariance, -(deviationsLearned ** 2), deviationsLearned ** 2),
      numbers(`${name} deviations`, this.deviations, leastDeviation, deviationsLearned),
      numbers(`${name} precision`, this.precision, -1 / ridge, 1 / ridge),
      counts(`${name} rows`, this.rows, largestCount),
    ];
  }

  /** Fills `raw` with the conditional residuals of `values`. @returns their squared Mahalanobis distance */
  private residualsOf(values: Float64Array, raw: Float64Array): number {
    const { width, precision } = this;
    let distance = 0;
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += (precision[i * width + j] as number) * (values[j] as number);
      distance += sum * (values[i] as number);
      raw[i] = sum / Math.sqrt(Math.max(leastPrecision, precision[i * width + i] as number));
    }
    return Math.max(0, distance);
  }

  /** Whether residuals were learned of others but not of this one: it joined. */
  private isBehind(index: number): boolean {
    return !this.scales.settled(index) && (this.rows[0] as number) >= settledRows + settledValues;
  }

  private isKnown(index: number): boolean {
    return (this.seen[index] as number) >= settledValues;
  }

  private deviationOf(index: number): number {
    return Math.max(Math.sqrt(this.variance[index] as number), leastShareOfRange * this.ranges.of(index));
  }

  /** A value enters within a few deviations, once they are known. */
  private learnMoments(index: number, value: number): void {
    const seen = Math.min(this.memoryRows, (this.seen[index] as number) + 1);
    const reach = seen > 2 * settledValues ? deviationsLearned * this.deviationOf(index) : 2 * bound;
    const by = bounded(value - (this.mean[index] as number), reach);
    this.seen[index] = seen;
    this.mean[index] = bounded((this.mean[index] as number) + by / seen, bound);
    this.variance[index] = (1 - 1 / seen) * ((this.variance[index] as number) + (by * by) / seen);
  }

  private due(rows: number): boolean {
    const last = this.rows[1] as number;
    if (rows < settledRows) return false;
    if (rows < this.dayRows) return rows >= firstGrowth * last;
    return rows >= Math.min(2 * Math.max(this.dayRows / 2, last), last + this.memoryRows);
  }

  /** The inverse of the correlation plus ridge; where rounding left none, the old one stays. */
  private replace(): void {
    const { width, covariance } = this;
    // What is not known yet is taken for ordinary, and for related to nothing.
    const deviations = this.deviations.map((_, i) =>
      this.isKnown(i)
        ? bounded(Math.max(leastDeviation, Math.sqrt(Math.max(0, covariance[i * width + i] as number))), deviationsLearned)
        : 1,
    );
    const matrix = new Float64Array(width * width);
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) {
        const entry = covariance[i * width + j] as number;
        const own = i === j ? ridge + (this.isKnown(i) ? 0 : 1) : 0;
        matrix[i * width + j] = entry / ((deviations[i] as number) * (deviations[j] as number)) + own;
      }
    }
    const inverted = inverse(matrix, width);
    if (inverted === null) return;
    this.deviations.set(deviations);
    for (const [at, entry] of inverted.entries()) this.precision[at] = bounded(entry, 1 / ridge);
  }
}

const bounded = (value: number, most: number): number => Math.max(-most, Math.min(most, value));
