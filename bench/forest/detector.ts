/**
 * The detector's own cost: learning, one tick over many entities with a model each, explaining, saving, loading.
 * Rows are seeded, so that two runs differ by the machine alone. Times are medians, in milliseconds.
 */
import { createDetector, createRandom, loadDetector } from '../../src/detect/index.ts';
import type { FeatureSpec } from '../../src/detect/index.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import type { Figure } from '../result.ts';

const width = 12;
const trainingRows = 2400;
const entities = 1000;
const rounds = 9;

/** Normal numbers as sums of uniform ones (Irwin and Hall): good enough to time with. */
function randomRows(seed: number, count: number): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length: count * width }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random.uniform();
    return sum;
  });
}

function medianMs(work: () => void): number {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  return times[Math.floor(rounds / 2)] as number;
}

export function detectorFigures(): Figure[] {
  const features: FeatureSpec[] = Array.from({ length: width }, (_, i) => ({ name: `f${i}`, direction: 'both', minimumChange: 0 }));
  const rows = randomRows(1, trainingRows);
  const kernels = loadKernels();
  const detector = createDetector('isolation-forest', features, {}, kernels);
  const learn = medianMs(() => detector.learn(rows));
  const plain = createDetector('isolation-forest', features);
  const buffer = detector.save();
  const models = Array.from({ length: entities }, () => loadDetector(buffer, kernels));
  const now = randomRows(2, entities);
  const rowOf = (entity: number): Float64Array => now.subarray(entity * width, (entity + 1) * width);
  return [
    { what: `learn ${trainingRows} rows x ${width}`, value: learn, unit: 'ms' },
    { what: `learn ${trainingRows} rows x ${width} without kernels`, value: medianMs(() => plain.learn(rows)), unit: 'ms' },
    { what: `score ${trainingRows} rows x ${width}`, value: medianMs(() => detector.scoreAll(rows)), unit: 'ms' },
    { what: `score ${trainingRows} rows x ${width} without kernels`, value: medianMs(() => plain.scoreAll(rows)), unit: 'ms' },
    {
      what: `score ${entities} entities x ${width}, own model each`,
      value: medianMs(() => models.forEach((model, i) => model.score(rowOf(i)))),
      unit: 'ms',
    },
    { what: 'explain 100 rows', value: medianMs(() => models.slice(0, 100).forEach((model, i) => model.explain(rowOf(i)))), unit: 'ms' },
    { what: 'save', value: medianMs(() => detector.save()), unit: 'ms' },
    { what: 'load', value: medianMs(() => loadDetector(buffer)), unit: 'ms' },
    { what: 'saved model', value: buffer.length, unit: 'bytes' },
  ];
}
