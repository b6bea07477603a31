import { quantile } from '../../src/detect/quantile.ts';

/**
 * Which rows of a stream would alarm, the threshold set from scores of the past alone for a budget of false alarms per day:
 * so that the hours whose highest score exceeds it come as often as the budget allows.
 * @param trainScores scores of the rows before the stream, NaN for none; empty for a cold start
 */
export function alertsOf(trainScores: Float64Array, testScores: Float64Array, stepSeconds: number, budgetPerDay: number): Uint8Array {
  const hour = Math.max(1, Math.round(3600 / stepSeconds));
  const highest: number[] = [];
  for (let from = 0; from < trainScores.length; from += hour) {
    const scores = trainScores.subarray(from, from + hour).filter((score) => !Number.isNaN(score));
    if (scores.length > 0) highest.push(Math.max(...scores));
  }
  const flags = new Uint8Array(testScores.length);
  if (highest.length === 0) return flags;
  const threshold = quantile(Float64Array.from(highest).sort(), Math.max(0, 1 - budgetPerDay / 24));
  return flags.map((_, row) => ((testScores[row] as number) > threshold ? 1 : 0));
}
