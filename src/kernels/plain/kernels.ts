/** The kernels in plain TypeScript: for where there is no WebAssembly, and to say what the compiled ones must answer. */
import { type IsolationForest, scoreRow, scoreRows } from '../../detect/forest/forest.ts';
import { growForest } from '../../detect/forest/grow.ts';
import type { Kernels, RowScorer } from '../../detect/kernels.ts';
import { checkRow, scoresOf } from '../shape.ts';
import { checkShape, notFinite } from '../table-shape.ts';
import { plainBatchScorer } from './batch.ts';
import { openPlainCohort } from './cohort.ts';
import { openPlainFleet } from './fleet.ts';

/** Exact scores, for trees of any depth. */
export function plainScorer(forest: IsolationForest): RowScorer {
  return {
    scoreRow(row) {
      checkRow(row, forest.featureCount);
      return scoreRow(forest, row);
    },
    scoreRows(rows, given) {
      const scores = scoresOf(rows, forest.featureCount, given);
      scores.set(scoreRows(forest, rows));
      return scores;
    },
  };
}

export const typescriptKernels: Kernels = {
  kind: 'typescript',
  table(rowCount, featureCount) {
    checkShape(rowCount, featureCount);
    const rows = new Float32Array(rowCount * featureCount);
    return {
      rowCount,
      featureCount,
      rows,
      grow(options) {
        if (!rows.every(Number.isFinite)) throw notFinite(rows, featureCount);
        return growForest(rows, rowCount, featureCount, options);
      },
    };
  },
  exact: plainScorer,
  batch: (forest) => plainBatchScorer(forest) ?? plainScorer(forest),
  fleet: openPlainFleet,
  cohort: openPlainCohort,
};
