import { DetectError } from '../detect-error.ts';
import { BodyReader, BodyWriter, openModel, sealModel } from '../model-buffer.ts';
import { createDrift, loadDrift } from './drift.ts';
import type { Acceptance, Drift, DriftOptions } from './drift.ts';
import type { Exclusions } from './exclusions.ts';
import { createPolicy, loadPolicy } from './policy.ts';
import type { AlarmStep, Policy, PolicyOptions } from './policy.ts';
import type { Threshold } from './threshold.ts';
import { loadThreshold, saveThreshold } from './thresholds.ts';

export interface AlarmOptions {
  readonly policy: Partial<PolicyOptions>;
  readonly drift: Partial<DriftOptions>;
}

/** What one score made of an entity's alarm. */
export interface AlarmOutcome extends AlarmStep {
  /** The level that the score was judged by; `null` while there is none. */
  readonly level: number | null;
  /** The same without the accepted shift that may stand above it. */
  readonly own: number | null;
  /** True in the step in which the alarm's level shift was accepted, which also closes it. */
  readonly accepted: boolean;
}

/** The level that counts, given the learned one: one that a person set, one to begin with, a least one. Finite or `null`. */
export type Judge = (learned: number | null) => number | null;

/** From the scores of one entity to its alarms: threshold, policy and drift, in this order. */
export interface Alarm {
  /** When the open alarm began; `null` while there is none. */
  readonly sinceMs: number | null;
  /** The level shift that counts as normal now; `null` for none. */
  readonly acceptance: Acceptance | null;
  /**
   * One score with its time, ascending; NaN for a missing one. It is judged by what was learned before it, and then learned,
   * except inside of `exclusions`: marked faults and maintenance windows teach nothing. Without `judge` the learned level counts.
   */
  step(score: number, timeMs: number, exclusions?: Pick<Exclusions, 'excludes'>, judge?: Judge): AlarmOutcome;
  /** What the next score is judged by. */
  level(judge?: Judge): Pick<AlarmOutcome, 'level' | 'own'>;
  /** Takes the level of the open alarm for normal and closes it; false where no alarm is open. */
  accept(timeMs: number): boolean;
  save(writer: BodyWriter): void;
}

/** @throws RangeError for options out of range. */
export function createAlarm(threshold: Threshold, options: Partial<AlarmOptions> = {}): Alarm {
  return new EntityAlarm(threshold, createPolicy(options.policy), createDrift(options.drift));
}

/** Reads what `save` wrote; it goes on as if nothing had been between. @throws DetectError for anything else. */
export function loadAlarm(reader: BodyReader): Alarm {
  return new EntityAlarm(loadThreshold(reader), loadPolicy(reader), loadDrift(reader));
}

const sealed = 'alarm';

/** The whole alarm as one versioned buffer with a checksum. */
export function sealAlarm(alarm: Alarm): Uint8Array {
  const writer = new BodyWriter();
  writer.text(sealed);
  alarm.save(writer);
  return sealModel(writer.body());
}

/** Reads what `sealAlarm` wrote. @throws DetectError for a buffer that is cut, damaged, newer or something else. */
export function openAlarm(buffer: Uint8Array): Alarm {
  const reader = new BodyReader(openModel(buffer));
  const found = reader.text();
  if (found !== sealed) throw new DetectError('hostile', `The buffer holds "${found.slice(0, 40)}", not an alarm.`);
  const alarm = loadAlarm(reader);
  reader.end();
  return alarm;
}

class EntityAlarm implements Alarm {
  private readonly threshold: Threshold;
  private readonly policy: Policy;
  private readonly drift: Drift;

  constructor(threshold: Threshold, policy: Policy, drift: Drift) {
    this.threshold = threshold;
    this.policy = policy;
    this.drift = drift;
  }

  get sinceMs(): number | null {
    return this.policy.sinceMs;
  }

  get acceptance(): Acceptance | null {
    return this.drift.acceptance;
  }

  step(score: number, timeMs: number, exclusions?: Pick<Exclusions, 'excludes'>, judge: Judge = (learned) => learned): AlarmOutcome {
    const own = this.policy.levels(judge(this.threshold.value()), this.threshold.ordinary());
    const levels = this.drift.levels(own);
    const judged = { level: levels?.opening ?? null, own: own?.opening ?? null };
    const step = this.policy.step(score, levels, timeMs);
    const accepted = this.drift.step(score, own, this.policy.sinceMs, timeMs);
    if (exclusions?.excludes(timeMs) !== true) this.threshold.observe(score, timeMs);
    if (!accepted) return { ...step, ...judged, accepted };
    this.policy.close();
    return { active: false, opened: step.opened, closed: true, ...judged, accepted };
  }

  level(judge: Judge = (learned) => learned): Pick<AlarmOutcome, 'level' | 'own'> {
    const own = this.policy.levels(judge(this.threshold.value()), this.threshold.ordinary());
    return { level: this.drift.levels(own)?.opening ?? null, own: own?.opening ?? null };
  }

  accept(timeMs: number): boolean {
    if (this.policy.sinceMs === null || !this.drift.accept(timeMs)) return false;
    this.policy.close();
    return true;
  }

  save(writer: BodyWriter): void {
    saveThreshold(this.threshold, writer);
    this.policy.save(writer);
    this.drift.save(writer);
  }
}
