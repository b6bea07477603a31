/** How well one detector does on one entity, file by file and protocol by protocol. */
import {
  alarmRules,
  averagePrecision,
  bestF1,
  eventRecallAt,
  eventStats,
  fillMissing,
  hitRate,
  median,
  medianDelay,
  nabProbation,
  ndcg,
  normalDays,
  rocAuc,
  runsOf,
  streamScores,
  volumeUnderSurface,
} from '../../src/detect/index.ts';
import type { Detector } from '../../src/detect/index.ts';
import { alertsOf } from './alerts.ts';
import type { Entity, NabSeries, Segment, Table, TsbFile } from './folder.ts';
import { deliveryOf, detectorFor, heldBytes, streamed, timed, timesOf } from './replay.ts';

/** False alarms per day that the calibrated alarms aim at. */
export const targets = [1, 0.1] as const;
export const budgets = [0.1, 0.5, 1, 2] as const;

export interface Cost {
  readonly usPerSample: number;
  readonly learnUsPerSample: number;
  readonly modelBytes: number;
  /** What a detector that has learned holds in memory. */
  readonly heapBytes: number;
  readonly metrics: number;
}

export interface Attribution extends Segment {
  readonly ranked: readonly string[];
}

/** What calibrated alarms did. */
export interface Alarmed {
  readonly falsePerDay: number;
  readonly recall: number;
  readonly precision: number;
  readonly delayMin: number;
}

export interface OfficialQuality {
  readonly scores: Float64Array;
  /** One per target. */
  readonly alerts: readonly Uint8Array[];
  readonly attributions: readonly Attribution[];
  readonly figures: Readonly<Record<string, number>>;
  readonly alarmed: readonly Alarmed[];
  readonly events: number;
  readonly cost: Cost;
}

/** Split "official": learn the train rows, stream the test rows. */
export function officialQuality(entity: Entity, slug: string): OfficialQuality {
  const { train, test, stepSeconds, labels } = entity;
  const trainTimes = timesOf(0, train.count, stepSeconds);
  const testTimes = timesOf(train.count, test.count, stepSeconds);
  const before = heldBytes();
  const detector = detectorFor(slug, train.names, stepSeconds);
  const learned = timed(() => detector.learn(train.rows, trainTimes));
  const heapBytes = Math.max(0, heldBytes() - before);
  const run = explained(detector, test, testTimes, entity.segments);
  const scores = fillMissing(run.scores);
  const past = trainScores(detector, train, trainTimes, stepSeconds);
  const alerts = targets.map((target) => alertsOf(past, scores, stepSeconds, target));
  return {
    scores,
    alerts,
    attributions: run.attributions,
    figures: figuresOf(scores, labels, stepSeconds, entity.vusWindow),
    alarmed: alerts.map((flags) => alarmedOf(flags, labels, stepSeconds)),
    events: runsOf(labels).length,
    cost: {
      usPerSample: run.us / test.rows.length,
      learnUsPerSample: learned.us / train.rows.length,
      modelBytes: detector.save().length,
      heapBytes,
      metrics: train.names.length,
    },
  };
}

/** Scores over the train rows: streamed from cold where the detector streams, else of what it learned. */
export function trainScores(detector: Detector, train: Table, times: Float64Array, stepSeconds: number): Float64Array {
  if (!detector.streaming) return detector.scoreAll(train.rows, times);
  return streamed(detectorFor(detector.slug, train.names, stepSeconds), deliveryOf(train, times));
}

function figuresOf(scores: Float64Array, labels: Uint8Array, stepSeconds: number, window: number): Record<string, number> {
  const vus = volumeUnderSurface(scores, labels, window);
  const recalls = eventRecallAt(scores, labels, stepSeconds, budgets);
  const [low, half, one, two] = recalls.map(({ recall }) => recall) as [number, number, number, number];
  const delays = recalls[budgets.indexOf(1)]?.delays ?? [];
  const lengths = runsOf(labels).map(([first, last]) => last - first + 1);
  const minutes = stepSeconds / 60;
  return {
    vusPr: vus.pr,
    vusRoc: vus.roc,
    aucPr: averagePrecision(scores, labels),
    aucRoc: rocAuc(scores, labels),
    f1: bestF1(scores, labels).f1,
    'recallAt0.1': low,
    'recallAt0.5': half,
    recallAt1: one,
    recallAt2: two,
    delayMin: medianDelay(delays, lengths) * minutes,
    delayFoundMin: median(delays.filter((delay) => delay !== null)) * minutes,
  };
}

function alarmedOf(flags: Uint8Array, labels: Uint8Array, stepSeconds: number): Alarmed {
  const { events, found, falseAlarms, trueAlarms, delays } = eventStats(labels, flags, alarmRules(stepSeconds));
  return {
    falsePerDay: falseAlarms / normalDays(labels, stepSeconds),
    recall: found / Math.max(events, 1),
    precision: trueAlarms / Math.max(trueAlarms + falseAlarms, 1),
    delayMin: (median(delays.filter((delay) => delay !== null)) * stepSeconds) / 60,
  };
}

interface ExplainedRun {
  readonly scores: Float64Array;
  readonly attributions: readonly Attribution[];
  readonly us: number;
}

/**
 * Streams all rows; in the segments each row is explained before it is learned. A segment's shares are those of its rows, each with
 * the weight of its score's odds: what stands out in it names the metrics.
 */
export function explained(detector: Detector, test: Table, times: Float64Array, segments: readonly Segment[]): ExplainedRun {
  const width = test.names.length;
  const asked = new Uint8Array(test.count);
  for (const { start, end } of segments) asked.fill(1, start, end + 1);
  const shares = new Map<number, Float64Array>();
  const scores = new Float64Array(test.count);
  let us = 0;
  for (let from = 0; from < test.count; ) {
    let to = from + 1;
    if (asked[from] === 1) {
      const found = detector.explain(test.rows.subarray(from * width, to * width), times[from]);
      if (found !== null) {
        const weight = found.score / (1 - found.score);
        shares.set(
          from,
          found.shares.map((share) => share * weight),
        );
      }
    } else while (to < test.count && asked[to] === 0) to++;
    const part = timed(() => streamScores(detector, test.rows.subarray(from * width, to * width), times.subarray(from, to)));
    scores.set(part.value, from);
    us += part.us;
    from = to;
  }
  const attributions = segments.map((segment): Attribution => {
    const sums = new Float64Array(width);
    for (let row = segment.start; row <= segment.end; row++)
      shares.get(row)?.forEach((share, at) => (sums[at] = (sums[at] as number) + share));
    const order = test.names.map((name, at) => ({ name, sum: sums[at] as number })).filter(({ sum }) => sum > 0);
    return { ...segment, ranked: order.sort((a, b) => b.sum - a.sum).map(({ name }) => name) };
  });
  return { scores, attributions, us };
}

/** Means over segments; NaN without any. */
export function attributionFigures(attributions: readonly Attribution[]): Record<string, number> {
  const mean = (of: (ranked: readonly string[], truth: ReadonlySet<string>) => number): number =>
    attributions.reduce((sum, { ranked, metrics }) => sum + of(ranked, new Set(metrics)), 0) / attributions.length;
  return {
    hit100: mean((ranked, truth) => hitRate(ranked, truth, 1)),
    hit150: mean((ranked, truth) => hitRate(ranked, truth, 1.5)),
    ndcg100: mean((ranked, truth) => ndcg(ranked, truth, 1)),
    ndcg150: mean((ranked, truth) => ndcg(ranked, truth, 1.5)),
    top1: mean((ranked, truth) => (truth.has(ranked[0] ?? '') ? 1 : 0)),
  };
}

export interface TsbQuality {
  readonly scores: Float64Array;
  readonly vusPr: number;
}

/** TSB-AD-M, strict: the test rows alone; learn the first `trainRows` after `skipRows`, stream the rest. Warm-up scores lowest. */
export function tsbQuality({ test, labels, stepSeconds }: Entity, file: TsbFile, slug: string): TsbQuality {
  const { skipRows, trainRows } = file;
  const times = timesOf(0, test.count - skipRows, stepSeconds);
  const width = test.names.length;
  const warmUp = test.rows.subarray(skipRows * width, (skipRows + trainRows) * width);
  const detector = detectorFor(slug, test.names, stepSeconds);
  detector.learn(warmUp, times.subarray(0, trainRows));
  const scores = new Float64Array(test.count - skipRows).fill(Number.NaN);
  scores.set(streamScores(detector, test.rows.subarray((skipRows + trainRows) * width), times.subarray(trainRows)), trainRows);
  const filled = fillMissing(scores);
  return { scores: filled, vusPr: volumeUnderSurface(filled, labels.subarray(skipRows), file.vusWindow).pr };
}

export interface NabQuality {
  readonly scores: Float64Array;
  readonly us: number;
}

/** One value after the other from cold; a detector that does not stream learns the probation. Without an opinion the score is 0. */
export function nabScores({ times, values }: NabSeries, slug: string): NabQuality {
  const distances = Array.from(times.subarray(1), (time, row) => time - (times[row] as number)).filter((distance) => distance > 0);
  const detector = detectorFor(slug, ['value'], Math.max(1, Math.round(median(distances) / 1000)));
  const from = detector.streaming ? 0 : nabProbation(times.length);
  const scores = new Float64Array(times.length);
  const { us } = timed(() => {
    if (from > 0) detector.learn(values.subarray(0, from), times.subarray(0, from));
    scores.set(streamed(detector, { rows: values.subarray(from), times: times.subarray(from) }), from);
  });
  return { scores: scores.map((score) => (Number.isNaN(score) ? 0 : score)), us: us / times.length };
}
