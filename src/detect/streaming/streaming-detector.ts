/**
 * What every streaming detector shares: checks, times, missing values, the cap by what matters, calibration, shares, saving.
 * A detector is then only its mathematics, a `Method`.
 */
import type { Detector, ExpectedRange, Explanation, FeatureSpec } from '../contract.ts';
import { hostile, readFeatures, writeFeatures } from '../feature-codec.ts';
import { featuresProblem, sortFeatures } from '../features.ts';
import { BodyWriter, sealModel } from '../model-buffer.ts';
import type { BodyReader } from '../model-buffer.ts';
import { optionsProblem } from '../options.ts';
import type { DetectorOptions } from '../options.ts';
import { bounded } from '../scaler.ts';
import { scoreCap } from '../summary.ts';
import { normalize, tooFew } from '../rows.ts';
import { Calibration } from './calibration.ts';
import type { AlarmedRow, FigureScale } from './calibration.ts';
import { counts, numbers, readFields, writeFields } from './fields.ts';
import type { Field } from './fields.ts';

/** When a row comes: its time, and how many steps after the last row learned (1 for the next). */
export interface Tick {
  readonly timeMs: number;
  readonly steps: number;
  /** Time to account the row for: that since the last one, but a gap counts as a few steps. */
  readonly elapsedMs: number;
}

/** What a method says about a row; reused from row to row. */
export interface Weighing {
  /** Part of each feature in the row's figure, >= 0. */
  readonly parts: Float64Array;
  /** How far each feature went in the direction that matters, in its own unit. */
  readonly exceedances: Float64Array;
}

/** The mathematics of one streaming detector. Rows are bounded numbers, NaN where missing. */
export interface Method {
  /** Fills `out` (zeros before). @returns the row's figure >= 0, higher is more anomalous; `null` for no opinion. Changes no state. */
  weigh(row: Float64Array, tick: Tick, out: Weighing): number | null;
  /** @param alarm what the row is to an alarm: what is usual is not learned from rows of one that is `on` */
  learn(row: Float64Array, tick: Tick, alarm: AlarmedRow): void;
  /** Expected range of a feature at a time. */
  expected(index: number, tick: Tick): ExpectedRange;
  /** All that was learned. */
  readonly fields: readonly Field[];
  /** Where its figures mean the same everywhere; left out, it is learned what they mean. */
  readonly figureScale?: FigureScale;
}

export interface StreamingDesign {
  readonly slug: string;
  readonly create: (features: readonly FeatureSpec[], options: DetectorOptions) => Method;
  /** Whether missing values are what it looks for. */
  readonly seesMissing?: boolean;
}

export interface StreamingKind {
  readonly create: (features: readonly FeatureSpec[], options: DetectorOptions) => Detector;
  readonly load: (reader: BodyReader) => Detector;
}

/** Rows before which a detector that streams has no opinion. */
export const leastStreamedRows = 60;
/** Rows before which nothing is weighed. */
const leastWeighedRows = 28;
/** A gap counts as at most so many steps of presence. */
const largestGapSteps = 4;
/** The range of a date, in ms to either side of the epoch. */
const lastTime = 8.64e15;
const largestCount = 2 ** 40;

class StreamingDetector implements Detector {
  readonly slug: string;
  readonly streaming = true;
  readonly features: readonly FeatureSpec[];
  private readonly design: StreamingDesign;
  private readonly options: DetectorOptions;
  private readonly method: Method;
  private readonly calibration: Calibration;
  private readonly lastMs = Float64Array.of(-lastTime);
  private readonly learned = new Float64Array(1);
  /** Time of the row passed over last, and how many came a step after each other: they are unseen time once the clock is back. */
  private readonly passed = Float64Array.of(-lastTime, 0);
  // Scratch space of one row: filled anew by every call, never read across calls.
  private readonly row: Float64Array;
  private readonly weighing: Weighing;

  constructor(design: StreamingDesign, features: readonly FeatureSpec[], options: DetectorOptions) {
    this.slug = design.slug;
    this.features = features;
    this.design = design;
    this.options = options;
    this.method = design.create(features, options);
    this.calibration = new Calibration(options.stepMs, options.contamination, this.method.figureScale);
    this.row = new Float64Array(features.length);
    this.weighing = { parts: new Float64Array(features.length), exceedances: new Float64Array(features.length) };
  }

  get threshold(): number | null {
    return (this.learned[0] as number) < leastStreamedRows ? null : this.calibration.threshold;
  }

  learn(rows: Float64Array, times?: Float64Array): void {
    const count = this.rowCount(rows);
    if (times !== undefined && times.length !== count) throw new RangeError(`${count} rows need ${count} times, not ${times.length}.`);
    for (let at = 0; at < count; at++) {
      const timeMs = times === undefined ? this.nextMs() : (times[at] as number);
      if (!(timeMs <= lastTime)) continue;
      if (timeMs > (this.lastMs[0] as number)) this.learnRow(rows, at, timeMs);
      else this.passOver(timeMs);
    }
  }

  score(row: Float64Array, timeMs?: number): number | null {
    if (row.length !== this.features.length) throw new RangeError(`A row has ${this.features.length} values, not ${row.length}.`);
    return this.scoreAt(row, 0, timeMs);
  }

  scoreAll(rows: Float64Array, times?: Float64Array): Float64Array {
    const scores = new Float64Array(this.rowCount(rows));
    for (let at = 0; at < scores.length; at++) scores[at] = this.scoreAt(rows, at, times?.[at]) ?? Number.NaN;
    return scores;
  }

  explain(row: Float64Array, timeMs?: number): Explanation | null {
    const score = this.score(row, timeMs);
    const expected = this.expected(timeMs);
    if (score === null || expected === null) return null;
    // The parts are now this row's.
    const shares = this.weighing.parts.map((part) => part * part);
    if (!normalize(shares)) shares.fill(1 / shares.length);
    return { score, shares, expected };
  }

  expected(timeMs?: number): readonly ExpectedRange[] | null {
    if (this.threshold === null) return null;
    const tick = this.tick(timeMs);
    return this.features.map((_, index) => this.method.expected(index, tick));
  }

  save(): Uint8Array {
    if (this.learned[0] === 0) throw new RangeError('A detector that has learned nothing has nothing to save.');
    const writer = new BodyWriter();
    writer.text(this.slug);
    writeFeatures(writer, this.features);
    const { trees, sampleSize, contamination, seed, stepMs, timeZone } = this.options;
    for (const value of [trees, sampleSize, contamination, seed, stepMs]) writer.float64(value);
    writer.text(timeZone);
    writeFields(writer, this.fields());
    return sealModel(writer.body());
  }

  /** @throws DetectError */
  read(reader: BodyReader): void {
    readFields(reader, this.fields());
    reader.end();
  }

  private fields(): readonly Field[] {
    return [
      numbers('last time', this.lastMs, -lastTime, lastTime),
      numbers('passed over', this.passed, -lastTime, lastTime),
      counts('rows', this.learned, largestCount, 1),
      ...this.calibration.fields(),
      ...this.method.fields,
    ];
  }

  private learnRow(rows: Float64Array, at: number, timeMs: number): void {
    if (!this.take(rows, at)) return;
    const tick = this.tick(timeMs);
    const learned = this.learned[0] as number;
    const figure = learned >= leastWeighedRows ? this.weigh(tick) : null;
    const alarm = figure === null ? 'none' : this.calibration.observe(figure, scoreCap(this.weighing.exceedances, this.features));
    this.method.learn(this.row, tick, alarm);
    this.learned[0] = Math.min(largestCount, learned + 1);
    this.lastMs[0] = timeMs;
    this.passed.set([-lastTime, 0]);
  }

  private passOver(timeMs: number): void {
    if (this.follows(timeMs)) this.passed[1] = Math.min(largestCount, (this.passed[1] as number) + 1);
    this.passed[0] = Math.max(-lastTime, timeMs);
  }

  /** Whether a row comes a step after the one passed over last, as those of a clock that went back do; those late or twice do not. */
  private follows(timeMs: number): boolean {
    const steps = (timeMs - (this.passed[0] as number)) / this.options.stepMs;
    return steps > 0.5 && steps < 1.5;
  }

  /** Whether a row comes twice: what it says was said. */
  private comesTwice(timeMs: number | undefined): boolean {
    return timeMs === this.lastMs[0];
  }

  private scoreAt(rows: Float64Array, at: number, timeMs: number | undefined): number | null {
    if ((this.learned[0] as number) < leastStreamedRows || this.comesTwice(timeMs) || !this.take(rows, at)) return null;
    const figure = this.weigh(this.tick(timeMs));
    if (figure === null) return null;
    const score = this.calibration.score(figure);
    return score === null ? null : Math.min(score, scoreCap(this.weighing.exceedances, this.features));
  }

  private weigh(tick: Tick): number | null {
    this.weighing.parts.fill(0);
    this.weighing.exceedances.fill(0);
    return this.method.weigh(this.row, tick, this.weighing);
  }

  /** Puts a row into `row`, bounded; false when too much of it is missing. */
  private take(rows: Float64Array, at: number): boolean {
    const width = this.features.length;
    for (let index = 0; index < width; index++) this.row[index] = bounded(rows[at * width + index] as number);
    return this.design.seesMissing === true || !tooFew(this.row, 0, width);
  }

  private nextMs(): number {
    return this.learned[0] === 0 ? 0 : Math.min(lastTime, (this.lastMs[0] as number) + this.options.stepMs);
  }

  private tick(given: number | undefined): Tick {
    const { stepMs } = this.options;
    const timeMs = given !== undefined && Math.abs(given) <= lastTime ? given : this.nextMs();
    // What comes late may be as far from the last row as what comes after a gap.
    const behind = this.follows(timeMs) ? (this.passed[1] as number) : 0;
    const steps = this.learned[0] === 0 ? 1 : Math.max(1, Math.abs(timeMs - (this.lastMs[0] as number)) / stepMs) + behind;
    return { timeMs, steps, elapsedMs: Math.min(steps, largestGapSteps) * stepMs };
  }

  private rowCount(rows: Float64Array): number {
    const width = this.features.length;
    if (rows.length % width !== 0) throw new RangeError(`Rows of ${width} features cannot be made of ${rows.length} values.`);
    return rows.length / width;
  }
}

/** The two functions of a registry row. `create` throws RangeError, `load` DetectError. */
export function streamingKind(design: StreamingDesign): StreamingKind {
  return {
    create: (features, options) => {
      const problem = featuresProblem(features) ?? optionsProblem(options);
      if (problem !== null) throw new RangeError(`The detector ${design.slug} cannot be made: ${problem}.`);
      return new StreamingDetector(design, sortFeatures(features), options);
    },
    load: (reader) => {
      const features = readFeatures(reader);
      const [trees, sampleSize, contamination, seed, stepMs] = reader.float64s(5) as unknown as [number, number, number, number, number];
      const options: DetectorOptions = { trees, sampleSize, contamination, seed, stepMs, timeZone: reader.text() };
      const problem = optionsProblem(options);
      if (problem !== null) throw hostile(`The model's option ${problem}.`);
      const detector = new StreamingDetector(design, features, options);
      detector.read(reader);
      return detector;
    },
  };
}
