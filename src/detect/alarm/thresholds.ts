import { DetectError } from '../detect-error.ts';
import type { BodyReader, BodyWriter } from '../model-buffer.ts';
import { budgetSlug, loadBudget } from './budget.ts';
import { extremeValueSlug, loadExtremeValue } from './extreme-value.ts';
import { fixedSlug, loadFixed } from './fixed.ts';
import { loadQuantile, quantileSlug } from './quantile.ts';
import type { Threshold } from './threshold.ts';

/** The thresholds there are, by slug. */
export const thresholds: ReadonlyMap<string, (reader: BodyReader) => Threshold> = new Map([
  [budgetSlug, loadBudget],
  [extremeValueSlug, loadExtremeValue],
  [fixedSlug, loadFixed],
  [quantileSlug, loadQuantile],
]);

/** Writes which threshold it is, then all that it learned. */
export function saveThreshold(threshold: Threshold, writer: BodyWriter): void {
  writer.text(threshold.slug);
  threshold.save(writer);
}

/** Reads what `saveThreshold` wrote. @throws DetectError for anything else. */
export function loadThreshold(reader: BodyReader): Threshold {
  const slug = reader.text();
  const load = thresholds.get(slug);
  if (load === undefined)
    throw new DetectError('hostile', `There is no threshold "${slug}"; known are ${[...thresholds.keys()].join(', ')}.`);
  return load(reader);
}
