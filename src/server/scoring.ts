import type { Detector, ExpectedRange } from '../detect/index.ts';
import type { Profile } from '../model/profile.ts';
import type { FeatureShare, ThresholdBasis } from '../model/score.ts';
import type { Judging } from './alarms.ts';
import { breathe } from './breath.ts';
import { type EntityWindow, sortedFeatures } from './reader.ts';

/** A step at or above threshold. */
export interface Found {
  readonly step: number;
  readonly score: number;
  readonly threshold: number;
  readonly basis: ThresholdBasis | null;
  readonly shares: FeatureShare[];
}

export interface ScoredWindow {
  /** One per step; NaN where there was no sample, or no opinion. */
  readonly scores: Float64Array;
  readonly found: readonly Found[];
  readonly scored: number;
  /** What the last step with a sample was compared with; null without a model. */
  readonly threshold: number | null;
  readonly basis: ThresholdBasis | null;
  /** Rows that a streaming detector learned, and those that it was not allowed to. */
  readonly learned: number;
  readonly refused: number;
}

/** Looked at between two breaths. */
const slice = 64;

/**
 * Scores one entity's steps in order; `judging` says from which score on each counts. A streaming detector then learns each row
 * that `mayLearn` allows, before the next is scored; without `mayLearn` it stays as it is. `override` is a threshold that a person set.
 * Without `finds` nothing is found: whoever wants the scores alone need not wait for explanations.
 */
export async function scoreWindow(
  profile: Profile,
  detector: Detector | null,
  { rows, present }: Pick<EntityWindow, 'rows' | 'present'>,
  times: Float64Array,
  options: { judging: Judging; override: number | null; mayLearn?: ((timeMs: number) => boolean) | undefined; finds?: boolean },
): Promise<ScoredWindow> {
  const { judging, override, mayLearn, finds = true } = options;
  const streams = detector?.streaming === true && mayLearn !== undefined;
  const scores = detector === null || streams ? new Float64Array(times.length).fill(Number.NaN) : await scoresOf(detector, rows, times);
  const found: Found[] = [];
  let last = { level: override ?? detector?.threshold ?? null, basis: null as ThresholdBasis | null };
  let scored = 0;
  let learned = 0;
  let refused = 0;
  const width = profile.features.length;
  for (let step = 0; step < times.length; step++) {
    const timeMs = times[step] as number;
    const row = rows.subarray(step * width, (step + 1) * width);
    const isThere = present[step] === 1;
    if (!isThere) scores[step] = Number.NaN;
    else if (detector !== null && streams) scores[step] = detector.score(row, timeMs) ?? Number.NaN;
    const score = scores[step] as number;
    const may = mayLearn?.(timeMs) ?? true;
    const inForce = judging.step(score, timeMs, { override, detector: detector?.threshold ?? null }, may);
    if (!isThere || detector === null) continue;
    last = inForce;
    if (!Number.isNaN(score)) {
      scored++;
      const { level, basis } = inForce;
      if (finds && level !== null && score >= level)
        found.push({ step, score, threshold: level, basis, shares: sharesOf(profile, detector, row, timeMs) });
    }
    if (streams && may) {
      detector.learn(row, times.subarray(step, step + 1));
      learned++;
    } else if (streams) refused++;
    if (step % slice === slice - 1) await breathe();
  }
  return { scores, found, scored, threshold: last.level, basis: last.basis, learned, refused };
}

/** Rows scored at once by a detector that learns nothing from them. */
const piece = 4096;

/** Scores of many rows, each against what is learned now. */
async function scoresOf(detector: Detector, rows: Float64Array, times: Float64Array): Promise<Float64Array> {
  if (times.length <= piece) return detector.scoreAll(rows, times);
  const width = detector.features.length;
  const scores = new Float64Array(times.length);
  for (let from = 0; from < times.length; from += piece) {
    const to = Math.min(times.length, from + piece);
    scores.set(detector.scoreAll(rows.subarray(from * width, to * width), times.subarray(from, to)), from);
    await breathe();
  }
  return scores;
}

/** What a detector expects of each feature, in the order of rows, never beyond what the feature can be; null before learning. */
export function expectedOf(profile: Profile, detector: Detector | null, timeMs: number): { low: number; high: number }[] | null {
  const expected = detector?.expected(timeMs) ?? null;
  return expected && possible(profile, expected);
}

function possible(profile: Profile, expected: readonly ExpectedRange[]): { low: number; high: number }[] {
  return sortedFeatures(profile).map(({ lowest, highest = Number.POSITIVE_INFINITY }, column) => {
    const { low = lowest, high = lowest } = expected[column] ?? {};
    return { low: Math.min(highest, Math.max(lowest, low)), high: Math.min(highest, Math.max(lowest, high)) };
  });
}

/** Shares of one row, largest first. */
export function sharesOf(profile: Profile, detector: Detector, row: Float64Array, timeMs: number): FeatureShare[] {
  const explanation = detector.explain(row, timeMs);
  if (explanation === null) return [];
  const expected = possible(profile, explanation.expected);
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
