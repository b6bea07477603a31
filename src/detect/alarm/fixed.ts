import { DetectError } from '../detect-error.ts';
import type { BodyReader, BodyWriter } from '../model-buffer.ts';
import type { Threshold } from './threshold.ts';

export const fixedSlug = 'fixed';

/** The level that a person set. @throws RangeError when it is not finite. */
export function createFixed(level: number): Threshold {
  if (!Number.isFinite(level)) throw new RangeError(`The level is ${level}; give a finite number.`);
  return {
    slug: fixedSlug,
    observe: () => {},
    value: () => level,
    ordinary: () => null,
    save: (writer: BodyWriter) => writer.float64(level),
  };
}

/** @throws DetectError for a level that is not finite. */
export function loadFixed(reader: BodyReader): Threshold {
  const level = reader.float64();
  if (!Number.isFinite(level)) throw new DetectError('hostile', `A fixed threshold has the level ${level}.`);
  return createFixed(level);
}
