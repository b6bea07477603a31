/** The parts that streaming detectors are made of. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Calibration } from '../../src/detect/streaming/calibration.ts';
import { rowFigure, tamed } from '../../src/detect/streaming/evidence.ts';
import { RobustLevels } from '../../src/detect/streaming/robust-levels.ts';
import { factorize, inverse, solve } from '../../src/detect/streaming/symmetric.ts';
import { ThinnedRings } from '../../src/detect/streaming/thinned-rings.ts';
import { normalRows, plainFeatures } from './data.ts';

describe('thinned rings', () => {
  const filled = (count: number, horizon: number): Float64Array => {
    const rings = new ThinnedRings(1, 8, horizon);
    for (let value = 1; value <= count; value++) rings.push(0, value);
    return rings.sorted(0);
  };

  test('keep all, then every second, then go round', () => {
    expect([...filled(8, 16)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...filled(14, 16)]).toEqual([2, 4, 6, 8, 9, 11, 13]);
    expect([...filled(100, 8)]).toEqual([93, 94, 95, 96, 97, 98, 99, 100]);
  });

  test('span their horizon and no more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 2000 }), (count) => {
        const values = filled(count, 64);
        expect(values.length).toBeGreaterThanOrEqual(4);
        expect(values[0]).toBeGreaterThan(count - 8 * 8 - 8);
        expect(values.at(-1)).toBeGreaterThan(count - 8);
      }),
    );
  });
});

describe('robust levels', () => {
  test('are the median and the standard deviation of normal values, a wild value now and then notwithstanding', () => {
    const levels = new RobustLevels(plainFeatures(1), 60_000);
    for (const [at, value] of normalRows(1, 2000, 1).entries()) levels.learn(0, 5 + 2 * (at % 400 === 399 ? 1000 : value), 60_000);
    expect(levels.centre[0]).toBeCloseTo(5, 0);
    expect(levels.scale[0]).toBeGreaterThan(1.5);
    expect(levels.scale[0]).toBeLessThan(4);
  });

  test('have a floor of a third of the minimum change', () => {
    const levels = new RobustLevels([{ name: 'a', direction: 'both', minimumChange: 6 }], 60_000);
    for (let at = 0; at < 100; at++) levels.learn(0, 1, 60_000);
    expect(levels.scaled(0, levels.deviation(0, 5))).toBe(2);
  });
});

describe('symmetric matrices', () => {
  test('times their inverse are the unit matrix', () => {
    const n = 4;
    const root = normalRows(2, n, n);
    const at = (matrix: Float64Array, i: number, j: number) => matrix[i * n + j] as number;
    const product = (a: Float64Array, b: Float64Array) =>
      Float64Array.from({ length: n * n }, (_, place) => {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += at(a, Math.floor(place / n), k) * at(b, k, place % n);
        return sum;
      });
    const transposed = Float64Array.from({ length: n * n }, (_, place) => at(root, place % n, Math.floor(place / n)));
    const matrix = product(root, transposed).map((value, place) => value + (place % (n + 1) === 0 ? 1 : 0));
    const unit = product(matrix, inverse(matrix, n) as Float64Array);
    for (const [place, value] of unit.entries()) expect(value).toBeCloseTo(place % (n + 1) === 0 ? 1 : 0, 10);
  });

  test('that are not positive definite have none, and a solution of theirs is still finite', () => {
    const matrix = Float64Array.of(1, 2, 2, 1);
    expect(inverse(matrix, 2)).toBeNull();
    expect(factorize(matrix, 2)).toBe(false);
    const x = Float64Array.of(1, 1);
    solve(matrix, 2, x);
    expect(x.every((value) => Number.isFinite(value))).toBe(true);
  });
});

describe('calibration', () => {
  test('says 0 at the median, 0.5 at one in a hundred, and alarms about as often as it should', () => {
    const calibration = new Calibration(60_000, 0.01);
    const figures = normalRows(3, 5000, 1).map(Math.abs);
    expect(calibration.score(1)).toBeNull();
    for (const figure of figures) calibration.observe(figure, 1);
    expect(calibration.score(0.67)).toBeLessThan(0.05);
    expect(calibration.score(2.58)).toBeCloseTo(0.5, 1);
    const alarms = figures.filter((figure) => (calibration.score(figure) as number) >= (calibration.threshold as number));
    expect(alarms.length / figures.length).toBeLessThan(0.01);
    expect(alarms.length).toBeGreaterThan(0);
  });
});

test('a row is louder with more features that moved, and a tamed distance never falls', () => {
  expect(rowFigure(Float64Array.of(3, 0, 0))).toBeLessThan(rowFigure(Float64Array.of(3, 3, 0)));
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), fc.double({ noNaN: true, min: -1e300, max: 1e300 }), (a, b) => {
      if (a <= b) expect(tamed(a)).toBeLessThanOrEqual(tamed(b));
      expect(Math.abs(tamed(a))).toBeLessThan(6000);
    }),
  );
});
