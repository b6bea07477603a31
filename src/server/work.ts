import type { PartHealth } from '../model/api.ts';
import { reasonOf } from '../model/errors.ts';
import type { Profile } from '../model/profile.ts';
import type { House } from './house.ts';
import { type Loop, startLoop } from './loops.ts';

/** Totals since the start, for Vigía's own metrics. */
export interface WorkCounts {
  ticks: number;
  tickSeconds: number;
  present: number;
  missing: number;
  findings: number;
  failures: number;
}

export interface Work {
  readonly counts: WorkCounts;
  health(): PartHealth[];
  wake(): void;
  stop(): Promise<void>;
}

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** The work that goes on while Vigía runs: reading and scoring, learning, reconciling, tidying up. */
export function startWork(house: House): Work {
  const { config, log, now } = house;
  const counts: WorkCounts = { ticks: 0, tickSeconds: 0, present: 0, missing: 0, findings: 0, failures: 0 };
  const stepMs = config.prometheus.scrapeInterval;
  const common = { now, log, onChange: () => house.events.emit({ kind: 'health', tsMs: now() }) };

  const readAll = async (): Promise<number> => {
    let behind = false;
    let farMs = now();
    let failure: unknown = null;
    const profiles = await profilesInUse(house);
    const estimated = await house.plan?.estimate(profiles);
    failure = estimated?.failure ?? null;
    if (failure !== null) counts.failures++;
    for (const profile of estimated?.ready ?? profiles) {
      const startedMs = performance.now();
      try {
        const result = await house.pipeline.tick(profile);
        counts.tickSeconds += (performance.now() - startedMs) / 1000;
        counts.present += result.present;
        counts.missing += result.missing;
        counts.findings += result.findings;
        behind ||= result.behind;
        farMs = result.nowMs;
        // Of a large fleet many are due at once: a third of each step goes into learning.
        const learningMs = performance.now();
        while ((await house.learner.maintain(profile, result.nowMs)).length > 0 && performance.now() - learningMs < stepMs / 3);
      } catch (thrown) {
        // One profile whose query is refused must not stop the others.
        counts.failures++;
        failure ??= thrown;
      }
    }
    if (failure !== null) throw failure;
    counts.ticks++;
    // The next step is complete a watermark after its end; a little later, so that it surely is.
    const { stepMs: step, everySteps = 1, watermarkMs } = house.source;
    const pauseMs = step * everySteps;
    return behind ? 0 : pauseMs - ((farMs - watermarkMs) % pauseMs) + 50;
  };

  const clock = createClockWatch(now, () => performance.now());
  const tidy = async (): Promise<number> => {
    if (!house.shares.leads()) return minuteMs;
    if (clock.jumped()) {
      log.warn({}, 'the clock jumped: nothing is removed by age for an hour');
      return hourMs;
    }
    const nowMs = now();
    const { retention } = config;
    for (const gone of await house.store.pipeline.evict(nowMs - config.detection.evictAfter)) {
      house.board.remove(gone.profile, gone.entity);
      house.learner.forget(gone.profile, gone.entity);
    }
    const removed = await house.store.prune({
      incidentsMs: nowMs - retention.incidents,
      findingsMs: nowMs - retention.findings,
      auditMs: nowMs - retention.audit,
      rangesMs: nowMs - config.prometheus.retention,
      sessionsMs: nowMs,
    });
    log.info({ removed }, 'old state removed');
    return hourMs;
  };

  const reader = startLoop({ ...common, name: 'reader', work: readAll, retryMs: Math.min(stepMs, 5_000), badAfterMs: minuteMs });
  const incidents = startLoop({
    ...common,
    name: 'incidents',
    work: async () => {
      if (house.shares.leads()) {
        await house.incidents.reconcile();
        // Windows that were made elsewhere, and what Alertmanager has lost.
        await house.maintenance.apply().catch((thrown: unknown) => log.warn({}, `maintenance cannot be silenced: ${reasonOf(thrown)}`));
      }
      return Math.min(minuteMs, 3 * stepMs);
    },
    retryMs: 5_000,
    badAfterMs: minuteMs,
  });
  const upkeep = startLoop({ ...common, name: 'upkeep', work: tidy, retryMs: minuteMs, badAfterMs: hourMs });
  const { archive } = house;
  const archiving =
    archive === null
      ? []
      : [
          startLoop({
            ...common,
            name: 'archive',
            work: async () => (house.shares.leads() ? archive.advance() : stepMs),
            retryMs: Math.min(stepMs, 5_000),
            badAfterMs: 5 * minuteMs,
          }),
        ];
  const others = house.shares.shared
    ? [startLoop({ ...common, name: 'others', work: followOthers(house, stepMs), retryMs: 5_000, badAfterMs: minuteMs })]
    : [];
  const loops: readonly Loop[] = [reader, incidents, upkeep, ...archiving, ...others];
  return {
    counts,
    health: () => loops.map((loop) => loop.health()),
    wake: () => reader.wake(),
    stop: async () => {
      archive?.stop();
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

/**
 * What other instances scored comes onto this one's board, so that each shows and exposes everything, and whoever takes over
 * has the rules' state already; what was changed through their pages comes into this one's files.
 */
function followOthers(house: House, stepMs: number): () => Promise<number> {
  let sinceMs = 0;
  let derivedMs = house.now();
  return async () => {
    const rows = await house.store.pipeline.board(sinceMs);
    const foreign = rows.filter((row) => {
      const known = house.board.get(row.profile, row.entity);
      return (known === null || known.tsMs < row.tsMs) && !house.shares.owns(row.profile, row.entity);
    });
    house.board.put(foreign);
    // A step back, for commits do not come in the order of their steps.
    sinceMs = Math.max(sinceMs, ...rows.map((row) => row.tsMs - 20 * stepMs));
    for (const profile of new Set(foreign.map((row) => row.profile))) house.events.emit({ kind: 'scores', profile, tsMs: house.now() });
    if (Math.abs(house.now() - derivedMs) >= minuteMs) {
      derivedMs = house.now();
      await house.inventoryChanged();
      await house.receiversChanged();
    }
    return Math.min(5_000, stepMs);
  };
}

/**
 * The profiles to read: on an adopted source those it has a selector for, else those with a target, or with one in the past;
 * linux-host always. Nobody pays for the rest.
 */
async function profilesInUse(house: Pick<House, 'profiles' | 'config' | 'store' | 'shares'>): Promise<Profile[]> {
  const adopted = house.config.prometheus.source;
  const targets = new Set((await house.store.targets.list()).map((target) => target.profile));
  const used: Profile[] = [];
  for (const profile of house.profiles.values()) {
    const { slug } = profile;
    const inCluster = house.config.kubernetes !== undefined && slug.startsWith('k8s-');
    const known =
      adopted === undefined
        ? inCluster || targets.has(slug) || (await house.store.pipeline.cursors(house.shares.ledgers(slug))).size > 0
        : slug in adopted.selectors;
    if (known || slug === 'linux-host') used.push(profile);
  }
  return used;
}

/**
 * Whether the wall clock moved by more than an hour other than time did, since it was last asked. What is removed by age is
 * gone for good, so one round is skipped: a clock that was wrong for a moment costs nothing, one that was put right goes on.
 */
export function createClockWatch(wallMs: () => number, monotonicMs: () => number): { jumped(): boolean } {
  let offsetMs = wallMs() - monotonicMs();
  return {
    jumped() {
      const before = offsetMs;
      offsetMs = wallMs() - monotonicMs();
      return Math.abs(offsetMs - before) > hourMs;
    },
  };
}
