import { type Detector, type DetectorOptions, type FeatureSpec, rankCorrelation } from '../detect/index.ts';
import type { Episode } from '../model/backtest.ts';
import type { Profile } from '../model/profile.ts';
import { type LevelInForce, plainJudging } from './alarms.ts';
import { breathe } from './breath.ts';
import type { Detectors } from './detectors.ts';
import { createEpisodes } from './episodes.ts';
import { type EntityWindow, readWindow, type Source } from './reader.ts';
import { type ScoredWindow, scoreWindow } from './scoring.ts';
import { rowsOf, teach, type TrainingRows } from './training.ts';

/** The newest episodes that a comparison shows of each side. */
const shownEpisodes = 20;
/** Steps asked about between two breaths. */
const slice = 4096;

/** Rows of one entity's past. */
interface PastRows {
  readonly profile: Profile;
  readonly window: Pick<EntityWindow, 'entity' | 'rows' | 'present'>;
  readonly times: Float64Array;
}

/** How a replay is judged, and what is wanted of it. */
export interface ReplayHow {
  readonly inForce: LevelInForce;
  readonly override: number | null;
  /** Whether the steps at or above the level are wanted with their shares, or the scores alone. */
  readonly finds: boolean;
}

export interface ReplayJob extends PastRows, ReplayHow {
  /** As it was saved; or what a fresh detector is made of, and what it learns of the time before the rows. */
  readonly model:
    | { readonly saved: Uint8Array }
    | {
        readonly detector: string;
        readonly features: readonly FeatureSpec[];
        readonly options: DetectorOptions;
        readonly training: TrainingRows;
      };
  /** Times among those of the rows that a detector which streams does not learn. */
  readonly refused: Float64Array;
}

/** Two saved models on the same rows, each as it is: neither learns. */
export interface CompareJob extends PastRows {
  readonly models: readonly [Uint8Array, Uint8Array];
  readonly override: number | null;
}

export interface Compared {
  /** Spearman's, of the scores; null where one side has no two different ones. */
  readonly correlation: number | null;
  /** Steps that both find. */
  readonly shared: number;
  readonly sides: readonly { threshold: number | null; scored: number; findings: number; episodes: Episode[] }[];
}

/**
 * What a replay works on, so that no live score depends on it: of a detector that streams a fresh one, which has learned the
 * configured window up to the rows and nothing later; of others the model itself. @throws VigiaError `far-…`.
 */
export async function prepareReplay(
  past: PastRows,
  options: {
    detector: Detector;
    source: Source;
    detectors: Pick<Detectors, 'optionsFor'>;
    windowMs: number;
    mayLearn: (timeMs: number) => boolean;
  },
): Promise<Pick<ReplayJob, 'model' | 'refused'>> {
  const { detector, source, mayLearn } = options;
  if (!detector.streaming) return { model: { saved: detector.save() }, refused: new Float64Array(0) };
  const { profile, window, times } = past;
  const { stepMs } = source;
  const toMs = Math.floor((times[0] ?? 0) / stepMs - 1) * stepMs;
  const fromMs = toMs - Math.ceil(options.windowMs / stepMs) * stepMs;
  const before = await readWindow(source, profile, { fromMs, toMs, entities: [window.entity] });
  const found = before.entities.find((each) => each.entity === window.entity);
  const width = profile.features.length;
  const training =
    found === undefined
      ? { rows: new Float64Array(0), times: new Float64Array(0) }
      : rowsOf(found, before.times, width, (step) => mayLearn(before.times[step] as number));
  const refused: number[] = [];
  for (const [step, timeMs] of times.entries()) {
    if (!mayLearn(timeMs)) refused.push(timeMs);
    if (step % slice === slice - 1) await breathe();
  }
  const made = { detector: detector.slug, features: profile.features, options: options.detectors.optionsFor(stepMs) };
  return { model: { ...made, training }, refused: Float64Array.from(refused) };
}

/** Scores past rows in order, by one level for all of them. */
export async function replayRows(detectors: Detectors, job: ReplayJob): Promise<ScoredWindow> {
  const { profile, model, window, times, inForce, override, finds } = job;
  let detector: Detector;
  if ('saved' in model) detector = detectors.load(model.saved);
  else {
    detector = detectors.create(model.detector, model.features, model.options);
    await teach(detector, model.training);
  }
  const refused = new Set(job.refused);
  const mayLearn = (timeMs: number) => !refused.has(timeMs);
  return scoreWindow(profile, detector, window, times, { judging: plainJudging(inForce), override, mayLearn, finds });
}

/** Scores the same rows by two models. */
export async function compareRows(detectors: Detectors, { profile, window, times, models, override }: CompareJob): Promise<Compared> {
  const results: ScoredWindow[] = [];
  for (const saved of models)
    results.push(await scoreWindow(profile, detectors.load(saved), window, times, { judging: plainJudging(), override }));
  const [a, b] = results as [ScoredWindow, ScoredWindow];
  const correlation = rankCorrelation(a.scores, b.scores);
  const inA = new Set(a.found.map(({ step }) => step));
  return {
    correlation: Number.isNaN(correlation) ? null : correlation,
    shared: b.found.filter(({ step }) => inA.has(step)).length,
    sides: results.map(({ threshold, scored, found }) => {
      const episodes = createEpisodes(shownEpisodes);
      episodes.add(window.entity, times, found);
      return { threshold, scored, findings: found.length, episodes: episodes.latest() };
    }),
  };
}
