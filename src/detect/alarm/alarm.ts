import type { BodyReader, BodyWriter } from '../model-buffer.ts';
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
  /** True in the step in which the alarm's level shift was accepted, which also closes it. */
  readonly accepted: boolean;
}

/** From the scores of one entity to its alarms: threshold, policy and drift, in this order. */
export interface Alarm {
  /** When the open alarm began; `null` while there is none. */
  readonly sinceMs: number | null;
  /** The level shift that counts as normal now; `null` for none. */
  readonly acceptance: Acceptance | null;
  /**
   * One score with its time, ascending; NaN for a missing one. It is judged by what was learned before it, and then learned,
   * except inside of `exclusions`: marked faults and maintenance windows teach nothing.
   */
  step(score: number, timeMs: number, exclusions?: Exclusions): AlarmOutcome;
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

  step(score: number, timeMs: number, exclusions?: Exclusions): AlarmOutcome {
    const own = this.policy.levels(this.threshold.value(), this.threshold.ordinary());
    const levels = this.drift.levels(own);
    const level = levels?.opening ?? null;
    const step = this.policy.step(score, levels, timeMs);
    const accepted = this.drift.step(score, own, this.policy.sinceMs, timeMs);
    if (exclusions?.excludes(timeMs) !== true) this.threshold.observe(score, timeMs);
    if (!accepted) return { ...step, level, accepted };
    this.policy.close();
    return { active: false, opened: step.opened, closed: true, level, accepted };
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
