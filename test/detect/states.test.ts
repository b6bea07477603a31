import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/detect/index.ts';
import { States } from '../../src/detect/ensemble/states.ts';
import { normal } from './data.ts';

/** Two features that are low together or high together, for an hour each. */
function paired(seed: number, count: number): Float64Array[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, row) => {
    const level = Math.floor(row / 60) % 2 === 0 ? -2 : 2;
    return Float64Array.of(level + 0.2 * normal(random), level + 0.2 * normal(random));
  });
}

function learned(rows: readonly Float64Array[]): States {
  const states = new States(2);
  for (const row of rows) {
    states.weigh(row);
    states.learn(row, true);
  }
  return states;
}

/** The last of `count` rows that are all alike. */
function after(states: States, row: Float64Array, count: number, isOrdinary = false): { level: number; spread: number } {
  let last = states.weigh(row);
  for (let at = 0; at < count; at++) {
    last = states.weigh(row);
    states.learn(row, isOrdinary);
  }
  return last;
}

describe('states', () => {
  test('tell a combination that never was, though each feature is where it often is', () => {
    const usual = after(learned(paired(1, 3000)), Float64Array.of(2, 2), 40).level;
    const odd = after(learned(paired(1, 3000)), Float64Array.of(2, -2), 40).level;
    expect(usual).toBeLessThan(0.5);
    expect(odd).toBeGreaterThan(4 * usual);
    expect(odd).toBeGreaterThan(1.5);
  });

  test('tell swings that never were, though their mean is usual', () => {
    const states = learned(paired(2, 3000));
    let calm = 0;
    for (let at = 0; at < 40; at++) {
      const row = Float64Array.of(2, 2);
      calm = states.weigh(row).spread;
      states.learn(row, false);
    }
    let wild = 0;
    for (let at = 0; at < 40; at++) {
      const row = Float64Array.of(at % 2 === 0 ? 7 : -3, 2);
      wild = states.weigh(row).spread;
      states.learn(row, false);
    }
    expect(calm).toBeLessThan(0.8);
    expect(wild).toBeGreaterThan(4 * calm);
  });

  test('learn what becomes ordinary, and nothing of what is not', () => {
    const odd = Float64Array.of(2, -2);
    const [watched, lasting] = [learned(paired(3, 3000)), learned(paired(3, 3000))];
    const first = after(watched, odd, 60).level;
    expect(after(watched, odd, 5000).level).toBeGreaterThan(0.95 * first);
    after(lasting, odd, 60);
    expect(after(lasting, odd, 5000, true).level).toBeLessThan(0.3 * first);
  });

  test('take what is missing for what it should be, and learn nothing of it', () => {
    const states = learned(paired(4, 3000));
    const odd = after(states, Float64Array.of(2, -8), 40).level;
    expect(states.weigh(Float64Array.of(2, Number.NaN)).level).toBeLessThan(0.1 * odd);
    // The second feature stays away for long, its average frozen far from all states.
    for (const [at] of paired(5, 6000)) {
      const row = Float64Array.of(at as number, Number.NaN);
      states.weigh(row);
      states.learn(row, true);
    }
    expect(after(states, Float64Array.of(2, 2), 60).level).toBeLessThan(0.5);
    expect(after(states, Float64Array.of(-2, -2), 60).level).toBeLessThan(0.5);
  });

  test('know nothing of an empty row, and before two states', () => {
    const nothing = { level: Number.NaN, spread: Number.NaN };
    expect(learned(paired(4, 3000)).weigh(new Float64Array(2).fill(Number.NaN))).toEqual(nothing);
    expect(learned(paired(5, 119)).weigh(Float64Array.of(2, 2))).toEqual(nothing);
    expect(learned(paired(5, 120)).weigh(Float64Array.of(2, 2)).level).toBeGreaterThanOrEqual(0);
  });

  test('take what is accepted for usual at once', () => {
    const states = learned(paired(8, 3000));
    const before = after(states, Float64Array.of(2, -2), 60);
    states.accept();
    const now = after(states, Float64Array.of(2, -2), 1);
    expect(now.level).toBeLessThan(before.level / 10);
    // The states that were usual stay usual.
    expect(after(states, Float64Array.of(-2, -2), 60).level).toBeLessThan(0.5);
    expect(after(states, Float64Array.of(2, 2), 60).level).toBeLessThan(0.5);
  });

  test('are no further away because a feature joins', () => {
    const random = createRandom(9);
    const states = new States(9);
    const distances = { before: 0, after: 0 };
    for (let at = 0; at < 6000; at++) {
      const row = Float64Array.from({ length: 9 }, (_, index) =>
        index % 3 === 0 && at < 5000 ? Number.NaN : (index % 3 === 0 ? 7 : 0) + normal(random),
      );
      const { level, spread } = states.weigh(row);
      states.learn(row, true);
      if (at >= 4800 && at < 5000) distances.before += level + spread;
      if (at >= 5000 && at < 5200) distances.after += level + spread;
    }
    expect(distances.after / distances.before).toBeLessThan(1.5);
    expect(distances.after / distances.before).toBeGreaterThan(0.6);
  });

  test('leave no echo of a level that was accepted', () => {
    const states = learned(paired(6, 3000).map((row) => row.map((value) => value / 10)));
    after(states, Float64Array.of(8, 0), 40);
    const before = states.weigh(Float64Array.of(0, 0));
    states.acceptLevel(0);
    const now = states.weigh(Float64Array.of(0, 0));
    expect(now.level).toBeLessThan(before.level / 4);
    expect(now.spread).toBeLessThan(before.spread / 4);
  });

  test('are numbers whatever a model or a row holds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e300, max: 1e300 }), { minLength: 2, maxLength: 2 }),
        fc.double({ min: -8, max: 8, noNaN: true }),
        fc.double({ min: 0, max: 64, noNaN: true }),
        (row, mean, square) => {
          const states = learned(paired(7, 200));
          for (const { name, values } of states.fields('s')) {
            if (name === 's means') values.fill(mean);
            if (name === 's squares') values.fill(square);
          }
          const { level, spread } = states.weigh(Float64Array.from(row));
          if (row.some((value) => !Number.isNaN(value)))
            expect([level, spread].every((each) => Number.isFinite(each) && each >= 0)).toBe(true);
        },
      ),
    );
  });
});
