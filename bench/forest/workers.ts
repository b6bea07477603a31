/** One worker against two: wall time, so only where two cores are idle. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { sharedRows, startPool } from '../../src/kernels/pool.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import type { Figure } from '../result.ts';
import type { DataFiles } from './data.ts';
import { floats32 } from './floats.ts';
import { median } from './rounds.ts';

/** How many cores did nothing for a second. */
async function idleCores(): Promise<number> {
  const before = cpus();
  await setTimeout(1000);
  return cpus().filter(({ times }, core) => {
    const past = before[core]?.times;
    if (past === undefined) return false;
    const idle = times.idle - past.idle;
    const all = (Object.keys(times) as (keyof typeof times)[]).reduce((sum, kind) => sum + times[kind] - past[kind], 0);
    return idle > 0.9 * all;
  }).length;
}

export async function workerFigures({ values, rows: count, features }: DataFiles, rounds: number): Promise<Figure[]> {
  const idle = await idleCores();
  const rows = sharedRows(count, features);
  rows.set(floats32(readFileSync(values)));
  const table = loadKernels().table(10_000, features);
  table.rows.set(rows.subarray(0, 10_000 * features));
  const forest = table.grow({ trees: 100, sampleSize: 256, seed: 1 });
  const [single, other, double] = [startPool(1), startPool(1), startPool(2)];
  const score = (pool: typeof single) => pool.score(forest, rows, 'batch');
  /** `apart`: two that share nothing but the rows they read, each all of the work: what the machine's cores give. */
  const ways = { one: () => score(single), two: () => score(double), apart: () => Promise.all([score(single), score(other)]) };
  const times = { one: [] as number[], two: [] as number[], apart: [] as number[] };
  const cpu = { one: [] as number[], two: [] as number[], apart: [] as number[] };
  try {
    // The first time is not counted: the workers' compilers work on it.
    for (let round = -1; round < rounds; round++) {
      for (const way of ['one', 'two', 'apart'] as const) {
        const [start, before] = [performance.now(), process.cpuUsage()];
        await ways[way]();
        const { user, system } = process.cpuUsage(before);
        if (round < 0) continue;
        times[way].push(performance.now() - start);
        cpu[way].push((user + system) / 1000);
      }
    }
  } finally {
    await Promise.all([single, other, double].map((pool) => pool.close()));
  }
  const [one, two, apart] = [median(times.one), median(times.two), median(times.apart)];
  const free = idle >= 2;
  return [
    {
      what: 'two workers against one',
      value: one / two,
      unit: 'ratio',
      ...(free ? { atLeast: 1.7 } : { note: `only ${idle} cores were idle` }),
    },
    {
      what: 'two workers that share nothing against one',
      value: (2 * one) / apart,
      unit: 'ratio',
      note: 'each all of the work: what the two cores of this machine give',
    },
    { what: 'CPU time of two workers against one', value: median(cpu.two) / median(cpu.one), unit: 'ratio' },
    { what: 'one worker', value: one, unit: 'ms' },
    { what: 'two workers', value: two, unit: 'ms' },
  ];
}
