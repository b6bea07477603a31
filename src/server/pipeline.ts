import type { Mark } from '../model/mark.ts';
import type { Profile } from '../model/profile.ts';
import type { BoardRow, Finding, ModelInfo } from '../model/score.ts';
import type { EntityRow, Store } from '../store/contract.ts';
import type { AcceptedShift, Alarms } from './alarms.ts';
import type { Board } from './board.ts';
import { breathe } from './breath.ts';
import type { Learner, TickUse } from './learner.ts';
import type { Log } from './log.ts';
import { completeUntil, readWindow, type Source, type Window } from './reader.ts';
import { type ScoredWindow, scoreWindow } from './scoring.ts';
import { alone, type Share, type Shares } from './shares.ts';

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
  /** Scores of one window, without committing anything, and the level that counts now: replay, detect now, evaluation. */
  replay(profile: Profile, window: Window, wanted?: { findings: boolean }): Promise<Replayed[]>;
}

interface Replayed {
  readonly entity: string;
  readonly scores: Float64Array;
  readonly level: number | null;
  /** Empty where they are not wanted. */
  readonly findings: Omit<Finding, 'id'>[];
}

/** Entity-steps read at once: bounds memory while an outage is caught up. */
const stepsAtOnce = 60_000;
/** A cursor further ahead than this came from a clock that was wrong. */
const clockWentBackMs = 3_600_000;

export function createPipeline(options: {
  store: Pick<Store, 'pipeline' | 'alarms'>;
  source: () => Source;
  learner: Learner;
  alarms: Alarms;
  board: Board;
  log: Log;
  /** Rows older than this are history: their findings are late and the board does not show them. */
  freshMs: number;
  /** How far back an outage is caught up. */
  horizonMs: number;
  defaultRealtime: boolean;
  /** Whose steps are looked at; without it all. */
  shares?: Shares;
  onRows: (profile: Profile, rows: readonly BoardRow[]) => void;
  /** Level shifts that count as normal since this tick. */
  onAccepted?: (profile: Profile, accepted: readonly AcceptedShift[]) => void;
}): Pipeline {
  const { store, learner, alarms, board, log, shares = alone } = options;
  /** By profile, what was held at its last tick. */
  const tokens = new Map<string, ReadonlyMap<string, Share>>();

  /** The shares to look at next, all with the same cursor, and their steps; null when there are none yet. */
  const nextSpan = async (
    profile: Profile,
    nowMs: number,
    entities: number,
  ): Promise<{ shares: readonly Share[]; cursor: number; fromMs: number; toMs: number; lastMs: number; others: boolean } | null> => {
    const { stepMs, everySteps = 1, watermarkMs } = options.source();
    const lastMs = completeUntil(nowMs, { stepMs: stepMs * everySteps, watermarkMs });
    const byLedger = new Map(shares.held().map((share) => [share.ledgerOf(profile.slug), share]));
    if (byLedger.size === 0) return null;
    let cursors = await store.pipeline.cursors([...byLedger.keys()]);
    if (cursors.size < byLedger.size) {
      // Placed so that the newest complete step is the first one scored.
      await store.pipeline.placeCursors(profile.slug, shares.ledgers(profile.slug), lastMs - stepMs);
      cursors = await store.pipeline.cursors([...byLedger.keys()]);
    }
    const ahead = [...cursors].filter(([, cursor]) => cursor > lastMs + clockWentBackMs);
    if (ahead.length > 0) {
      const until = new Date(ahead[0]?.[1] ?? 0).toISOString();
      log.warn({ profile: profile.slug }, `the clock went back from ${until}: scoring goes on from now`);
      for (const [ledger, cursor] of ahead) await store.pipeline.resetCursor(ledger, cursor, lastMs);
      return null;
    }
    const cursor = Math.min(...cursors.values());
    const horizon = lastMs - Math.floor(options.horizonMs / stepMs) * stepMs;
    // A changed scrape interval leaves a cursor that is not aligned to the new step.
    const fromMs = Math.max(Math.ceil(cursor / stepMs) * stepMs, horizon);
    const most = Math.max(10, Math.min(1000, Math.floor(stepsAtOnce / Math.max(1, entities)))) * stepMs;
    // What was taken over is caught up until it stands where the others do; from there on all are read together.
    const next = Math.min(...[...cursors.values()].filter((each) => each > fromMs));
    const toMs = Math.min(lastMs, fromMs + most, Math.ceil(next / stepMs) * stepMs);
    if (toMs <= fromMs) return null;
    const group = [...byLedger].filter(([ledger]) => cursors.get(ledger) === cursor).map(([, share]) => share);
    return { shares: group, cursor, fromMs, toMs, lastMs, others: group.length < byLedger.size };
  };

  /** What was learned of entities whose share came, went or changed hands meanwhile may be of the past: it is loaded again. */
  const forgetMoved = (profile: Profile, known: Iterable<string>): void => {
    if (!shares.shared) return;
    const now = new Map(shares.held().map((share) => [share.ledgerOf(profile.slug), share]));
    const before = tokens.get(profile.slug) ?? new Map<string, Share>();
    const moved = [...now, ...before].filter(([ledger]) => now.get(ledger)?.fence?.token !== before.get(ledger)?.fence?.token);
    tokens.set(profile.slug, now);
    if (moved.length === 0) return;
    for (const entity of known) if (moved.some(([, share]) => share.owns(profile.slug, entity))) learner.forget(profile.slug, entity);
  };

  return {
    async tick(profile) {
      const nowMs = await options.source().client.nowMs();
      const known = new Map((await store.pipeline.entities(profile.slug)).map((row) => [row.entity, row]));
      forgetMoved(profile, known.keys());
      const span = await nextSpan(profile, nowMs, known.size);
      if (span === null) return { nowMs, present: 0, missing: 0, findings: 0, behind: false };
      const on = (await store.pipeline.profileRealtime()).get(profile.slug) ?? options.defaultRealtime;
      const anyOn = on || [...known.values()].some((row) => row.realtime === true);
      const read = anyOn
        ? await readWindow(options.source(), profile, { fromMs: span.fromMs, toMs: span.toMs })
        : { times: new Float64Array(0), entities: [] };
      const isOn = (entity: string) => known.get(entity)?.realtime ?? on;
      const shareOf = (entity: string) => span.shares.find((share) => share.owns(profile.slug, entity));
      const names = read.entities.map((each) => each.entity).filter((entity) => shareOf(entity) !== undefined);
      if (shares.shared) await learner.refresh(profile);
      await learner.meet(profile, names);
      await learner.follow(profile, names.filter(isOn), { cursorMs: span.cursor, lastMs: span.lastMs });
      const uses = new Map<string, TickUse>();
      const rows: BoardRow[] = [];
      const done = { nowMs, present: 0, missing: 0, findings: 0, behind: span.others || span.toMs < span.lastMs };
      const committed = new Set<Share>();
      const shifts: AcceptedShift[] = [];
      try {
        for (const share of span.shares) {
          const window = { times: read.times, entities: read.entities.filter(({ entity }) => share.owns(profile.slug, entity)) };
          const ledger = { name: share.ledgerOf(profile.slug), owns: (entity: string) => share.owns(profile.slug, entity) };
          await alarms.stand(profile.slug, span.cursor, ledger);
          const heard = (await store.alarms.wishes(profile.slug)).filter((wish) => ledger.owns(wish.entity));
          const accepted = heard.flatMap((wish) => alarms.accept(profile.slug, wish, span.cursor) ?? []);
          const tick = await scoreTick(profile, { nowMs, window, known, isOn, uses, accepted });
          const missing = window.entities.length * window.times.length - tick.present;
          const taken = await store.pipeline.commitTick({
            profile: profile.slug,
            ledger: ledger.name,
            fence: share.fence,
            fromMs: span.cursor,
            toMs: span.toMs,
            present: tick.present,
            missing,
            late: nowMs - span.toMs > options.freshMs,
            board: tick.rows,
            seen: tick.seen,
            findings: tick.found,
            alarms: await alarms.rows(profile.slug, new Set([...tick.judged, ...heard.map(({ entity }) => entity)]), span.toMs),
            accepted: accepted.map((shift) => markOf(profile, shift)),
            heard,
          });
          // Another instance was faster: its commit counts, ours is forgotten.
          if (!taken) continue;
          committed.add(share);
          alarms.settle(profile.slug, span.toMs, ledger.name);
          shifts.push(...accepted);
          rows.push(...tick.rows);
          board.put(tick.rows);
          done.present += tick.present;
          done.missing += missing;
          done.findings += tick.found.length;
        }
      } finally {
        // What was learned of a tick that never was must not be scored with.
        for (const share of span.shares) if (!committed.has(share)) alarms.forget(profile.slug, share.ledgerOf(profile.slug));
        const lost = (entity: string) => !committed.has(shareOf(entity) as Share);
        for (const [entity, { detector }] of uses) if (lost(entity) && detector?.streaming === true) learner.forget(profile.slug, entity);
        if (anyOn && committed.size > 0) {
          // Who was not there in a share that is lost must not be thought to stand at its end either.
          for (const entity of known.keys()) if (shareOf(entity) !== undefined && lost(entity)) learner.forget(profile.slug, entity);
          learner.settle(profile, {
            fromMs: span.cursor,
            toMs: span.toMs,
            uses: new Map([...uses].filter(([entity]) => !lost(entity))),
          });
        }
        if (committed.size > 0) options.onRows(profile, rows);
        // One that streams goes on learning by itself.
        for (const { entity } of shifts) if (learner.of(profile, entity).detector?.streaming !== true) learner.relearn(profile, entity);
        if (shifts.length > 0) options.onAccepted?.(profile, shifts);
      }
      if (committed.size === span.shares.length) return done;
      // What another instance took over is its business; without one, somebody else wrote, and it is read again.
      return { ...done, behind: shares.shared ? committed.size > 0 && done.behind : true };
    },

    async replay(profile, window, { findings } = { findings: true }) {
      await learner.meet(
        profile,
        window.entities.map((each) => each.entity),
      );
      const overrides = new Map((await store.pipeline.entities(profile.slug)).map((row) => [row.entity, row.thresholdOverride]));
      const replayed: Replayed[] = [];
      for (const entity of window.entities) {
        const { info, detector } = learner.of(profile, entity.entity);
        const override = overrides.get(entity.entity) ?? null;
        const inForce = alarms.inForce(profile.slug, entity.entity, { override, detector: detector?.threshold ?? null });
        const result = await learner.replay(profile, entity, window.times, { inForce, override, finds: findings });
        replayed.push({
          entity: entity.entity,
          scores: result.scores,
          level: inForce.level,
          findings: findingsOf(profile, entity.entity, window.times, result, info, () => true),
        });
      }
      return replayed;
    },
  };

  /** Every entity's steps of a tick; nothing is written yet, but streaming detectors have learned. */
  async function scoreTick(
    profile: Profile,
    tick: {
      nowMs: number;
      window: Window;
      known: ReadonlyMap<string, EntityRow>;
      isOn: (entity: string) => boolean;
      uses: Map<string, TickUse>;
      accepted: AcceptedShift[];
    },
  ) {
    const { nowMs, window } = tick;
    const rows: BoardRow[] = [];
    const seen: { entity: string; job: string; instance: string; lastSeenMs: number; scored: number }[] = [];
    const found: Omit<Finding, 'id'>[] = [];
    const judged: string[] = [];
    let present = 0;
    for (const entity of window.entities) {
      const last = entity.present.lastIndexOf(1);
      if (last < 0) continue;
      present += entity.present.reduce((sum, each) => sum + each, 0);
      const lastSeenMs = window.times[last] as number;
      const common = { entity: entity.entity, job: entity.job, instance: entity.instance };
      if (!tick.isOn(entity.entity)) {
        tick.uses.set(entity.entity, { detector: null, learned: 0, refused: 0 });
        seen.push({ ...common, lastSeenMs, scored: 0 });
        continue;
      }
      const { detector, info } = learner.of(profile, entity.entity);
      // Noted first: where scoring fails half way, the detector has learned half.
      tick.uses.set(entity.entity, { detector, learned: 0, refused: 0 });
      judged.push(entity.entity);
      const result = await scoreWindow(profile, detector, entity, window.times, {
        judging: alarms.judging(profile.slug, entity.entity, (shift) => tick.accepted.push(shift)),
        override: tick.known.get(entity.entity)?.thresholdOverride ?? null,
        mayLearn: (timeMs) => learner.mayLearn(profile.slug, entity.entity, timeMs),
      });
      tick.uses.set(entity.entity, { detector, learned: result.learned, refused: result.refused });
      seen.push({ ...common, lastSeenMs, scored: result.scored });
      found.push(...findingsOf(profile, entity.entity, window.times, result, info, (tsMs) => nowMs - tsMs > options.freshMs));
      const score = result.scores[last] as number;
      rows.push({
        ...common,
        profile: profile.slug,
        tsMs: lastSeenMs,
        score: Number.isNaN(score) ? null : score,
        threshold: result.threshold,
        basis: result.basis,
        modelVersion: info?.version ?? null,
        learningUntilMs: learner.of(profile, entity.entity).learningUntilMs,
        shares: result.found.find((one) => one.step === last)?.shares ?? [],
      });
      // One entity takes a fraction of a millisecond, but some milliseconds where its score must be explained.
      await breathe();
    }
    return { rows, seen, found, judged, present };
  }
}

function findingsOf(
  profile: Profile,
  entity: string,
  times: Float64Array,
  result: ScoredWindow,
  info: ModelInfo | null,
  isLate: (tsMs: number) => boolean,
): Omit<Finding, 'id'>[] {
  return result.found.map(({ step, score, threshold, basis, shares }) => {
    const tsMs = times[step] as number;
    return { profile: profile.slug, entity, tsMs, score, threshold, basis, shares, modelVersion: info?.version ?? 0, late: isLate(tsMs) };
  });
}

/** So that what the shift is made of is learned, although it was called anomalous. */
function markOf({ slug }: Profile, { entity, sinceMs, acceptedAtMs, by }: AcceptedShift): Omit<Mark, 'id' | 'createdMs'> {
  return { profile: slug, entity, kind: 'accepted', fromMs: sinceMs, toMs: acceptedAtMs, text: '', by: by ?? '', incidentId: null };
}
