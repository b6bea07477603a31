import { setImmediate } from 'node:timers/promises';
import { createExclusions, type Detector, leastStreamedRows, type TimeSpan } from '../detect/index.ts';
import type { Config } from '../model/config.ts';
import { VigiaError } from '../model/errors.ts';
import type { Mark } from '../model/mark.ts';
import type { Profile } from '../model/profile.ts';
import { type ModelInfo, pooledFrom } from '../model/score.ts';
import { minuteText } from '../model/time.ts';
import type { Store } from '../store/contract.ts';
import { plainJudging } from './alarms.ts';
import { breathe } from './breath.ts';
import { createDetectors, type Detectors } from './detectors.ts';
import { createKeptModels, type KeptModel } from './kept-models.ts';
import type { Log } from './log.ts';
import { leastOwnSteps, mostPeers, pooledRows } from './pool.ts';
import type { LearnGate } from './quiet.ts';
import { completeUntil, type EntityWindow, readWindow, type Source } from './reader.ts';
import { prepareReplay, type ReplayHow } from './replay.ts';
import { type ScoredWindow, scoreWindow } from './scoring.ts';
import { follow, type ModelState, saveCheckpoints } from './streaming.ts';
import { type HeavyWork, heavyWorkHere } from './threads/heavy-work.ts';
import { calmRows, rowsOf, teach, type TrainingRows } from './training.ts';

/** What an entity's model says, or how long it still learns. */
export interface Learned {
  readonly detector: Detector | null;
  readonly info: ModelInfo | null;
  /** Estimated end of learning; null when a model is there. */
  readonly learningUntilMs: number | null;
}

/** What one tick did with an entity's detector; without one when it was not scored. */
export interface TickUse {
  readonly detector: Detector | null;
  readonly learned: number;
  readonly refused: number;
}

/** Keeps one model per entity: loads, checks, trains when there is enough to learn from, renews when it is old. */
export interface Learner {
  /** Loads the models of entities not met before. */
  meet(profile: Profile, entities: readonly string[]): Promise<void>;
  /** Streaming models of these entities learn all up to `cursorMs`; `lastMs` is the last complete step. @throws VigiaError `far-…`. */
  follow(profile: Profile, entities: readonly string[], to: { cursorMs: number; lastMs: number }): Promise<void>;
  of(profile: Pick<Profile, 'slug'>, entity: string): Learned;
  /** Whether a row may be learned, as of the last `follow`. */
  mayLearn: LearnGate;
  /** A tick was committed: streaming models used in it stand at its end, and so do those of entities without any row in it. */
  settle(profile: Profile, tick: { fromMs: number; toMs: number; uses: ReadonlyMap<string, TickUse> }): void;
  /** Scores past rows off the event loop, with a detector that no live score depends on. @throws VigiaError `far-…`. */
  replay(profile: Profile, window: EntityWindow, times: Float64Array, how: ReplayHow): Promise<ScoredWindow>;
  /** Trains what is due, a bounded number of entities per call, and saves checkpoints. @returns the entities that got a model. */
  maintain(profile: Profile, nowMs: number): Promise<string[]>;
  /** Trains now, on a person's wish. @throws VigiaError `too-little-data`. */
  train(profile: Profile, entity: string, nowMs: number, windowMs: number): Promise<ModelInfo>;
  /** A kept version as it is saved. @throws VigiaError `not-found`, `model-corrupt`, `model-unfit`. */
  version(profile: Profile, entity: string, version: number): Promise<KeptModel>;
  /** Scores with a kept version from now on, until somebody trains. @throws VigiaError as `version`. */
  rollBack(profile: Profile, entity: string, version: number): Promise<ModelInfo>;
  /** Models that were made or chosen elsewhere, by another instance, take the place of those held here. */
  refresh(profile: Profile): Promise<void>;
  /**
   * What may be learned has changed: the model is learned anew, unless somebody rolled back to it; with `span` only where it
   * learned of that time.
   */
  relearn(profile: Pick<Profile, 'slug'>, entity: string, span?: TimeSpan): void;
  forget(profile: string, entity: string): void;
}

/** Entities trained per call of `maintain`, read together: a bound on memory and on the far side's load. */
const chunk = 10;
const modelsKept = 5;
/** So many rows are learned faster than a model goes to a thread and comes back. */
const fewRows = 240;
/** An entity that the source does not have is asked for again after so many steps. */
const absentSteps = 20;
/** A streaming model that learned further than this beyond now did so while the clock was wrong. */
const clockWentBackMs = 3_600_000;

const overlaps = (span: TimeSpan, fromMs: number, toMs: number): boolean => span.fromMs <= toMs && span.toMs > fromMs;

export function createLearner(options: {
  store: Pick<Store, 'models' | 'findings' | 'marks'>;
  source: () => Source;
  config: Config['detection'];
  detectors?: Detectors;
  /** Who learns; left out, it is done on the event loop. */
  heavy?: HeavyWork;
  /** Asked before rows are learned; without it all may be. */
  gate?: () => Promise<LearnGate>;
  /** Whether it is this instance that trains and saves what is due; without it all are its own. */
  owns?: (profile: string, entity: string) => boolean;
  log: Log;
  onChange: (profile: string, entity: string) => void;
}): Learner {
  const { store, config, log, detectors = createDetectors(config) } = options;
  const { heavy = heavyWorkHere(detectors, config) } = options;
  const kept = createKeptModels({ store, detectors, log, onChange: options.onChange });
  /** By profile and entity. */
  const states = new Map<string, Map<string, ModelState>>();
  let gate: LearnGate = () => true;
  const refreshGate = async () => {
    if (options.gate) gate = await options.gate();
  };
  const fresh = (): ModelState => ({
    detector: null,
    info: null,
    nextTryMs: 0,
    learningUntilMs: null,
    stale: false,
    learnedToMs: 0,
    unsaved: 0,
    refused: false,
    savedMs: null,
  });
  /** A detector that streams counts time in steps: other steps than those it was made for are learned anew. */
  const isOutOfStep = (detector: Detector, { options: { stepMs } }: ModelInfo): boolean =>
    detector.streaming && stepMs !== undefined && stepMs !== options.source().stepMs;
  const scoring = (detector: Detector, info: ModelInfo): ModelState => ({
    ...fresh(),
    detector,
    info,
    stale: !info.pinned && (detector.slug !== config.detector || isOutOfStep(detector, info)),
    learnedToMs: info.trainedToMs,
  });
  const statesOf = (profile: string): Map<string, ModelState> => {
    const known = states.get(profile) ?? new Map<string, ModelState>();
    states.set(profile, known);
    return known;
  };

  const load = async (profile: Profile, entity: string): Promise<ModelState> => {
    const model = await kept.active(profile, entity);
    if (model === null) return fresh();
    const { info } = model;
    const state = scoring(model.detector, info);
    // A time that was marked after it was learned, where the restart came before the model was learned anew.
    const marks = await store.marks.list({ profile: profile.slug, entity, fromMs: info.trainedFromMs, toMs: info.trainedToMs });
    const isLate = ({ kind, createdMs, fromMs }: Mark) =>
      kind !== 'accepted' && createdMs > info.createdMs && createdMs - fromMs > options.source().stepMs;
    state.stale ||= !info.pinned && marks.some(isLate);
    return state;
  };

  const stateOf = (profile: Pick<Profile, 'slug'>, entity: string): ModelState => {
    const known = statesOf(profile.slug);
    const state = known.get(entity) ?? fresh();
    known.set(entity, state);
    return state;
  };

  /** A streaming detector makes up its own mind about what is normal; one that learns anew is shown calm rows. */
  const trainingRows = async (profile: Profile, detector: Detector, window: EntityWindow, times: Float64Array): Promise<TrainingRows> => {
    const width = profile.features.length;
    const mayLearn = (timeMs: number) => gate(profile.slug, window.entity, timeMs);
    if (detector.streaming) return rowsOf(window, times, width, (step) => mayLearn(times[step] as number));
    const { findings } = await store.findings.list({
      profile: profile.slug,
      entity: window.entity,
      fromMs: times[0] ?? 0,
      limit: 100_000,
      offset: 0,
    });
    // What was accepted as normal was called anomalous before that; it is learned all the same.
    const marks = await store.marks.list({ profile: profile.slug, entity: window.entity, fromMs: times[0] ?? 0 });
    const normal = createExclusions(
      marks.filter(({ kind }) => kind === 'accepted').map(({ fromMs, toMs }) => ({ fromMs, toMs: (toMs ?? fromMs) + 1 })),
    );
    const flagged = new Set(findings.map((finding) => finding.tsMs).filter((tsMs) => !normal.excludes(tsMs)));
    const { accepted, ...rows } = calmRows(window, times, width, {
      isFlagged: (timeMs) => flagged.has(timeMs),
      mayLearn,
      stepMs: options.source().stepMs,
      windowMs: config.window,
    });
    if (accepted) log.info({ profile: profile.slug, entity: window.entity }, 'a lasting new level is accepted as normal');
    return rows;
  };

  /** A detector after some more rows: itself, or, of many rows, one that has learned them off the event loop. */
  const goOn = async (detector: Detector, training: TrainingRows): Promise<Detector> => {
    if (training.times.length > fewRows) return detectors.load(await heavy.follow({ saved: detector.save(), training }));
    await teach(detector, training);
    return detector;
  };

  const isPooled = (info: ModelInfo | null): boolean => info !== null && pooledFrom(info) !== null;
  /** Rows of the entities of the profile that have a model of their own. @throws VigiaError `far-…`. */
  const peersOf = async (profile: Profile, span: { fromMs: number; toMs: number }): Promise<TrainingRows[]> => {
    const entities = [...statesOf(profile.slug)]
      .filter(([, { info }]) => info !== null && !isPooled(info))
      .map(([entity]) => entity)
      .slice(0, mostPeers);
    if (entities.length === 0) return [];
    const { times, entities: found } = await readWindow(options.source(), profile, { ...span, entities });
    const detector = detectors.create(config.detector, profile.features, detectors.optionsFor(options.source().stepMs));
    const rows: TrainingRows[] = [];
    for (const each of found) if (entities.includes(each.entity)) rows.push(await trainingRows(profile, detector, each, times));
    return rows.filter((peer) => peer.times.length >= config.minimumSteps);
  };

  const learn = async (
    profile: Profile,
    window: EntityWindow,
    times: Float64Array,
    nowMs: number,
    askPeers: (() => Promise<TrainingRows[]>) | null,
  ): Promise<ModelInfo | null> => {
    const made = detectors.optionsFor(options.source().stepMs);
    const detector = detectors.create(config.detector, profile.features, made);
    let training = await trainingRows(profile, detector, window, times);
    const steps = training.times.length;
    const state = stateOf(profile, window.entity);
    let pooled = 0;
    const wait = (missing: number): null => {
      const untilMs = nowMs + missing * options.source().stepMs;
      state.nextTryMs = untilMs;
      if (state.detector === null) state.learningUntilMs = untilMs;
      return null;
    };
    if (steps < config.minimumSteps) {
      const mayPool = askPeers !== null && steps > 0 && (state.info === null || isPooled(state.info));
      const peers = mayPool ? await askPeers() : [];
      if (peers.length === 0) return wait(config.minimumSteps - steps);
      if (steps < leastOwnSteps) return wait(leastOwnSteps - steps);
      ({ training, pooled } = pooledRows(profile, training, peers, { stepMs: options.source().stepMs, order: detector.streaming }));
    }
    const outcome = await heavy.learn({ detector: detector.slug, features: profile.features, options: made, training });
    // Few steps may be asked for, but a detector that streams has no opinion before its own least.
    if (outcome === null) return wait(Math.max(1, leastStreamedRows - steps));
    const info = await store.models.save(
      {
        profile: profile.slug,
        entity: window.entity,
        detector: detector.slug,
        profileVersion: profile.version,
        createdMs: nowMs,
        trainedFromMs: times[0] ?? nowMs,
        trainedToMs: times.at(-1) ?? nowMs,
        steps,
        dataSha256: outcome.dataSha256,
        options: { ...made, ...(pooled === 0 ? {} : { pooled }) },
      },
      outcome.buffer,
      modelsKept,
    );
    statesOf(profile.slug).set(window.entity, scoring(detectors.load(outcome.buffer), info));
    log.info({ profile: profile.slug, entity: window.entity, steps, version: info.version }, 'model learned');
    options.onChange(profile.slug, window.entity);
    return info;
  };

  /** A young model is renewed when its history has doubled, an old one after `retrain`; one that streams needs neither. */
  const isDue = (state: ModelState, nowMs: number): boolean => {
    const waitMs = state.nextTryMs - nowMs;
    // A wait longer than any that is given was set while the clock was wrong.
    if (waitMs > 0 && waitMs <= Math.max(config.minimumSteps, absentSteps) * options.source().stepMs) return false;
    if (state.info === null || state.stale) return true;
    if (state.info.pinned) return false;
    const ageMs = nowMs - state.info.createdMs;
    const learnedMs = state.info.steps * options.source().stepMs;
    // Until there is enough of its own.
    if (isPooled(state.info)) return ageMs >= Math.min(learnedMs, (config.minimumSteps - state.info.steps) * options.source().stepMs);
    if (state.detector?.streaming === true) return false;
    return ageMs >= config.retrain || (2 * learnedMs < config.window && ageMs >= learnedMs);
  };

  const trainMany = async (
    profile: Profile,
    entities: readonly string[],
    nowMs: number,
    { windowMs, pools }: { windowMs: number; pools: boolean },
  ): Promise<Map<string, ModelInfo | null>> => {
    const source = options.source();
    await refreshGate();
    const toMs = completeUntil(nowMs, source);
    const fromMs = toMs - Math.ceil(windowMs / source.stepMs) * source.stepMs;
    const window = await readWindow(source, profile, { fromMs, toMs, entities });
    let peers: Promise<TrainingRows[]> | null = null;
    // Read once, and only where somebody is too young.
    const askPeers = pools ? () => (peers ??= peersOf(profile, { fromMs, toMs })) : null;
    const learned = new Map<string, ModelInfo | null>();
    for (const each of window.entities) {
      if (!entities.includes(each.entity)) continue;
      learned.set(each.entity, await learn(profile, each, window.times, nowMs, askPeers));
      // One model takes tens of milliseconds: let requests through between two.
      await setImmediate();
    }
    return learned;
  };

  return {
    async meet(profile, entities) {
      const known = statesOf(profile.slug);
      for (const entity of entities) {
        if (known.has(entity)) continue;
        known.set(entity, await load(profile, entity));
        await breathe();
      }
    },
    async follow(profile, entities, { cursorMs, lastMs }) {
      await refreshGate();
      const wanted = new Map<string, ModelState>();
      for (const entity of entities) {
        const state = stateOf(profile, entity);
        if (state.detector?.streaming !== true) continue;
        // It knows a future that never came: it begins anew from history.
        if (state.learnedToMs > lastMs + clockWentBackMs) statesOf(profile.slug).set(entity, fresh());
        else wanted.set(entity, state);
      }
      try {
        await follow({ source: options.source(), profile, states: wanted, toMs: cursorMs, mayLearn: gate, goOn });
      } finally {
        for (const [entity, state] of wanted) {
          const known = statesOf(profile.slug);
          if (state.learnedToMs === Number.POSITIVE_INFINITY && known.get(entity) === state) known.delete(entity);
        }
      }
    },
    mayLearn: (profile, entity, timeMs) => gate(profile, entity, timeMs),
    settle(profile, { fromMs, toMs, uses }) {
      for (const [entity, state] of statesOf(profile.slug)) {
        if (state.detector?.streaming !== true || state.learnedToMs < fromMs) continue;
        const use = uses.get(entity);
        // Somebody trained or rolled back meanwhile, or it was not scored: it follows with the next tick.
        if (use !== undefined && use.detector !== state.detector) continue;
        state.learnedToMs = Math.max(state.learnedToMs, toMs);
        state.unsaved += use?.learned ?? 0;
        state.refused ||= (use?.refused ?? 0) > 0;
      }
    },
    async replay(profile, window, times, how) {
      const { detector } = states.get(profile.slug)?.get(window.entity) ?? fresh();
      const { inForce, override } = how;
      if (detector === null) return scoreWindow(profile, null, window, times, { judging: plainJudging(inForce), override });
      const mayLearn = (timeMs: number) => gate(profile.slug, window.entity, timeMs);
      const about = { detector, source: options.source(), detectors, windowMs: config.window, mayLearn };
      const past = { profile, window, times };
      return heavy.replay({ ...past, ...how, ...(await prepareReplay(past, about)) });
    },
    // Asking makes nothing: an entity is met by the reader alone, which loads its model.
    of: (profile, entity) => states.get(profile.slug)?.get(entity) ?? fresh(),
    async maintain(profile, nowMs) {
      const { owns = () => true } = options;
      const mine = new Map([...statesOf(profile.slug)].filter(([entity]) => owns(profile.slug, entity)));
      for (const entity of await saveCheckpoints(store, mine, nowMs)) {
        const known = statesOf(profile.slug);
        if (known.get(entity) === mine.get(entity)) known.delete(entity);
      }
      const due = [...mine]
        .filter(([, state]) => isDue(state, nowMs))
        .map(([entity]) => entity)
        .slice(0, chunk);
      if (due.length === 0) return [];
      const learned = await trainMany(profile, due, nowMs, { windowMs: config.window, pools: config.pooling });
      const { stepMs } = options.source();
      // Absent from the source for now: asked again later, not at every tick.
      for (const entity of due) if (!learned.has(entity)) stateOf(profile, entity).nextTryMs = nowMs + absentSteps * stepMs;
      return [...learned].filter(([, info]) => info !== null).map(([entity]) => entity);
    },
    async train(profile, entity, nowMs, windowMs) {
      const info = (await trainMany(profile, [entity], nowMs, { windowMs, pools: false })).get(entity);
      if (info) return info;
      const { learningUntilMs, nextTryMs } = stateOf(profile, entity);
      const untilMs = learningUntilMs ?? nextTryMs;
      const missing = Math.max(0, Math.round((untilMs - nowMs) / options.source().stepMs));
      throw new VigiaError('too-little-data', {
        have: info === null ? config.minimumSteps - missing : 0,
        need: config.minimumSteps,
        entity,
        until: info === null ? minuteText(untilMs) : 'it is seen',
      });
    },
    version: kept.version,
    async rollBack(profile, entity, number) {
      const { detector } = await kept.version(profile, entity, number);
      const info = await store.models.activate(profile.slug, entity, number);
      statesOf(profile.slug).set(entity, scoring(detector, info));
      options.onChange(profile.slug, entity);
      return info;
    },
    async refresh(profile) {
      const versions = await store.models.activeVersions(profile.slug);
      const known = statesOf(profile.slug);
      for (const [entity, { info }] of known) if ((versions.get(entity) ?? null) !== (info?.version ?? null)) known.delete(entity);
    },
    relearn(profile, entity, span) {
      const state = states.get(profile.slug)?.get(entity);
      if (!state?.info || state.info.pinned) return;
      const learnedToMs = Math.max(state.info.trainedToMs, state.learnedToMs);
      if (span === undefined || overlaps(span, state.info.trainedFromMs, learnedToMs)) Object.assign(state, { stale: true, nextTryMs: 0 });
    },
    forget(profile, entity) {
      states.get(profile)?.delete(entity);
    },
  };
}
