import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { similarity } from '../../src/detect/index.ts';

const part = (feature: string, share: number, up = true) => ({ feature, share, value: up ? 10 : -10, expectedLow: 0, expectedHigh: 1 });
const names = ['cpu', 'disk', 'load', 'memory', 'swap'];
const parts = fc
  .array(fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), up: fc.boolean(), feature: fc.constantFrom(...names) }), {
    maxLength: 5,
  })
  .map((all) => [...new Map(all.map((one) => [one.feature, part(one.feature, one.share, one.up)])).values()]);

describe('the similarity of two incidents', () => {
  it('is in [0, 1] and the same both ways', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const alike = similarity(a, b);
        expect(alike).toBeGreaterThanOrEqual(0);
        expect(alike).toBeLessThanOrEqual(1);
        expect(similarity(b, a)).toBeCloseTo(alike, 12);
      }),
    );
  });

  it('is 1 with itself, in any order, at any strength', () => {
    fc.assert(
      fc.property(parts, fc.double({ min: 0.1, max: 10, noNaN: true }), (a, factor) => {
        fc.pre(a.some(({ share }) => share > 1e-6));
        const other = a.toReversed().map((one) => ({ ...one, share: one.share * factor }));
        expect(similarity(a, other)).toBeCloseTo(1, 9);
      }),
    );
  });

  it('is higher the more is shared', () => {
    const memory = [part('memory', 0.8), part('swap', 0.2)];
    const alike = [part('memory', 0.7), part('swap', 0.3)];
    const half = [part('memory', 0.5), part('cpu', 0.5)];
    expect(similarity(memory, alike)).toBeGreaterThan(0.95);
    expect(similarity(memory, half)).toBeLessThan(similarity(memory, alike));
    expect(similarity(memory, [part('cpu', 1)])).toBe(0);
  });

  it('is 0 where the same feature went the other way, or nothing is known', () => {
    expect(similarity([part('cpu', 1)], [part('cpu', 1, false)])).toBe(0);
    expect(similarity([part('cpu', 1)], [])).toBe(0);
    expect(similarity([part('cpu', 1)], [{ ...part('cpu', 1), value: null }])).toBe(0);
    expect(similarity([part('cpu', 1)], [{ ...part('cpu', Number.NaN) }])).toBe(0);
  });
});
