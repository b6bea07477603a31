/** What both cohorts, compiled and plain, have in common: levels of z, the shared forest in them, and the layout of entities. */
import type { IsolationForest } from '../detect/forest/forest.ts';
import type { CohortOptions } from '../detect/kernels.ts';
import { lanes } from './program.ts';
import { quantise, type QuantisedForest } from './quantised.ts';
import { mostRowsPerTree } from './shape.ts';

/** Levels of one deviation: 8 bits reach from -10.7 to 10.6 deviations. */
export const levelsPerDeviation = 12;
/** A step towards a new value is at most so many deviations. */
export const longestStep = 6;
/** A sum of the shared forest's leaf codes fits into 16 bits. */
const mostTrees = 257;

/** @throws RangeError for a forest or options that make no cohort. */
export function cohortForest(forest: IsolationForest, { entities, rate, leastDeviation }: CohortOptions): QuantisedForest {
  if (forest.sampleSize > mostRowsPerTree || forest.roots.length > mostTrees) {
    const [trees, rows] = [forest.roots.length, forest.sampleSize];
    throw new RangeError(`A cohort's forest has at most ${mostTrees} trees of ${mostRowsPerTree} rows, not ${trees} of ${rows}.`);
  }
  if (!(Number.isInteger(entities) && entities >= 1)) throw new RangeError(`A cohort has at least 1 entity, not ${entities}.`);
  if (!(rate > 0 && rate < 1)) throw new RangeError(`A cohort's rate is between 0 and 1, not ${rate}.`);
  if (!(leastDeviation > 0)) throw new RangeError(`A cohort's least deviation is above 0, not ${leastDeviation}.`);
  return quantise(forest, {
    centre: new Float32Array(forest.featureCount),
    scale: new Float32Array(forest.featureCount).fill(levelsPerDeviation),
  });
}

/** Where entity e, feature f lies among the values: blocks of 128 entities, feature by feature. */
export const cohortPlace = (entity: number, feature: number, features: number): number =>
  (Math.floor(entity / lanes) * features + feature) * lanes + (entity % lanes);

/** Where its mean lies among the state; the deviation is 128 further on. */
export const statePlace = (entity: number, feature: number, features: number): number =>
  2 * (cohortPlace(entity, feature, features) - (entity % lanes)) + (entity % lanes);
