import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createDetector, type Detector, loadDetector } from '../detect/index.ts';
import type { Config } from '../model/config.ts';
import { reasonOf, sentence, VigiaError } from '../model/errors.ts';
import type { Profile } from '../model/profile.ts';
import type { ModelInfo } from '../model/score.ts';
import { minuteText } from '../model/time.ts';
import type { Store } from '../store/contract.ts';
import type { Log } from './log.ts';
import { completeUntil, type EntityWindow, readWindow, type Source, sortedFeatures } from './reader.ts';

/** What an entity's model says, or how long it still learns. */
export interface Learned {
  readonly detector: Detector | null;
  readonly info: ModelInfo | null;
  /** Estimated end of learning; null when a model is there. */
  readonly learningUntilMs: number | null;
}

/** Keeps one model per entity: loads, checks, trains when there is enough to learn from, renews when it is old. */
export interface Learner {
  /** Loads the models of entities not met before. */
  meet(profile: Profile, entities: readonly string[]): Promise<void>;
  of(profile: Pick<Profile, 'slug'>, entity: string): Learned;
  /** Trains what is due, a bounded number of entities per call. @returns the entities that got a model. */
  maintain(profile: Profile, nowMs: number): Promise<string[]>;
  /** Trains now, on a person's wish. @throws VigiaError `too-little-data`. */
  train(profile: Profile, entity: string, nowMs: number, windowMs: number): Promise<ModelInfo>;
  forget(profile: string, entity: string): void;
}

interface State {
  detector: Detector | null;
  info: ModelInfo | null;
  /** Do not read history again before this. */
  nextTryMs: number;
  learningUntilMs: number | null;
}

/** Entities trained per call of `maintain`, read together: a bound on memory and on the far side's load. */
const chunk = 10;
/** What lasted so long is accepted as normal, instead of never being learned. */
const acceptedMs = 6 * 3_600_000;
const modelsKept = 5;
/** An entity that the source does not have is asked for again after so many steps. */
const absentSteps = 20;

export function createLearner(options: {
  store: Pick<Store, 'models' | 'findings'>;
  source: () => Source;
  config: Config['detection'];
  log: Log;
  onChange: (profile: string, entity: string) => void;
}): Learner {
  const { store, config, log } = options;
  const states = new Map<string, State>();
  const keyOf = (profile: string, entity: string) => `${profile}\n${entity}`;
  const fresh = (): State => ({ detector: null, info: null, nextTryMs: 0, learningUntilMs: null });

  const load = async (profile: Profile, entity: string): Promise<State> => {
    const saved = await store.models.active(profile.slug, entity);
    if (saved === null || saved.info.profileVersion !== profile.version) return fresh();
    try {
      const found = createHash('sha256').update(saved.buffer).digest('hex');
      if (found !== saved.info.sha256)
        throw new Error(`its checksum is ${found.slice(0, 12)}…, ${saved.info.sha256.slice(0, 12)}… was stored`);
      const detector = loadDetector(saved.buffer);
      if (
        detector.features.map((each) => each.name).join() !==
        sortedFeatures(profile)
          .map((each) => each.name)
          .join()
      )
        return fresh();
      return { detector, info: saved.info, nextTryMs: 0, learningUntilMs: null };
    } catch (thrown) {
      const reason = reasonOf(thrown);
      await store.models.markCorrupt(saved.info.id, reason);
      log.warn({ profile: profile.slug, entity }, sentence('model-corrupt', { entity, profile: profile.slug, reason }));
      options.onChange(profile.slug, entity);
      return fresh();
    }
  };

  const stateOf = (profile: Pick<Profile, 'slug'>, entity: string): State => {
    const key = keyOf(profile.slug, entity);
    const state = states.get(key) ?? fresh();
    states.set(key, state);
    return state;
  };

  /** Rows worth learning from: present, with at least half of the features, and not called anomalous before. */
  const usableRows = async (profile: Profile, window: EntityWindow, times: Float64Array): Promise<Float64Array> => {
    const width = profile.features.length;
    const { findings } = await store.findings.list({
      profile: profile.slug,
      entity: window.entity,
      fromMs: times[0] ?? 0,
      limit: 100_000,
      offset: 0,
    });
    const flagged = new Set(findings.map((finding) => finding.tsMs));
    const present: number[] = [];
    for (let step = 0; step < times.length; step++) {
      const row = window.rows.subarray(step * width, (step + 1) * width);
      if (window.present[step] === 1 && row.filter((value) => !Number.isNaN(value)).length * 2 >= width) present.push(step);
    }
    const calm = present.filter((step) => !flagged.has(times[step] as number));
    const accepted = (present.length - calm.length) * options.source().stepMs >= Math.min(acceptedMs, config.window / 2);
    if (accepted) log.info({ profile: profile.slug, entity: window.entity }, 'a lasting new level is accepted as normal');
    const kept = accepted ? present : calm;
    const rows = new Float64Array(kept.length * width);
    for (const [at, step] of kept.entries()) rows.set(window.rows.subarray(step * width, (step + 1) * width), at * width);
    return rows;
  };

  const learn = async (profile: Profile, window: EntityWindow, times: Float64Array, nowMs: number): Promise<ModelInfo | null> => {
    const rows = await usableRows(profile, window, times);
    const steps = rows.length / profile.features.length;
    const state = stateOf(profile, window.entity);
    if (steps < config.minimumSteps) {
      const untilMs = nowMs + (config.minimumSteps - steps) * options.source().stepMs;
      state.nextTryMs = untilMs;
      if (state.detector === null) state.learningUntilMs = untilMs;
      return null;
    }
    const detector = createDetector('isolation-forest', profile.features, {
      trees: config.trees,
      sampleSize: config.sampleSize,
      contamination: config.contamination,
      seed: config.seed,
    });
    detector.learn(rows);
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
      },
      detector.save(),
      modelsKept,
    );
    states.set(keyOf(profile.slug, window.entity), { detector, info, nextTryMs: 0, learningUntilMs: null });
    log.info({ profile: profile.slug, entity: window.entity, steps, version: info.version }, 'model learned');
    options.onChange(profile.slug, window.entity);
    return info;
  };

  /** A young model is renewed when its history has doubled, an old one after `retrain`. */
  const isDue = (state: State, nowMs: number): boolean => {
    const waitMs = state.nextTryMs - nowMs;
    // A wait longer than any that is given was set while the clock was wrong.
    if (waitMs > 0 && waitMs <= Math.max(config.minimumSteps, absentSteps) * options.source().stepMs) return false;
    if (state.info === null) return true;
    const ageMs = nowMs - state.info.createdMs;
    const learnedMs = state.info.steps * options.source().stepMs;
    return ageMs >= config.retrain || (2 * learnedMs < config.window && ageMs >= learnedMs);
  };

  const trainMany = async (
    profile: Profile,
    entities: readonly string[],
    nowMs: number,
    windowMs: number,
  ): Promise<Map<string, ModelInfo | null>> => {
    const source = options.source();
    const toMs = completeUntil(nowMs, source);
    const fromMs = toMs - Math.ceil(windowMs / source.stepMs) * source.stepMs;
    const window = await readWindow(source, profile, { fromMs, toMs, entities });
    const learned = new Map<string, ModelInfo | null>();
    for (const each of window.entities) {
      if (!entities.includes(each.entity)) continue;
      learned.set(each.entity, await learn(profile, each, window.times, nowMs));
      // One model takes tens of milliseconds: let requests through between two.
      await setImmediate();
    }
    return learned;
  };

  return {
    async meet(profile, entities) {
      for (const entity of entities) {
        const key = keyOf(profile.slug, entity);
        if (!states.has(key)) states.set(key, await load(profile, entity));
      }
    },
    // Asking makes nothing: an entity is met by the reader alone, which loads its model.
    of: (profile, entity) => states.get(keyOf(profile.slug, entity)) ?? fresh(),
    async maintain(profile, nowMs) {
      const prefix = `${profile.slug}\n`;
      const due = [...states]
        .filter(([key, state]) => key.startsWith(prefix) && isDue(state, nowMs))
        .map(([key]) => key.slice(prefix.length))
        .slice(0, chunk);
      if (due.length === 0) return [];
      const learned = await trainMany(profile, due, nowMs, config.window);
      const { stepMs } = options.source();
      // Absent from the source for now: asked again later, not at every tick.
      for (const entity of due) if (!learned.has(entity)) stateOf(profile, entity).nextTryMs = nowMs + absentSteps * stepMs;
      return [...learned].filter(([, info]) => info !== null).map(([entity]) => entity);
    },
    async train(profile, entity, nowMs, windowMs) {
      const info = (await trainMany(profile, [entity], nowMs, windowMs)).get(entity);
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
    forget(profile, entity) {
      states.delete(keyOf(profile, entity));
    },
  };
}
