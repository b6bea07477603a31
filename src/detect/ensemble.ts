/**
 * The detector `ensemble`: experts that look at the same row in different ways, each measured against its own past, mixed
 * with equal weights, motion and restlessness as two: which expert is right differs from machine to machine.
 *
 * - Motion: residuals to a quick and a less quick average of each feature.
 * - Restlessness: how large its moves are against those of the last hours.
 * - Drift: residuals to a guarded average over most of an hour, which an incident does not drag along.
 * - Relation: what each feature is given all the others, and the distance of the row as a whole.
 * - Level: distance to the median of the last week.
 */
import type { FeatureSpec } from './contract.ts';
import { Averages } from './ensemble/averages.ts';
import { Levels } from './ensemble/levels.ts';
import { Relations } from './ensemble/relations.ts';
import { Restlessness } from './ensemble/restlessness.ts';
import { Ranges } from './ensemble/scales.ts';
import { createSingle } from './ensemble/single.ts';
import { Standard } from './ensemble/standard.ts';
import type { DetectorOptions } from './options.ts';
import { exceedance } from './scaler.ts';
import { numbers } from './streaming/fields.ts';
import { streamingKind } from './streaming/streaming-detector.ts';
import type { Method, Tick } from './streaming/streaming-detector.ts';

const quick = 0.5;
const lessQuick = 0.1;
/** The guarded average's time constant, and the least of it in steps. */
const driftMs = 50 * 60_000;
const leastDriftSteps = 10;
/** Deviations up to so many scales are ordinary. */
const ordinaryScales = 3;
const largestFigures = 3;
/** The row's figure is smoothed, and the raw one counts less: what lasts outranks what flickers. */
const smoothing = 0.15;
const rawWeight = 0.6;
const largestSmoothed = 1e9;
/** Its square is still a number to add up. */
const largestPart = 1e100;

/** How many features are beyond the ordinary, and how far: sum of log(1 + excess). */
function many(excesses: Float64Array): number {
  let sum = 0;
  for (const excess of excesses) if (excess > ordinaryScales) sum += Math.log1p(excess - ordinaryScales);
  return sum;
}

/** Mean of log(1 + excess) over the three largest. */
function few(excesses: Float64Array): number {
  let [first, second, third] = [0, 0, 0];
  for (const excess of excesses) {
    if (excess > first) [first, second, third] = [excess, first, second];
    else if (excess > second) [second, third] = [excess, second];
    else if (excess > third) third = excess;
  }
  return (Math.log1p(first) + Math.log1p(second) + Math.log1p(third)) / Math.min(largestFigures, excesses.length);
}

const figureNames = [
  'quick many',
  'quick few',
  'less quick few',
  'drift many',
  'relation many',
  'relation whole',
  'level many',
  'restless many',
] as const;
/** Which figures make a family; families weigh the same, but motion and restlessness, which adapt to anything, weigh as two. */
const families: readonly (readonly number[])[] = [[0, 1, 2], [0, 1, 2], [3], [4, 5], [6], [7], [7]];

function createMethod(features: readonly FeatureSpec[], { stepMs }: DetectorOptions): Method {
  const width = features.length;
  const ranges = new Ranges(width);
  const driftAlpha = 1 / Math.max(leastDriftSteps, driftMs / stepMs);
  const motion = new Averages(features, ranges, { alpha: quick, guarded: false });
  const slower = new Averages(features, ranges, { alpha: lessQuick, guarded: false });
  const drift = new Averages(features, ranges, { alpha: driftAlpha, guarded: true });
  const levels = new Levels(features, stepMs, ranges);
  const restlessness = new Restlessness(features, stepMs);
  const relations = new Relations(features, stepMs, ranges);
  const standards = figureNames.map(() => new Standard(stepMs));
  const smoothed = new Float64Array(1);
  /** Each feature's squared residuals, smoothed like the row's figure. */
  const moved = new Float64Array(width);

  // Scratch space of one row: excesses of each expert, signed and standardised values, the experts' figures.
  const excesses = {
    motion: new Float64Array(width),
    slower: new Float64Array(width),
    drift: new Float64Array(width),
    restless: new Float64Array(width),
    relation: new Float64Array(width),
    level: new Float64Array(width),
  };
  const standardised = new Float64Array(width);
  const figures = new Float64Array(figureNames.length);

  const look = (row: Float64Array, tick: Tick): void => {
    for (const [index, { direction }] of features.entries()) {
      const own = relations.standardised(index, row[index] as number);
      // A harmless move is no break of a relation, but its neighbours may need it to be explained.
      standardised[index] = exceedance(own, direction) > 0 ? own : Math.max(-ordinaryScales, Math.min(ordinaryScales, own));
    }
    const whole = relations.settled ? relations.weigh(standardised) : 0;
    for (const [index, { direction }] of features.entries()) {
      const value = row[index] as number;
      excesses.motion[index] = exceedance(motion.scaled(index, value, tick), direction);
      excesses.slower[index] = exceedance(slower.scaled(index, value, tick), direction);
      excesses.drift[index] = exceedance(drift.scaled(index, value, tick), direction);
      excesses.restless[index] = Math.abs(restlessness.scaled(index, excesses.motion[index] as number));
      excesses.level[index] = exceedance(levels.scaled(index, value), direction);
      excesses.relation[index] = relations.settled ? exceedance(relations.residuals[index] as number, direction) : 0;
    }
    figures[0] = many(excesses.motion);
    figures[1] = few(excesses.motion);
    figures[2] = few(excesses.slower);
    figures[3] = many(excesses.drift);
    figures[4] = relations.settled ? many(excesses.relation) : Number.NaN;
    figures[5] = relations.settled ? Math.log1p(whole) : Number.NaN;
    figures[6] = many(excesses.level);
    figures[7] = many(excesses.restless);
  };

  /** Mean over families of the mean over their figures, each against its own past. */
  const mixed = (): number => {
    let sum = 0;
    for (const family of families) {
      let inside = 0;
      for (const at of family) inside += (standards[at] as Standard).above(figures[at] as number);
      sum += inside / family.length;
    }
    return sum / families.length;
  };
  const smooth = (figure: number, { steps }: Tick): number => {
    const kept = (1 - smoothing) ** steps;
    return Math.min(largestSmoothed, kept * (smoothed[0] as number) + (1 - kept) * figure);
  };

  /** Squares let the row that went furthest name the features of an alarm, however many calm rows follow it. */
  const movedWith = (index: number, { steps }: Tick): number => {
    const kept = (1 - smoothing) ** steps;
    const residual = Math.min(largestPart, Math.hypot(excesses.slower[index] as number, excesses.drift[index] as number));
    return Math.min(largestPart ** 2, kept * (moved[index] as number) + (1 - kept) * residual * residual);
  };

  return {
    weigh: (row, tick, { parts, exceedances }) => {
      look(row, tick);
      for (const [index, { direction }] of features.entries()) {
        const value = row[index] as number;
        parts[index] = Math.sqrt(movedWith(index, tick));
        const moved = exceedance(motion.deviation(index, value, tick), direction);
        exceedances[index] = Math.max(
          moved,
          exceedance(drift.deviation(index, value, tick), direction),
          exceedance(levels.deviation(index, value), direction),
        );
      }
      const raw = mixed();
      return Math.max(smooth(raw, tick), rawWeight * raw);
    },
    learn: (row, tick, alarm) => {
      look(row, tick);
      smoothed[0] = smooth(mixed(), tick);
      for (let index = 0; index < width; index++) moved[index] = movedWith(index, tick);
      if (alarm !== 'on') {
        for (const [at, standard] of standards.entries()) standard.learn(figures[at] as number);
        relations.learn(row, standardised);
      }
      let accepted = false;
      for (const [index, value] of row.entries()) {
        if (Number.isNaN(value)) continue;
        if (alarm !== 'on') ranges.see(index, value);
        restlessness.learn(index, excesses.motion[index] as number, tick, alarm);
        for (const average of [motion, slower, drift]) average.learn(index, value, tick, alarm);
        const recent = slower.meanOf(index);
        const isNewLevel = levels.learn(index, value, recent, tick, alarm);
        if (isNewLevel) relations.accept(index, recent);
        if (!isNewLevel && alarm !== 'accepting') continue;
        drift.accept(index, recent);
        accepted = true;
      }
      if (!accepted) return;
      // What is accepted leaves no echo.
      look(row, tick);
      smoothed[0] = Math.min(smoothed[0], mixed());
      moved.fill(0);
    },
    expected: (index) => levels.expected(index),
    fields: [
      ...ranges.fields(),
      ...motion.fields('motion'),
      ...slower.fields('slower'),
      ...drift.fields('drift'),
      ...restlessness.fields('restlessness'),
      ...levels.fields('levels'),
      ...relations.fields('relations'),
      ...standards.flatMap((standard, at) => standard.fields(figureNames[at] as string)),
      numbers('smoothed', smoothed, 0, largestSmoothed),
      numbers('moved', moved, 0, largestPart ** 2),
    ],
  };
}

export const ensemble = streamingKind({
  slug: 'ensemble',
  create: (features, options) =>
    features.length === 1 ? createSingle(features[0] as FeatureSpec, options) : createMethod(features, options),
});
