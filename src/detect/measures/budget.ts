import { alarmRules, eventCounter, normalDays } from './events.ts';
import type { AlarmRules } from './events.ts';

export interface RecallAtBudget {
  /** False alarms per normal day that are allowed. */
  readonly budget: number;
  /** Largest share of events found within the budget. */
  readonly recall: number;
  /** The highest threshold that reaches it; Infinity when none finds anything. */
  readonly threshold: number;
  /** As in `EventStats`. */
  readonly delays: readonly (number | null)[];
}

/** Thresholds tried: dense at the top, where alarms live. */
const thresholdCount = 400;

/**
 * Share of events found at most `budget` false alarms per normal day, the threshold chosen with the labels known: what a
 * score could do, not what a detector does. Scores must be finite. @throws RangeError for NaN or lengths that differ.
 */
export function eventRecallAt(
  scores: Float64Array,
  labels: Uint8Array,
  stepSeconds: number,
  budgets: readonly number[],
  rules: AlarmRules = alarmRules(stepSeconds),
): readonly RecallAtBudget[] {
  if (scores.some((score) => Number.isNaN(score))) throw new RangeError('Scores must be numbers: fill the rows without one first.');
  const days = normalDays(labels, stepSeconds);
  const count = eventCounter(labels, rules);
  const flags = new Uint8Array(scores.length);
  const missed = count(flags);
  const best = budgets.map(
    (budget): RecallAtBudget => ({
      budget,
      recall: 0,
      threshold: Number.POSITIVE_INFINITY,
      delays: missed.delays,
    }),
  );
  for (const threshold of candidates(scores)) {
    for (let row = 0; row < scores.length; row++) flags[row] = (scores[row] as number) >= threshold ? 1 : 0;
    const { events, found, falseAlarms, delays } = count(flags);
    const recall = found / Math.max(events, 1);
    for (const [index, { budget, recall: before }] of best.entries()) {
      if (falseAlarms / days <= budget && recall > before) best[index] = { budget, recall, threshold, delays };
    }
  }
  return best;
}

/** Distinct thresholds, descending: all scores where they are few, else quantiles at 1 and 1 - (1/n ... 1/2, geometrically). */
function candidates(scores: Float64Array): Float64Array {
  const sorted = Float64Array.from(scores).sort();
  const all = distinct(sorted);
  if (all.length <= thresholdCount) return all.toReversed();
  const steps = thresholdCount - 1;
  const [from, to] = [Math.log10(1 / scores.length), Math.log10(0.5)];
  const taken = new Float64Array(thresholdCount);
  taken[0] = quantileBetween(sorted, 1);
  for (let step = 0; step < steps; step++) {
    const share = step === 0 ? 1 / scores.length : step === steps - 1 ? 0.5 : 10 ** (from + (step * (to - from)) / (steps - 1));
    taken[step + 1] = quantileBetween(sorted, 1 - share);
  }
  return distinct(taken.sort()).toReversed();
}

/** Type 7 like `quantile`, but exact between equal neighbours: a threshold an ulp above its rows would find none of them. */
function quantileBetween(sorted: Float64Array, probability: number): number {
  const place = (sorted.length - 1) * probability;
  const below = Math.floor(place);
  const share = place - below;
  const low = sorted[below] as number;
  const step = (sorted[Math.min(below + 1, sorted.length - 1)] as number) - low;
  return share >= 0.5 ? low + step - step * (1 - share) : low + step * share;
}

const distinct = (sorted: Float64Array): Float64Array => sorted.filter((value, at) => at === 0 || value !== sorted[at - 1]);

/** Median of the delays in rows, a missed event counting as its full length. NaN without events. */
export function medianDelay(delays: readonly (number | null)[], lengths: readonly number[]): number {
  return median(delays.map((delay, event) => delay ?? (lengths[event] as number)));
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
