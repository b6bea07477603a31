/** Detectors that are handed kernels answer as those without: the same model, the same scores, to the last bit. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDetector, detectors, loadDetector } from '../../src/detect/index.ts';
import type { Detector, DetectorOptions } from '../../src/detect/index.ts';
import type { Kernels } from '../../src/detect/kernels.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { normalRows, plainFeatures } from '../detect/data.ts';

const kinds = [loadKernels('webassembly'), loadKernels('typescript')] as const;
const width = 5;
/** More than a detector scores one by one. */
const many = 1500;

function learned(slug: string, rows: Float64Array, options: Partial<DetectorOptions>, kernels?: Kernels): Detector {
  const detector = createDetector(slug, plainFeatures(width), options, kernels);
  detector.learn(rows);
  return detector;
}

/** Rows with holes, spikes, and rows of which nothing is there. */
function brokenRows(seed: number, count: number): Float64Array {
  const rows = normalRows(seed, count, width);
  for (let at = seed % 7; at < rows.length; at += 11) rows[at] = [Number.NaN, Infinity, -1e200, 40][(at + seed) % 4] as number;
  rows.subarray(10 * width, 12 * width).fill(Number.NaN);
  return rows;
}

describe.each([...detectors.keys()])('%s', (slug) => {
  test.each(kinds)('learns the same model and gives the same scores ($kind)', (kernels) => {
    const plain = learned(slug, normalRows(1, many, width), {});
    const fast = learned(slug, normalRows(1, many, width), {}, kernels);
    expect(fast.save()).toEqual(plain.save());
    const rows = brokenRows(2, many);
    expect(fast.scoreAll(rows)).toEqual(plain.scoreAll(rows));
    expect(loadDetector(plain.save(), kernels).scoreAll(rows)).toEqual(plain.scoreAll(rows));
  });
});

test('isolation-forest does so with any options, also with trees that are too large for a kernel', () => {
  const options = fc.record({
    seed: fc.nat(),
    trees: fc.constantFrom(1, 10, 37, 100),
    sampleSize: fc.constantFrom(2, 16, 256, 300),
    contamination: fc.constantFrom(0.001, 0.1),
  });
  fc.assert(
    fc.property(options, fc.integer({ min: 20, max: 1300 }), (chosen, count) => {
      const training = brokenRows(chosen.seed % 1000, Math.max(20, count));
      const plain = learned('isolation-forest', training, chosen);
      const rows = brokenRows(7, many);
      for (const kernels of kinds) {
        const fast = learned('isolation-forest', training, chosen, kernels);
        expect(fast.save()).toEqual(plain.save());
        expect(fast.scoreAll(rows)).toEqual(plain.scoreAll(rows));
      }
    }),
    { numRuns: 12 },
  );
});

test('isolation-forest uses the kernels that it is handed', () => {
  const used: string[] = [];
  const watched: Kernels = {
    ...kinds[0],
    table: (...shape) => {
      used.push('table');
      return kinds[0].table(...shape);
    },
    exact: (forest) => {
      used.push('exact');
      return kinds[0].exact(forest);
    },
  };
  const detector = learned('isolation-forest', normalRows(1, many, width), {}, watched);
  expect(used).toEqual(['table', 'exact']);
  detector.scoreAll(normalRows(2, many, width));
  expect(used).toEqual(['table', 'exact', 'exact']);
});
