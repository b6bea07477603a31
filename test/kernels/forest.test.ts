/** Growing, exact and batch scoring: compiled and plain kernels against each other, against src/detect and against scikit-learn. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scoreRows } from '../../src/detect/forest/forest.ts';
import { growForest } from '../../src/detect/forest/grow.ts';
import { type ForeignTree, importForest } from '../../src/detect/forest/import.ts';
import { rocAuc } from '../../src/detect/index.ts';
import type { Kernels, RowScorer, Table } from '../../src/detect/kernels.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { clusteredRows } from './data.ts';

const fast = loadKernels('webassembly');
const plain = loadKernels('typescript');
const both: readonly Kernels[] = [fast, plain];

function tableOf(kernels: Kernels, rows: Float32Array, features: number): Table {
  const table = kernels.table(rows.length / features, features);
  table.rows.set(rows);
  return table;
}

/** Shapes at and around every edge: one feature, no multiple of four, more trees than a program holds, fewer rows than a sample. */
const shapes = fc.record({
  seed: fc.integer({ min: 0, max: 0xffff_ffff }),
  rows: fc.integer({ min: 2, max: 700 }),
  features: fc.integer({ min: 1, max: 41 }),
  trees: fc.constantFrom(1, 2, 7, 40, 260),
  sampleSize: fc.constantFrom(2, 3, 16, 200, 256),
});

describe('a table grows', () => {
  test('the forest of src/detect, bit for bit', () => {
    fc.assert(
      fc.property(shapes, fc.boolean(), ({ seed, rows: count, features, trees, sampleSize }, coarse) => {
        const rows = clusteredRows(seed, count, features);
        // Few different values: constant features, equal rows, leaves of many rows.
        if (coarse) rows.forEach((value, at) => (rows[at] = Math.round(value / 3)));
        const options = { trees, sampleSize, seed };
        expect(tableOf(fast, rows, features).grow(options)).toEqual(growForest(rows, count, features, options));
      }),
      { numRuns: 60 },
    );
  });

  test('larger trees than the kernel has room for, too', () => {
    const rows = clusteredRows(3, 2000, 4);
    const options = { trees: 3, sampleSize: 1000, seed: 1 };
    expect(tableOf(fast, rows, 4).grow(options)).toEqual(growForest(rows, 2000, 4, options));
  });

  test.each(both)('only from finite numbers ($kind)', (kernels) => {
    for (const hostile of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const at of [0, 37, 3 * 301 - 1]) {
        const table = tableOf(kernels, clusteredRows(1, 301, 3), 3);
        table.rows[at] = hostile;
        expect(() => table.grow({ trees: 5, sampleSize: 16, seed: 1 })).toThrow(
          `Row ${Math.floor(at / 3)} has ${hostile} as feature ${at % 3}`,
        );
      }
    }
  });

  test.each(both)('nothing from shapes and options that make no forest ($kind)', (kernels) => {
    expect(() => kernels.table(1, 3)).toThrow('at least 2 rows');
    expect(() => kernels.table(10, 257)).toThrow('1 to 256 features');
    const table = tableOf(kernels, clusteredRows(1, 30, 3), 3);
    expect(() => table.grow({ trees: 0, sampleSize: 16, seed: 1 })).toThrow('at least 1 tree');
    expect(() => table.grow({ trees: 5, sampleSize: 1, seed: 1 })).toThrow('2 to 16384 rows');
  });

  test('no table of more than 4 GiB', () => {
    expect(() => fast.table(2 ** 28, 8)).toThrow('4294967296 bytes at most');
  });
});

const oneByOne = (scorer: RowScorer, rows: Float32Array, features: number): Float64Array =>
  Float64Array.from({ length: rows.length / features }, (_, row) => scorer.scoreRow(rows.subarray(row * features, (row + 1) * features)));

describe('exact scores', () => {
  test('equal those of src/detect bit for bit, NaN and infinities included', () => {
    fc.assert(
      fc.property(shapes, ({ seed, rows: count, features, trees, sampleSize }) => {
        const rows = clusteredRows(seed, count, features);
        const forest = growForest(rows, count, features, { trees, sampleSize, seed });
        rows.forEach((_, at) => at % 17 === 0 && (rows[at] = [Number.NaN, Infinity, -Infinity][(at / 17) % 3] as number));
        const wanted = scoreRows(forest, rows);
        for (const kernels of both) {
          const scorer = kernels.exact(forest);
          expect(scorer.scoreRows(rows)).toEqual(wanted);
          expect(oneByOne(scorer, rows, features)).toEqual(wanted);
        }
      }),
      { numRuns: 25 },
    );
  });

  const recorded = JSON.parse(readFileSync(new URL('../fixtures/sklearn/forests.json', import.meta.url), 'utf8')) as {
    forests: {
      name: string;
      featureCount: number;
      sampleSize: number;
      trees: readonly ForeignTree[];
      rows: number[][];
      scores: number[];
    }[];
  };

  test.each(recorded.forests)('equal those of an imported scikit-learn forest to 1e-6: $name', (each) => {
    const forest = importForest(each.trees, each.sampleSize, each.featureCount);
    const rows = Float32Array.from(each.rows.flat());
    for (const kernels of both) {
      const found = kernels.exact(forest).scoreRows(rows);
      expect(Math.max(...each.scores.map((score, row) => Math.abs(score - (found[row] as number))))).toBeLessThan(1e-6);
    }
  });

  test.each(both)('go where they are asked to, and lengths must fit ($kind)', (kernels) => {
    const rows = clusteredRows(1, 100, 3);
    for (const make of [kernels.exact, kernels.batch]) {
      const scorer = make(growForest(rows, 100, 3, { trees: 8, sampleSize: 64, seed: 1 }));
      const scores = new Float64Array(100);
      expect(scorer.scoreRows(rows, scores)).toBe(scores);
      expect(Math.min(...scores)).toBeGreaterThan(0);
      expect(() => scorer.scoreRows(rows.subarray(1))).toThrow('Rows of 3 features cannot be made of 299 values.');
      expect(() => scorer.scoreRows(rows, new Float64Array(99))).toThrow('100 rows have 100 scores, not 99.');
      expect(() => scorer.scoreRow(rows.subarray(0, 4))).toThrow('A row has 3 values, not 4.');
    }
  });

  test('of deeper trees than the kernel takes are right, too', () => {
    const rows = clusteredRows(3, 2000, 4);
    const forest = growForest(rows, 2000, 4, { trees: 3, sampleSize: 1000, seed: 1 });
    for (const kernels of both) {
      expect(kernels.exact(forest).scoreRows(rows)).toEqual(scoreRows(forest, rows));
      expect(kernels.batch(forest).scoreRows(rows)).toEqual(scoreRows(forest, rows));
    }
  });
});

describe('batch scores', () => {
  test('are the same, compiled or plain, bit for bit', () => {
    fc.assert(
      fc.property(shapes, ({ seed, rows: count, features, trees, sampleSize }) => {
        const rows = clusteredRows(seed, count, features);
        const forest = growForest(rows, count, features, { trees, sampleSize, seed });
        rows.forEach((_, at) => at % 17 === 0 && (rows[at] = [Number.NaN, Infinity, -1e30][(at / 17) % 3] as number));
        const wanted = plain.batch(forest).scoreRows(rows);
        expect(fast.batch(forest).scoreRows(rows)).toEqual(wanted);
        expect(oneByOne(fast.batch(forest), rows, features)).toEqual(wanted);
        expect(oneByOne(plain.batch(forest), rows, features)).toEqual(wanted);
      }),
      { numRuns: 25 },
    );
  });

  test('lie close to the exact ones, and rank as well', () => {
    const labelled = JSON.parse(readFileSync(new URL('../fixtures/sklearn/labelled.json', import.meta.url), 'utf8')) as {
      featureCount: number;
      rows: number[][];
      labels: number[];
    };
    const rows = Float32Array.from(labelled.rows.flat());
    const labels = Uint8Array.from(labelled.labels);
    for (const seed of [1, 2, 3]) {
      const forest = growForest(rows, labelled.rows.length, labelled.featureCount, { trees: 100, sampleSize: 256, seed });
      const exact = scoreRows(forest, rows);
      const batch = fast.batch(forest).scoreRows(rows);
      expect(Math.max(...exact.map((score, row) => Math.abs(score - (batch[row] as number))))).toBeLessThan(0.03);
      expect(Math.abs(rocAuc(batch, labels) - rocAuc(exact, labels))).toBeLessThan(0.005);
    }
  });

  test('keep their sides where a feature has one threshold', () => {
    const rows = Float32Array.of(0, 0, 0, 1, 1, 1, 1, 1);
    const forest = growForest(rows, 8, 1, { trees: 1, sampleSize: 8, seed: 1 });
    for (const kernels of both) {
      const scores = kernels.batch(forest).scoreRows(rows);
      expect(new Set(scores.subarray(0, 3)).size).toBe(1);
      expect(scores[0]).toBeGreaterThan(scores[7] as number);
    }
  });
});
