import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { averagePath, floor32, scoreRow, scoreRows } from '../../src/detect/forest/forest.ts';
import { growForest } from '../../src/detect/forest/grow.ts';
import { normalRows } from './data.ts';

const options = { trees: 50, sampleSize: 64, seed: 1 };

describe('averagePath', () => {
  test('is c(n) of the paper', () => {
    expect([0, 1, 2].map(averagePath)).toEqual([0, 0, 1]);
    expect(averagePath(256)).toBeCloseTo(10.244_770_920_1, 9);
  });
});

test('floor32 never rounds up and skips no 32-bit float', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -3e38, max: 3e38 }), fc.float({ noNaN: true }), (x, narrow) => {
      expect(floor32(x)).toBeLessThanOrEqual(x);
      expect(Math.fround(floor32(x))).toBe(floor32(x));
      expect(narrow <= floor32(x)).toBe(narrow <= x);
      expect(floor32(narrow) === narrow || !Number.isFinite(narrow)).toBe(true);
    }),
    { numRuns: 2000 },
  );
  for (const x of [0.1, -0.1, 1 + 2 ** -30, -1 - 2 ** -30, 2 ** -149, 1e-310, -1e-310]) {
    const next = floor32(x) + Math.max(2 ** -149, Math.abs(floor32(x)) * 2 ** -23);
    expect(next > x).toBe(true);
  }
});

describe('a grown forest', () => {
  test('gives the same trees for the same seed and isolates what stands apart', () => {
    const rows = Float32Array.from(normalRows(1, 300, 3));
    rows.set([9, 9, 9], 0);
    const scores = scoreRows(growForest(rows, 300, 3, options), rows);
    expect(scores).toEqual(scoreRows(growForest(rows, 300, 3, options), rows));
    expect(scores[0]).toBe(Math.max(...scores));
    expect(scores.every((score) => score > 0 && score <= 1)).toBe(true);
  });

  test('of rows that are all alike scores 0.5', () => {
    const forest = growForest(new Float32Array(100 * 2).fill(3), 100, 2, options);
    expect(forest.feature.length).toBe(0);
    expect(scoreRow(forest, Float32Array.of(7, 7))).toBeCloseTo(0.5, 12);
  });

  test('keeps rows on both sides of every split, whatever the values', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 4, maxLength: 80 }), (values) => {
        const rows = Float32Array.from(values);
        const forest = growForest(rows, rows.length, 1, { trees: 5, sampleSize: 16, seed: 3 });
        for (let tree = 0; tree < 5; tree++) {
          const size = (forest.offsets[tree + 1] as number) - (forest.offsets[tree] as number);
          expect(size).toBeLessThan(Math.min(16, rows.length));
        }
        for (const score of scoreRows(forest, rows)) expect(score > 0 && score <= 1).toBe(true);
      }),
    );
  });

  test('refuses shapes that are none', () => {
    expect(() => growForest(new Float32Array(5), 2, 3, options)).toThrow('need 6 values, not 5');
    expect(() => growForest(new Float32Array(3), 1, 3, options)).toThrow('at least 2 rows, not 1');
    expect(() => growForest(new Float32Array(6), 2, 3, { ...options, trees: 0 })).toThrow('at least 1 tree, not 0');
    expect(() => growForest(new Float32Array(6), 2, 3, { ...options, sampleSize: 1 })).toThrow('not 1');
  });
});
