/**
 * The reading of a single feature, where there are no others to say what it should be: level, step, means over a few
 * lengths, the residual to this time of the week, spread, and how long it stands still, each by how rare it is among all that it
 * has been. What is told is the begin of something: it counts half once it goes on, and so does what is no rarer
 * than what was told a few hours ago.
 */
import type { FeatureSpec } from '../contract.ts';
import type { DetectorOptions } from '../options.ts';
import { bound, exceedance } from '../scaler.ts';
import { counts, numbers } from '../streaming/fields.ts';
import { createLocalClock } from '../streaming/local-clock.ts';
import type { Method, Tick } from '../streaming/streaming-detector.ts';
import { WeekProfile } from '../streaming/week-profile.ts';
import { Rarity } from './rarity.ts';

const short = 4;
const middle = 12;
const long = 36;
/** After a gap of so many steps the values before it say nothing about the next. */
const longestGap = 12;
/** A figure counts for nothing beside the largest but for the next two. */
const nextWeight = 0.3;
/** What goes on counts so much. */
const goingOn = 0.5;
/** What was told is forgotten by this part per step. */
const kept = 0.995;
const largestFigure = 100;

/** Readings that have a direction come first. */
const directed = 6;
const readings = 8;
/** Ranks mean the same for every feature: a figure of 1 is what happens about once a month. */
const figureScale = { middle: 0, span: 1 };

export function createSingle(feature: FeatureSpec, { stepMs, timeZone }: DetectorOptions): Method {
  const clock = createLocalClock(timeZone);
  const profile = new WeekProfile(1, stepMs);
  const rarity = new Rarity(readings, stepMs);
  const recent = new Float64Array(long);
  /** Values in `recent`, and the place of the next. */
  const places = new Float64Array(2);
  /** Rows that the feature has stood still. */
  const still = new Float64Array(1);
  const peak = new Float64Array(1);
  const found = new Float64Array(readings);

  const back = (rows: number): number => recent[((places[1] as number) - rows + 2 * long) % long] as number;

  /** Mean of a value and the rows before it, `length` together. */
  const mean = (value: number, length: number): number => {
    let sum = value;
    for (let at = 1; at < length; at++) sum += back(at);
    return sum / length;
  };
  const spread = (value: number, length: number): number => {
    const centre = mean(value, length);
    let sum = (value - centre) ** 2;
    for (let at = 1; at < length; at++) sum += (back(at) - centre) ** 2;
    return Math.sqrt(sum / length);
  };

  /** Fills `found`, NaN where a reading needs more rows. */
  const read = (value: number, { timeMs, steps }: Tick): void => {
    found.fill(Number.NaN);
    found[0] = value;
    const known = steps > longestGap ? 0 : (places[0] as number);
    if (known < short) return;
    found[1] = value - back(1);
    found[2] = mean(value, short);
    const expectation = profile.expect(0, clock(timeMs));
    if (expectation !== null) found[3] = found[2] - expectation.mean;
    found[6] = Math.log1p(value === back(1) ? (still[0] as number) + 1 : 0);
    if (known < middle) return;
    found[4] = mean(value, middle);
    found[7] = spread(value, middle);
    if (known >= long) found[5] = mean(value, long);
  };

  /** The largest rarity, and the next two by a part. */
  const figureOf = (): number => {
    let [first, second, third] = [0, 0, 0];
    for (const [reading, value] of found.entries()) {
      if (Number.isNaN(value)) continue;
      const down = reading < directed && feature.direction !== 'up' ? rarity.below(reading, value) : 0;
      const up = reading >= directed || feature.direction !== 'down' ? rarity.above(reading, value) : 0;
      const rare = Math.max(down, up);
      if (rare > first) [first, second, third] = [rare, first, second];
      else if (rare > second) [second, third] = [rare, second];
      else if (rare > third) third = rare;
    }
    return first + nextWeight * (second + third);
  };

  return {
    figureScale,
    weigh: (row, tick, { parts, exceedances }) => {
      const value = row[0] as number;
      read(value, tick);
      const figure = figureOf();
      parts[0] = figure;
      exceedances[0] = Math.max(
        exceedance(value - rarity.centre(0), feature.direction),
        Number.isNaN(found[3]) ? 0 : exceedance(found[3] as number, feature.direction),
      );
      const told = peak[0] as number;
      return figure > told ? figure : goingOn * figure * (told > 0 ? figure / told : 1);
    },
    learn: (row, tick) => {
      const value = row[0] as number;
      read(value, tick);
      peak[0] = Math.min(largestFigure, Math.max((peak[0] as number) * kept ** tick.steps, figureOf()));
      for (const [reading, each] of found.entries()) if (!Number.isNaN(each)) rarity.learn(reading, each);
      if (tick.steps > longestGap) places[0] = 0;
      still[0] = (places[0] as number) > 0 && value === back(1) ? Math.min(2 ** 40, (still[0] as number) + 1) : 0;
      recent[places[1] as number] = value;
      places[1] = ((places[1] as number) + 1) % long;
      places[0] = Math.min(long, (places[0] as number) + 1);
      profile.learn(0, clock(tick.timeMs), value);
    },
    expected: () => {
      const [low, high] = rarity.core(0);
      return { low, high };
    },
    fields: [
      ...rarity.fields('readings'),
      ...profile.fields(),
      numbers('recent', recent, -bound, bound),
      counts('recent places', places, long),
      counts('still', still, 2 ** 40),
      numbers('told', peak, 0, largestFigure),
    ],
  };
}
