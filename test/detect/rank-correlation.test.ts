import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankCorrelation } from '../../src/detect/index.ts';

const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), { minLength: 3, maxLength: 40 });

describe('rank correlation', () => {
  it('is that of the textbook, with ties', () => {
    // IQ and hours of television, Wikipedia's example: -29/165.
    const iq = Float64Array.of(106, 100, 86, 101, 99, 103, 97, 113, 112, 110);
    const hours = Float64Array.of(7, 27, 2, 50, 28, 29, 20, 12, 6, 17);
    expect(rankCorrelation(iq, hours)).toBeCloseTo(-29 / 165, 12);
    expect(rankCorrelation(Float64Array.of(1, 2, 2, 3), Float64Array.of(1, 3, 2, 4))).toBeCloseTo(0.9486832980505138, 12);
  });

  it('is 1 for any growing change, -1 for its mirror, and leaves out what is missing', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 3, maxLength: 40 }), (some) => {
        const a = Float64Array.from(some);
        expect(
          rankCorrelation(
            a,
            a.map((value) => Math.exp(value / 500)),
          ),
        ).toBeCloseTo(1, 12);
        expect(
          rankCorrelation(
            a,
            a.map((value) => -(value ** 3)),
          ),
        ).toBeCloseTo(-1, 12);
        const holes = Float64Array.from([...some, Number.NaN, 5]);
        expect(rankCorrelation(holes, Float64Array.from([...some, -1, Number.NaN]))).toBeCloseTo(1, 12);
      }),
    );
  });

  it('is the same both ways round, between -1 and 1, and NaN where nothing can be said', () => {
    fc.assert(
      fc.property(values, values, (left, right) => {
        const length = Math.min(left.length, right.length);
        const [a, b] = [Float64Array.from(left.slice(0, length)), Float64Array.from(right.slice(0, length))];
        const found = rankCorrelation(a, b);
        expect(rankCorrelation(b, a)).toBe(found);
        if (!Number.isNaN(found)) expect(Math.abs(found)).toBeLessThanOrEqual(1);
      }),
    );
    expect(rankCorrelation(Float64Array.of(1, 1, 1), Float64Array.of(1, 2, 3))).toBeNaN();
    expect(rankCorrelation(Float64Array.of(1), Float64Array.of(2))).toBeNaN();
    expect(() => rankCorrelation(Float64Array.of(1), Float64Array.of(2, 3))).toThrow(RangeError);
  });
});
