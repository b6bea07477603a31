/**
 * Every detector of the registry keeps these laws; a new one is tested before its author writes a test. A law that does not hold
 * for one stands in `exceptions`, with the reason. What holds for those that stream is in `stream-laws.test.ts`.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDetector, detectors, loadDetector } from '../../src/detect/index.ts';
import type { Detector, FeatureSpec } from '../../src/detect/index.ts';
import { normalRows, plainFeatures } from './data.ts';

const options = { trees: 30, sampleSize: 64 };
const width = 5;
/** A failure of 100 rows is shown as it was found: looking for a smaller one takes minutes. */
const runs = { numRuns: 25, endOnFailure: true };

const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e6, max: 1e6 }) },
  { weight: 2, arbitrary: fc.double() },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, Number.NaN) },
);
const wildRows = fc
  .array(fc.array(value, { minLength: width, maxLength: width }), { minLength: 80, maxLength: 120 })
  .map((rows) => Float64Array.from(rows.flat()));
const features: fc.Arbitrary<FeatureSpec[]> = fc
  .array(fc.record({ direction: fc.constantFrom('up', 'down', 'both'), minimumChange: fc.constantFrom(0, 0.5, 1000) }), {
    minLength: width,
    maxLength: width,
  })
  .map((specs) => specs.map((spec, index) => ({ name: `f${index}`, ...spec })));
const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });

const exceptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'half a row': { flatline: 'a value that is missing is what it looks for' },
  'missing as median': {
    flatline: 'it does not look at the values',
    'ewma-residual': 'it compares with the last values, which are not the median',
    peers: 'without a member the median of the group is another',
    subsequence: 'a shape is compared as a whole or not at all',
  },
  'another seed': Object.fromEntries(
    ['ensemble', 'robust-z', 'ewma-residual', 'flatline', 'mahalanobis', 'seasonal', 'peers', 'subsequence'].map((slug) => [
      slug,
      'it draws no lots',
    ]),
  ),
  'unit of a feature': { peers: 'its features are members with one unit: another unit for one of them is another group' },
  spike: { flatline: 'a spike moves' },
  'further out': { flatline: 'how far it moved is not asked' },
  direction: { flatline: 'it does not matter where a feature stands still' },
  'minimum change': { flatline: 'a change that matters is the end of a flat line' },
};
const keeps = (law: string, slug: string): boolean => exceptions[law]?.[slug] === undefined;

/** Learns where enough is there to learn from; `null` where not. */
function learned(slug: string, specs: readonly FeatureSpec[], rows: Float64Array, chosen = 1): Detector | null {
  const detector = createDetector(slug, specs, { ...options, seed: chosen });
  try {
    detector.learn(rows);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return detector;
}

const usual = (slug: string, chosen: number): Detector =>
  learned(slug, plainFeatures(width), normalRows(chosen, 400, width), chosen) as Detector;

describe.each([...detectors.keys()])('%s', (slug) => {
  test('has no opinion before it has learned', () => {
    const detector = createDetector(slug, plainFeatures(width));
    const row = new Float64Array(width);
    expect([detector.score(row), detector.explain(row), detector.threshold, detector.expected()]).toEqual([null, null, null, null]);
    expect(detector.scoreAll(row)).toEqual(Float64Array.of(Number.NaN));
    expect(() => detector.save()).toThrow('nothing');
  });

  test('scores are null or in [0, 1], whatever it learned and sees', () => {
    fc.assert(
      fc.property(features, wildRows, wildRows, (specs, training, rows) => {
        const detector = learned(slug, specs, training);
        fc.pre(detector !== null && detector.threshold !== null);
        expect(detector.threshold).toBeGreaterThan(0.5);
        expect(detector.threshold).toBeLessThan(1);
        for (const range of detector.expected() ?? []) {
          expect(Number.isFinite(range.low) && Number.isFinite(range.high)).toBe(true);
          expect(range.low).toBeLessThanOrEqual(range.high);
        }
        for (let at = 0; at < rows.length; at += width) {
          const explanation = detector.explain(rows.subarray(at, at + width));
          expect(explanation?.score ?? null).toBe(detector.score(rows.subarray(at, at + width)));
          if (explanation === null) continue;
          expect(explanation.score >= 0 && explanation.score <= 1).toBe(true);
          expect(explanation.shares.every((share) => share >= 0)).toBe(true);
          expect(explanation.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        }
      }),
      runs,
    );
  });

  test.runIf(keeps('half a row', slug))('a row of which more than half is missing has no score, one with less has', () => {
    const detector = usual(slug, 3);
    const hole = Number.NaN;
    expect(detector.score(Float64Array.of(0.3, -0.2, hole, hole, hole))).toBeNull();
    expect(detector.score(Float64Array.of(0.3, -0.2, hole, hole, 5))).toBeTypeOf('number');
  });

  test.runIf(keeps('missing as median', slug))('a missing value is as its median', () => {
    const detector = usual(slug, 3);
    const [a, b, c, d] = [0.3, -0.2, 4, 1];
    const whole = detector.score(Float64Array.of(a, b, c, d, 0.01));
    expect(detector.score(Float64Array.of(a, b, c, d, Number.NaN))).toBeCloseTo(whole as number, 1);
  });

  test('the same seed gives the same model', () => {
    fc.assert(
      fc.property(seed, (chosen) => {
        expect(usual(slug, chosen).save()).toEqual(usual(slug, chosen).save());
      }),
      { numRuns: 5 },
    );
  });

  test.runIf(keeps('another seed', slug))('another seed gives another model', () => {
    const rows = normalRows(1, 200, width);
    const [one, other] = [1, 2].map((chosen) => learned(slug, plainFeatures(width), rows, chosen) as Detector);
    expect(one?.scoreAll(rows)).not.toEqual(other?.scoreAll(rows));
  });

  test('scoring and explaining change no state', () => {
    const detector = usual(slug, 5);
    const before = detector.save();
    const rows = normalRows(6, 50, width);
    const first = detector.scoreAll(rows);
    for (let at = 0; at < rows.length; at += width) detector.explain(rows.subarray(at, at + width));
    expect(detector.scoreAll(rows)).toEqual(first);
    expect(Array.from(first)).toEqual(Array.from(first, (_, i) => detector.score(rows.subarray(i * width, (i + 1) * width))));
    expect(detector.save()).toEqual(before);
  });

  test('saved and loaded it is the same, bit for bit', () => {
    fc.assert(
      fc.property(features, wildRows, wildRows, (specs, training, rows) => {
        const detector = learned(slug, specs, training);
        fc.pre(detector !== null && detector.threshold !== null);
        const again = loadDetector(detector.save());
        expect(again.slug).toBe(slug);
        expect(again.features).toEqual(detector.features);
        expect(again.threshold).toBe(detector.threshold);
        expect(again.expected()).toEqual(detector.expected());
        expect(again.scoreAll(rows)).toEqual(detector.scoreAll(rows));
        expect(again.save()).toEqual(detector.save());
      }),
      runs,
    );
  });

  test('what it keeps does not grow with what it learned', () => {
    const bytes = (count: number): number => (learned(slug, plainFeatures(width), normalRows(15, count, width)) as Detector).save().length;
    // Trees differ by a few leaves.
    expect(bytes(3000)).toBeLessThan(1.1 * bytes(300));
  });

  test('the order in which features are given changes nothing', () => {
    const given = plainFeatures(width);
    const rows = normalRows(7, 200, width);
    const shuffled = [3, 1, 4, 0, 2].map((index) => given[index] as FeatureSpec);
    expect(learned(slug, shuffled, rows)?.save()).toEqual(learned(slug, given, rows)?.save());
  });

  test.runIf(keeps('unit of a feature', slug))('the unit of a feature changes nothing', () => {
    const rows = normalRows(8, 200, width);
    const plain = (learned(slug, plainFeatures(width), rows) as Detector).scoreAll(rows);
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -3, max: 9, noNaN: true }), { minLength: width, maxLength: width }),
        fc.constantFrom(0, 7, -300),
        (powers, shift) => {
          const scaled = rows.map((entry, at) => (entry + shift) * 10 ** (powers[at % width] as number));
          const scores = (learned(slug, plainFeatures(width), scaled) as Detector).scoreAll(scaled);
          const furthest = Math.max(...scores.map((score, i) => Math.abs(score - (plain[i] as number))));
          expect(furthest).toBeLessThanOrEqual(1e-6);
        },
      ),
      runs,
    );
  });

  test('constant input never alarms', () => {
    fc.assert(
      fc.property(features, fc.array(value, { minLength: width, maxLength: width }), (specs, row) => {
        const detector = learned(
          slug,
          specs,
          Float64Array.from({ length: 100 * width }, (_, at) => row[at % width] as number),
        );
        fc.pre(detector !== null && detector.threshold !== null);
        expect(detector.score(Float64Array.from(row)) ?? 0).toBeLessThan(detector.threshold);
      }),
      runs,
    );
  });

  test.runIf(keeps('spike', slug))('a spike outranks its neighbours and alarms', () => {
    fc.assert(
      fc.property(seed, fc.nat(width - 1), fc.constantFrom(-20, 20), (chosen, index, size) => {
        const detector = usual(slug, chosen);
        const rows = normalRows(chosen + 1, 21, width);
        const at = 10 * width + index;
        rows[at] = size;
        const scores = detector.scoreAll(rows);
        expect(scores[10]).toBe(Math.max(...scores));
        expect(scores[10] as number).toBeGreaterThan(detector.threshold as number);
      }),
      runs,
    );
  });

  test.runIf(keeps('further out', slug))('further out never scores lower', () => {
    const detector = usual(slug, 11);
    const scores = [8, 16, 32, 64, 1000, 1e9, 1e100].map((out) => detector.score(Float64Array.of(0, out, 0, 0, 0)) as number);
    expect(scores).toEqual(scores.toSorted((a, b) => a - b));
    expect(new Set(scores).size).toBe(scores.length);
  });

  test.runIf(keeps('direction', slug))('a direction that does not matter does not count', () => {
    const specs = plainFeatures(width).map((spec, index) => (index === 0 ? { ...spec, direction: 'up' as const } : spec));
    const detector = learned(slug, specs, normalRows(12, 200, width)) as Detector;
    expect(detector.score(Float64Array.of(20, 0, 0, 0, 0)) as number).toBeGreaterThan(detector.threshold as number);
    expect(detector.score(Float64Array.of(-20, 0, 0, 0, 0)) as number).toBeLessThan(0.5);
  });

  test.runIf(keeps('minimum change', slug))('nothing scores above 0.5 without a change that matters', () => {
    const specs = plainFeatures(width).map((spec) => ({ ...spec, minimumChange: 10 }));
    const detector = learned(slug, specs, normalRows(13, 200, width)) as Detector;
    const at = (out: number): number => detector.score(Float64Array.of(out, 0, 0, 0, 0)) as number;
    expect(at(9.5)).toBeLessThanOrEqual(0.5);
    expect(at(9.5)).toBeLessThan(detector.threshold as number);
    expect(at(21)).toBeGreaterThan(detector.threshold as number);
  });

  test('refuses shapes, features and options that make no sense, naming the number', () => {
    const detector = usual(slug, 14);
    expect(() => detector.score(new Float64Array(width + 1))).toThrow(`${width} values, not ${width + 1}`);
    expect(() => detector.scoreAll(new Float64Array(width + 1))).toThrow(`${width + 1} values`);
    expect(() => detector.learn(new Float64Array(width + 1))).toThrow(`${width + 1} values`);
    if (!detector.streaming) {
      expect(() => detector.learn(normalRows(1, 3, width))).toThrow('Only 3 of 3 rows');
      expect(() => detector.learn(new Float64Array(100 * width).fill(Number.NaN))).toThrow('Only 0 of 100 rows');
    }
    expect(() => createDetector(slug, [])).toThrow('0 features');
    expect(() => createDetector(slug, [...plainFeatures(2), ...plainFeatures(1)])).toThrow('"f00" is there twice');
    expect(() => createDetector(slug, plainFeatures(2), { trees: 0 })).toThrow('trees is 0');
    expect(() => createDetector(slug, plainFeatures(2), { contamination: Number.NaN })).toThrow('contamination is NaN');
    expect(() => createDetector(slug, [{ name: 'a', direction: 'up', minimumChange: -1 }])).toThrow('minimum change of "a" is -1');
  });
});

test('an unknown detector is named, with those there are', () => {
  expect(() => createDetector('oracle', plainFeatures(1))).toThrow('no detector "oracle"; there are: isolation-forest, ensemble');
});
