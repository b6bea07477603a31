/** Seeded rows for the tests of detection. */
import { createRandom } from '../../src/detect/index.ts';
import type { FeatureSpec, Random } from '../../src/detect/index.ts';

/** A standard normal number (Box and Muller). */
export const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());

/** `count` independent normal rows of `width` features, row-major. */
export function normalRows(seed: number, count: number, width: number): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length: count * width }, () => normal(random));
}

export const plainFeatures = (width: number): FeatureSpec[] =>
  Array.from({ length: width }, (_, index) => ({ name: `f${String(index).padStart(2, '0')}`, direction: 'both', minimumChange: 0 }));

const up = (name: string, minimumChange: number): FeatureSpec => ({ name, direction: 'up', minimumChange });

/** A few features of a Linux host, in the order of their names. */
export const hostFeatures: FeatureSpec[] = [
  up('cpu', 0.2),
  up('disk_busy', 0.3),
  up('iowait', 0.1),
  up('load_per_core', 0.5),
  up('memory', 0.1),
  { name: 'network_receive', direction: 'both', minimumChange: 1e6 },
  up('swap', 100),
];

export type Fault = 'none' | 'cpu' | 'disk' | 'memory' | 'network';

/**
 * A mostly idle host, one row per step: a small job every 20 steps, a heavy one every 240, each smeared over 4 steps as a
 * rate window does. From `faultFrom` on the fault is there, at full size after 4 steps (memory leaks over 40).
 */
export function hostRows(seed: number, count: number, fault: Fault = 'none', faultFrom = 0): Float64Array {
  const random = createRandom(seed);
  const jobs = new Float64Array(count + 16);
  for (let at = 7; at < count; at += 20) jobs[at] = 0.1 + 0.4 * random.uniform();
  for (let at = 100; at < count; at += 240) jobs.fill(0.5 + 0.4 * random.uniform(), at, at + 4);
  const rows = new Float64Array(count * hostFeatures.length);
  let load = 0;
  for (let step = 0; step < count; step++) {
    let job = 0;
    for (let back = 0; back < 4; back++) job += (jobs[Math.max(0, step - back)] as number) / 4;
    const since = fault === 'none' || step < faultFrom ? 0 : step - faultFrom + 1;
    const full = Math.min(1, since / 4);
    const cpu = Math.max(0.03 + 0.008 * normal(random) + job, fault === 'cpu' ? 0.97 * full : 0);
    load += (cpu + (fault === 'cpu' || fault === 'disk' ? full : 0) - load) * 0.22;
    rows.set(
      [
        Math.min(1, Math.max(0, cpu)),
        Math.min(1, 0.01 * Math.abs(normal(random)) + 0.6 * job + (fault === 'disk' ? full : 0)),
        0.002 * Math.abs(normal(random)) + 0.1 * job + (fault === 'disk' ? 0.5 * full : 0),
        load,
        0.35 + 0.003 * normal(random) + 0.02 * job + (fault === 'memory' ? 0.5 * Math.min(1, since / 40) : 0),
        3000 * Math.exp(0.3 * normal(random)) + 2e6 * job * random.uniform() + (fault === 'network' ? 5e7 * full : 0),
        0,
      ],
      step * hostFeatures.length,
    );
  }
  return rows;
}

/** Steps at or above the threshold that follow another such step. */
export function runs(scores: Float64Array, threshold: number): number {
  let count = 0;
  for (let step = 1; step < scores.length; step++) {
    if ((scores[step] as number) >= threshold && (scores[step - 1] as number) >= threshold) count++;
  }
  return count;
}
