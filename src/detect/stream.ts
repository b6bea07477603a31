import type { Detector } from './contract.ts';

/**
 * Scores rows in the order of their times, as the live walk does: each is scored, then learned where the detector streams.
 * @param rows row-major, rows x features; @param times ms since the epoch, one per row
 * @returns one score per row, NaN where there is none
 */
export function streamScores(detector: Detector, rows: Float64Array, times: Float64Array): Float64Array {
  if (!detector.streaming) return detector.scoreAll(rows, times);
  const width = detector.features.length;
  return times.map((timeMs, row) => {
    const values = rows.subarray(row * width, (row + 1) * width);
    const score = detector.score(values, timeMs) ?? Number.NaN;
    detector.learn(values, times.subarray(row, row + 1));
    return score;
  });
}
