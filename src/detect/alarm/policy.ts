import { DetectError } from '../detect-error.ts';
import type { BodyReader, BodyWriter } from '../model-buffer.ts';

export interface PolicyOptions {
  /** An alarm calms down below this share of the way from an ordinary score to the level: 0.5 is half of it, 1 is no hysteresis. */
  readonly closeShare: number;
  /** The ordinary score, where the threshold knows none. */
  readonly base: number;
  /** How long scores must have stayed at or above the level before an alarm opens, in ms; 0 opens at the first. */
  readonly minimumDurationMs: number;
  /** How long scores must have stayed below the closing level before it closes, in ms: a shorter lull belongs to the alarm. */
  readonly cooldownMs: number;
  /** Without a score for longer than this, in ms, an open alarm closes and a beginning one is forgotten. */
  readonly gapMs: number;
}

export const defaultPolicyOptions: PolicyOptions = {
  closeShare: 0.9,
  base: 0,
  minimumDurationMs: 0,
  cooldownMs: 600_000,
  gapMs: 3_600_000,
};

export interface Levels {
  readonly opening: number;
  /** At most `opening`. */
  readonly closing: number;
  /** At most `closing`. */
  readonly ordinary: number;
}

/** What one step made of the alarm. `opened` and `closed` are true in the step where it happens, and only there. */
export interface AlarmStep {
  readonly active: boolean;
  readonly opened: boolean;
  readonly closed: boolean;
}

/** From scores and levels to alarms; knows no threshold. */
export interface Policy {
  /** When the open alarm began: its first score at or above the level; `null` while there is none. */
  readonly sinceMs: number | null;
  /**
   * One score against the levels of its time: an alarm opens at the one and calms down below the other. A score that is not
   * finite is a missing one; missing levels open nothing and close nothing. A time not later than the last changes nothing.
   */
  step(score: number, levels: Levels | null, timeMs: number): AlarmStep;
  /** The levels for a threshold and what is ordinary below it. */
  levels(opening: number | null, ordinary: number | null): Levels | null;
  /** Closes an open alarm now. */
  close(): void;
  save(writer: BodyWriter): void;
}

/** @throws RangeError for options out of range. */
export function createPolicy(options: Partial<PolicyOptions> = {}): Policy {
  const complete = { ...defaultPolicyOptions, ...options };
  const problem = optionsProblem(complete);
  if (problem !== null) throw new RangeError(`An alarm policy cannot be made: ${problem}.`);
  return new AlarmPolicy(complete);
}

/** @throws DetectError for anything that `save` did not write. */
export function loadPolicy(reader: BodyReader): Policy {
  const [closeShare, base, minimumDurationMs, cooldownMs, gapMs] = [
    reader.float64(),
    reader.float64(),
    reader.float64(),
    reader.float64(),
    reader.float64(),
  ];
  const options = { closeShare, base, minimumDurationMs, cooldownMs, gapMs };
  const problem = optionsProblem(options);
  if (problem !== null) throw new DetectError('hostile', `An alarm policy cannot be read: ${problem}.`);
  const policy = new AlarmPolicy(options);
  policy.load(reader);
  return policy;
}

function optionsProblem(options: PolicyOptions): string | null {
  if (!(options.closeShare > 0 && options.closeShare <= 1)) return `closeShare is ${options.closeShare}, not above 0 and at most 1`;
  if (!Number.isFinite(options.base)) return `base is ${options.base}, not a finite number`;
  for (const name of ['minimumDurationMs', 'cooldownMs', 'gapMs'] as const)
    if (!(options[name] >= 0 && options[name] < Infinity)) return `${name} is ${options[name]}, not 0 or more`;
  return null;
}

class AlarmPolicy implements Policy {
  private readonly options: PolicyOptions;
  private active = false;
  /** First score at or above the level, of the open alarm or of one that may come; NaN for none. */
  private risenMs = Number.NaN;
  /** First score below the closing level since the last one that was not; NaN for none. */
  private calmMs = Number.NaN;
  private lastMs = -Infinity;
  private scoredMs = -Infinity;

  constructor(options: PolicyOptions) {
    this.options = options;
  }

  get sinceMs(): number | null {
    return this.active ? this.risenMs : null;
  }

  step(score: number, levels: Levels | null, timeMs: number): AlarmStep {
    const before = this.active;
    if (timeMs > this.lastMs) {
      this.lastMs = timeMs;
      const lost = timeMs - this.scoredMs > this.options.gapMs;
      if (!Number.isFinite(score)) {
        if (lost) this.close();
      } else {
        if (lost && !this.active) this.risenMs = Number.NaN;
        this.scoredMs = timeMs;
        if (levels !== null) this.judge(score, levels, timeMs);
      }
    }
    return { active: this.active, opened: this.active && !before, closed: before && !this.active };
  }

  levels(opening: number | null, ordinary: number | null): Levels | null {
    if (opening === null) return null;
    const base = Math.min(opening, ordinary ?? this.options.base);
    return { opening, closing: base + this.options.closeShare * (opening - base), ordinary: base };
  }

  close(): void {
    this.active = false;
    this.risenMs = Number.NaN;
    this.calmMs = Number.NaN;
  }

  save(writer: BodyWriter): void {
    const { closeShare, base, minimumDurationMs, cooldownMs, gapMs } = this.options;
    writer.float64s(Float64Array.of(closeShare, base, minimumDurationMs, cooldownMs, gapMs));
    writer.uint8(this.active ? 1 : 0);
    writer.float64s(Float64Array.of(this.risenMs, this.calmMs, this.lastMs, this.scoredMs));
  }

  load(reader: BodyReader): void {
    this.active = reader.uint8() === 1;
    this.risenMs = reader.float64();
    this.calmMs = reader.float64();
    this.lastMs = reader.float64();
    this.scoredMs = reader.float64();
    if (this.active && !Number.isFinite(this.risenMs)) throw new DetectError('hostile', `An open alarm began at ${this.risenMs}.`);
  }

  private judge(score: number, { opening, closing }: Levels, timeMs: number): void {
    if (!this.active) {
      if (score < opening) this.risenMs = Number.NaN;
      else if (Number.isNaN(this.risenMs)) this.risenMs = timeMs;
      if (timeMs - this.risenMs >= this.options.minimumDurationMs) this.active = true;
      return;
    }
    if (score >= closing) this.calmMs = Number.NaN;
    else if (Number.isNaN(this.calmMs)) this.calmMs = timeMs;
    if (timeMs - this.calmMs >= this.options.cooldownMs) this.close();
  }
}
