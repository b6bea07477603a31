import { DetectError } from '../detect-error.ts';
import type { BodyReader, BodyWriter } from '../model-buffer.ts';
import { quantile } from '../quantile.ts';
import type { Levels } from './policy.ts';
import { Ring } from './ring.ts';
import { justAbove } from './tail.ts';

export interface DriftOptions {
  /** A shift that stays, and no longer rises, is the new normal after this time, in ms. */
  readonly acceptAfterMs: number;
  /** One that rises all the time is so after this time, in ms: what nobody stops is not told for ever. */
  readonly acceptLatestMs: number;
}

const hourMs = 3_600_000;
export const defaultDriftOptions: DriftOptions = { acceptAfterMs: 6 * hourMs, acceptLatestMs: 24 * hourMs };

/** A level shift that was taken for the new normal. */
export interface Acceptance {
  /** When its alarm began. */
  readonly sinceMs: number;
  readonly acceptedAtMs: number;
  /** Its time was up, or a person said so. */
  readonly by: 'time' | 'person';
}

/** Raises the level over a shift that stayed, and lets it down again as scores go back. */
export interface Drift {
  /** The shift that is accepted now; `null` where scores are judged by their own level. */
  readonly acceptance: Acceptance | null;
  /** The levels to judge by, given the threshold's own. */
  levels(own: Levels | null): Levels | null;
  /**
   * One score, with the threshold's own levels and the begin of the alarm that is open (`null` for none). True when the alarm's
   * shift was accepted in this step.
   */
  step(score: number, own: Levels | null, sinceMs: number | null, timeMs: number): boolean;
  /** Accepts the shift of the open alarm by a person's word; false where no alarm is open. */
  accept(timeMs: number): boolean;
  save(writer: BodyWriter): void;
}

/** @throws RangeError for options out of range. */
export function createDrift(options: Partial<DriftOptions> = {}): Drift {
  const complete = { ...defaultDriftOptions, ...options };
  const problem = optionsProblem(complete);
  if (problem !== null) throw new RangeError(`A drift rule cannot be made: ${problem}.`);
  return new LevelDrift(complete);
}

/** @throws DetectError for anything that `save` did not write. */
export function loadDrift(reader: BodyReader): Drift {
  const options = { acceptAfterMs: reader.float64(), acceptLatestMs: reader.float64() };
  const problem = optionsProblem(options);
  if (problem !== null) throw new DetectError('hostile', `A drift rule cannot be read: ${problem}.`);
  const drift = new LevelDrift(options);
  drift.load(reader);
  return drift;
}

function optionsProblem({ acceptAfterMs, acceptLatestMs }: DriftOptions): string | null {
  if (!(acceptAfterMs > 0 && acceptAfterMs < Infinity)) return `acceptAfterMs is ${acceptAfterMs}, not above 0`;
  if (!(acceptLatestMs >= acceptAfterMs && acceptLatestMs < Infinity))
    return `acceptLatestMs is ${acceptLatestMs}, not at least the ${acceptAfterMs} of acceptAfterMs`;
  return null;
}

/** Blocks that are remembered: 12 h at 6 h, so that a shift seen only by day stays accepted over night. */
const remembered = 24;
/** A shift is over when at most this many of them reached the threshold's own level. */
const stray = 2;
/** The newest blocks say how high the shift is and whether it still rises. */
const newest = 4;
/** An accepted shift's level stands above its scores by this share of the way from an ordinary score to the threshold. */
const marginShare = 0.25;
/** The time to acceptance is cut into this many blocks, of which the highest score is kept. */
const blocks = 12;

class LevelDrift implements Drift {
  private readonly options: DriftOptions;
  private lastMs = -Infinity;
  /** Begin and heights of the alarm that is open. */
  private alarmMs = Number.NaN;
  private rising = new Heights();
  /** The accepted shift: its begin, when it was accepted, the heights since; scores of further alarms are not among them. */
  private sinceMs = Number.NaN;
  private acceptedAtMs = Number.NaN;
  private byPerson = false;
  private accepted = new Heights();
  /** The level while accepted is at most this, and stands `margin` above the shift's own scores. */
  private highest = Number.NaN;
  private margin = 0;

  constructor(options: DriftOptions) {
    this.options = options;
  }

  get acceptance(): Acceptance | null {
    if (Number.isNaN(this.acceptedAtMs)) return null;
    return { sinceMs: this.sinceMs, acceptedAtMs: this.acceptedAtMs, by: this.byPerson ? 'person' : 'time' };
  }

  levels(own: Levels | null): Levels | null {
    if (own === null || this.acceptance === null || this.raised() <= own.opening) return own;
    return { opening: this.raised(), closing: this.raised() - this.margin, ordinary: own.ordinary };
  }

  step(score: number, own: Levels | null, sinceMs: number | null, timeMs: number): boolean {
    if (!Number.isFinite(score) || !(timeMs > this.lastMs)) return false;
    this.lastMs = timeMs;
    const block = Math.floor((timeMs / this.options.acceptAfterMs) * blocks);
    if (!Object.is(sinceMs ?? Number.NaN, this.alarmMs)) {
      this.alarmMs = sinceMs ?? Number.NaN;
      this.rising = new Heights();
    }
    if (sinceMs === null) {
      this.accepted.note(score, block);
      if (own !== null && this.accepted.isOver(own.opening)) this.acceptedAtMs = Number.NaN;
      return false;
    }
    if (own !== null) this.margin = marginShare * (own.opening - own.ordinary);
    this.rising.note(score, block);
    const age = timeMs - sinceMs;
    if (age < this.options.acceptAfterMs || (this.rising.rises() && age < this.options.acceptLatestMs)) return false;
    this.take(timeMs, false);
    return true;
  }

  accept(timeMs: number): boolean {
    if (Number.isNaN(this.alarmMs)) return false;
    this.take(timeMs, true);
    return true;
  }

  save(writer: BodyWriter): void {
    writer.float64s(Float64Array.of(this.options.acceptAfterMs, this.options.acceptLatestMs));
    writer.float64s(Float64Array.of(this.lastMs, this.alarmMs, this.sinceMs, this.acceptedAtMs, this.highest, this.margin));
    writer.uint8(this.byPerson ? 1 : 0);
    this.rising.save(writer);
    this.accepted.save(writer);
  }

  load(reader: BodyReader): void {
    this.lastMs = reader.float64();
    this.alarmMs = reader.float64();
    this.sinceMs = reader.float64();
    this.acceptedAtMs = reader.float64();
    this.highest = reader.float64();
    this.margin = reader.float64();
    this.byPerson = reader.uint8() === 1;
    this.rising = Heights.load(reader);
    this.accepted = Heights.load(reader);
    if (this.acceptance !== null && !Number.isFinite(this.raised()))
      throw new DetectError('hostile', `An accepted shift has the level ${this.raised()}.`);
  }

  private take(timeMs: number, byPerson: boolean): void {
    this.sinceMs = this.alarmMs;
    this.acceptedAtMs = timeMs;
    this.byPerson = byPerson;
    this.accepted = this.rising;
    this.highest = justAbove(this.rising.newest() + this.margin);
    this.alarmMs = Number.NaN;
    this.rising = new Heights();
  }

  /** Follows the scores down as they are learned, never up. */
  private raised(): number {
    return Math.min(this.highest, justAbove(this.accepted.highest() + this.margin));
  }
}

/** The highest score of each block, the newest last. */
class Heights {
  private past = new Ring(remembered);
  private block = Number.NaN;
  private height = -Infinity;

  note(score: number, block: number): void {
    if (block !== this.block && this.height > -Infinity) {
      this.past.push(this.height);
      this.height = -Infinity;
    }
    this.block = block;
    this.height = Math.max(this.height, score);
  }

  highest(): number {
    return Math.max(this.height, ...this.past.toArray());
  }

  newest(): number {
    return Math.max(this.height, ...this.past.toArray().slice(-newest));
  }

  /** Whether the newest blocks are mostly above all before them. */
  rises(): boolean {
    const heights = this.past.toArray();
    const before = heights.slice(0, -newest);
    return before.length === 0 || quantile(heights.slice(-newest).sort(), 0.5) > Math.max(...before);
  }

  /** Whether hardly any of the blocks, all of them there, reached the level. */
  isOver(level: number): boolean {
    return this.past.length === remembered && this.past.toArray().filter((height) => height >= level).length <= stray;
  }

  save(writer: BodyWriter): void {
    writer.float64s(Float64Array.of(this.block, this.height));
    this.past.save(writer);
  }

  static load(reader: BodyReader): Heights {
    const heights = new Heights();
    heights.block = reader.float64();
    heights.height = reader.float64();
    heights.past = Ring.load(reader, remembered);
    return heights;
  }
}
