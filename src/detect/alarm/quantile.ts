import { DetectError } from '../detect-error.ts';
import type { BodyReader, BodyWriter } from '../model-buffer.ts';
import { quantile } from '../quantile.ts';
import { Ring } from './ring.ts';
import { justAbove } from './tail.ts';
import type { Threshold } from './threshold.ts';

export const quantileSlug = 'quantile';

export interface QuantileOptions {
  /** Share of past scores below the threshold. */
  readonly probability: number;
  /** Scores that are remembered. */
  readonly window: number;
  /** Scores before there is a threshold. */
  readonly least: number;
  /** Time between two computations, in ms. */
  readonly renewMs: number;
}

export const defaultQuantileOptions: QuantileOptions = { probability: 0.999, window: 10_080, least: 240, renewMs: 3_600_000 };

/** A quantile of the last `window` scores, computed anew every `renewMs`. @throws RangeError for options out of range. */
export function createQuantile(options: Partial<QuantileOptions> = {}): Threshold {
  const complete = { ...defaultQuantileOptions, ...options };
  const problem = optionsProblem(complete);
  if (problem !== null) throw new RangeError(`A quantile threshold cannot be made: ${problem}.`);
  return new QuantileThreshold(complete);
}

/** @throws DetectError for anything that `save` did not write. */
export function loadQuantile(reader: BodyReader): Threshold {
  const options = { probability: reader.float64(), window: reader.uint32(), least: reader.uint32(), renewMs: reader.float64() };
  const problem = optionsProblem(options);
  if (problem !== null) throw new DetectError('hostile', `A quantile threshold cannot be read: ${problem}.`);
  const threshold = new QuantileThreshold(options);
  threshold.load(reader);
  return threshold;
}

function optionsProblem({ probability, window, least, renewMs }: QuantileOptions): string | null {
  if (!(probability > 0 && probability < 1)) return `probability is ${probability}, not above 0 and below 1`;
  if (!Number.isInteger(window) || window < 2 || window > 1_000_000) return `window is ${window}, not 2 to 1000000`;
  if (!Number.isInteger(least) || least < 1 || least > window) return `least is ${least}, not 1 to the window of ${window}`;
  if (!(renewMs >= 0 && renewMs < Infinity)) return `renewMs is ${renewMs}, not 0 or more`;
  return null;
}

class QuantileThreshold implements Threshold {
  readonly slug = quantileSlug;
  private readonly options: QuantileOptions;
  private scores: Ring;
  private lastMs = -Infinity;
  private renewedMs = -Infinity;
  private level = Number.NaN;
  private median = Number.NaN;

  constructor(options: QuantileOptions) {
    this.options = options;
    this.scores = new Ring(options.window);
  }

  observe(score: number, timeMs: number): void {
    if (!Number.isFinite(score) || !(timeMs > this.lastMs)) return;
    this.lastMs = timeMs;
    this.scores.push(score);
    if (this.scores.length < this.options.least || timeMs - this.renewedMs < this.options.renewMs) return;
    this.renewedMs = timeMs;
    // What is exactly at the quantile is ordinary: constant scores never reach it.
    const sorted = this.scores.sorted();
    this.level = justAbove(quantile(sorted, this.options.probability));
    this.median = quantile(sorted, 0.5);
  }

  value(): number | null {
    return Number.isFinite(this.level) ? this.level : null;
  }

  ordinary(): number | null {
    return Number.isFinite(this.median) ? this.median : null;
  }

  save(writer: BodyWriter): void {
    writer.float64(this.options.probability);
    writer.uint32(this.options.window);
    writer.uint32(this.options.least);
    writer.float64(this.options.renewMs);
    writer.float64s(Float64Array.of(this.lastMs, this.renewedMs, this.level, this.median));
    this.scores.save(writer);
  }

  load(reader: BodyReader): void {
    this.lastMs = reader.float64();
    this.renewedMs = reader.float64();
    this.level = reader.float64();
    this.median = reader.float64();
    this.scores = Ring.load(reader, this.options.window);
  }
}
