import type { Detector, DetectorOptions, FeatureSpec } from '../../detect/index.ts';
import type { BacktestSide } from '../../model/backtest.ts';
import type { Config } from '../../model/config.ts';
import { type BacktestPlan, runBacktest } from '../backtest-run.ts';
import type { Detectors } from '../detectors.ts';
import type { Source } from '../reader.ts';
import { type CompareJob, type Compared, compareRows, type ReplayJob, replayRows } from '../replay.ts';
import type { ScoredWindow } from '../scoring.ts';
import { dataHash, teach, type TrainingRows } from '../training.ts';

/** What a detector is made of and learns. */
export interface LearnJob {
  readonly detector: string;
  readonly features: readonly FeatureSpec[];
  readonly options: DetectorOptions;
  readonly training: TrainingRows;
}

/** A detector that has learned, as it is saved, and what it learned. */
export interface LearnOutcome {
  readonly buffer: Uint8Array;
  readonly dataSha256: string;
}

/** A saved model that learns more rows. */
export interface FollowJob {
  readonly saved: Uint8Array;
  readonly training: TrainingRows;
}

export interface BacktestJob {
  readonly plan: BacktestPlan;
  readonly source: Source;
  readonly signal: AbortSignal;
  readonly onProgress: (ratio: number) => void;
}

/** What takes long enough for a request to notice. The same answers wherever it is done. */
export interface HeavyWork {
  /** Null where the detector has no opinion after all rows. @throws what learning throws. */
  learn(job: LearnJob): Promise<LearnOutcome | null>;
  /** The model after these rows, as it is saved. @throws what learning throws. */
  follow(job: FollowJob): Promise<Uint8Array>;
  /** @throws what scoring throws. */
  replay(job: ReplayJob): Promise<ScoredWindow>;
  /** @throws what scoring throws. */
  compare(job: CompareJob): Promise<Compared>;
  /** @throws VigiaError `far-…`, and the reason of `signal` when it was cancelled. */
  backtest(job: BacktestJob): Promise<BacktestSide[]>;
  stop(): Promise<void>;
}

export async function learnRows(detectors: Detectors, job: LearnJob): Promise<LearnOutcome | null> {
  const { training } = job;
  const detector = detectors.create(job.detector, job.features, job.options);
  await teach(detector, training);
  return detector.threshold === null ? null : { buffer: detector.save(), dataSha256: dataHash(training) };
}

export async function followRows(detectors: Detectors, { saved, training }: FollowJob): Promise<Uint8Array> {
  const detector: Detector = detectors.load(saved);
  await teach(detector, training);
  return detector.save();
}

export const testPast = (detectors: Detectors, config: Config['detection'], { plan, ...options }: BacktestJob): Promise<BacktestSide[]> =>
  runBacktest(plan, { ...options, detectors, config });

/** Heavy work on the caller's own event loop, with any detectors: requests get their turn between two pieces of it. */
export function heavyWorkHere(detectors: Detectors, config: Config['detection']): HeavyWork {
  return {
    learn: (job) => learnRows(detectors, job),
    follow: (job) => followRows(detectors, job),
    replay: (job) => replayRows(detectors, job),
    compare: (job) => compareRows(detectors, job),
    backtest: (job) => testPast(detectors, config, job),
    stop: async () => {},
  };
}
