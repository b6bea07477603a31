/**
 * What must not disturb a detector: other units, lost samples, restarts, gaps, resets, duplicates, late samples, clock jumps, metrics
 * that are new. And what it must notice: a level that shifts, values that stand still.
 */
import { alarmRules, alarmsOf, createRandom, fillMissing, loadDetector, runsOf, volumeUnderSurface } from '../../src/detect/index.ts';
import type { Detector } from '../../src/detect/index.ts';
import { alertsOf } from './alerts.ts';
import type { Entity, Table } from './folder.ts';
import { trainScores } from './quality.ts';
import { deliveryOf, detectorFor, streamed, timesOf } from './replay.ts';
import type { Delivery } from './replay.ts';

/** Figures of one entity; NaN where there was no place for a disturbance. */
export type RobustnessFigures = Readonly<Record<string, number>>;

/** A delivery, and which test row each of its rows is. */
interface Disturbed extends Delivery {
  readonly source: Int32Array;
}

/** Metrics scaled and shifted, lost samples: a change of units costs nothing, a tenth of the samples little. */
export function robustness(entity: Entity, slug: string): RobustnessFigures {
  const { train, test, stepSeconds, labels } = entity;
  const trainTimes = timesOf(0, train.count, stepSeconds);
  const testTimes = timesOf(train.count, test.count, stepSeconds);
  const learned = (table: Table, times = trainTimes): Detector => {
    const detector = detectorFor(slug, table.names, stepSeconds);
    detector.learn(table.rows, times);
    return detector;
  };
  const trained = learned(train);
  const model = trained.save();
  const past = trainScores(trained, train, trainTimes, stepSeconds);
  const whole = deliveryOf(test, testTimes);
  const base = streamed(trained, whole);
  const vus = (scores: Float64Array): number => volumeUnderSurface(fillMissing(scores), labels, entity.vusWindow).pr;

  const change = changeOfUnits(train.names.length);
  const scaled = streamed(learned(change(train)), deliveryOf(change(test), testTimes));

  const cells = (table: Table, seed: number): Table => ({ ...table, rows: without(table.rows, 1, seed) });
  const lostCells = streamed(learned(cells(train, 11)), deliveryOf(cells(test, 12), testTimes));
  const lostRows = thinned(learned, { train, test, trainTimes, testTimes });

  const half = test.count >> 1;
  const stopped = loadDetector(model);
  const before = streamed(stopped, deliveryOf(test, testTimes, 0, half));
  const after = streamed(loadDetector(stopped.save()), deliveryOf(test, testTimes, half));

  const hour = Math.max(1, Math.round(3600 / stepSeconds));
  const alerts = (scores: Float64Array): Uint8Array => alertsOf(past, scores, stepSeconds, 1);
  const spots = quietSpots(labels, hour);
  const baseAlerts = alerts(base);
  const extra = (disturbed: Disturbed): number => {
    if (spots.length === 0) return Number.NaN;
    const flags = alerts(streamed(loadDetector(model), disturbed));
    return spots.filter((spot) => alarmsMore(flags, disturbed.source, baseAlerts, spot, hour)).length / spots.length;
  };
  const cold = streamed(detectorFor(slug, train.names, stepSeconds), deliveryOf(train, trainTimes, 0, 24 * hour));
  return {
    scaledMaxChange: largestChange(base, scaled),
    lostSamplesVusPr: vus(base) - vus(lostCells),
    lostRowsVusPr: vus(base) - vus(lostRows),
    restartMaxChange: largestChange(base, Float64Array.of(...before, ...after)),
    coldAlarmsFirstDay: alarmsOf(alertsOf(new Float64Array(0), cold, stepSeconds, 1), alarmRules(stepSeconds).gap).length,
    gapAlarms: extra(withGaps(whole, spots, hour)),
    resetAlarms: extra(withResets(whole, spots)),
    duplicateAlarms: extra(withDuplicates(whole, spots)),
    lateAlarms: extra(withLate(whole, spots)),
    clockJumpAlarms: extra(withClockJumps(whole, spots)),
    flatLinesFound: stuck(whole, spots, hour, (held) => alarmsMoreOf(alerts(streamed(loadDetector(model), held)), baseAlerts)),
    ...joining(learned, {
      train,
      test,
      testTimes,
      alertsAfter: (detector, hidden) => {
        const before = trainScores(detector, hidden, trainTimes, stepSeconds);
        return (scores) => alertsOf(before, scores, stepSeconds, 1);
      },
      vus,
      at: spots[spots.length >> 1] ?? -1,
      hour,
    }),
    ...levelShift(loadDetector(model), { whole, train, baseAlerts, alerts, at: shiftSpot(labels, hour), hour, stepSeconds }),
  };
}

/** Each metric times 10^U(-3, 9), shifted by up to ten of its units. */
function changeOfUnits(width: number): (table: Table) => Table {
  const random = createRandom(7);
  const factors = Array.from({ length: width }, () => 10 ** (12 * random.uniform() - 3));
  const shifts = factors.map((factor) => factor * (20 * random.uniform() - 10));
  return (table) => ({
    ...table,
    rows: table.rows.map((value, at) => value * (factors[at % width] as number) + (shifts[at % width] as number)),
  });
}

/** A tenth of the runs of `width` values lost. */
function without(rows: Float64Array, width: number, seed: number): Float64Array {
  const random = createRandom(seed);
  const left = rows.slice();
  for (let at = 0; at < left.length; at += width) if (random.uniform() < 0.1) left.fill(Number.NaN, at, at + width);
  return left;
}

/** A tenth of the rows never comes; their score is that of the row before. */
function thinned(
  learned: (table: Table, times: Float64Array) => Detector,
  all: { readonly train: Table; readonly test: Table; readonly trainTimes: Float64Array; readonly testTimes: Float64Array },
): Float64Array {
  const keep = (table: Table, seed: number): Int32Array => {
    const random = createRandom(seed);
    return Int32Array.from({ length: table.count }, (_, row) => row).filter(() => random.uniform() >= 0.1);
  };
  const [train, test] = [keep(all.train, 13), keep(all.test, 14)];
  const taken = pick(deliveryOf(all.train, all.trainTimes), train);
  const scores = streamed(
    learned({ ...all.train, rows: taken.rows, count: train.length }, taken.times),
    pick(deliveryOf(all.test, all.testTimes), test),
  );
  const spread = new Float64Array(all.test.count).fill(Number.NaN);
  for (const [at, row] of test.entries()) spread.fill(scores[at] as number, row, test[at + 1] ?? all.test.count);
  return spread;
}

function pick(whole: Delivery, source: Int32Array): Disturbed {
  const width = whole.rows.length / whole.times.length;
  const rows = new Float64Array(source.length * width);
  for (const [at, row] of source.entries()) rows.set(whole.rows.subarray(row * width, (row + 1) * width), at * width);
  return { rows, times: Float64Array.from(source, (row) => whole.times[row] as number), source };
}

/** A row without a score on one side only is a change of 1. */
function largestChange(a: Float64Array, b: Float64Array): number {
  let largest = 0;
  for (let row = 0; row < a.length; row++) {
    const [x, y] = [a[row] as number, b[row] as number];
    if (Number.isNaN(x) !== Number.isNaN(y)) return 1;
    largest = Math.max(largest, Math.abs(x - y) || 0);
  }
  return largest;
}

/** Rows six hours apart with no event within three hours. */
function quietSpots(labels: Uint8Array, hour: number): readonly number[] {
  const spots: number[] = [];
  for (let row = 6 * hour; row + 6 * hour < labels.length; row += 6 * hour) {
    if (!labels.subarray(row - 3 * hour, row + 3 * hour).includes(1)) spots.push(row);
  }
  return spots;
}

/** Whether something alarms within two hours of a spot that did not without the disturbance, ten minutes more or less. */
function alarmsMore(flags: Uint8Array, source: Int32Array, base: Uint8Array, spot: number, hour: number): boolean {
  const near = Math.ceil(hour / 6);
  return flags.some((flag, at) => {
    const row = source[at] as number;
    return flag === 1 && row >= spot && row < spot + 2 * hour && !base.subarray(Math.max(0, row - near), row + near + 1).includes(1);
  });
}

const everyRow = (whole: Delivery): Int32Array => Int32Array.from({ length: whole.times.length }, (_, row) => row);

function withGaps(whole: Delivery, spots: readonly number[], hour: number): Disturbed {
  const lost = new Uint8Array(whole.times.length);
  // The gap ends at the spot: what matters is the return.
  for (const spot of spots) lost.fill(1, spot - hour, spot);
  return pick(
    whole,
    everyRow(whole).filter((row) => lost[row] === 0),
  );
}

/** A reset leaves the rates of a process without a value for a moment: half of the metrics are missing in two rows. */
function withResets(whole: Delivery, spots: readonly number[]): Disturbed {
  const width = whole.rows.length / whole.times.length;
  const rows = whole.rows.slice();
  const random = createRandom(15);
  for (const spot of spots) {
    for (let at = 0; at < width; at++) {
      if (random.uniform() < 0.5) rows[spot * width + at] = rows[(spot + 1) * width + at] = Number.NaN;
    }
  }
  return { rows, times: whole.times, source: everyRow(whole) };
}

function withDuplicates(whole: Delivery, spots: readonly number[]): Disturbed {
  const twice = new Set(spots.flatMap((spot) => [spot, spot + 1, spot + 2]));
  return pick(whole, Int32Array.from(Array.from(everyRow(whole)).flatMap((row) => (twice.has(row) ? [row, row] : [row]))));
}

/** The row at each spot comes after the five that follow it. */
function withLate(whole: Delivery, spots: readonly number[]): Disturbed {
  const source = everyRow(whole);
  for (const spot of spots) {
    source.copyWithin(spot, spot + 1, spot + 6);
    source[spot + 5] = spot;
  }
  return pick(whole, source);
}

/** The clock goes an hour forward at one spot and back at the next. */
function withClockJumps(whole: Delivery, spots: readonly number[]): Disturbed {
  const times = whole.times.slice();
  for (let at = 0; at < spots.length; at += 2) {
    const [from, to] = [spots[at] as number, spots[at + 1] ?? times.length];
    for (let row = from; row < to; row++) times[row] = (times[row] as number) + 3_600_000;
  }
  return { rows: whole.rows, times, source: everyRow(whole) };
}

/** Rows that alarm and did not otherwise. */
const alarmsMoreOf = (flags: Uint8Array, base: Uint8Array): Uint8Array => flags.map((flag, row) => (flag === 1 && base[row] === 0 ? 1 : 0));

/** At every other spot all metrics stand still for two hours, as those of an exporter that hangs do: at how many something alarms. */
function stuck(whole: Delivery, spots: readonly number[], hour: number, alarmsMoreOf: (held: Delivery) => Uint8Array): number {
  const some = spots.filter((_, at) => at % 2 === 0);
  if (some.length === 0) return Number.NaN;
  const width = whole.rows.length / whole.times.length;
  const rows = whole.rows.slice();
  for (const spot of some)
    for (let row = spot; row < spot + 2 * hour; row++) rows.copyWithin(row * width, (spot - 1) * width, spot * width);
  const flags = alarmsMoreOf({ rows, times: whole.times });
  return some.filter((spot) => flags.subarray(spot, spot + 2 * hour).includes(1)).length / some.length;
}

interface Joined {
  readonly train: Table;
  readonly test: Table;
  readonly testTimes: Float64Array;
  /** Alerts of scores, by those of the rows that the detector has learned. */
  readonly alertsAfter: (detector: Detector, learned: Table) => (scores: Float64Array) => Uint8Array;
  readonly vus: (scores: Float64Array) => number;
  readonly at: number;
  readonly hour: number;
}

/** One metric in three is first seen at `at`: alarms in the two hours after, and what it costs against its never being seen. */
function joining(learned: (table: Table) => Detector, { train, test, testTimes, alertsAfter, vus, at, hour }: Joined): RobustnessFigures {
  if (at < 0) return { joiningAlarms: Number.NaN, joiningVusPr: Number.NaN };
  const hidden = (table: Table, before: number): Table => {
    const width = table.names.length;
    const seen = (cell: number): boolean => (cell % width) % 3 !== 0 || cell >= before * width;
    return { ...table, rows: table.rows.map((value, cell) => (seen(cell) ? value : Number.NaN)) };
  };
  const without = hidden(train, train.count);
  const model = learned(without).save();
  const scores = (table: Table): Float64Array => streamed(loadDetector(model), deliveryOf(table, testTimes));
  const [never, then] = [scores(hidden(test, test.count)), scores(hidden(test, at))];
  const alerts = alertsAfter(loadDetector(model), without);
  const more = alarmsMoreOf(alerts(then), alerts(never)).subarray(at, at + 2 * hour);
  return { joiningAlarms: more.includes(1) ? 1 : 0, joiningVusPr: vus(never) - vus(then) };
}

/** The first row after the first day with no event from three hours before to a day after; -1 where there is none. */
function shiftSpot(labels: Uint8Array, hour: number): number {
  for (let row = 24 * hour; row + 25 * hour < labels.length; row += hour) {
    if (!labels.subarray(row - 3 * hour, row + 25 * hour).includes(1)) return row;
  }
  return -1;
}

interface Shifted {
  readonly whole: Delivery;
  readonly train: Table;
  readonly baseAlerts: Uint8Array;
  readonly alerts: (scores: Float64Array) => Uint8Array;
  readonly at: number;
  readonly hour: number;
  readonly stepSeconds: number;
}

/** From `at` on a third of the metrics lie two of their training ranges higher: how many alarms in a day, and hours to the last. */
function levelShift(detector: Detector, { whole, train, baseAlerts, alerts, at, hour, stepSeconds }: Shifted): RobustnessFigures {
  if (at < 0) return { levelShiftAlarms: Number.NaN, levelShiftHours: Number.NaN };
  const width = train.names.length;
  const end = at + 24 * hour;
  const rows = whole.rows.slice(0, end * width);
  for (let metric = 0; metric < width; metric += 3) {
    const values = train.rows.filter((value, cell) => cell % width === metric && Number.isFinite(value)).sort();
    const step = 2 * ((values.at(-1) ?? 0) - (values[0] ?? 0)) || 1;
    for (let row = at; row < end; row++) rows[row * width + metric] = (rows[row * width + metric] as number) + step;
  }
  const flags = alerts(streamed(detector, { rows, times: whole.times.subarray(0, end) }));
  const after = flags.subarray(at);
  const own = alarmsMoreOf(after, baseAlerts.subarray(at));
  const last = runsOf(own).at(-1)?.[1];
  // An alarm that goes on while something else would alarm as well is still one.
  const alarms = alarmsOf(after, alarmRules(stepSeconds).gap).filter(([from, to]) => own.subarray(from, to + 1).includes(1));
  return {
    levelShiftAlarms: alarms.length,
    levelShiftHours: last === undefined ? 0 : (last + 1) / hour,
  };
}
