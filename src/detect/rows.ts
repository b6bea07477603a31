/** Small questions about rows that every detector asks. */

/** True when more than half of the row of `width` values at `at` is missing. */
export function tooFew(rows: Float64Array, at: number, width: number): boolean {
  let missing = 0;
  for (let index = at; index < at + width; index++) if (!Number.isFinite(rows[index])) missing++;
  return 2 * missing > width;
}

/** Makes weights >= 0 sum to 1; false when all are 0. */
export function normalize(weights: Float64Array): boolean {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (!(sum > 0)) return false;
  for (let index = 0; index < weights.length; index++) weights[index] = (weights[index] as number) / sum;
  return true;
}
