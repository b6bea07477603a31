import { createRandom } from '../../src/detect/index.ts';

/** Seeded rows around a few centres, some of them far out; row-major. */
export function clusteredRows(seed: number, count: number, features: number): Float32Array {
  const random = createRandom(seed);
  const bell = (): number => random.uniform() + random.uniform() + random.uniform() + random.uniform() - 2;
  const centres = Array.from({ length: 3 * features }, () => 8 * random.uniform() - 4);
  const rows = new Float32Array(count * features);
  for (let row = 0; row < count; row++) {
    const cluster = random.below(3);
    const far = random.uniform() < 0.05;
    for (let feature = 0; feature < features; feature++) {
      rows[row * features + feature] = (centres[cluster * features + feature] as number) + bell() * (far ? 6 : 1);
    }
  }
  return rows;
}
