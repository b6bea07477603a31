import { setImmediate } from 'node:timers/promises';
import type { Detector } from '../detect/index.ts';
import type { Profile } from '../model/profile.ts';
import type { BoardRow, FeatureShare, Finding } from '../model/score.ts';
import type { EntityRow, Store } from '../store/contract.ts';
import type { Board } from './board.ts';
import type { Learner } from './learner.ts';
import type { Log } from './log.ts';
import { completeUntil, type EntityWindow, readWindow, type Source, sortedFeatures, type Window } from './reader.ts';

/** What one call of `tick` did. */
export interface TickResult {
  readonly nowMs: number;
  readonly present: number;
  readonly missing: number;
  readonly findings: number;
  /** More complete steps wait: call again at once. */
  readonly behind: boolean;
}

export interface Pipeline {
  /** Reads, scores and commits the next complete steps of a profile. @throws VigiaError `far-…` when the source is down. */
  tick(profile: Profile): Promise<TickResult>;
  /** Score, threshold and shares of one window, without committing anything: replay, detect now, evaluation. */
  replay(profile: Profile, window: Window): Promise<{ entity: string; scores: Float64Array; findings: Omit<Finding, 'id'>[] }[]>;
}

/** Entity-steps read at once: bounds memory while an outage is caught up. */
const stepsAtOnce = 60_000;
/** A cursor further ahead than this came from a clock that was wrong. */
const clockWentBackMs = 3_600_000;

export function createPipeline(options: {
  store: Pick<Store, 'pipeline'>;
  source: () => Source;
  learner: Learner;
  board: Board;
  log: Log;
  /** Rows older than this are history: their findings are late and the board does not show them. */
  freshMs: number;
  /** How far back an outage is caught up. */
  horizonMs: number;
  defaultRealtime: boolean;
  onRows: (profile: Profile, rows: readonly BoardRow[]) => void;
}): Pipeline {
  const { store, learner, board, log } = options;

  /** The steps to look at next, or null when there are none yet. */
  const nextSpan = async (
    profile: Profile,
    nowMs: number,
    entities: number,
  ): Promise<{ cursor: number; fromMs: number; toMs: number; lastMs: number } | null> => {
    const { stepMs, ...rest } = options.source();
    const lastMs = completeUntil(nowMs, { stepMs, ...rest });
    let cursor = await store.pipeline.cursor(profile.slug);
    if (cursor === null) {
      // The first tick places the cursor, so that the newest complete step is the first one scored.
      cursor = lastMs - stepMs;
      await store.pipeline.commitTick({
        profile: profile.slug,
        fromMs: null,
        toMs: cursor,
        present: 0,
        missing: 0,
        late: false,
        board: [],
        seen: [],
        findings: [],
      });
    }
    if (cursor > lastMs + clockWentBackMs) {
      log.warn({ profile: profile.slug }, `the clock went back from ${new Date(cursor).toISOString()}: scoring goes on from now`);
      await store.pipeline.resetCursor(profile.slug, cursor, lastMs);
      return null;
    }
    const horizon = lastMs - Math.floor(options.horizonMs / stepMs) * stepMs;
    // A changed scrape interval leaves a cursor that is not aligned to the new step.
    const fromMs = Math.max(Math.ceil(cursor / stepMs) * stepMs, horizon);
    const most = Math.max(10, Math.min(1000, Math.floor(stepsAtOnce / Math.max(1, entities)))) * stepMs;
    const toMs = Math.min(lastMs, fromMs + most);
    return toMs > fromMs ? { cursor, fromMs, toMs, lastMs } : null;
  };

  const scoreEntity = (profile: Profile, window: EntityWindow, times: Float64Array, override: number | null) => {
    const { detector, info } = learner.of(profile, window.entity);
    const threshold = override ?? detector?.threshold ?? null;
    const scores = detector === null ? new Float64Array(times.length).fill(Number.NaN) : detector.scoreAll(window.rows);
    const findings: { step: number; shares: FeatureShare[] }[] = [];
    let scored = 0;
    const width = profile.features.length;
    for (let step = 0; step < times.length; step++) {
      if (window.present[step] !== 1) scores[step] = Number.NaN;
      const score = scores[step] as number;
      if (Number.isNaN(score)) continue;
      scored++;
      if (detector !== null && threshold !== null && score >= threshold) {
        findings.push({ step, shares: sharesOf(profile, detector, window.rows.subarray(step * width, (step + 1) * width)) });
      }
    }
    return { scores, findings, scored, threshold, info };
  };

  return {
    async tick(profile) {
      const nowMs = await options.source().client.nowMs();
      const known = new Map((await store.pipeline.entities(profile.slug)).map((row) => [row.entity, row]));
      const span = await nextSpan(profile, nowMs, known.size);
      if (span === null) return { nowMs, present: 0, missing: 0, findings: 0, behind: false };
      const { cursor, fromMs, toMs, lastMs } = span;
      const on = (await store.pipeline.profileRealtime()).get(profile.slug) ?? options.defaultRealtime;
      const anyOn = on || [...known.values()].some((row) => row.realtime === true);
      const window = anyOn ? await readWindow(options.source(), profile, { fromMs, toMs }) : { times: new Float64Array(0), entities: [] };
      await learner.meet(
        profile,
        window.entities.map((each) => each.entity),
      );

      const rows: BoardRow[] = [];
      const seen: { entity: string; job: string; instance: string; lastSeenMs: number; scored: number }[] = [];
      const found: Omit<Finding, 'id'>[] = [];
      let present = 0;
      for (const [index, entity] of window.entities.entries()) {
        const row: EntityRow | undefined = known.get(entity.entity);
        const last = entity.present.lastIndexOf(1);
        if (last < 0) continue;
        const steps = entity.present.reduce((sum, each) => sum + each, 0);
        present += steps;
        const lastSeenMs = window.times[last] as number;
        if (!(row?.realtime ?? on)) {
          seen.push({ entity: entity.entity, job: entity.job, instance: entity.instance, lastSeenMs, scored: 0 });
          continue;
        }
        const result = scoreEntity(profile, entity, window.times, row?.thresholdOverride ?? null);
        seen.push({ entity: entity.entity, job: entity.job, instance: entity.instance, lastSeenMs, scored: result.scored });
        for (const { step, shares } of result.findings) {
          const tsMs = window.times[step] as number;
          found.push({
            profile: profile.slug,
            entity: entity.entity,
            tsMs,
            score: result.scores[step] as number,
            threshold: result.threshold as number,
            shares,
            modelVersion: result.info?.version ?? 0,
            late: nowMs - tsMs > options.freshMs,
          });
        }
        const score = result.scores[last] as number;
        rows.push({
          profile: profile.slug,
          entity: entity.entity,
          job: entity.job,
          instance: entity.instance,
          tsMs: lastSeenMs,
          score: Number.isNaN(score) ? null : score,
          threshold: result.threshold,
          modelVersion: result.info?.version ?? null,
          learningUntilMs: learner.of(profile, entity.entity).learningUntilMs,
          shares: result.findings.find((finding) => finding.step === last)?.shares ?? [],
        });
        if (index % 20 === 19) await setImmediate();
      }
      const stepCount = window.times.length;
      const missing = window.entities.length * stepCount - present;
      const late = nowMs - toMs > options.freshMs;
      const committed = await store.pipeline.commitTick({
        profile: profile.slug,
        fromMs: cursor,
        toMs,
        present,
        missing,
        late,
        board: rows,
        seen,
        findings: found,
      });
      // Another instance was faster: its commit counts, ours is forgotten.
      if (!committed) return { nowMs, present: 0, missing: 0, findings: 0, behind: true };
      board.put(rows);
      options.onRows(profile, rows);
      return { nowMs, present, missing, findings: found.length, behind: toMs < lastMs };
    },

    async replay(profile, window) {
      await learner.meet(
        profile,
        window.entities.map((each) => each.entity),
      );
      const overrides = new Map((await store.pipeline.entities(profile.slug)).map((row) => [row.entity, row.thresholdOverride]));
      return window.entities.map((entity) => {
        const result = scoreEntity(profile, entity, window.times, overrides.get(entity.entity) ?? null);
        const findings = result.findings.map(({ step, shares }) => ({
          profile: profile.slug,
          entity: entity.entity,
          tsMs: window.times[step] as number,
          score: result.scores[step] as number,
          threshold: result.threshold as number,
          shares,
          modelVersion: result.info?.version ?? 0,
          late: true,
        }));
        return { entity: entity.entity, scores: result.scores, findings };
      });
    },
  };
}

/** What a detector expects of each feature, in the order of rows, never beyond what the feature can be; null before learning. */
export function expectedOf(profile: Profile, detector: Detector | null): { low: number; high: number }[] | null {
  const expected = detector?.expected() ?? null;
  return (
    expected &&
    sortedFeatures(profile).map(({ lowest, highest = Number.POSITIVE_INFINITY }, column) => {
      const { low = lowest, high = lowest } = expected[column] ?? {};
      return { low: Math.min(highest, Math.max(lowest, low)), high: Math.min(highest, Math.max(lowest, high)) };
    })
  );
}

/** Shares of one row, largest first. */
export function sharesOf(profile: Profile, detector: Detector, row: Float64Array): FeatureShare[] {
  const explanation = detector.explain(row);
  const expected = expectedOf(profile, detector);
  if (explanation === null || expected === null) return [];
  return sortedFeatures(profile)
    .map((feature, column) => {
      const value = row[column] as number;
      const { low, high } = expected[column] as { low: number; high: number };
      return {
        feature: feature.name,
        value: Number.isNaN(value) ? null : value,
        share: explanation.shares[column] as number,
        expectedLow: low,
        expectedHigh: high,
      };
    })
    .sort((a, b) => b.share - a.share);
}
