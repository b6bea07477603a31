import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/detect/index.ts';
import { quantile } from '../../src/detect/quantile.ts';
import { learnScaler } from '../../src/detect/scaler.ts';
import { createSummarizer, summaryWidth } from '../../src/detect/summary.ts';
import { learnThreshold } from '../../src/detect/threshold.ts';

test('quantile interpolates between neighbours as numpy does', () => {
  const sorted = Float64Array.of(1, 2, 4, 8);
  expect([0, 0.25, 0.5, 0.9, 1].map((p) => quantile(sorted, p))).toEqual([1, 1.75, 3, expect.closeTo(6.8, 12), 8]);
  expect(quantile(new Float64Array(), 0.5)).toBeNaN();
  expect(quantile(Float64Array.of(-1e308, 1e308), 0.5)).toBe(0);
});

describe('random', () => {
  test('is even, within [0, 1), and differs for neighbouring seeds', () => {
    const random = createRandom(7);
    const counts = new Uint32Array(10);
    for (let i = 0; i < 20_000; i++) counts[random.below(10)]!++;
    // Chi-square with 9 degrees of freedom is below 27.9 with 99.9 % chance; the seed is fixed.
    expect(counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)).toBeLessThan(27.9);
    const first = new Set(Array.from({ length: 1000 }, (_, seed) => createRandom(seed).uniform()));
    expect(first.size).toBe(1000);
    expect([...first].every((value) => value >= 0 && value < 1)).toBe(true);
  });
});

describe('scaler', () => {
  const learn = (values: number[], minimumChange: number, direction: 'up' | 'down' | 'both' = 'both') =>
    learnScaler(Float64Array.from(values), [{ name: 'a', direction, minimumChange }], 0.001);

  test('is never 0, and a minimum change is at most 3 scales', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.constantFrom(0, 1, 1e6),
        (values, least) => {
          const { spread, reach } = learn(values, least);
          expect(spread[0] as number).toBeGreaterThan(0);
          expect(spread[0] as number).toBeGreaterThanOrEqual(least / 3);
          expect(reach[0] as number).toBeGreaterThanOrEqual(spread[0] as number);
        },
      ),
    );
  });

  test('is not moved by a wild minority', () => {
    const values = Array.from({ length: 100 }, (_, i) => (i < 30 ? 1e9 : i % 10));
    expect(learn(values, 0).median[0]).toBeLessThan(10);
  });

  test('widens the expected range by the minimum change, only where that matters', () => {
    const values = Array.from({ length: 101 }, (_, i) => 50 + i / 100);
    expect(learn(values, 5, 'up').low[0]).toBeCloseTo(50.005, 6);
    expect(learn(values, 5, 'up').high[0]).toBeCloseTo(55.995, 6);
    expect(learn(values, 5, 'down').low[0]).toBeCloseTo(45.005, 6);
    expect(learn(values, 5, 'down').high[0]).toBeCloseTo(50.995, 6);
    expect(learn(values, 80).low[0]).toBe(0);
  });
});

test('the threshold is the quantile, more cautious after fewer rows, and never within reach of what does not matter', () => {
  const scores = (count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => 0.4 + (0.4 * i) / (count - 1));
  const [few, many] = [learnThreshold(scores(120), 0.01), learnThreshold(scores(10_000), 0.01)];
  expect(many).toBeGreaterThan(0.796);
  expect(many).toBeLessThan(0.81);
  expect(few).toBeGreaterThan(many);
  expect(learnThreshold(new Float64Array(50).fill(0.3), 0.01)).toBe(0.6);
  expect(learnThreshold(new Float64Array(50).fill(1), 0.01)).toBeLessThan(1);
});

test('the summary is the largest, the means of the three largest, and the mean of all', () => {
  const exceedance = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true }));
  fc.assert(
    fc.property(fc.array(exceedance, { minLength: 1, maxLength: 8 }), (exceedances) => {
      const width = exceedances.length;
      const fill = (value: number): Float64Array => new Float64Array(width).fill(value);
      const scaler = { median: fill(0), spread: fill(2), reach: fill(5), low: fill(0), high: fill(0), seen: new Uint8Array(width).fill(1) };
      const found = new Float64Array(summaryWidth);
      createSummarizer(scaler)(Float64Array.from(exceedances), found, 0);
      const [spread, reach] = [2, 5].map((scale) => exceedances.map((value) => Math.asinh(value / scale)).sort((a, b) => b - a)) as [
        number[],
        number[],
      ];
      const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      const wanted = [reach[0] as number, mean(reach.slice(0, 3)), mean(spread.slice(0, 3)), mean(spread)];
      expect(Array.from(found)).toEqual(wanted.map((value) => expect.closeTo(value, 9)));
    }),
  );
});
