import type { Detector } from '../detect/index.ts';
import type { Profile } from '../model/profile.ts';
import type { ModelInfo } from '../model/score.ts';
import type { Store } from '../store/contract.ts';
import { breathe } from './breath.ts';
import type { LearnGate } from './quiet.ts';
import { readWindow, type Source } from './reader.ts';
import { rowsOf, type TrainingRows } from './training.ts';

/** What is held of one entity's model. */
export interface ModelState {
  detector: Detector | null;
  info: ModelInfo | null;
  /** Do not read history again before this. */
  nextTryMs: number;
  learningUntilMs: number | null;
  /** The model scores, but is of another detector than configured: it is replaced in the background. */
  stale: boolean;
  /** A streaming detector has learned all that it may of the time up to here; others stay where they were trained. */
  learnedToMs: number;
  /** Rows learned since the model was saved. */
  unsaved: number;
  /** A row was kept from being learned since the model was saved: a restart might not know of that. */
  refused: boolean;
  /** When it was last saved, or could have been. */
  savedMs: number | null;
}

/** A streaming model is saved this often, so that a restart has little to read again. */
const checkpointMs = 300_000;
/** Models saved per call: a bound on writing. */
const checkpointsAtOnce = 50;
/** Rows read at once, over all entities: a bound on memory. */
const rowsAtOnce = 60_000;
/** Whoever was away for longer is read again from there on only. */
const furthestMs = 7 * 86_400_000;
/** More than so many are not named in the query: all are asked for. */
const mostNamed = 100;

/**
 * Streaming models learn what lies between them and `toMs`, read again by the one reader: after a restart, after an outage,
 * after a tick whose commit was not taken. What they then score is what they would have scored without.
 * @throws VigiaError `far-…`; what was learned until then is kept, and the next call goes on there.
 */
export async function follow(options: {
  source: Source;
  profile: Profile;
  states: ReadonlyMap<string, ModelState>;
  toMs: number;
  mayLearn: LearnGate;
  /** Has a detector learn rows; what has learned them takes its place. */
  goOn: (detector: Detector, rows: TrainingRows) => Promise<Detector>;
}): Promise<void> {
  const { source, profile, toMs, mayLearn, goOn } = options;
  const { stepMs } = source;
  const width = profile.features.length;
  const behind = new Map([...options.states].filter(([, state]) => state.detector?.streaming === true && state.learnedToMs < toMs));
  if (behind.size === 0) return;
  for (const state of behind.values()) state.learnedToMs = Math.max(state.learnedToMs, toMs - furthestMs);
  const span = Math.max(1, Math.floor(rowsAtOnce / behind.size)) * stepMs;
  const firstMs = Math.min(...[...behind.values()].map((state) => state.learnedToMs));
  for (let fromMs = Math.floor(firstMs / stepMs) * stepMs; fromMs < toMs; fromMs += span) {
    const untilMs = Math.min(toMs, fromMs + span);
    const needy = [...behind].filter(([, state]) => state.learnedToMs < untilMs).map(([entity]) => entity);
    if (needy.length === 0) continue;
    const window = await readWindow(source, profile, {
      fromMs,
      toMs: untilMs,
      ...(needy.length <= mostNamed ? { entities: needy } : {}),
    });
    for (const each of window.entities) {
      const state = behind.get(each.entity);
      if (!state?.detector || state.learnedToMs >= untilMs) continue;
      const { learnedToMs } = state;
      const rows = rowsOf(each, window.times, width, (step) => {
        const timeMs = window.times[step] as number;
        if (timeMs <= learnedToMs) return false;
        const may = mayLearn(profile.slug, each.entity, timeMs);
        state.refused ||= !may;
        return may;
      });
      // Before the rows: where learning fails in between, the model is a wrong one, and nobody may save it as a right one.
      state.learnedToMs = Number.POSITIVE_INFINITY;
      state.detector = await goOn(state.detector, rows);
      state.unsaved += rows.times.length;
      state.learnedToMs = untilMs;
    }
    // Who was not there had nothing to learn.
    for (const entity of needy) {
      const state = behind.get(entity);
      if (state) state.learnedToMs = Math.max(state.learnedToMs, untilMs);
    }
  }
}

/**
 * Saves what streaming models have learned, a bounded number per call, each in the place of its own version.
 * @returns the entities whose version is no longer the one in force: their state must go.
 */
export async function saveCheckpoints(
  store: Pick<Store, 'models'>,
  states: ReadonlyMap<string, ModelState>,
  nowMs: number,
): Promise<string[]> {
  const due = [...states].filter(([, state], index) => {
    if (state.detector?.streaming !== true || state.info === null || state.learnedToMs <= state.info.trainedToMs) return false;
    // Spread over time: models that were loaded together are not saved together.
    state.savedMs ??= nowMs - ((index * 37_000) % checkpointMs);
    return state.refused || Math.abs(nowMs - state.savedMs) >= checkpointMs;
  });
  const outdated: string[] = [];
  for (const [entity, state] of due.sort(([, a], [, b]) => (a.savedMs ?? 0) - (b.savedMs ?? 0)).slice(0, checkpointsAtOnce)) {
    const { detector, info } = state;
    if (detector === null || info === null) continue;
    const learned = { trainedToMs: state.learnedToMs, steps: info.steps + state.unsaved };
    const saved = await store.models.checkpoint(info.id, learned, detector.save());
    if (saved === null) outdated.push(entity);
    else Object.assign(state, { info: saved, unsaved: 0, refused: false, savedMs: nowMs });
    await breathe();
  }
  return outdated;
}
