/**
 * The detector `ensemble`: experts that look at the same row in different ways, each measured against its own past, mixed
 * with equal weights, motion, restlessness and swings as two: which expert is right differs from machine to machine.
 *
 * - Motion: residuals to a quick and a less quick average of each feature.
 * - Restlessness: how large its moves are against those of the last hours.
 * - Shift: how far its mean over the last rows is from a guarded average over hours, which an incident does not drag along.
 * - Relation: what each feature is given all the others, and the distance of the row as a whole.
 * - Lasting relation: the same of short averages, in which noise cancels and what lasts stays.
 * - States: whether the entity as a whole, and how its features swing, has been like this before.
 * - Stillness: whether what always changes has stopped to.
 */
import type { FeatureSpec } from './contract.ts';
import { Averages } from './ensemble/averages.ts';
import { Levels } from './ensemble/levels.ts';
import { Relations } from './ensemble/relations.ts';
import { Restlessness } from './ensemble/restlessness.ts';
import { Ranges } from './ensemble/scales.ts';
import { createSingle } from './ensemble/single.ts';
import { States } from './ensemble/states.ts';
import { Stillness } from './ensemble/stillness.ts';
import { Standard } from './ensemble/standard.ts';
import type { DetectorOptions } from './options.ts';
import { exceedance } from './scaler.ts';
import { largestTamed, tamed } from './streaming/evidence.ts';
import { counts, numbers } from './streaming/fields.ts';
import { leastStreamedRows, streamingKind } from './streaming/streaming-detector.ts';
import type { Method, Tick } from './streaming/streaming-detector.ts';

const quick = 0.5;
const lessQuick = 0.1;
/** The guarded average's time constant, and the least of it in steps. */
const shiftMs = 6 * 3_600_000;
const leastShiftSteps = 30;
/** Deviations up to so many scales are ordinary. */
const ordinaryScales = 3;
const largestFigures = 3;
/** The row's figure is smoothed, and the raw one counts less: what lasts outranks what flickers. */
const smoothing = 0.15;
const rawWeight = 0.75;
/** Exponent of the mean over experts: several that agree outweigh one that shouts. */
const agreement = 0.7;
/** The squares that name features are smoothed as well, but less: the row that an alarm is about names them. */
const newestNaming = 0.5;
/** A feature that joins is not heard before so many values: as many as a detector learns before it speaks. */
const joiningValues = leastStreamedRows;
/** What a feature's rest is worth in a row that hangs, in scales; and its figure, for it is no matter of degree. */
const stillScales = 8;
const stillFigure = 100;
const largestSmoothed = 1e9;
const mostMissed = 2 ** 40;

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
  'restless many',
  'shift many',
  'shift few',
  'relation many',
  'relation whole',
  'lasting many',
  'lasting whole',
  'state',
  'state of swings',
  'still',
] as const;
const stillAt = figureNames.indexOf('still');
/** Which figures an expert has; experts weigh the same, but motion, restlessness and swings, which adapt to anything, weigh as two. */
const experts: readonly (readonly number[])[] = [[0, 1, 2], [0, 1, 2], [3], [3], [4, 5], [6, 7], [8, 9], [10], [11], [11], [stillAt]];

/** Distances while no relation is known. */
const unsettled = { distance: 0, lastingDistance: 0 };

function createMethod(features: readonly FeatureSpec[], { stepMs }: DetectorOptions): Method {
  const width = features.length;
  const ranges = new Ranges(width);
  const shiftAlpha = 1 / Math.max(leastShiftSteps, shiftMs / stepMs);
  const motion = new Averages(features, ranges, { alpha: quick, guarded: false });
  const slower = new Averages(features, ranges, { alpha: lessQuick, guarded: false });
  const short = new Averages(features, ranges, { alpha: lessQuick, guarded: false });
  const shift = new Averages(features, ranges, { alpha: shiftAlpha, guarded: true });
  const levels = new Levels(features, stepMs, ranges);
  const restlessness = new Restlessness(features, stepMs);
  const stillness = new Stillness(width, stepMs);
  const relations = new Relations(features, stepMs, ranges);
  const states = new States(width);
  const standards = figureNames.map(() => new Standard(stepMs));
  const smoothed = new Float64Array(1);
  /** Steps since each feature was seen, beyond those since the last row. */
  const missed = new Float64Array(width);
  /** Rows learned, at most `joiningValues`, and values until each feature is heard. */
  const rows = new Float64Array(1);
  const unheard = new Float64Array(width).fill(joiningValues);
  /** Each feature's squares of what names it, smoothed. */
  const moved = new Float64Array(width);

  // Scratch space of one row: excesses of each expert, signed and standardised values, the experts' figures.
  const excesses = {
    motion: new Float64Array(width),
    slower: new Float64Array(width),
    restless: new Float64Array(width),
    shift: new Float64Array(width),
    relation: new Float64Array(width),
    lasting: new Float64Array(width),
  };
  /** Those that name the features of an alarm. */
  const naming = [excesses.motion, excesses.slower, excesses.restless, excesses.shift];
  const standardised = new Float64Array(width);
  const moves = new Float64Array(width);
  const figures = new Float64Array(figureNames.length);

  /** A feature that was missing was last seen longer ago than the row. */
  const tickOf = (index: number, tick: Tick): Tick =>
    missed[index] === 0 ? tick : { ...tick, steps: tick.steps + (missed[index] as number) };

  const isUnheard = (index: number): boolean => (unheard[index] as number) > 0 && rows[0] === joiningValues;

  const look = (row: Float64Array, tick: Tick): void => {
    let missing = 0;
    for (const [index, { direction }] of features.entries()) {
      const own = isUnheard(index) ? Number.NaN : relations.standardised(index, row[index] as number);
      // A harmless move is no break of a relation, but its neighbours may need it to be explained.
      standardised[index] = exceedance(own, direction) > 0 ? own : Math.max(-ordinaryScales, Math.min(ordinaryScales, own));
    }
    const { settled } = relations;
    const state = states.weigh(standardised);
    const { distance, lastingDistance } = settled ? relations.weigh(standardised) : unsettled;
    for (const [index, { direction }] of features.entries()) {
      const value = row[index] as number;
      const own = tickOf(index, tick);
      moves[index] = exceedance(motion.scaled(index, value, own), direction);
      if (Number.isNaN(value) || isUnheard(index)) {
        missing++;
        for (const excess of Object.values(excesses)) excess[index] = 0;
        continue;
      }
      excesses.motion[index] = moves[index] as number;
      excesses.slower[index] = exceedance(slower.scaled(index, value, own), direction);
      excesses.restless[index] = Math.abs(restlessness.scaled(index, moves[index] as number));
      excesses.shift[index] = exceedance(shift.scaled(index, short.meanWith(index, value), own), direction);
      excesses.relation[index] = settled ? exceedance(relations.residuals[index] as number, direction) : 0;
      excesses.lasting[index] = settled ? exceedance(relations.lasting[index] as number, direction) : 0;
    }
    // As if all were there: a feature that joins is no news, one that is missing hides none.
    const whole = width / Math.max(1, width - missing);
    figures[0] = whole * many(excesses.motion);
    figures[1] = few(excesses.motion);
    figures[2] = few(excesses.slower);
    figures[3] = restlessness.settled ? whole * many(excesses.restless) : Number.NaN;
    figures[4] = whole * many(excesses.shift);
    figures[5] = few(excesses.shift);
    figures[6] = settled ? whole * many(excesses.relation) : Number.NaN;
    figures[7] = settled ? Math.log1p(whole * distance) : Number.NaN;
    figures[8] = settled ? whole * many(excesses.lasting) : Number.NaN;
    figures[9] = settled ? Math.log1p(whole * lastingDistance) : Number.NaN;
    figures[10] = Math.log1p(state.level);
    figures[11] = Math.log1p(state.spread);
    figures[stillAt] = stillFigure * stillness.weigh(row);
  };

  /** Power mean over the experts that have an opinion, of the mean over their figures, each against its own past. */
  const mixed = (): number => {
    let sum = 0;
    let heard = 0;
    for (const expert of experts) {
      let inside = 0;
      for (const at of expert) inside += (standards[at] as Standard).above(figures[at] as number);
      if (Number.isNaN(inside)) continue;
      sum += (inside / expert.length) ** agreement;
      heard++;
    }
    return heard === 0 ? 0 : (sum / heard) ** (1 / agreement);
  };
  const smooth = (figure: number, { steps }: Tick): number => {
    const kept = (1 - smoothing) ** steps;
    // Time forgets, but a row after a gap is one row.
    return Math.min(largestSmoothed, kept * (smoothed[0] as number) + smoothing * figure);
  };

  /** Squares let the row that went furthest name the features of an alarm, though calm rows follow it. */
  const movedWith = (index: number, { steps }: Tick): number => {
    let squares = (figures[stillAt] as number) > 0 && ranges.of(index) > 0 ? stillScales ** 2 : 0;
    for (const excess of naming) squares += tamed(excess[index] as number) ** 2;
    const kept = (1 - newestNaming) ** steps;
    return kept * (moved[index] as number) + (1 - kept) * squares;
  };

  return {
    weigh: (row, tick, { parts, exceedances }) => {
      look(row, tick);
      for (const [index, { direction }] of features.entries()) {
        const value = row[index] as number;
        parts[index] = Math.sqrt(movedWith(index, tick));
        const own = tickOf(index, tick);
        exceedances[index] = Math.max(
          exceedance(motion.deviation(index, value, own), direction),
          exceedance(shift.deviation(index, value, own), direction),
          exceedance(levels.deviation(index, value), direction),
          // In a row that hangs no change is what matters.
          figures[stillAt] === 0 ? 0 : Number.POSITIVE_INFINITY,
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
      relations.follow();
      states.learn(standardised, alarm !== 'on');
      stillness.learn(row, tick);
      // A mean of rows, not of time: after a gap one row is not all there is.
      const aStep = { ...tick, steps: 1 };
      rows[0] = Math.min(joiningValues, (rows[0] as number) + 1);
      let accepted = false;
      for (const [index, value] of row.entries()) {
        const own = tickOf(index, tick);
        missed[index] = Number.isNaN(value) ? Math.min(mostMissed, own.steps) : 0;
        if (Number.isNaN(value)) continue;
        unheard[index] = rows[0] === joiningValues ? Math.max(0, (unheard[index] as number) - 1) : 0;
        ranges.see(index, value);
        restlessness.learn(index, moves[index] as number, own, alarm);
        for (const average of [motion, slower]) average.learn(index, value, own, alarm);
        const recent = slower.meanOf(index);
        short.learn(index, value, aStep, alarm);
        shift.learn(index, short.meanOf(index), own, alarm);
        const level = levels.learn(index, value, recent, tick, alarm);
        const isNewLevel = !Number.isNaN(level);
        if (isNewLevel) {
          relations.accept(index, level);
          states.acceptLevel(index);
        }
        if (!isNewLevel && alarm !== 'accepting') continue;
        shift.accept(index, isNewLevel ? level : recent);
        accepted = true;
      }
      if (!accepted) return;
      if (alarm === 'accepting') states.accept();
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
      ...short.fields('short'),
      ...shift.fields('shift'),
      ...stillness.fields('stillness'),
      ...restlessness.fields('restlessness'),
      ...levels.fields('levels'),
      ...relations.fields('relations'),
      ...states.fields('states'),
      ...standards.flatMap((standard, at) => standard.fields(figureNames[at] as string)),
      numbers('smoothed', smoothed, 0, largestSmoothed),
      numbers('missed', missed, 0, mostMissed),
      counts('rows looked at', rows, joiningValues),
      counts('unheard', unheard, joiningValues),
      numbers('moved', moved, 0, (naming.length + 1) * largestTamed ** 2),
    ],
  };
}

export const ensemble = streamingKind({
  slug: 'ensemble',
  create: (features, options) =>
    features.length === 1 ? createSingle(features[0] as FeatureSpec, options) : createMethod(features, options),
});
