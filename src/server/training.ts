import { createHash } from 'node:crypto';
import type { Detector } from '../detect/index.ts';
import { breathe } from './breath.ts';
import type { EntityWindow } from './reader.ts';

/** Rows to learn from, row-major, with the time of each. */
export interface TrainingRows {
  readonly rows: Float64Array;
  readonly times: Float64Array;
}

/** What lasted so long is accepted as normal, instead of never being learned. */
const acceptedMs = 6 * 3_600_000;
/** A streaming detector learns so many rows at once before requests get their turn. */
const slice = 64;

/** The steps with a real sample that `keep` allows. */
export function rowsOf(window: EntityWindow, times: Float64Array, width: number, keep: (step: number) => boolean): TrainingRows {
  const steps: number[] = [];
  for (let step = 0; step < times.length; step++) if (window.present[step] === 1 && keep(step)) steps.push(step);
  const rows = new Float64Array(steps.length * width);
  for (const [at, step] of steps.entries()) rows.set(window.rows.subarray(step * width, (step + 1) * width), at * width);
  return { rows, times: Float64Array.from(steps, (step) => times[step] as number) };
}

/**
 * For a detector that learns a window anew: rows with at least half of their features that were not called anomalous before.
 * Where those that were are a lasting part of the window, they are the new normal and `accepted`.
 */
export function calmRows(
  window: EntityWindow,
  times: Float64Array,
  width: number,
  about: { isFlagged: (timeMs: number) => boolean; mayLearn: (timeMs: number) => boolean; stepMs: number; windowMs: number },
): TrainingRows & { readonly accepted: boolean } {
  const isUsable = (step: number): boolean => {
    if (!about.mayLearn(times[step] as number)) return false;
    let there = 0;
    for (let at = step * width; at < (step + 1) * width; at++) if (!Number.isNaN(window.rows[at])) there++;
    return there * 2 >= width;
  };
  const present = rowsOf(window, times, width, isUsable);
  const calm = rowsOf(window, times, width, (step) => isUsable(step) && !about.isFlagged(times[step] as number));
  const accepted = (present.times.length - calm.times.length) * about.stepMs >= Math.min(acceptedMs, about.windowMs / 2);
  return { ...(accepted ? present : calm), accepted };
}

/** SHA-256 over times and rows: the same data give the same text. */
export function dataHash({ rows, times }: TrainingRows): string {
  return createHash('sha256').update(Buffer.from(times.slice().buffer)).update(Buffer.from(rows.slice().buffer)).digest('hex');
}

/** The detector learns the rows; one that streams does so in slices, between which requests get their turn. */
export async function teach(detector: Detector, { rows, times }: TrainingRows): Promise<void> {
  if (!detector.streaming) {
    detector.learn(rows, times);
    return;
  }
  const width = detector.features.length;
  for (let from = 0; from < times.length; from += slice) {
    const to = Math.min(times.length, from + slice);
    detector.learn(rows.subarray(from * width, to * width), times.subarray(from, to));
    await breathe();
  }
}
