import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, isCounter, rankMoves, ratesOf } from '../../src/detect/index.ts';
import { largestMove, leastMove, moveOf } from '../../src/detect/moved.ts';

const cut = { before: 110, after: 120 };
const steps = 150;
const startsAt = 114;

/** Seeded noise that is about normal: mean 0, deviation 1. */
function noise(seed: number): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length: steps }, () => Array.from({ length: 12 }, () => random.uniform()).reduce((a, b) => a + b, -6));
}
const series = (value: (step: number) => number) => Float64Array.from({ length: steps }, (_, step) => value(step));
const shifted = (seed: number, by: number) => noise(seed).map((value, step) => 50 + value + (step >= startsAt ? by : 0));

const anyValue = fc.oneof(
  { weight: 5, arbitrary: fc.double() },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 3 }) },
  fc.constant(Number.NaN),
);
const anySeries = fc.array(anyValue, { maxLength: 60 }).map((values) => Float64Array.from(values));
const anyCut = fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]) => ({ before: Math.min(a, b), after: Math.max(a, b) }));
const seed = fc.integer({ min: 0, max: 2 ** 31 });

describe('what moved', () => {
  it('is a size in bounds and a step of the series, whatever the numbers', () => {
    fc.assert(
      fc.property(anySeries, anyCut, (values, at) => {
        const move = moveOf(values, at);
        if (move === null) return;
        expect(move.size).toBeGreaterThanOrEqual(leastMove);
        expect(move.size).toBeLessThanOrEqual(largestMove);
        expect(move.since).toBeGreaterThanOrEqual(0);
        expect(move.since).toBeLessThanOrEqual(values.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('has no unit: a factor changes nothing', () => {
    fc.assert(
      fc.property(anySeries, anyCut, fc.integer({ min: -40, max: 40 }), (raw, at, power) => {
        const values = raw.map((value) => (Math.abs(value) < 1e100 && Math.abs(value) > 1e-100 ? value : 0));
        const move = moveOf(values, at);
        const scaled = moveOf(
          values.map((value) => value * 2 ** power),
          at,
        );
        expect([scaled?.kind, scaled?.size, scaled?.since]).toEqual([move?.kind, move?.size, move?.since]);
      }),
      { numRuns: 1000 },
    );
  });

  it('goes down where its mirror image goes up', () => {
    const mirrored = { up: 'down', down: 'up', wider: 'wider', narrower: 'narrower', appeared: 'appeared', vanished: 'vanished' };
    fc.assert(
      fc.property(anySeries, anyCut, (values, at) => {
        const move = moveOf(values, at);
        const other = moveOf(
          values.map((value) => -value),
          at,
        );
        expect(other?.kind).toBe(move === null ? undefined : mirrored[move.kind]);
        if (move !== null) expect(other?.size).toBeCloseTo(move.size, 6);
      }),
      { numRuns: 1000 },
    );
  });

  it('is found where a level shifts, with direction, size and moment', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 8, max: 60 }), fc.boolean(), (of, by, up) => {
        const move = moveOf(shifted(of, up ? by : -by), cut);
        expect(move?.kind).toBe(up ? 'up' : 'down');
        expect(Math.abs((move?.since ?? 0) - startsAt)).toBeLessThanOrEqual(1);
        expect((move?.after ?? 0) - (move?.before ?? 0)).toBeCloseTo(up ? by : -by, -1);
      }),
    );
  });

  it('ranks by size: the further, the higher', () => {
    fc.assert(
      fc.property(seed, fc.shuffledSubarray([6, 10, 16, 24, 34], { minLength: 5 }), (of, sizes) => {
        const ranked = rankMoves(
          sizes.map((by) => shifted(of, by)),
          cut,
        );
        expect(ranked.map(({ index }) => sizes[index])).toEqual([34, 24, 16, 10, 6]);
      }),
    );
  });

  it('does not hang on wild samples: a tenth of each side may be anything', () => {
    fc.assert(
      fc.property(seed, fc.double({ noNaN: true, noDefaultInfinity: true }), (of, wild) => {
        const values = shifted(of, 30);
        for (let step = 5; step < steps; step += 25) values[step] = wild;
        expect(moveOf(values, cut)?.kind).toBe('up');
      }),
    );
  });

  it('holds with samples missing', () => {
    fc.assert(
      fc.property(seed, (of) => {
        const random = createRandom(of);
        const values = shifted(of, 30).map((value) => (random.uniform() < 0.3 ? Number.NaN : value));
        expect(moveOf(values, cut)?.kind).toBe('up');
      }),
    );
  });

  it('is nothing in noise, but for a few in a thousand', () => {
    const moved = Array.from({ length: 2000 }, (_, of) => noise(of).map((value) => 50 + value)).filter(
      (values) => moveOf(values, cut) !== null,
    );
    expect(moved.length).toBeLessThanOrEqual(4);
  });

  it.each([
    ['constant', series(() => 7)],
    ['constant 0', series(() => 0)],
    ['a line that goes on', series((step) => 1e9 + 17 * step)],
    ['a falling line with scatter', noise(3).map((value, step) => 5 * value - 40 * step)],
    ['empty', series(() => Number.NaN)],
    ['too young', series((step) => (step > 113 ? 9 : step > 103 ? 1 : Number.NaN))],
    ['a change of less than one per cent', series((step) => (step < startsAt ? 1000 : 1009))],
    ['a wave', series((step) => 10 + 3 * Math.sin(step / 4))],
    ['a burst before as after', series((step) => (step % 10 === 0 ? 90 : 1))],
    ['one sample that was wild', series((step) => (step === 125 ? 1e9 : 4))],
    ['calm, as it was before from time to time', series((step) => 50 + (Math.floor(step / 15) % 2) * 20 * Math.sin(step * step))],
    ['holes', series((step) => (step % 3 === 0 ? Number.NaN : 4))],
  ])('is nothing where it is %s', (_, values) => {
    expect(moveOf(values, cut)).toBeNull();
  });

  it('from nothing to something is the furthest there is', () => {
    const move = moveOf(
      series((step) => (step < startsAt ? 0 : 1e-9)),
      cut,
    );
    expect(move).toMatchObject({ kind: 'up', before: 0, after: 1e-9, since: startsAt });
    expect(move?.size).toBeGreaterThan(90);
  });

  it('tells when it began before it was looked for', () => {
    expect(
      moveOf(
        series((step) => (step < 100 ? 3 : 40)),
        cut,
      )?.since,
    ).toBe(100);
  });

  it('can be wider or narrower around the same level', () => {
    const wide = noise(5);
    expect(
      moveOf(
        wide.map((value, step) => 50 + value * (step < startsAt ? 1 : 20)),
        cut,
      )?.kind,
    ).toBe('wider');
    expect(
      moveOf(
        wide.map((value, step) => 50 + value * (step < startsAt ? 20 : 0.1)),
        cut,
      )?.kind,
    ).toBe('narrower');
  });

  it('can come and go', () => {
    const noisy = noise(6);
    expect(
      moveOf(
        noisy.map((value, step) => (step < startsAt ? Number.NaN : value)),
        cut,
      ),
    ).toMatchObject({ kind: 'appeared', since: startsAt });
    expect(
      moveOf(
        noisy.map((value, step) => (step < startsAt ? value : Number.NaN)),
        cut,
      ),
    ).toMatchObject({ kind: 'vanished', since: startsAt });
    // What comes and goes all the time has not gone.
    expect(
      moveOf(
        noisy.map((value, step) => (step < startsAt && step % 3 === 0 ? value : Number.NaN)),
        cut,
      ),
    ).toBeNull();
  });

  it('counts for less with fewer samples', () => {
    const values = shifted(7, 30);
    const short = values.map((value, step) => (step < 145 ? value : Number.NaN));
    const shorter = values.map((value, step) => (step < 124 ? value : Number.NaN));
    const sizes = [values, short, shorter].map((each) => moveOf(each, cut)?.size ?? 0);
    expect(sizes[2]).toBeGreaterThan(leastMove);
    expect(sizes[2]).toBeLessThan(sizes[1] as number);
    expect(
      moveOf(
        values.map((value, step) => (step < 122 ? value : Number.NaN)),
        cut,
      )?.kind,
    ).not.toBe('up');
  });
});

describe('counters', () => {
  it('become what they rose by, per second; a reset counts from 0', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 2, maxLength: 50 }), fc.nat(49), (rises, reset) => {
        let total = 0;
        const values = Float64Array.from(rises, (rise, step) => (total = (step === reset ? 0 : total) + rise));
        const rates = ratesOf(values, 2000);
        expect(rates[0]).toBeNaN();
        for (let step = 1; step < rises.length; step++) {
          expect(rates[step]).toBeGreaterThanOrEqual(0);
          // A reset that nothing betrays looks like a smaller rise.
          if (step !== reset) expect(rates[step]).toBe((rises[step] as number) / 2);
        }
      }),
    );
  });

  it('have a hole where a sample is missing', () => {
    expect([...ratesOf(Float64Array.of(1, Number.NaN, 5, 9), 1000)]).toEqual([Number.NaN, Number.NaN, Number.NaN, 4]);
  });

  it('are known by their name, and by how they go', () => {
    const up = series((step) => 3 * step);
    const restarted = series((step) => 3 * (step % 70));
    const gauge = noise(8);
    const step = series((at) => (at < startsAt ? 0 : 5));
    expect([up, restarted, gauge, step].map((values) => isCounter(values, true))).toEqual([true, true, false, true]);
    expect([up, restarted, gauge, step].map((values) => isCounter(values, false))).toEqual([true, false, false, false]);
  });

  it('move by their rate, not by their growth', () => {
    let total = 0;
    const steady = series((step) => 100 * step);
    const faster = series((step) => (total += step < startsAt ? 100 : 900));
    expect(moveOf(ratesOf(steady, 1000), cut)).toBeNull();
    expect(moveOf(ratesOf(faster, 1000), cut)).toMatchObject({ kind: 'up', before: 100, after: 900, since: startsAt });
  });
});
