/** How alike two incidents were: the angle between their features' shares of the score, each with the side it went to. */

/** One feature's part in an incident, in the feature's unit; null where there was no value. */
export interface Part {
  readonly feature: string;
  readonly value: number | null;
  readonly share: number;
  readonly expectedLow: number;
  readonly expectedHigh: number;
}

/**
 * Cosine of the signed shares, in [0, 1]: 1 where the same features went the same way in the same proportions, 0 where none
 * is shared, or where they went opposite ways. 0 as well for an incident that no feature carried.
 */
export function similarity(a: readonly Part[], b: readonly Part[]): number {
  const ours = signedShares(a);
  const theirs = signedShares(b);
  const size = norm(ours) * norm(theirs);
  if (size === 0) return 0;
  let product = 0;
  for (const [feature, share] of ours) product += share * (theirs.get(feature) ?? 0);
  return Math.min(1, Math.max(0, product / size));
}

/** A share above what was expected counts up, one below counts down; within, the nearer side of the range says which. */
function signedShares(parts: readonly Part[]): ReadonlyMap<string, number> {
  const signed = new Map<string, number>();
  for (const { feature, value, share, expectedLow, expectedHigh } of parts) {
    const middle = expectedLow / 2 + expectedHigh / 2;
    if (value === null || !Number.isFinite(share) || !Number.isFinite(value - middle)) continue;
    signed.set(feature, value < middle ? -share : share);
  }
  return signed;
}

const norm = (shares: ReadonlyMap<string, number>): number => Math.hypot(...shares.values());
