/** Quantile of ascending numbers, interpolated between neighbours (type 7 of Hyndman and Fan, 1996; numpy's default). */
export function quantile(sorted: Float64Array, probability: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = (sorted.length - 1) * probability;
  const below = Math.floor(place);
  const share = place - below;
  const low = sorted[below] as number;
  const high = sorted[share === 0 ? below : below + 1] as number;
  // Between equal neighbours rounding must not invent another value.
  return low === high ? low : low * (1 - share) + high * share;
}
