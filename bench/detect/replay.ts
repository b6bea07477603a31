/** Rows given to a detector as they would have come, and what that cost. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createDetector, streamScores } from '../../src/detect/index.ts';
import type { Detector, FeatureSpec } from '../../src/detect/index.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import type { Table } from './folder.ts';

/** Data without a clock begin on a Monday, 00:00 UTC. */
export const startMs = Date.UTC(2024, 0, 1);

/** Times of rows `from` ... `from + count - 1`, one step apart. */
export const timesOf = (from: number, count: number, stepSeconds: number): Float64Array =>
  Float64Array.from({ length: count }, (_, row) => startMs + (from + row) * stepSeconds * 1000);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that live in this thread's heap and buffers. */
export function heldBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The one configuration: nothing but the step comes from the data. */
export function detectorFor(slug: string, names: readonly string[], stepSeconds: number): Detector {
  const features: FeatureSpec[] = names.map((name) => ({ name, direction: 'both', minimumChange: 0 }));
  const detector = createDetector(slug, features, { stepMs: stepSeconds * 1000 }, loadKernels());
  if (detector.features.some(({ name }, at) => name !== names[at])) throw new Error(`${slug} does not sort its features by name.`);
  return detector;
}

/** Rows as they come; times may repeat or go back. */
export interface Delivery {
  readonly rows: Float64Array;
  readonly times: Float64Array;
}

export function deliveryOf(table: Table, times: Float64Array, from = 0, to: number = table.count): Delivery {
  const width = table.names.length;
  return { rows: table.rows.subarray(from * width, to * width), times: times.subarray(from, to) };
}

/** Scores of all rows in the order of delivery; rows that come late or twice are given on their own, as they would be. */
export function streamed(detector: Detector, { rows, times }: Delivery): Float64Array {
  const width = detector.features.length;
  const scores = new Float64Array(times.length);
  for (let from = 0; from < times.length; ) {
    let to = from + 1;
    while (to < times.length && (times[to] as number) > (times[to - 1] as number)) to++;
    scores.set(streamScores(detector, rows.subarray(from * width, to * width), times.subarray(from, to)), from);
    from = to;
  }
  return scores;
}

/** What `work` gives, and the CPU time of this thread that it took, in microseconds. */
export function timed<T>(work: () => T): { readonly value: T; readonly us: number } {
  const before = process.threadCpuUsage();
  const value = work();
  const { user, system } = process.threadCpuUsage(before);
  return { value, us: user + system };
}
