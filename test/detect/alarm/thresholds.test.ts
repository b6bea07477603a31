/** Laws that every threshold keeps, whatever scores it is given. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createBudget,
  createExtremeValue,
  createFixed,
  createQuantile,
  createRandom,
  DetectError,
  loadThreshold,
  saveThreshold,
  thresholds,
} from '../../../src/detect/index.ts';
import type { Threshold } from '../../../src/detect/index.ts';
import { BodyReader, BodyWriter } from '../../../src/detect/model-buffer.ts';

const minuteMs = 60_000;
/** Small, so that a few hundred scores fill every memory. */
const makers: readonly (readonly [string, () => Threshold])[] = [
  ['fixed', () => createFixed(0.7)],
  ['quantile', () => createQuantile({ window: 200, least: 20, probability: 0.95, renewMs: 10 * minuteMs })],
  ['extreme-value', () => createExtremeValue({ calibration: 40, levelQuantile: 0.8, risk: 0.01, peaks: 20 })],
  ['extreme-value with drift', () => createExtremeValue({ calibration: 40, levelQuantile: 0.8, risk: 0.01, peaks: 20, depth: 10 })],
  ['budget', () => createBudget({ perWeek: 20, days: 2, leastHours: 5, renewMs: 60 * minuteMs })],
  ['budget that is held', () => createBudget({ perWeek: 20, days: 2, leastHours: 5, renewMs: 0, holdMs: 30 * minuteMs })],
  ['budget below a ceiling', () => createBudget({ perWeek: 20, days: 2, leastHours: 5, renewMs: 0, ceiling: 1 })],
];
const learning = makers.filter(([name]) => name !== 'fixed');

/** Ten minutes between scores: 600 of them are four days. */
const feed = (threshold: Threshold, scores: Iterable<number>, from = 0): void => {
  let step = from;
  for (const score of scores) threshold.observe(score, ++step * 10 * minuteMs);
};
const saved = (threshold: Threshold): Uint8Array => {
  const writer = new BodyWriter();
  saveThreshold(threshold, writer);
  return Uint8Array.from(writer.body());
};
const score = fc.oneof(
  { weight: 10, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0.5, 1) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, min: -1e9, max: 1e9 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity) },
);
const scores = fc.array(score, { minLength: 300, maxLength: 600 });
const runs = { numRuns: 40 };

test('every slug can be made and read', () => {
  expect([...new Set(makers.map(([, make]) => make().slug))].sort()).toEqual([...thresholds.keys()].sort());
});

describe.each(makers)('%s', (_, make) => {
  test('is finite or null, whatever it sees', () => {
    fc.assert(
      fc.property(scores, (given) => {
        const threshold = make();
        for (const [step, each] of given.entries()) {
          threshold.observe(each, step * 10 * minuteMs);
          const value = threshold.value();
          expect(value === null || Number.isFinite(value)).toBe(true);
        }
      }),
      runs,
    );
  });

  test('saved and loaded anywhere it goes on the same, bit for bit', () => {
    fc.assert(
      fc.property(scores, fc.nat(300), (given, at) => {
        const whole = make();
        feed(whole, given);
        const begun = make();
        feed(begun, given.slice(0, at));
        const loaded = loadThreshold(new BodyReader(saved(begun)));
        feed(loaded, given.slice(at), at);
        expect(loaded.value()).toBe(whole.value());
        expect(saved(loaded)).toEqual(saved(whole));
      }),
      runs,
    );
  });

  test('forgets: what it keeps does not grow', () => {
    const random = createRandom(3);
    const threshold = make();
    feed(
      threshold,
      Array.from({ length: 2000 }, () => random.uniform()),
    );
    const size = saved(threshold).length;
    feed(
      threshold,
      Array.from({ length: 20_000 }, () => random.uniform()),
      2000,
    );
    // Two numbers of leeway: how many scores lie within a time is not always the same.
    expect(saved(threshold).length).toBeLessThanOrEqual(size + 32);
  });

  test('is refused cut anywhere, and never takes a number that is none', () => {
    const threshold = make();
    const random = createRandom(4);
    feed(
      threshold,
      Array.from({ length: 400 }, () => random.uniform()),
    );
    const body = saved(threshold);
    for (let length = 0; length < body.length; length++)
      expect(() => loadThreshold(new BodyReader(body.subarray(0, length)))).toThrow(DetectError);
    for (let at = 0; at + 8 <= body.length; at++) {
      const hostile = Uint8Array.from(body);
      new DataView(hostile.buffer).setFloat64(at, Infinity, true);
      try {
        const value = loadThreshold(new BodyReader(hostile)).value();
        expect(value === null || Number.isFinite(value)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(DetectError);
      }
    }
  });
});

describe.each(learning)('%s', (name, make) => {
  test('has no opinion before it has seen enough', () => {
    expect(make().value()).toBeNull();
  });

  test('has one after it', () => {
    const random = createRandom(5);
    const threshold = make();
    feed(
      threshold,
      Array.from({ length: 600 }, () => random.uniform()),
    );
    expect(threshold.value()).toBeGreaterThan(0.3);
  });

  test('is never reached by constant scores', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double({ min: -1e6, max: 1, noNaN: true }), fc.constantFrom(0, 0.1, 1)), (constant) => {
        const threshold = make();
        feed(
          threshold,
          Array.from({ length: 400 }, () => constant),
        );
        expect(threshold.value()).toBeGreaterThan(constant);
      }),
      { examples: [[-4.43480381261395e-164]] },
    );
  });

  test('learns nothing from a score that is late or comes twice', () => {
    const random = createRandom(6);
    const given = Array.from({ length: 400 }, () => random.uniform());
    const [one, other] = [make(), make()];
    feed(one, given);
    for (const [step, each] of given.entries()) {
      other.observe(each, (step + 1) * 10 * minuteMs);
      other.observe(1 - each, (step + 1) * 10 * minuteMs);
      other.observe(5, step * 10 * minuteMs);
    }
    expect(saved(other)).toEqual(saved(one));
  });

  test.skipIf(name === 'budget below a ceiling')('moves and stretches with the scores', () => {
    // Seeded: where scores are equal, rounding decides what is above what.
    const series = fc.nat(1e6).map((seed) => {
      const random = createRandom(seed);
      return Array.from({ length: 500 }, () => random.uniform() ** 3);
    });
    const scale = fc.double({ min: 0.01, max: 1000, noNaN: true });
    fc.assert(
      fc.property(series, scale, fc.integer({ min: -100, max: 100 }), (given, factor, offset) => {
        const [plain, changed] = [make(), make()];
        feed(plain, given);
        feed(
          changed,
          given.map((each) => each * factor + offset),
        );
        expect(changed.value()).toBeCloseTo((plain.value() ?? Number.NaN) * factor + offset, 6);
      }),
      runs,
    );
  });
});

test('options out of range are refused with the number', () => {
  expect(() => createFixed(Number.NaN)).toThrow('level is NaN');
  expect(() => createQuantile({ probability: 1 })).toThrow('probability is 1');
  expect(() => createQuantile({ window: 10, least: 11 })).toThrow('least is 11');
  expect(() => createExtremeValue({ risk: 0.5 })).toThrow('risk is 0.5');
  expect(() => createBudget({ perWeek: 0 })).toThrow('perWeek is 0');
  expect(() => createBudget({ days: 1.5 })).toThrow('days is 1.5');
  const writer = new BodyWriter();
  writer.text('sigma');
  expect(() => loadThreshold(new BodyReader(writer.body()))).toThrow('no threshold "sigma"');
});
