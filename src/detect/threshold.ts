import { quantile } from './quantile.ts';

/** Least threshold: above the 0.5 that a row without any change that matters can reach. */
const leastThreshold = 0.6;
/** How much of the way to 1 a threshold learned from n rows is raised: this over sqrt(n). 120 rows: 18 %, 2,400: 4 %. */
const caution = 2;

/**
 * Threshold from the scores of the training rows: their (1 - contamination) quantile, raised by what so few rows
 * cannot know. Always in [0.6, 1).
 */
export function learnThreshold(scores: Float64Array, contamination: number): number {
  const learned = quantile(Float64Array.from(scores).sort(), 1 - contamination);
  const raised = 1 - (1 - learned) * (1 - Math.min(0.5, caution / Math.sqrt(scores.length)));
  return Math.min(1 - 2 ** -20, Math.max(leastThreshold, raised));
}
