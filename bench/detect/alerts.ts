import { createAlarm, createBudget } from '../../src/detect/index.ts';

/** Two samples where they come each minute; one where they are rare. */
const holdMs = 120_000;

/**
 * Which rows of a stream alarm, by the threshold `budget`: set from scores of the past alone, renewed as the stream goes on.
 * @param trainScores scores of the rows before the stream, NaN for none; empty for a cold start
 * @param budgetPerDay false alarms that may come in a day
 */
export function alertsOf(trainScores: Float64Array, testScores: Float64Array, stepSeconds: number, budgetPerDay: number): Uint8Array {
  const stepMs = stepSeconds * 1000;
  const hold = Math.max(0, holdMs - stepMs);
  const threshold = createBudget({ perWeek: 7 * budgetPerDay, holdMs: hold, ceiling: 1 });
  const alarm = createAlarm(threshold, { policy: { minimumDurationMs: hold } });
  for (const [row, score] of trainScores.entries()) alarm.step(score, row * stepMs);
  return Uint8Array.from(testScores, (score, row) => Number(alarm.step(score, (trainScores.length + row) * stepMs).active));
}
