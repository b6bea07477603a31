import { quantile } from './quantile.ts';

/** Least threshold: above the 0.5 that a row without any change that matters can reach. */
export const leastThreshold = 0.6;
export const greatestThreshold = 1 - 2 ** -20;
/** How much of the way to 1 a threshold learned from n rows is raised: this over sqrt(n). 120 rows: 18 %, 2,400: 4 %. */
const caution = 2;

/**
 * Threshold from the scores of the training rows: their (1 - contamination) quantile, raised by what so few rows
 * cannot know. Always in [0.6, 1).
 */
export function learnThreshold(scores: Float64Array, contamination: number): number {
  return cautious(quantile(Float64Array.from(scores).sort(), 1 - contamination), scores.length);
}

/** A threshold that was learned from `count` scores, raised by what so few cannot know. In [0.6, 1). */
export function cautious(learned: number, count: number): number {
  const raised = 1 - (1 - learned) * (1 - Math.min(0.5, caution / Math.sqrt(count)));
  return Math.min(greatestThreshold, Math.max(leastThreshold, raised));
}
