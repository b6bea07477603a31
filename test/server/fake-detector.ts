import type { Detector, Explanation, FeatureSpec } from '../../src/detect/index.ts';
import { configSchema } from '../../src/model/config.ts';
import { createDetectors, type Detectors } from '../../src/server/detectors.ts';

export const fakeSlug = 'fake-stream';

interface Memory {
  readonly mean: number[];
  readonly spread: number[];
  rows: number;
  lastMs: number;
}

/** A detector that streams, small enough to see through: a moving mean per feature, and how far rows were from it. */
export class FakeStream implements Detector {
  readonly slug = fakeSlug;
  readonly streaming = true;
  readonly threshold = 0.9;
  readonly features: readonly FeatureSpec[];
  readonly memory: Memory;

  constructor(features: readonly FeatureSpec[], memory?: Memory) {
    this.features = features
      .map(({ name, direction, minimumChange }) => ({ name, direction, minimumChange }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    this.memory = memory ?? { mean: features.map(() => 0), spread: features.map(() => 1), rows: 0, lastMs: 0 };
  }

  learn(rows: Float64Array, times: Float64Array): void {
    const width = this.features.length;
    for (const [row, timeMs] of times.entries()) {
      if (timeMs <= this.memory.lastMs) continue;
      this.memory.lastMs = timeMs;
      this.memory.rows++;
      for (let index = 0; index < width; index++) {
        const off = (rows[row * width + index] as number) - (this.memory.mean[index] as number);
        this.memory.mean[index] = (this.memory.mean[index] as number) + off / 10;
        this.memory.spread[index] = 0.9 * (this.memory.spread[index] as number) + 0.1 * Math.abs(off);
      }
    }
  }

  private evidence(row: Float64Array): number[] {
    return this.features.map(
      (_, index) => Math.abs((row[index] as number) - (this.memory.mean[index] as number)) / ((this.memory.spread[index] as number) + 0.01),
    );
  }

  score(row: Float64Array): number | null {
    if (this.memory.rows < 10 || row.some(Number.isNaN)) return null;
    return -Math.expm1(-Math.max(...this.evidence(row)) / 4);
  }

  scoreAll(rows: Float64Array, times: Float64Array): Float64Array {
    const width = this.features.length;
    return times.map((_, row) => this.score(rows.subarray(row * width, (row + 1) * width)) ?? Number.NaN);
  }

  explain(row: Float64Array): Explanation | null {
    const score = this.score(row);
    if (score === null) return null;
    const evidence = this.evidence(row);
    const sum = evidence.reduce((total, each) => total + each, 0);
    return { score, shares: Float64Array.from(evidence, (each) => each / sum), expected: this.expected() };
  }

  expected() {
    return this.memory.mean.map((mean, index) => ({
      low: mean - (this.memory.spread[index] as number),
      high: mean + (this.memory.spread[index] as number),
    }));
  }

  save(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify({ slug: fakeSlug, features: this.features, memory: this.memory }));
  }
}

/** The real detectors and the fake one. */
export function fakeDetectors(): Detectors {
  const real = createDetectors(configSchema.parse({}).detection);
  return {
    ...real,
    slugs: [...real.slugs, fakeSlug],
    create: (slug, features, options) => (slug === fakeSlug ? new FakeStream(features) : real.create(slug, features, options)),
    load(buffer) {
      if (buffer[0] !== 0x7b) return real.load(buffer);
      const { features, memory } = JSON.parse(new TextDecoder().decode(buffer)) as { features: FeatureSpec[]; memory: Memory };
      return new FakeStream(features, memory);
    },
  };
}
