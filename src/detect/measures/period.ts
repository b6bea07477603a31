const lags = 400;
const shortest = 3;
const longest = 300;
/** TSB-AD's length for a series without a period. */
const fallback = 125;
const rowsUsed = 20_000;

/**
 * Length of a series' strongest period in rows: the highest local maximum of its autocorrelation between 3 and 303 lags, in
 * its first 20,000 rows (TSB-AD's `find_length_rank`), else 125. It is the ramp for the volume under the surface.
 */
export function periodOf(series: Float64Array): number {
  const values = series.subarray(0, rowsUsed).filter((value) => Number.isFinite(value));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  const correlation = new Float64Array(lags + 1 - shortest);
  for (let at = 0; at < correlation.length; at++) {
    let sum = 0;
    for (let row = at + shortest; row < centred.length; row++) sum += (centred[row] as number) * (centred[row - at - shortest] as number);
    correlation[at] = sum;
  }
  let best = 0;
  for (let at = 1; at < correlation.length - 1; at++) {
    const value = correlation[at] as number;
    if (!(value > (correlation[at - 1] as number) && value > (correlation[at + 1] as number))) continue;
    if (best === 0 || value > (correlation[best] as number)) best = at;
  }
  return best < shortest || best > longest ? fallback : best + shortest;
}
