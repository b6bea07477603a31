import {
  type Alarm,
  createAlarm,
  createBudget,
  createExtremeValue,
  createFixed,
  createQuantile,
  leastThreshold,
  openAlarm,
  sealAlarm,
  type Threshold,
} from '../detect/index.ts';
import type { Config } from '../model/config.ts';
import { reasonOf } from '../model/errors.ts';
import type { ThresholdBasis } from '../model/score.ts';
import type { AlarmRow, AlarmWish, Store } from '../store/contract.ts';
import { breathe } from './breath.ts';
import type { Log } from './log.ts';

/** The level that counts, and why it is this one. */
export interface LevelInForce {
  readonly level: number | null;
  readonly basis: ThresholdBasis | null;
}

/** What stands beside the learned level: a person's wish, and what the detector learned with its model. */
export interface OtherLevels {
  readonly override: number | null;
  readonly detector: number | null;
}

/** A level shift that counts as normal from now on. */
export interface AcceptedShift {
  readonly entity: string;
  readonly sinceMs: number;
  readonly acceptedAtMs: number;
  /** Null when its time was up. */
  readonly by: string | null;
}

/** Decides from which score on a step counts, one after another. */
export interface Judging {
  /** One step's score, NaN where there is none; `others` as of this step. Learns it afterwards, where it may. */
  step(score: number, timeMs: number, others: OtherLevels, mayLearn: boolean): LevelInForce;
}

/** One alarm per entity: it holds what scores count from, and since when they do. Its state is saved with each tick. */
export interface Alarms {
  /** Brings the alarms of a ledger to where its cursor is: those in memory, where they are there, else as they were saved. */
  stand(profile: string, cursorMs: number, ledger?: Ledger): Promise<void>;
  /** For the live walk; shifts that are accepted by time are told. */
  judging(profile: string, entity: string, tell: (shift: AcceptedShift) => void): Judging;
  /** Accepts the level of an open alarm; null where none is open. */
  accept(profile: string, wish: AlarmWish, timeMs: number): AcceptedShift | null;
  /** What the next score is judged by. */
  inForce(profile: string, entity: string, others: OtherLevels): LevelInForce;
  /** To be saved, as of `tsMs`. */
  rows(profile: string, entities: Iterable<string>, tsMs: number): Promise<AlarmRow[]>;
  /** The tick up to here was committed. */
  settle(profile: string, cursorMs: number, ledger?: string): void;
  /** The tick was not: the next one begins with what was saved. */
  forget(profile: string, ledger?: string): void;
}

/** What counts steps together: all entities of a profile, or the share of them that an instance holds. */
export interface Ledger {
  readonly name: string;
  owns(entity: string): boolean;
}

interface Standing {
  readonly cursorMs: number;
  readonly ledger: Ledger;
  readonly alarms: Map<string, Alarm>;
}

const wholeProfile = (profile: string): Ledger => ({ name: profile, owns: () => true });

/** An alarm must be seen in two steps, as the rule asks for it. */
function newAlarm(config: Config['detection'], stepMs: number): Alarm {
  return createAlarm(thresholdOf(config, stepMs), {
    policy: { minimumDurationMs: holdMsOf(stepMs) },
    drift: { acceptAfterMs: config.acceptAfter, acceptLatestMs: latestTimes * config.acceptAfter },
  });
}

function judgingOf(kind: Config['detection']['threshold'], alarm: Alarm, onAccepted: (alarm: Alarm) => void): Judging {
  return {
    step(score, timeMs, others, mayLearn) {
      const judge = (learned: number | null) => judged(kind, learned, others).level;
      const before = inForceOf(kind, alarm, others);
      const { accepted } = alarm.step(score, timeMs, { excludes: () => !mayLearn }, judge);
      if (accepted) onAccepted(alarm);
      return before;
    },
  };
}

/** As live, but of nobody: for a backtest. */
export const judgingApart = (config: Config['detection'], stepMs: number): Judging =>
  judgingOf(config.threshold, newAlarm(config, stepMs), () => {});

export function createAlarms(options: {
  store: Pick<Store, 'alarms'>;
  config: Config['detection'];
  stepMs: () => number;
  log: Log;
}): Alarms {
  const { store, config, log } = options;
  /** By profile and ledger. */
  const standing = new Map<string, Map<string, Standing>>();
  const settings = (): string => {
    const { threshold, falseAlarmsPerWeek, thresholdQuantile, thresholdRisk, thresholdLevel, acceptAfter } = config;
    const figure = {
      budget: falseAlarmsPerWeek,
      quantile: thresholdQuantile,
      'extreme-value': thresholdRisk,
      fixed: thresholdLevel,
      detector: 0,
    }[threshold];
    return JSON.stringify([threshold, figure, acceptAfter, options.stepMs()]);
  };
  const placeOf = (profile: string, entity: string): Standing | undefined =>
    [...(standing.get(profile)?.values() ?? [])].find(({ ledger }) => ledger.owns(entity));
  const find = (profile: string, entity: string): Alarm | undefined => placeOf(profile, entity)?.alarms.get(entity);
  const of = (profile: string, entity: string): Alarm => {
    const alarms = placeOf(profile, entity)?.alarms ?? new Map<string, Alarm>();
    const alarm = alarms.get(entity) ?? newAlarm(config, options.stepMs());
    alarms.set(entity, alarm);
    return alarm;
  };

  const read = (profile: string, row: AlarmRow, cursorMs: number): Alarm | null => {
    // One that knows a future that never came, or was made with other settings, begins anew.
    if (row.tsMs > cursorMs || row.settings !== settings()) return null;
    try {
      return openAlarm(row.state);
    } catch (thrown) {
      log.warn({ profile, entity: row.entity }, `the alarm's state is damaged and begins anew: ${reasonOf(thrown)}`);
      return null;
    }
  };
  return {
    async stand(profile, cursorMs, ledger = wholeProfile(profile)) {
      const ledgers = standing.get(profile) ?? new Map<string, Standing>();
      standing.set(profile, ledgers);
      if (ledgers.get(ledger.name)?.cursorMs === cursorMs) return;
      const alarms = new Map<string, Alarm>();
      for (const row of await store.alarms.list(profile)) {
        const alarm = ledger.owns(row.entity) ? read(profile, row, cursorMs) : null;
        if (alarm !== null) alarms.set(row.entity, alarm);
        await breathe();
      }
      ledgers.set(ledger.name, { cursorMs, ledger, alarms });
    },
    judging: (profile, entity, tell) =>
      judgingOf(config.threshold, of(profile, entity), ({ acceptance }) => {
        if (acceptance !== null) tell({ entity, sinceMs: acceptance.sinceMs, acceptedAtMs: acceptance.acceptedAtMs, by: null });
      }),
    accept(profile, { entity, by }, timeMs) {
      const alarm = find(profile, entity);
      const sinceMs = alarm?.sinceMs ?? null;
      if (sinceMs === null || alarm?.accept(timeMs) !== true) return null;
      return { entity, sinceMs, acceptedAtMs: timeMs, by };
    },
    inForce(profile, entity, others) {
      const alarm = find(profile, entity);
      return alarm === undefined ? judged(config.threshold, null, others) : inForceOf(config.threshold, alarm, others);
    },
    async rows(profile, entities, tsMs) {
      const common = { tsMs, settings: settings() };
      const rows: AlarmRow[] = [];
      for (const entity of entities) {
        const alarm = find(profile, entity);
        if (alarm !== undefined) rows.push({ entity, ...common, sinceMs: alarm.sinceMs, state: sealAlarm(alarm) });
        await breathe();
      }
      return rows;
    },
    settle(profile, cursorMs, ledger = profile) {
      const ledgers = standing.get(profile);
      const stood = ledgers?.get(ledger);
      if (stood !== undefined) ledgers?.set(ledger, { ...stood, cursorMs });
    },
    forget(profile, ledger = profile) {
      standing.get(profile)?.delete(ledger);
    },
  };
}

/** The same level for every score: what is in force, a person's or the detector's own. */
export function plainJudging(inForce?: LevelInForce): Judging {
  return {
    step: (_score, _timeMs, { override, detector }) =>
      inForce ??
      (override === null ? { level: detector, basis: detector === null ? null : 'detector' } : { level: override, basis: 'set' }),
  };
}

/** One that rises all the time is accepted after so many times as long. */
const latestTimes = 4;
/** The longest that a score can be asked to hold a level. */
const longestHoldMs = 3_600_000;
const holdMsOf = (stepMs: number): number => Math.min(stepMs, longestHoldMs);
const weekMs = 604_800_000;

function thresholdOf(config: Config['detection'], stepMs: number): Threshold {
  const steps = Math.round(weekMs / stepMs);
  switch (config.threshold) {
    case 'budget':
      return createBudget({ perWeek: config.falseAlarmsPerWeek, holdMs: holdMsOf(stepMs), ceiling: 1 });
    case 'quantile':
      return createQuantile({ probability: config.thresholdQuantile, window: Math.max(240, Math.min(steps, 10_080)) });
    case 'extreme-value':
      return createExtremeValue({ risk: config.thresholdRisk });
    case 'fixed':
      return createFixed(config.thresholdLevel);
    // Never asked: what the detector learned counts.
    case 'detector':
      return createFixed(leastThreshold);
  }
}

function judged(kind: Config['detection']['threshold'], learned: number | null, { override, detector }: OtherLevels): LevelInForce {
  if (override !== null) return { level: override, basis: 'set' };
  if (kind === 'fixed' && learned !== null) return { level: learned, basis: 'fixed' };
  if (kind === 'detector' || learned === null) return { level: detector, basis: detector === null ? null : 'detector' };
  // Whatever an idle entity's scores are: below this no detector means anything by them.
  return learned < leastThreshold ? { level: leastThreshold, basis: 'least' } : { level: learned, basis: kind };
}

function inForceOf(kind: Config['detection']['threshold'], alarm: Alarm, others: OtherLevels): LevelInForce {
  let basis: ThresholdBasis | null = null;
  const { level, own } = alarm.level((learned) => {
    const found = judged(kind, learned, others);
    basis = found.basis;
    return found.level;
  });
  return { level, basis: level !== null && own !== null && level > own ? 'accepted' : basis };
}
