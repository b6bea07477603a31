/** Fleets and cohorts: compiled and plain kernels give the same scores, and what is odd stands out. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/detect/index.ts';
import { growForest } from '../../src/detect/forest/grow.ts';
import type { Cohort, Fleet, FleetOptions, Kernels } from '../../src/detect/kernels.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { clusteredRows } from './data.ts';

const fast = loadKernels('webassembly');
const plain = loadKernels('typescript');
const both: readonly Kernels[] = [fast, plain];

const median = (values: ArrayLike<number>): number => Array.from(values).sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const fleetShapes = fc.record({
  entities: fc.integer({ min: 1, max: 5 }),
  features: fc.constantFrom(1, 3, 4, 20, 63),
  trees: fc.constantFrom(4, 12),
  sampleSize: fc.constantFrom(2, 30, 256),
  seed: fc.integer({ min: 0, max: 0xffff_ffff }),
  refreshTicks: fc.integer({ min: 1, max: 4 }),
});

/** Begins all entities but the fourth, which begins like the second, and the fifth, which does not. */
function begun(kernels: Kernels, options: FleetOptions, coarse: boolean): Fleet {
  const fleet = kernels.fleet(options);
  for (let entity = 0; entity < options.entities; entity++) {
    const rows = clusteredRows(options.seed ^ entity, 300, options.features);
    // Trees over few evenly spread values are the largest there are: they do not all fit.
    if (coarse) rows.forEach((_, at) => (rows[at] = Math.imul(at, 0x9e37_79b1) >>> 29));
    if (entity === 4) continue;
    if (entity === 3) fleet.beginLike(3, 1);
    else fleet.begin(entity, rows);
  }
  return fleet;
}

describe('a fleet', () => {
  test('has the same scores, compiled or plain, bit for bit, tick after tick', () => {
    fc.assert(
      fc.property(fleetShapes, fc.boolean(), (options, coarse) => {
        const [a, b] = [begun(fast, options, coarse), begun(plain, options, coarse)];
        for (let tick = 0; tick < 15; tick++) {
          const rows = clusteredRows(options.seed + tick, options.entities, options.features);
          rows.forEach((_, at) => (at + tick) % 13 === 0 && (rows[at] = [Number.NaN, Infinity, -1e30][(at + tick) % 3] as number));
          a.values.set(rows);
          b.values.set(rows);
          expect(a.tick()).toEqual(b.tick());
        }
      }),
      { numRuns: 20 },
    );
  });

  const options: FleetOptions = { entities: 4, features: 20, trees: 100, sampleSize: 256, seed: 1, refreshTicks: 10 };

  test.each(both)('has at most 56 KB per entity, and finds the odd one ($kind)', (kernels) => {
    const fleet = begun(kernels, options, false);
    expect(fleet.bytesPerEntity).toBeGreaterThan(40_000);
    expect(fleet.bytesPerEntity).toBeLessThanOrEqual(56_000);
    // Each entity's own first row, once as it was and once far out.
    const row = (entity: number): Float32Array => clusteredRows(1 ^ (entity === 3 ? 1 : entity), 300, 20).subarray(0, 20);
    for (let entity = 0; entity < 4; entity++) fleet.values.set(row(entity), entity * 20);
    const calm = fleet.tick().slice();
    fleet.values.subarray(40, 60).fill(50);
    const odd = fleet.tick();
    expect(odd[2]).toBeGreaterThan((calm[2] as number) + 0.1);
    for (const entity of [0, 1, 3]) expect(Math.abs((odd[entity] as number) - (calm[entity] as number))).toBeLessThan(0.05);
  });

  test.each(both)('has no opinion about an entity that did not begin ($kind)', (kernels) => {
    const fleet = begun(kernels, { ...options, entities: 5, trees: 4 }, false);
    const scores = fleet.tick();
    expect(Array.from(scores, Number.isNaN)).toEqual([false, false, false, false, true]);
  });

  test.each(both)('finds the odd one, too, where not all trees fit in full ($kind)', (kernels) => {
    const fleet = kernels.fleet({ ...options, entities: 1 });
    const random = createRandom(1);
    const row = (): number => Math.floor(8 * random.uniform());
    fleet.begin(0, Float32Array.from({ length: 300 * 20 }, row));
    const calm: number[] = [];
    for (let tick = 0; tick < 30; tick++) {
      fleet.values.set(Float32Array.from({ length: 20 }, row));
      calm.push(fleet.tick()[0] as number);
    }
    fleet.values.fill(9.5);
    expect(fleet.tick()[0]).toBeGreaterThan(Math.max(...calm) + 0.05);
    expect(Math.max(...calm)).toBeLessThan(0.6);
  });

  test.each(both)('takes a missing value for an ordinary one ($kind)', (kernels) => {
    const fleet = begun(kernels, options, false);
    fleet.values.set(clusteredRows(1, 4, 20));
    fleet.values.subarray(0, 20).fill(Number.NaN);
    expect(fleet.tick()[0]).toBeLessThan(0.6);
  });

  test.each(both)('learns a new level within its ticks ($kind)', (kernels) => {
    const fleet = begun(kernels, { ...options, entities: 1, trees: 20, refreshTicks: 1 }, false);
    const rows = clusteredRows(9, 900, 20);
    const scores: number[] = [];
    for (let tick = 0; tick < 900; tick++) {
      for (let feature = 0; feature < 20; feature++) fleet.values[feature] = 5 + 0.1 * (rows[tick * 20 + feature] as number);
      scores.push(fleet.tick()[0] as number);
    }
    expect(median(scores.slice(-50))).toBeLessThan(median(scores.slice(0, 20)) - 0.05);
  });

  test.each(both)('refuses what it cannot be or has not ($kind)', (kernels) => {
    expect(() => kernels.fleet({ ...options, features: 64 })).toThrow('number of features is 1 to 63, not 64');
    expect(() => kernels.fleet({ ...options, trees: 10 })).toThrow('10 is no multiple of four');
    expect(() => kernels.fleet({ ...options, sampleSize: 300 })).toThrow('sample size is 2 to 256, not 300');
    const fleet = kernels.fleet({ ...options, trees: 4 });
    expect(() => fleet.begin(4, new Float32Array(20))).toThrow('There is no entity 4; there are 0 to 3.');
    expect(() => fleet.beginLike(0, -1)).toThrow('There is no entity -1');
    expect(() => fleet.begin(0, new Float32Array(21))).toThrow('cannot be made of 21 values');
    expect(() => fleet.begin(0, new Float32Array(0))).toThrow('cannot be made of 0 values');
  });

  test('does not grow beyond what can be addressed', () => {
    expect(() => fast.fleet({ ...options, entities: 100_000 })).toThrow('make several smaller ones');
  });
});

describe('a cohort', () => {
  const features = 5;
  const forest = growForest(clusteredRows(1, 2000, features), 2000, features, { trees: 60, sampleSize: 256, seed: 1 });
  const entities = 300;

  function open(kernels: Kernels): Cohort {
    const cohort = kernels.cohort(forest, { entities, rate: 0.02, leastDeviation: 1e-6 });
    for (let entity = 0; entity < entities; entity++) {
      cohort.begin(entity, new Float32Array(features).fill(10 * entity), new Float32Array(features).fill(1 + (entity % 7)));
    }
    return cohort;
  }

  function bring(cohort: Cohort, rows: Float32Array): void {
    for (let entity = 0; entity < entities; entity++) {
      for (let feature = 0; feature < features; feature++) {
        cohort.values[cohort.place(entity, feature)] = 10 * entity + (1 + (entity % 7)) * (rows[entity * features + feature] as number);
      }
    }
  }

  test('has the same scores, compiled or plain, bit for bit, tick after tick', () => {
    const [a, b] = [open(fast), open(plain)];
    for (let tick = 0; tick < 40; tick++) {
      const rows = clusteredRows(tick, entities, features);
      rows.forEach((_, at) => (at + tick) % 13 === 0 && (rows[at] = [Number.NaN, Infinity, -1e30][(at + tick) % 3] as number));
      bring(a, rows);
      bring(b, rows);
      expect(a.tick()).toEqual(b.tick());
    }
  });

  test.each(both)('measures each entity by its own normal ($kind)', (kernels) => {
    const cohort = open(kernels);
    const calm = clusteredRows(1, 1, features);
    const rows = Float32Array.from({ length: entities * features }, (_, at) => 0.1 * (calm[at % features] as number));
    bring(cohort, rows);
    const before = cohort.tick().slice();
    rows.subarray(77 * features, 78 * features).fill(9);
    bring(cohort, rows);
    const after = cohort.tick();
    expect(Math.max(...before) - Math.min(...before)).toBeLessThan(0.02);
    expect(after.indexOf(Math.max(...after))).toBe(77);
    expect(after[77]).toBeGreaterThan((before[77] as number) + 0.1);
  });

  test.each(both)('a missing value changes nothing ($kind)', (kernels) => {
    const [gap, whole] = [open(kernels), open(kernels)];
    gap.values.fill(Number.NaN);
    gap.tick();
    const rows = clusteredRows(5, entities, features);
    bring(gap, rows);
    bring(whole, rows);
    expect(gap.tick()).toEqual(whole.tick());
  });

  test.each(both)('refuses what it cannot be or has not ($kind)', (kernels) => {
    const options = { entities, rate: 0.02, leastDeviation: 1e-6 };
    expect(() => kernels.cohort(forest, { ...options, rate: 1 })).toThrow('between 0 and 1, not 1');
    expect(() => kernels.cohort(forest, { ...options, entities: 0 })).toThrow('at least 1 entity, not 0');
    expect(() => kernels.cohort(forest, { ...options, leastDeviation: 0 })).toThrow('above 0, not 0');
    expect(() => kernels.cohort({ ...forest, sampleSize: 300 }, options)).toThrow('257 trees of 256 rows, not 60 of 300');
    expect(() => open(kernels).begin(300, new Float32Array(5), new Float32Array(5))).toThrow('There is no entity 300');
  });
});
