/** The rows that the forest is timed on: three correlated clusters and 2 % of rows that lie apart, seeded. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../src/detect/index.ts';

export interface DataSet {
  readonly name: 'a' | 'b' | 'c';
  readonly rows: number;
  readonly features: number;
  readonly seed: number;
}

export const dataSets: readonly DataSet[] = [
  { name: 'a', rows: 100_000, features: 4, seed: 1 },
  { name: 'b', rows: 100_000, features: 38, seed: 2 },
  { name: 'c', rows: 1_000_000, features: 8, seed: 3 },
];

/** Where a data set's files are: values (f32, row-major) and labels (one byte per row, 1 is odd). */
export interface DataFiles extends DataSet {
  readonly values: string;
  readonly labels: string;
}

const clusters = 3;
const oddShare = 0.02;

export function writeData(set: DataSet, dir: string): DataFiles {
  const { rows, features } = set;
  const random = createRandom(set.seed);
  const between = (low: number, high: number): number => low + (high - low) * random.uniform();
  /** Box and Muller, one of the pair. */
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const centres = Array.from({ length: clusters * features }, () => between(-4, 4));
  const mixings = Array.from({ length: clusters }, () => mixing(features, normal, between));
  const values = new Float32Array(rows * features);
  const labels = new Uint8Array(rows);
  const drawn = new Float64Array(features);
  for (let row = 0; row < rows; row++) {
    const cluster = random.below(clusters);
    const mix = mixings[cluster] as Float64Array;
    for (let i = 0; i < features; i++) drawn[i] = normal();
    const odd = random.uniform() < oddShare;
    const always = random.below(features);
    labels[row] = odd ? 1 : 0;
    for (let i = 0; i < features; i++) {
      let value = centres[cluster * features + i] as number;
      for (let j = 0; j < features; j++) value += (mix[i * features + j] as number) * (drawn[j] as number);
      if (odd && (i === always || random.uniform() < 0.35)) value += (random.uniform() < 0.5 ? -1 : 1) * between(2, 6);
      values[row * features + i] = value;
    }
  }
  const files: DataFiles = { ...set, values: join(dir, `${set.name}.f32`), labels: join(dir, `${set.name}.labels`) };
  writeFileSync(files.values, values);
  writeFileSync(files.labels, labels);
  return files;
}

/** An orthonormal basis (Gram and Schmidt) whose axes are stretched: a cluster's shape, row-major. */
function mixing(size: number, normal: () => number, between: (low: number, high: number) => number): Float64Array {
  const axes: Float64Array[] = [];
  while (axes.length < size) {
    const axis = Float64Array.from({ length: size }, normal);
    for (const other of axes) {
      const along = axis.reduce((sum, value, i) => sum + value * (other[i] as number), 0);
      axis.forEach((value, i) => (axis[i] = value - along * (other[i] as number)));
    }
    const length = Math.hypot(...axis);
    axes.push(axis.map((value) => value / length));
  }
  const stretch = axes.map(() => between(0.3, 1.2));
  return Float64Array.from({ length: size * size }, (_, at) => {
    const axis = axes[at % size] as Float64Array;
    return (axis[Math.floor(at / size)] as number) * (stretch[at % size] as number);
  });
}
