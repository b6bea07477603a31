/** What a table refuses. */
import { maximumFeatures } from '../detect/forest/forest.ts';

/** @throws RangeError for a shape that makes no table. */
export function checkShape(rowCount: number, featureCount: number): void {
  if (!(Number.isInteger(rowCount) && rowCount >= 2)) throw new RangeError(`A table has at least 2 rows, not ${rowCount}.`);
  if (!(Number.isInteger(featureCount) && featureCount >= 1 && featureCount <= maximumFeatures))
    throw new RangeError(`A table has 1 to ${maximumFeatures} features, not ${featureCount}.`);
}

/** Names the first value that is no finite number. */
export function notFinite(rows: Float32Array, featureCount: number): RangeError {
  const at = rows.findIndex((value) => !Number.isFinite(value));
  return new RangeError(
    `Row ${Math.floor(at / featureCount)} has ${rows[at]} as feature ${at % featureCount}; a forest grows on finite numbers.`,
  );
}
