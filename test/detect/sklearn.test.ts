/** scikit-learn is the oracle of our forest; test/fixtures/sklearn/make.py recorded what it said. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { scoreRows } from '../../src/detect/forest/forest.ts';
import { growForest } from '../../src/detect/forest/grow.ts';
import { importForest } from '../../src/detect/forest/import.ts';
import type { ForeignTree } from '../../src/detect/forest/import.ts';
import { rocAuc } from '../../src/detect/index.ts';

interface RecordedForest {
  readonly name: string;
  readonly featureCount: number;
  readonly sampleSize: number;
  readonly trees: readonly ForeignTree[];
  readonly rows: readonly (readonly number[])[];
  readonly scores: readonly number[];
}

interface Labelled {
  readonly featureCount: number;
  readonly rows: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly scores1000: readonly number[];
  readonly auc100: readonly number[];
}

const recorded = <T>(name: string): T => JSON.parse(readFileSync(new URL(`../fixtures/sklearn/${name}`, import.meta.url), 'utf8')) as T;
const { forests } = recorded<{ forests: RecordedForest[] }>('forests.json');
const labelled = recorded<Labelled>('labelled.json');
const labelledRows = Float32Array.from(labelled.rows.flat());

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [da, db] = [(a[i] as number) - meanA, (b[i] as number) - meanB];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return ab / Math.sqrt(aa * bb);
}

const ours = (trees: number, seed: number): Float64Array =>
  scoreRows(growForest(labelledRows, labelled.rows.length, labelled.featureCount, { trees, sampleSize: 256, seed }), labelledRows);

describe('an imported scikit-learn forest', () => {
  test.each(forests)('scores as there: $name', ({ trees, sampleSize, featureCount, rows, scores }) => {
    const forest = importForest(trees, sampleSize, featureCount);
    const found = scoreRows(forest, Float32Array.from(rows.flat()));
    const furthest = Math.max(...scores.map((score, i) => Math.abs(score - (found[i] as number))));
    expect(furthest).toBeLessThan(1e-6);
    expect(new Set(scores).size).toBeGreaterThan(50);
  });

  test('that has a cycle or a missing child is refused', () => {
    const tree: ForeignTree = {
      childrenLeft: [1, 0],
      childrenRight: [1, 0],
      feature: [0, 0],
      threshold: [0, 0],
      nodeSamples: [2, 1],
      features: [0],
    };
    expect(() => importForest([tree], 2, 1)).toThrow('a cycle');
    expect(() => importForest([{ ...tree, childrenLeft: [9, -1] }], 2, 1)).toThrow('child 9');
    expect(() => importForest([{ ...tree, features: [3] }], 2, 1)).toThrow('unknown feature');
  });
});

describe('our own forest', () => {
  test('of 1,000 trees agrees with scikit-learn', () => {
    const agreement = correlation(ours(1000, 1), labelled.scores1000);
    console.log(`correlation with scikit-learn at 1,000 trees: ${agreement.toFixed(4)}`);
    expect(agreement).toBeGreaterThanOrEqual(0.98);
  });

  test('finds anomalies as well as scikit-learn, over 5 seeds', () => {
    const labels = Uint8Array.from(labelled.labels);
    const aucs = [1, 2, 3, 4, 5].map((seed) => rocAuc(ours(100, seed), labels));
    console.log(
      `AUC ours ${mean(aucs).toFixed(4)} (${aucs.map((auc) => auc.toFixed(4)).join(' ')}), theirs ${mean(labelled.auc100).toFixed(4)}`,
    );
    expect(Math.abs(mean(aucs) - mean(labelled.auc100))).toBeLessThanOrEqual(0.005);
  });
});
