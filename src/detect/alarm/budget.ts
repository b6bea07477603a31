import { DetectError } from '../detect-error.ts';
import type { BodyReader, BodyWriter } from '../model-buffer.ts';
import { quantile } from '../quantile.ts';
import { Held } from './held.ts';
import { Ring } from './ring.ts';
import { fitTail, justAbove, tailValue } from './tail.ts';
import type { Seen } from './tail.ts';
import type { Threshold } from './threshold.ts';

export const budgetSlug = 'budget';

export interface BudgetOptions {
  /** False alarms that may come in a week, of one entity. */
  readonly perWeek: number;
  /** True incidents in a week, of an entity that has some: past scores hold them beside the false alarms. 0 for a healthy one. */
  readonly incidentsPerWeek: number;
  /** Past that counts, in days. Whole weeks have all of their hours. */
  readonly days: number;
  /** How long a score must stay at or above the threshold to be an alarm, in ms: the policy's minimum duration. */
  readonly holdMs: number;
  /** Time between two computations, in ms. */
  readonly renewMs: number;
  /** Hours with scores before there is a threshold of its own. */
  readonly leastHours: number;
  /** Until then: what entities of the same kind have, or `null` for no alarm. */
  readonly initial: number | null;
  /** The highest score there can be (no score is above it), where they crowd below it; `null` where they have no end. */
  readonly ceiling: number | null;
}

export const defaultBudgetOptions: BudgetOptions = {
  perWeek: 1,
  incidentsPerWeek: 5,
  days: 14,
  holdMs: 0,
  renewMs: 21_600_000,
  leastHours: 24,
  initial: null,
  ceiling: null,
};

/**
 * "At most so many false alarms a week": the level that the highest score of an hour exceeds so often, from the past alone.
 * A generalised Pareto tail over the hourly maxima of the last days; of an hour with an alarm only this counts, not how high it
 * was, so that an incident does not raise the bar. @throws RangeError for options out of range.
 */
export function createBudget(options: Partial<BudgetOptions> = {}): Threshold {
  const complete = { ...defaultBudgetOptions, ...options };
  const problem = optionsProblem(complete);
  if (problem !== null) throw new RangeError(`A budget threshold cannot be made: ${problem}.`);
  return new BudgetThreshold(complete);
}

/** @throws DetectError for anything that `save` did not write. */
export function loadBudget(reader: BodyReader): Threshold {
  const options = {
    perWeek: reader.float64(),
    incidentsPerWeek: reader.float64(),
    days: reader.uint32(),
    holdMs: reader.float64(),
    renewMs: reader.float64(),
    leastHours: reader.uint32(),
    initial: orNull(reader.float64()),
    ceiling: orNull(reader.float64()),
  };
  const problem = optionsProblem(options);
  if (problem !== null) throw new DetectError('hostile', `A budget threshold cannot be read: ${problem}.`);
  const threshold = new BudgetThreshold(options);
  threshold.load(reader);
  return threshold;
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

function optionsProblem(options: BudgetOptions): string | null {
  const { perWeek, incidentsPerWeek, days, holdMs, renewMs, leastHours, initial, ceiling } = options;
  if (!(perWeek > 0 && perWeek <= 84)) return `perWeek is ${perWeek}, not above 0 and at most 84`;
  if (!(incidentsPerWeek >= 0 && incidentsPerWeek <= 84)) return `incidentsPerWeek is ${incidentsPerWeek}, not 0 to 84`;
  if (!Number.isInteger(days) || days < 2 || days > 60) return `days is ${days}, not 2 to 60`;
  if (!(holdMs >= 0 && holdMs <= hourMs)) return `holdMs is ${holdMs}, not 0 to ${hourMs}`;
  if (!(renewMs >= 0 && renewMs < Infinity)) return `renewMs is ${renewMs}, not 0 or more`;
  if (!Number.isInteger(leastHours) || leastHours < 1 || leastHours > 24 * days)
    return `leastHours is ${leastHours}, not 1 to ${24 * days}`;
  if (initial !== null && !Number.isFinite(initial)) return `initial is ${initial}, not a finite number`;
  if (ceiling !== null && !(ceiling > 0 && ceiling < Infinity)) return `ceiling is ${ceiling}, not above 0`;
  return null;
}

const hourMs = 3_600_000;
const hoursPerWeek = 168;
/** Share of the hours that make the tail; rarer levels are extrapolated from it. */
const tailShare = 0.1;
/** At a budget of a third of this a week, half of the incidents reach the level. */
const halfReach = 3;
/** Nearest to the ceiling that is told apart from it, as a share of it. */
const finest = 2 ** -40;

/** The level that a share `probability` of the hourly maxima, ascending, exceeds; falls, or stays, as the probability grows. */
export function solveBudget(sorted: readonly Seen[], probability: number): number {
  const values = Float64Array.from(sorted, ({ value }) => value);
  if (probability >= tailShare) return quantile(values, 1 - probability);
  const tail = fitTail(sorted, tailShare);
  return tail === null ? (values.at(-1) ?? Number.NaN) : tailValue(tail, probability);
}

class BudgetThreshold implements Threshold {
  readonly slug = budgetSlug;
  private readonly options: BudgetOptions;
  private held: Held;
  private maxima: Ring;
  /** For each of the maxima: 1 where it reached the threshold of its time, and is cut there. */
  private cut: Ring;
  private lastMs = -Infinity;
  private renewedMs = -Infinity;
  private hour = Number.NaN;
  private highest = Number.NaN;
  /** On the scale of the maxima. */
  private level = Number.NaN;
  private median = Number.NaN;

  constructor(options: BudgetOptions) {
    this.options = options;
    this.held = new Held(options.holdMs);
    this.maxima = new Ring(24 * options.days);
    this.cut = new Ring(24 * options.days);
  }

  observe(score: number, timeMs: number): void {
    if (!Number.isFinite(score) || !(timeMs > this.lastMs)) return;
    this.lastMs = timeMs;
    const hour = Math.floor(timeMs / hourMs);
    if (hour !== this.hour) this.closeHour(timeMs);
    this.hour = hour;
    const held = this.held.next(this.stretched(score), timeMs);
    if (!(held <= this.highest)) this.highest = held;
  }

  value(): number | null {
    if (Number.isNaN(this.level)) return this.options.initial;
    const { ceiling } = this.options;
    if (ceiling === null) return justAbove(this.level);
    // Where the hours reach the ceiling more often than the budget allows, no score can be told from an ordinary one.
    if (this.level >= -Math.log(finest)) return justAbove(ceiling);
    const value = -ceiling * Math.expm1(-this.level);
    // The way there and back has rounded: a little more, so that what was ordinary stays below.
    return justAbove(value + Math.abs(value) * finest);
  }

  /** The median of the hourly maxima. */
  ordinary(): number | null {
    if (Number.isNaN(this.median)) return null;
    const { ceiling } = this.options;
    return ceiling === null ? this.median : -ceiling * Math.expm1(-this.median);
  }

  save(writer: BodyWriter): void {
    const { perWeek, incidentsPerWeek, days, holdMs, renewMs, leastHours, initial, ceiling } = this.options;
    writer.float64(perWeek);
    writer.float64(incidentsPerWeek);
    writer.uint32(days);
    writer.float64(holdMs);
    writer.float64(renewMs);
    writer.uint32(leastHours);
    writer.float64(initial ?? Number.NaN);
    writer.float64(ceiling ?? Number.NaN);
    writer.float64s(Float64Array.of(this.lastMs, this.renewedMs, this.hour, this.highest, this.level, this.median));
    this.held.save(writer);
    this.maxima.save(writer);
    this.cut.save(writer);
  }

  load(reader: BodyReader): void {
    this.lastMs = reader.float64();
    this.renewedMs = reader.float64();
    this.hour = reader.float64();
    this.highest = reader.float64();
    this.level = reader.float64();
    this.median = reader.float64();
    this.held = Held.load(reader, this.options.holdMs);
    this.maxima = Ring.load(reader, 24 * this.options.days);
    this.cut = Ring.load(reader, 24 * this.options.days);
    if (this.cut.length !== this.maxima.length)
      throw new DetectError('hostile', `A budget threshold has ${this.maxima.length} hours, but ${this.cut.length} marks.`);
    if (!Number.isNaN(this.level) && !Number.isFinite(this.value()))
      throw new DetectError('hostile', `A budget threshold has the level ${this.level}.`);
  }

  /** Scores that crowd below a ceiling, on the scale of -log(1 - share of it): exponential where they were uniform. */
  private stretched(score: number): number {
    const { ceiling } = this.options;
    return ceiling === null ? score : -Math.log1p(Math.max(finest - 1, -score / ceiling));
  }

  private closeHour(timeMs: number): void {
    if (Number.isNaN(this.highest)) return;
    const reached = this.highest > this.level;
    this.maxima.push(reached ? this.level : this.highest);
    this.cut.push(reached ? 1 : 0);
    this.highest = Number.NaN;
    if (this.maxima.length < this.options.leastHours || timeMs - this.renewedMs < this.options.renewMs) return;
    this.renewedMs = timeMs;
    const seen = Array.from(this.maxima.toArray(), (value, index) => ({ value, censored: this.cut.at(index) === 1 }));
    const { perWeek, incidentsPerWeek } = this.options;
    // The rarer an alarm may be, the higher the level, and the fewer of the incidents reach it.
    const reaching = incidentsPerWeek * Math.sqrt(perWeek / (perWeek + halfReach));
    const probability = Math.min(1, (perWeek + reaching) / hoursPerWeek);
    seen.sort((one, other) => one.value - other.value);
    this.level = solveBudget(seen, probability);
    this.median = (seen[seen.length >> 1] as Seen).value;
  }
}
