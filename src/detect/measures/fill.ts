/** Rows without a score take the lowest there is, so that "no opinion" never looks like a finding; 0 when there is none at all. */
export function fillMissing(scores: Float64Array): Float64Array {
  let least = Number.POSITIVE_INFINITY;
  for (const score of scores) if (score < least) least = score;
  if (least === Number.POSITIVE_INFINITY) least = 0;
  return scores.map((score) => (Number.isNaN(score) ? least : score));
}
