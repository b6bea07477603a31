import type { Detector } from '../detect/index.ts';
import type { BacktestSide } from '../model/backtest.ts';
import type { Config } from '../model/config.ts';
import type { Profile } from '../model/profile.ts';
import { judgingApart, plainJudging } from './alarms.ts';
import { breathe } from './breath.ts';
import type { Detectors } from './detectors.ts';
import { createEpisodes } from './episodes.ts';
import { type EntityWindow, readWindow, type Source } from './reader.ts';
import { type ScoredWindow, scoreWindow } from './scoring.ts';
import { calmRows, rowsOf, teach } from './training.ts';

const weekMs = 7 * 86_400_000;
/** Steps read at once. */
const pieceSteps = 3_000;
/** Scored at once by a detector that does not stream: a bound on the time without a breath. */
const sliceSteps = 2_000;
/** Rows of history held, over the entities that are read together: a bound on memory. */
const rowsHeld = 200_000;
const mostTogether = 10;
const latestKept = 200;

type Setting = Pick<BacktestSide, 'detector' | 'threshold'>;

export interface BacktestPlan {
  readonly profile: Profile;
  readonly entities: readonly string[];
  /** Aligned to the source's step; findings are counted in (fromMs, toMs], and the window before teaches. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly settings: readonly Setting[];
}

interface Piece {
  readonly window: EntityWindow;
  readonly times: Float64Array;
}

/**
 * Scores history as it would have been scored live: with fresh detectors, row after row; those that do not stream are learned
 * anew as often as the configuration says. Reads in pieces, and touches no model that is in use.
 * @throws VigiaError `far-…`, and the reason of `signal` when it was cancelled.
 */
export async function runBacktest(
  plan: BacktestPlan,
  options: {
    source: Source;
    detectors: Detectors;
    config: Config['detection'];
    signal: AbortSignal;
    onProgress: (ratio: number) => void;
  },
): Promise<BacktestSide[]> {
  const { source, config, signal } = options;
  const { profile, entities, fromMs, toMs } = plan;
  const windowSteps = Math.ceil(config.window / source.stepMs);
  const together = Math.max(1, Math.min(mostTogether, Math.floor(rowsHeld / windowSteps)));
  const startMs = fromMs - windowSteps * source.stepMs;
  const pieces = Math.ceil((toMs - startMs) / (pieceSteps * source.stepMs)) * Math.ceil(entities.length / together);
  const tallies = plan.settings.map((setting) => createTally(setting, fromMs, toMs));
  let done = 0;
  for (let at = 0; at < entities.length; at += together) {
    const names = entities.slice(at, at + together);
    const walks = new Map(names.map((name) => [name, plan.settings.map((setting) => createWalk(profile, setting, options))]));
    const held = new Map<string, Piece[]>(names.map((name) => [name, []]));
    for (let pieceMs = startMs; pieceMs < toMs; pieceMs += pieceSteps * source.stepMs) {
      // The window before is read to learn from; the piece in which it ends is cut there.
      for (const [lowMs, highMs] of cut(pieceMs, Math.min(toMs, pieceMs + pieceSteps * source.stepMs), fromMs)) {
        const { times, entities: found } = await readWindow(source, profile, { fromMs: lowMs, toMs: highMs, entities: names });
        for (const window of found) {
          const past = held.get(window.entity);
          if (past === undefined) continue;
          for (const [side, walk] of (walks.get(window.entity) ?? []).entries()) {
            signal.throwIfAborted();
            await breathe();
            await walk({ window, times }, past, highMs > fromMs, (result, of) => tallies[side]?.take(window.entity, result, of));
          }
          past.push({ window, times });
          while ((past[0]?.times.at(-1) ?? Number.POSITIVE_INFINITY) <= highMs - config.window) past.shift();
        }
        signal.throwIfAborted();
      }
      options.onProgress(++done / pieces);
    }
  }
  return tallies.map((tally) => tally.side());
}

function cut(lowMs: number, highMs: number, atMs: number): [number, number][] {
  return lowMs < atMs && atMs < highMs
    ? [
        [lowMs, atMs],
        [atMs, highMs],
      ]
    : [[lowMs, highMs]];
}

type Walk = (piece: Piece, past: readonly Piece[], counts: boolean, tell: (result: ScoredWindow, of: Piece) => void) => Promise<void>;

/** One entity under one setting, piece after piece. */
function createWalk(
  profile: Profile,
  setting: Setting,
  options: { source: Source; detectors: Detectors; config: Config['detection'] },
): Walk {
  const { source, detectors, config } = options;
  const width = profile.features.length;
  const create = () => detectors.create(setting.detector, profile.features, detectors.optionsFor(source.stepMs));
  const first = create();
  const override = setting.threshold;
  // A level that a person asks for is taken as it is; without one history is judged as it would have been live.
  const judging = override === null ? judgingApart(config, source.stepMs) : plainJudging();
  if (first.streaming) {
    return async (piece, _past, counts, tell) => {
      if (!counts)
        await teach(
          first,
          rowsOf(piece.window, piece.times, width, () => true),
        );
      else tell(await scoreWindow(profile, first, piece.window, piece.times, { judging, override, mayLearn: () => true }), piece);
    };
  }
  let model: { detector: Detector; atMs: number; steps: number } | null = null;
  let nextTryMs = 0;
  const flagged = new Set<number>();
  /** As the live learner has it: a young model when its history has doubled, an old one after `retrain`. */
  const dueMs = (): number => {
    if (model === null) return nextTryMs;
    const learnedMs = model.steps * source.stepMs;
    return model.atMs + (2 * learnedMs < config.window ? Math.min(config.retrain, learnedMs) : config.retrain);
  };
  const train = (past: readonly Piece[], nowMs: number): void => {
    const { window, times } = joined(past, width, nowMs - config.window, nowMs);
    const training = calmRows(window, times, width, {
      isFlagged: (timeMs) => flagged.has(timeMs),
      mayLearn: () => true,
      stepMs: source.stepMs,
      windowMs: config.window,
    });
    const steps = training.times.length;
    if (steps < config.minimumSteps) {
      nextTryMs = nowMs + (config.minimumSteps - steps) * source.stepMs;
      if (model !== null) model.atMs = nowMs;
      return;
    }
    const detector = create();
    detector.learn(training.rows, training.times);
    model = { detector, atMs: nowMs, steps };
    for (const timeMs of flagged) if (timeMs <= nowMs - config.window) flagged.delete(timeMs);
  };
  return async (piece, past, counts, tell) => {
    if (!counts) return;
    for (let from = 0; from < piece.times.length; ) {
      const nowMs = (piece.times[from] as number) - source.stepMs;
      if (nowMs >= dueMs()) train([...past, part(piece, 0, from, width)], nowMs);
      const steps = Math.max(1, Math.ceil((dueMs() - nowMs) / source.stepMs));
      const to = Math.min(piece.times.length, from + sliceSteps, from + steps);
      const slice = part(piece, from, to, width);
      const result = await scoreWindow(profile, model?.detector ?? null, slice.window, slice.times, { judging, override });
      for (const { step } of result.found) flagged.add(slice.times[step] as number);
      tell(result, slice);
      from = to;
    }
  };
}

function part({ window, times }: Piece, from: number, to: number, width: number): Piece {
  return {
    window: { ...window, rows: window.rows.subarray(from * width, to * width), present: window.present.subarray(from, to) },
    times: times.subarray(from, to),
  };
}

/** The steps of several pieces in (lowMs, highMs] as one. */
function joined(pieces: readonly Piece[], width: number, lowMs: number, highMs: number): Piece {
  const some = pieces
    .map((piece) => part(piece, piece.times.filter((ms) => ms <= lowMs).length, piece.times.filter((ms) => ms <= highMs).length, width))
    .filter(({ times }) => times.length > 0);
  const steps = some.reduce((sum, { times }) => sum + times.length, 0);
  const rows = new Float64Array(steps * width);
  const present = new Uint8Array(steps);
  const times = new Float64Array(steps);
  let at = 0;
  for (const piece of some) {
    rows.set(piece.window.rows, at * width);
    present.set(piece.window.present, at);
    times.set(piece.times, at);
    at += piece.times.length;
  }
  const { entity = '', job = '', instance = '' } = some[0]?.window ?? {};
  return { window: { entity, job, instance, rows, present }, times };
}

function createTally({ detector, threshold }: Setting, fromMs: number, toMs: number) {
  const episodes = createEpisodes(latestKept);
  const weeks = Array.from({ length: Math.max(1, Math.ceil((toMs - fromMs) / weekMs)) }, (_, week) => ({
    fromMs: fromMs + week * weekMs,
    findings: 0,
    episodes: 0,
  }));
  // Steps lie in (fromMs, toMs]: the last of a week belongs to it.
  const weekOf = (tsMs: number) => weeks[Math.ceil((tsMs - fromMs) / weekMs) - 1];
  let steps = 0;
  let scored = 0;
  let findings = 0;
  return {
    take(entity: string, result: ScoredWindow, { window, times }: Piece): void {
      steps += window.present.reduce((sum, each) => sum + each, 0);
      scored += result.scored;
      findings += result.found.length;
      for (const { step } of result.found) {
        const week = weekOf(times[step] as number);
        if (week) week.findings++;
      }
      for (const tsMs of episodes.add(entity, times, result.found)) {
        const week = weekOf(tsMs);
        if (week) week.episodes++;
      }
    },
    side: (): BacktestSide => ({
      detector,
      threshold,
      steps,
      scored,
      findings,
      episodes: episodes.count,
      weeks,
      latest: episodes.latest(),
    }),
  };
}
