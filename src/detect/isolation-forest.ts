/**
 * The detector `isolation-forest`: robust scaler, four figures that sum up the row, an Isolation Forest on these.
 *
 * Two things are added to the plain forest. Beyond the edge of what training held a forest tells nothing apart, so the
 * score goes on rising towards 1 with the distance from that edge. And a row without any change that matters
 * (`minimumChange`) never scores above 0.5.
 */
import type { Detector, ExpectedRange, Explanation, FeatureSpec } from './contract.ts';
import { type IsolationForest, scoreRow, scoreRows } from './forest/forest.ts';
import { growForest } from './forest/grow.ts';
import { featuresProblem, sortFeatures } from './features.ts';
import { decodeModel, encodeModel, slug } from './isolation-forest-model.ts';
import type { IsolationForestModel } from './isolation-forest-model.ts';
import type { Kernels } from './kernels.ts';
import type { BodyReader } from './model-buffer.ts';
import { optionsProblem } from './options.ts';
import type { DetectorOptions } from './options.ts';
import { normalize, tooFew } from './rows.ts';
import { learnScaler } from './scaler.ts';
import type { Scaler } from './scaler.ts';
import { createSummarizer, farness, featureExceedance, learnFigures, scoreCap, summaryWidth } from './summary.ts';
import type { FigureRanges } from './summary.ts';
import { learnThreshold } from './threshold.ts';

/** Fewer usable rows than this teach nothing. */
const leastRows = 16;
/** From so many rows on it pays to lay the forest out for a kernel, which takes a few milliseconds. */
const kernelRows = 1024;

/** What the detector has use of; its answers are those of `growForest` and `scoreRow`, bit for bit. */
type ForestKernels = Pick<Kernels, 'table' | 'exact'>;

type Summarizer = ReturnType<typeof createSummarizer>;

class IsolationForestDetector implements Detector {
  readonly slug = slug;
  readonly streaming = false;
  readonly features: readonly FeatureSpec[];
  private readonly options: DetectorOptions;
  private readonly kernels: ForestKernels | undefined;
  private model: IsolationForestModel | null = null;
  private summarize: Summarizer | null = null;
  // Scratch space of one row: filled anew by every call, never read across calls.
  private readonly exceedances: Float64Array;
  private readonly summary = new Float64Array(summaryWidth);
  private readonly fed = new Float32Array(summaryWidth);

  constructor(
    features: readonly FeatureSpec[],
    options: DetectorOptions,
    kernels: ForestKernels | undefined,
    model: IsolationForestModel | null,
  ) {
    this.features = features;
    this.options = options;
    this.kernels = kernels;
    this.exceedances = new Float64Array(features.length);
    if (model !== null) this.adopt(model);
  }

  get threshold(): number | null {
    return this.model?.threshold ?? null;
  }

  learn(rows: Float64Array): void {
    const usable = this.usableRows(rows);
    const count = usable.length / this.features.length;
    const scaler = learnScaler(usable, this.features, this.options.contamination);
    const summarize = createSummarizer(scaler);
    const summaries = new Float64Array(count * summaryWidth);
    const caps = new Float64Array(count);
    for (let row = 0; row < count; row++) {
      this.measure(scaler, usable, row * this.features.length);
      summarize(this.exceedances, summaries, row * summaryWidth);
      caps[row] = scoreCap(this.exceedances, this.features);
    }
    const { centre, ...figures } = learnFigures(summaries);
    // A row calmer than the median is not rare in a way that matters: to the forest all such rows are alike.
    const fed = new Float32Array(summaries.length);
    for (let at = 0; at < fed.length; at++) fed[at] = Math.max(summaries[at] as number, centre[at % summaryWidth] as number);
    const forest = this.grow(fed, count);
    const scores = this.scoresOf(summaries, caps, { forest, figures });
    this.adopt({ scaler, figures, forest, threshold: learnThreshold(scores, this.options.contamination) });
  }

  score(row: Float64Array): number | null {
    if (row.length !== this.features.length) throw new RangeError(`A row has ${this.features.length} values, not ${row.length}.`);
    return this.scoreAt(row, 0);
  }

  scoreAll(rows: Float64Array): Float64Array {
    const width = this.features.length;
    const scores = new Float64Array(this.rowCount(rows));
    if (scores.length >= kernelRows && this.kernels !== undefined && this.model !== null) return this.scoreMany(rows, this.model);
    for (let row = 0; row < scores.length; row++) scores[row] = this.scoreAt(rows, row * width) ?? Number.NaN;
    return scores;
  }

  explain(row: Float64Array): Explanation | null {
    const score = this.score(row);
    if (score === null || this.model === null) return null;
    // `exceedances` are now this row's.
    const { scaler } = this.model;
    const shares = new Float64Array(this.features.length);
    const whole = this.evidence();
    for (let index = 0; index < shares.length; index++) {
      // Ablation: what would be left of the score if this feature were at its centre?
      const exceeds = this.exceedances[index] as number;
      if (exceeds === 0) continue;
      this.exceedances[index] = 0;
      shares[index] = Math.max(0, whole - this.evidence());
      this.exceedances[index] = exceeds;
    }
    if (!normalize(shares)) {
      // No single feature changes the score: each has its share of the distance from normal.
      for (let index = 0; index < shares.length; index++) {
        shares[index] = farness(this.exceedances[index] as number, scaler.reach[index] as number);
      }
      if (!normalize(shares)) shares.fill(1 / shares.length);
    }
    return { score, shares, expected: this.ranges(scaler) };
  }

  expected(): readonly ExpectedRange[] | null {
    return this.model === null ? null : this.ranges(this.model.scaler);
  }

  save(): Uint8Array {
    if (this.model === null) throw new RangeError('A detector that has learned nothing has nothing to save.');
    return encodeModel(this.features, this.options, this.model);
  }

  private adopt(model: IsolationForestModel): void {
    this.model = model;
    this.summarize = createSummarizer(model.scaler);
  }

  private rowCount(rows: Float64Array): number {
    const width = this.features.length;
    if (rows.length % width !== 0) throw new RangeError(`Rows of ${width} features cannot be made of ${rows.length} values.`);
    return rows.length / width;
  }

  /** The rows of which at least half is there. */
  private usableRows(rows: Float64Array): Float64Array {
    const width = this.features.length;
    const given = this.rowCount(rows);
    const usable = new Float64Array(rows.length);
    let count = 0;
    for (let row = 0; row < given; row++) {
      if (tooFew(rows, row * width, width)) continue;
      usable.set(rows.subarray(row * width, (row + 1) * width), count * width);
      count++;
    }
    if (count < leastRows) throw new RangeError(`Only ${count} of ${given} rows are usable; learning needs at least ${leastRows}.`);
    return usable.subarray(0, count * width);
  }

  private grow(rows: Float32Array, count: number): IsolationForest {
    if (this.kernels === undefined) return growForest(rows, count, summaryWidth, this.options);
    const table = this.kernels.table(count, summaryWidth);
    table.rows.set(rows);
    return table.grow(this.options);
  }

  private scoreAt(rows: Float64Array, at: number): number | null {
    if (this.model === null || tooFew(rows, at, this.features.length)) return null;
    this.measure(this.model.scaler, rows, at);
    const score = -Math.expm1(-this.evidence());
    return Math.min(score, scoreCap(this.exceedances, this.features));
  }

  /** As `scoreAt` row by row, with one walk of all rows through the forest. */
  private scoreMany(rows: Float64Array, model: IsolationForestModel): Float64Array {
    const width = this.features.length;
    const count = rows.length / width;
    const summaries = new Float64Array(count * summaryWidth);
    const caps = new Float64Array(count).fill(Number.NaN);
    for (let row = 0; row < count; row++) {
      if (tooFew(rows, row * width, width)) continue;
      this.measure(model.scaler, rows, row * width);
      (this.summarize as Summarizer)(this.exceedances, summaries, row * summaryWidth);
      caps[row] = scoreCap(this.exceedances, this.features);
    }
    return this.scoresOf(summaries, caps, model);
  }

  /** Scores of rows by their summaries and their bounds; NaN where the bound is. */
  private scoresOf(
    summaries: Float64Array,
    caps: Float64Array,
    { forest, figures }: Pick<IsolationForestModel, 'forest' | 'figures'>,
  ): Float64Array {
    const fed = new Float32Array(summaries);
    const usesKernel = this.kernels !== undefined && caps.length >= kernelRows;
    const scores = usesKernel ? this.kernels.exact(forest).scoreRows(fed) : scoreRows(forest, fed);
    for (let row = 0; row < scores.length; row++) {
      const evidence = evidenceOf(scores[row] as number, beyondOf(figures, summaries, row * summaryWidth));
      scores[row] = Math.min(-Math.expm1(-evidence), caps[row] as number);
    }
    return scores;
  }

  /** Fills `exceedances` from the row at `at`. */
  private measure(scaler: Scaler, rows: Float64Array, at: number): void {
    for (let index = 0; index < this.features.length; index++) {
      this.exceedances[index] = featureExceedance(scaler, this.features[index] as FeatureSpec, index, rows[at + index] as number);
    }
  }

  /** Evidence of the row in `exceedances`. */
  private evidence(): number {
    const { forest, figures } = this.model as IsolationForestModel;
    (this.summarize as Summarizer)(this.exceedances, this.summary, 0);
    this.fed.set(this.summary);
    return evidenceOf(scoreRow(forest, this.fed), beyondOf(figures, this.summary, 0));
  }

  private ranges({ low, high }: Scaler): readonly ExpectedRange[] {
    return this.features.map((_, index) => ({ low: low[index] as number, high: high[index] as number }));
  }
}

/** How far the summary at `at` lies beyond the edge of training; 0 within. */
function beyondOf({ edge, span }: FigureRanges, summaries: Float64Array, at: number): number {
  let beyond = 0;
  for (let figure = 0; figure < summaryWidth; figure++) {
    beyond = Math.max(beyond, ((summaries[at + figure] as number) - (edge[figure] as number)) / (span[figure] as number));
  }
  return beyond;
}

/**
 * Evidence e >= 0 of a row. Its score before the cap is 1 - exp(-e): the forest's own score within the edge of training,
 * 1 - (1 - forest score) / (1 + distance)^2 beyond it.
 */
function evidenceOf(forestScore: number, beyond: number): number {
  // A score of 1 would be infinite evidence; only a row isolated at once by every tree has it.
  return 2 * Math.log1p(beyond) - Math.log1p(-Math.min(forestScore, 1 - 2 ** -20));
}

/** @throws RangeError for features or options that make no detector. */
export function createIsolationForest(features: readonly FeatureSpec[], options: DetectorOptions, kernels?: Kernels): Detector {
  const problem = featuresProblem(features) ?? optionsProblem(options);
  if (problem !== null) throw new RangeError(`The detector ${slug} cannot be made: ${problem}.`);
  return new IsolationForestDetector(sortFeatures(features), options, kernels, null);
}

/** Reads what `save` wrote after the slug. @throws DetectError */
export function loadIsolationForest(reader: BodyReader, kernels?: Kernels): Detector {
  const { features, options, model } = decodeModel(reader);
  return new IsolationForestDetector(features, options, kernels, model);
}
