/** The detector `ensemble`: incidents that outlast a cold start, names for what moved, levels accepted, and the single feature. */
import { describe, expect, test } from 'vitest';
import { createDetector, createRandom, streamScores } from '../../src/detect/index.ts';
import type { Detector } from '../../src/detect/index.ts';
import { hostFeatures, hostRows, normal, normalRows, plainFeatures } from './data.ts';

const stepMs = 60_000;
const timesOf = (count: number, from = 0): Float64Array => Float64Array.from({ length: count }, (_, at) => (from + at) * stepMs);

/** Rows at or above the threshold of their moment. */
function alarms(detector: Detector, rows: Float64Array, times: Float64Array): number[] {
  const width = detector.features.length;
  const found: number[] = [];
  for (const [at, timeMs] of times.entries()) {
    const row = rows.subarray(at * width, (at + 1) * width);
    const score = detector.score(row, timeMs);
    if (score !== null && score >= (detector.threshold as number)) found.push(at);
    detector.learn(row, times.subarray(at, at + 1));
  }
  return found;
}

describe('a cold start', () => {
  test.each(['cpu', 'disk', 'network'] as const)('holds an incident of %s from its begin to its end, and no longer', (fault) => {
    for (const seed of [1, 2, 3]) {
      const detector = createDetector('ensemble', hostFeatures, { stepMs: 2000 });
      const [calm, faulty, after] = [64, 150, 90];
      const whole = hostRows(seed, calm + faulty, fault, calm);
      const back = hostRows(seed + 10, after);
      const times = Float64Array.from({ length: calm + faulty + after }, (_, at) => 2000 * at);
      const found = alarms(detector, Float64Array.of(...whole, ...back), times);
      expect(found.filter((at) => at >= calm + 5 && at < calm + faulty)).toHaveLength(faulty - 5);
      expect(found.filter((at) => at < calm || at >= calm + faulty + 30)).toEqual([]);
    }
  });
});

describe('an alarm', () => {
  test('of the first day teaches nothing: after an hour of it the same row is as odd as at its begin, and names the same feature', () => {
    const detector = createDetector('ensemble', plainFeatures(4), { stepMs });
    detector.learn(normalRows(1, 300, 4), timesOf(300));
    const odd = normalRows(2, 60, 4).map((entry, at) => (at % 4 === 2 ? entry + 30 : entry));
    const scores = streamScores(detector, odd, timesOf(60, 300));
    expect(scores.subarray(5).every((score) => score > (detector.threshold as number))).toBe(true);
    expect(scores[59] as number).toBeGreaterThan(0.9 * (scores[10] as number));
    const { shares } = detector.explain(Float64Array.of(0.5, -0.5, 30, 0)) ?? { shares: new Float64Array() };
    expect(shares[2]).toBeGreaterThan(0.9);
  });

  test('of a burst each hour becomes usual in the end', () => {
    const detector = createDetector('ensemble', plainFeatures(3), { stepMs });
    const count = 4 * 1440;
    const rows = normalRows(3, count, 3).map((entry, at) => (at % 3 === 1 && Math.floor(at / 3) % 60 < 3 ? entry + 15 : entry));
    const found = alarms(detector, rows, timesOf(count));
    expect(found.filter((at) => at >= 3 * 1440).length).toBeLessThan(72);
  });
});

describe('what nobody saw', () => {
  const width = 4;
  const count = 3 * 1440;
  /** Tides of six hours: within one of them a feature goes far from where it was, step by step hardly. */
  const tides = (seed: number, rows: number): Float64Array =>
    normalRows(seed, rows, width).map((entry, at) => 0.3 * entry + 20 * Math.sin((Math.PI * Math.floor(at / width)) / 180 + (at % width)));
  const from = (row: number): number => row * width;

  test('while the clock was an hour back raises no alarm once it is on time again', () => {
    for (const seed of [1, 2, 3]) {
      const detector = createDetector('ensemble', plainFeatures(width), { stepMs });
      const rows = tides(seed, count + 180);
      detector.learn(rows.subarray(0, from(count)), timesOf(count));
      expect(alarms(detector, rows.subarray(from(count)), timesOf(180, count - 60))).toEqual([]);
    }
  });

  test('of a feature that was missing for an hour raises no alarm when it is back', () => {
    for (const seed of [4, 5, 6]) {
      const detector = createDetector('ensemble', plainFeatures(width), { stepMs });
      const rows = tides(seed, count + 180).map((entry, at) =>
        at % width === 1 && at >= from(count) && at < from(count + 60) ? Number.NaN : entry,
      );
      detector.learn(rows.subarray(0, from(count)), timesOf(count));
      expect(alarms(detector, rows.subarray(from(count)), timesOf(180, count))).toEqual([]);
    }
  });

  test('of rows with hardly a value raises no alarm when all are back', () => {
    for (const seed of [7, 8, 9]) {
      const detector = createDetector('ensemble', plainFeatures(width), { stepMs });
      const rows = tides(seed, count + 180).map((entry, at) =>
        at % width > 0 && at >= from(count) && at < from(count + 60) ? Number.NaN : entry,
      );
      detector.learn(rows.subarray(0, from(count)), timesOf(count));
      expect(alarms(detector, rows.subarray(from(count)), timesOf(180, count))).toEqual([]);
    }
  });

  test('of a feature that joins raises no alarm, though it rests before it moves or has just begun to climb', () => {
    for (const seed of [10, 11, 12]) {
      const joins = [
        (since: number) => (since < 25 ? 5 : 9),
        (since: number) => Math.max(0, since - 20),
        (since: number) => (since === 20 ? 9 : 0),
      ];
      for (const value of joins) {
        const detector = createDetector('ensemble', plainFeatures(width), { stepMs });
        const rows = normalRows(seed, count + 60, width).map((entry, at) => {
          const since = Math.floor(at / width) - count;
          return at % width !== 2 ? Math.max(-2, Math.min(2, entry)) : since < 0 ? Number.NaN : value(since);
        });
        detector.learn(rows.subarray(0, from(count)), timesOf(count));
        expect(alarms(detector, rows.subarray(from(count)), timesOf(60, count))).toEqual([]);
      }
    }
  });
});

describe('a row that hangs', () => {
  const features = plainFeatures(4).map((feature) => ({ ...feature, minimumChange: 3 }));
  const hanging = (from: number, to: number, count: number): Float64Array => {
    const rows = normalRows(8, count, 4);
    for (let row = from; row < to; row++) rows.copyWithin(row * 4, (from - 1) * 4, from * 4);
    return rows;
  };

  test('is found within a quarter of an hour, though nothing changed, and is over soon after', () => {
    const found = alarms(createDetector('ensemble', features, { stepMs }), hanging(600, 720, 900), timesOf(900));
    expect(found[0]).toBeGreaterThanOrEqual(609);
    expect(found[0]).toBeLessThan(615);
    expect(found.filter((at) => at >= 615 && at < 720)).toHaveLength(105);
    expect(found.filter((at) => at >= 735)).toEqual([]);
  });

  test('is usual where rows often rest as long', () => {
    const rows = normalRows(9, 900, 4).map((_, at, all) => all[(Math.floor(at / 4 / 20) * 4 + (at % 4)) % all.length] as number);
    expect(alarms(createDetector('ensemble', features, { stepMs }), rows, timesOf(900)).length).toBeLessThan(3);
  });
});

test('a spike inside an alarm of the first day is judged alike in any unit', () => {
  const rows = normalRows(10, 400, 4).map((entry, at) => {
    const row = Math.floor(at / 4);
    if (at % 4 === 3) return row === 130 ? 1 : 0;
    return row >= 100 && row < 180 ? entry + 20 : entry;
  });
  const scores = (values: Float64Array): Float64Array =>
    streamScores(createDetector('ensemble', plainFeatures(4), { stepMs }), values, timesOf(400));
  const [plain, scaled] = [scores(rows), scores(rows.map((value) => 1000 * value + 7000))];
  for (const [at, score] of plain.entries()) if (!Number.isNaN(score)) expect(Math.abs(score - (scaled[at] as number))).toBeLessThan(1e-6);
});

describe('a level', () => {
  test('that was accepted is left again without hours of alarm', () => {
    const [day, shifted] = [1440, 10 * 60];
    const from = 3 * day;
    const detector = createDetector('ensemble', plainFeatures(4), { stepMs });
    const rows = normalRows(5, 4 * day, 4).map((entry, at) => {
      const row = Math.floor(at / 4);
      return at % 4 === 1 && row >= from && row < from + shifted ? entry + 30 : entry;
    });
    const found = alarms(detector, rows, timesOf(4 * day));
    const within = (a: number, b: number): number => found.filter((at) => at >= from + a && at < from + b).length;
    expect(within(0, 300)).toBeGreaterThan(200);
    expect(within(400, shifted)).toBeLessThan(10);
    expect(within(shifted + 15, day)).toBeLessThan(10);
  });
});

describe('a single feature', () => {
  const create = (minimumChange = 0, direction: 'up' | 'both' = 'both'): Detector =>
    createDetector('ensemble', [{ name: 'value', direction, minimumChange }], { stepMs: 5 * stepMs });
  const day = 288;
  /** A day with its own shape, and noise. */
  const daily = (seed: number, count: number): Float64Array => {
    const random = createRandom(seed);
    return Float64Array.from({ length: count }, (_, at) => 100 + 40 * Math.sin((2 * Math.PI * at) / day) + 2 * normal(random));
  };
  const streamed = (rows: Float64Array, detector = create()): Float64Array =>
    streamScores(
      detector,
      rows,
      Float64Array.from(rows, (_, at) => 5 * stepMs * at),
    );
  const furthest = (scores: Float64Array, from: number): number => from + scores.subarray(from).indexOf(Math.max(...scores.subarray(from)));

  test.each([
    ['a jump', (value: number) => value + 60],
    ['a day that stays away', () => 100],
    ['a value that stands still', (_: number, first: number) => first],
    ['noise that grows', (value: number, _: number, at: number) => value + (at % 2 === 0 ? 20 : -20)],
  ])('tells the begin of %s above all before it', (_, change) => {
    const rows = daily(1, 12 * day);
    const from = 11 * day + 40;
    for (let at = 0; at < 60; at++) rows[from + at] = change(rows[from + at] as number, rows[from - 1] as number, at);
    const at = furthest(streamed(rows), 3 * day);
    expect(at).toBeGreaterThanOrEqual(from);
    expect(at).toBeLessThan(from + 60);
  });

  test('counts what goes on less than its begin', () => {
    const rows = daily(2, 8 * day);
    const from = 7 * day + 40;
    for (let at = from; at < from + 40; at++) rows[at] = (rows[at] as number) + 80;
    const scores = streamed(rows);
    expect(Math.max(...scores.subarray(from + 12, from + 40))).toBeLessThan(Math.max(...scores.subarray(from, from + 12)));
  });

  test('is the same in any unit, and after a gap says nothing odd of what is usual', () => {
    const rows = daily(3, 4 * day);
    const plain = streamed(rows);
    for (const [at, score] of streamed(rows.map((value) => 1e6 * (value - 50))).entries()) {
      if (!Number.isNaN(score)) expect(Math.abs(score - (plain[at] as number))).toBeLessThan(1e-6);
    }
    const detector = create();
    streamed(rows, detector);
    const score = detector.score(Float64Array.of(100), 5 * stepMs * (4 * day + 2 * day)) as number;
    expect(score).toBeLessThan(detector.threshold as number);
  });

  test('moves that do not matter score 0.5 at most, and those the other way are none', () => {
    const small = create(1000);
    streamed(daily(4, 4 * day), small);
    expect(small.score(Float64Array.of(500))).toBeLessThanOrEqual(0.5);
    const up = create(0, 'up');
    streamed(daily(5, 4 * day), up);
    expect(up.score(Float64Array.of(400))).toBeGreaterThan(up.threshold as number);
    expect(up.score(Float64Array.of(-400)) as number).toBeLessThan(up.score(Float64Array.of(400)) as number);
  });
});
