import { DetectError } from '../detect-error.ts';
import type { BodyReader, BodyWriter } from '../model-buffer.ts';
import { quantile } from '../quantile.ts';
import { Ring } from './ring.ts';
import { fitExcesses, justAbove, tailValue } from './tail.ts';
import type { Threshold } from './threshold.ts';

export const extremeValueSlug = 'extreme-value';

export interface ExtremeValueOptions {
  /** Probability that an ordinary score reaches the threshold. */
  readonly risk: number;
  /** Scores before there is a threshold; from these comes the level above which a score is a peak. */
  readonly calibration: number;
  /** Share of the calibration's scores below that level. */
  readonly levelQuantile: number;
  /** Scores whose mean is taken off first, so that the threshold follows a slow drift; 0 is off. */
  readonly depth: number;
  /** Peaks that are remembered. */
  readonly peaks: number;
}

export const defaultExtremeValueOptions: ExtremeValueOptions = {
  risk: 1e-4,
  calibration: 1000,
  levelQuantile: 0.98,
  depth: 0,
  peaks: 500,
};

/**
 * SPOT, and DSPOT where `depth` is set (Siffer, Fouque, Termier and Largouet, KDD 2017): a generalised Pareto tail over the
 * peaks seen so far. Of a score at or
 * above the threshold only this is learned, not how high it was. The oldest peaks are forgotten, so memory is bounded.
 * @throws RangeError for options out of range.
 */
export function createExtremeValue(options: Partial<ExtremeValueOptions> = {}): Threshold {
  const complete = { ...defaultExtremeValueOptions, ...options };
  const problem = optionsProblem(complete);
  if (problem !== null) throw new RangeError(`An extreme-value threshold cannot be made: ${problem}.`);
  return new ExtremeValueThreshold(complete);
}

/** @throws DetectError for anything that `save` did not write. */
export function loadExtremeValue(reader: BodyReader): Threshold {
  const options = {
    risk: reader.float64(),
    calibration: reader.uint32(),
    levelQuantile: reader.float64(),
    depth: reader.uint32(),
    peaks: reader.uint32(),
  };
  const problem = optionsProblem(options);
  if (problem !== null) throw new DetectError('hostile', `An extreme-value threshold cannot be read: ${problem}.`);
  const threshold = new ExtremeValueThreshold(options);
  threshold.load(reader);
  return threshold;
}

function optionsProblem({ risk, calibration, levelQuantile, depth, peaks }: ExtremeValueOptions): string | null {
  if (!(levelQuantile >= 0.5 && levelQuantile < 1)) return `levelQuantile is ${levelQuantile}, not 0.5 or more and below 1`;
  if (!(risk > 0 && risk < 1 - levelQuantile)) return `risk is ${risk}, not above 0 and below ${1 - levelQuantile}`;
  if (!Number.isInteger(calibration) || calibration < 10 || calibration > 100_000) return `calibration is ${calibration}, not 10 to 100000`;
  if (!Number.isInteger(depth) || depth < 0 || depth > 100_000) return `depth is ${depth}, not 0 to 100000`;
  if (!Number.isInteger(peaks) || peaks < 10 || peaks > 100_000) return `peaks is ${peaks}, not 10 to 100000`;
  return null;
}

class ExtremeValueThreshold implements Threshold {
  readonly slug = extremeValueSlug;
  private readonly options: ExtremeValueOptions;
  private lastMs = -Infinity;
  /** Scores learned, the calibration's among them. */
  private learned = 0;
  /** A fit changes little by few more peaks: it waits until there are 3 % more. */
  private peaksSinceFit = 0;
  private level = Number.NaN;
  /** The threshold above the mean of the last `depth` scores. */
  private reach = Number.NaN;
  private calibrating: Ring;
  private excesses: Ring;
  /** For each peak, how many scores had been learned before it. */
  private born: Ring;
  /** For each peak: 1 where it reached the threshold of its time, and is cut there. */
  private cut: Ring;
  private recent: Ring;

  constructor(options: ExtremeValueOptions) {
    this.options = options;
    this.calibrating = new Ring(options.calibration);
    this.excesses = new Ring(options.peaks);
    this.born = new Ring(options.peaks);
    this.cut = new Ring(options.peaks);
    this.recent = new Ring(options.depth);
  }

  observe(score: number, timeMs: number): void {
    if (!Number.isFinite(score) || !(timeMs > this.lastMs)) return;
    this.lastMs = timeMs;
    if (this.recent.length < this.options.depth) return this.recent.push(score);
    const centred = score - this.centre();
    if (!Number.isFinite(centred)) return;
    const reached = centred >= this.reach;
    if (!reached && this.options.depth > 0) this.recent.push(score);
    if (Number.isNaN(this.level)) this.calibrate(centred);
    else if (this.count(reached ? this.reach : centred, reached) && this.peaksSinceFit * 32 >= this.excesses.length) this.fit();
  }

  value(): number | null {
    const value = this.centre() + this.reach;
    // Once more above: adding the mean again may have rounded the last step away.
    return Number.isFinite(value) ? justAbove(value) : null;
  }

  ordinary(): number | null {
    const level = this.centre() + this.level;
    return Number.isFinite(level) ? level : null;
  }

  save(writer: BodyWriter): void {
    const { risk, calibration, levelQuantile, depth, peaks } = this.options;
    writer.float64(risk);
    writer.uint32(calibration);
    writer.float64(levelQuantile);
    writer.uint32(depth);
    writer.uint32(peaks);
    writer.float64s(Float64Array.of(this.lastMs, this.learned, this.level, this.reach, this.peaksSinceFit));
    for (const ring of [this.calibrating, this.excesses, this.born, this.cut, this.recent]) ring.save(writer);
  }

  load(reader: BodyReader): void {
    this.lastMs = reader.float64();
    this.learned = reader.float64();
    this.level = reader.float64();
    this.reach = reader.float64();
    this.peaksSinceFit = reader.float64();
    this.calibrating = Ring.load(reader, this.options.calibration);
    this.excesses = Ring.load(reader, this.options.peaks);
    this.born = Ring.load(reader, this.options.peaks);
    this.cut = Ring.load(reader, this.options.peaks);
    this.recent = Ring.load(reader, this.options.depth);
    if (this.born.length !== this.excesses.length || this.cut.length !== this.excesses.length)
      throw new DetectError(
        'hostile',
        `A threshold has ${this.excesses.length} peaks, ${this.born.length} places and ${this.cut.length} marks.`,
      );
  }

  private centre(): number {
    if (this.options.depth === 0) return 0;
    let sum = 0;
    for (let index = 0; index < this.recent.length; index++) sum += this.recent.at(index);
    return sum / this.recent.length;
  }

  private calibrate(centred: number): void {
    this.calibrating.push(centred);
    if (this.calibrating.length < this.options.calibration) return;
    const level = quantile(this.calibrating.sorted(), this.options.levelQuantile);
    this.level = level;
    for (const value of this.calibrating.toArray()) this.count(value, false);
    this.calibrating = new Ring(this.options.calibration);
    this.fit();
  }

  /** True when it was a peak. */
  private count(centred: number, reached: boolean): boolean {
    const excess = centred - this.level;
    if (excess > 0) {
      this.excesses.push(excess);
      this.born.push(this.learned);
      this.cut.push(reached ? 1 : 0);
      this.peaksSinceFit++;
    }
    this.learned++;
    return excess > 0;
  }

  private fit(): void {
    const full = this.excesses.length === this.options.peaks;
    const seen = this.learned - (full ? this.born.at(0) : 0);
    const peaks = Array.from(this.excesses.toArray(), (value, index) => ({ value, censored: this.cut.at(index) === 1 }));
    const tail = fitExcesses(this.level, peaks.length / seen, peaks);
    this.peaksSinceFit = 0;
    const highest = this.level + Math.max(0, ...this.excesses.toArray());
    this.reach = justAbove(tail === null ? highest : tailValue(tail, this.options.risk));
  }
}
