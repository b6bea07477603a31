/**
 * Many entities per tick: a forest of its own for each (fleet), or one forest for all over robust z-scores (cohort). CPU time of
 * one thread, medians. How fast memory can be read from front to back is measured in the same run, because both live by it.
 */
import { createRandom } from '../src/detect/index.ts';
import { loadKernels } from '../src/kernels/load.ts';
import { type Figure, measured, type Part } from './result.ts';

const kernels = loadKernels();
const features = 20;
const trees = 100;
const sampleSize = 256;

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

interface Timed {
  readonly medianMs: number;
  readonly p95Ms: number;
}

/** The first two times are not counted: the compiler works on it, and memory is touched for the first time. */
function timed(rounds: number, work: () => void): Timed {
  work();
  work();
  const times = Array.from({ length: rounds }, () => cpuMs(work)).sort((a, b) => a - b);
  return { medianMs: times[Math.floor(rounds / 2)] as number, p95Ms: times[Math.floor(rounds * 0.95)] as number };
}

/** Numbers near normal (Irwin and Hall, four of them), mean 0, deviation about 1. */
function normals(seed: number): () => number {
  const random = createRandom(seed);
  return () => 1.7 * (random.uniform() + random.uniform() + random.uniform() + random.uniform() - 2);
}

/** Bytes per second of one thread that looks for NaN through a quarter of a gigabyte: it does little else than read. */
function readingSpeed(): number {
  const table = kernels.table(2 ** 19, 128);
  // Memory that was never written is one page of zeros.
  table.rows.fill(1);
  // One row per tree and one tree: what is left is the look through all values.
  const { medianMs } = timed(5, () => table.grow({ trees: 1, sampleSize: 2, seed: 1 }));
  return table.rows.byteLength / (medianMs / 1000);
}

function fleetFigures(entities: number, ticks: number, bandwidth: number): Figure[] {
  const refreshTicks = 10;
  const normal = normals(7);
  const fleet = kernels.fleet({ entities, features, trees, sampleSize, seed: 1, refreshTicks });
  // Growing 100 trees for each takes long: so many begin for themselves, the others like them; each goes its own way from there.
  const own = Math.min(entities, 200);
  const rows = new Float32Array(sampleSize * features);
  for (let entity = 0; entity < own; entity++) fleet.begin(entity, rows.map(normal));
  for (let entity = own; entity < entities; entity++) fleet.beginLike(entity, entity % own);
  for (let at = 0; at < fleet.values.length; at++) fleet.values[at] = normal();
  const { medianMs, p95Ms } = timed(ticks, () => fleet.tick());
  const perCore = (1000 * entities) / medianMs;
  return [
    {
      what: 'entitiesPerCore',
      value: perCore,
      unit: 'per s',
      atLeast: 80_000,
      note: `tick of ${entities}, one tree of each tenth grown anew`,
    },
    { what: 'bytesPerEntity', value: fleet.bytesPerEntity, unit: 'bytes', atMost: 56_000 },
    {
      what: 'share of reading speed',
      value: (perCore * fleet.bytesPerEntity) / bandwidth,
      unit: 'ratio',
      note: 'bytesPerEntity once per tick',
    },
    { what: 'tick', value: medianMs, unit: 'ms' },
    { what: 'tick, 95th percentile', value: p95Ms, unit: 'ms' },
  ];
}

function cohortFigures(entities: number, ticks: number, bandwidth: number): Figure[] {
  const normal = normals(5);
  // z-scores that move together, as those of one machine do.
  const z = kernels.table(20_000, features);
  for (let row = 0; row < z.rowCount; row++) {
    const common = normal();
    for (let feature = 0; feature < features; feature++) z.rows[row * features + feature] = 1.25 * (0.8 * normal() + 0.6 * common);
  }
  const cohort = kernels.cohort(z.grow({ trees, sampleSize, seed: 3 }), { entities, rate: 0.01, leastDeviation: 1e-6 });
  const means = new Float32Array(features);
  const deviations = new Float32Array(features);
  const drawn = Float64Array.from({ length: 65_536 }, normal);
  for (let entity = 0; entity < entities; entity++) {
    const [mean, deviation] = [10 * (entity % 100), 1 + (entity % 7)];
    cohort.begin(entity, means.fill(mean), deviations.fill(0.8 * deviation));
    for (let feature = 0; feature < features; feature++) {
      const value = drawn[(entity * features + feature) % drawn.length] as number;
      cohort.values[cohort.place(entity, feature)] = mean + deviation * value;
    }
  }
  const { medianMs, p95Ms } = timed(ticks, () => cohort.tick());
  const perSecond = (1000 * entities) / medianMs;
  // State is read and written, the row is read, the score is written.
  const moved = 2 * 8 * features + 4 * features + 4;
  return [
    { what: 'entitiesPerSecond', value: perSecond, unit: 'per s', atLeast: 1_200_000, note: `tick of ${entities}` },
    {
      what: 'bytesPerEntity',
      value: cohort.bytesPerEntity,
      unit: 'bytes',
      atMost: 200,
      note: `state and its part of the forest; a tick's row takes ${4 * features} more`,
    },
    {
      what: 'share of reading speed',
      value: (perSecond * moved) / bandwidth,
      unit: 'ratio',
      note: `${moved} bytes read or written per entity and tick`,
    },
    { what: 'tick', value: medianMs, unit: 'ms' },
    { what: 'tick, 95th percentile', value: p95Ms, unit: 'ms' },
  ];
}

type Options = Readonly<Record<string, string | undefined>>;

function integer(options: Options, name: string, byDefault: number): number {
  const value = Number(options[name] ?? byDefault);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is "${options[name]}", no whole number above 0`);
  return value;
}

async function run(options: Options, progress: (line: string) => void): Promise<Part[]> {
  const entities = integer(options, 'entities', 10_000);
  const members = integer(options, 'members', 1_000_000);
  const ticks = integer(options, 'ticks', 21);
  const shape = { features, trees, sampleSize, ticks };
  progress('tick: reading speed');
  let bandwidth = Number.NaN;
  const memory = await measured('memory', {}, () => {
    bandwidth = readingSpeed();
    return [{ what: 'reading speed', value: bandwidth / 1e6, unit: 'MB', note: 'per second, one thread' }];
  });
  progress('tick: fleet');
  const fleet = await measured('tick', { ...shape, entities }, () => fleetFigures(entities, ticks, bandwidth));
  progress('tick: cohort');
  const cohort = await measured('cohort', { ...shape, entities: members }, () => cohortFigures(members, ticks, bandwidth));
  return [memory, fleet, cohort];
}

export const tick = {
  does: 'many entities per tick on one core: a forest of its own for each, or one for a cohort',
  keyed: true,
  options: {
    entities: 'that have a forest of their own; 10000',
    members: 'of the cohort; 1000000',
    ticks: 'that are timed; 21',
  },
  run,
};
