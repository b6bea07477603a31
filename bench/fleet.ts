import { backends } from './fleet/backends.ts';
import { queryLoad } from './fleet/load.ts';
import { watchedFleet } from './fleet/vigia.ts';
import { type Figure, measured, type Part } from './result.ts';
import { highest, median, timeTicks } from './walk/ticks.ts';

/** Large installations: what many hosts cost Vigía, its Prometheus and whoever looks. */
const parts = ['ticks500', 'ticks2000', 'vigia500', 'vigia2000', 'queryLoad500', 'victoriaMetrics'] as const;

type Options = Readonly<Record<string, string | undefined>>;

function integer(options: Options, name: string, byDefault: number): number {
  const value = Number(options[name] ?? byDefault);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is "${options[name]}", no whole number above 0`);
  return value;
}

async function tickFigures(options: { count: number; ticks: number }, progress: (line: string) => void): Promise<Figure[]> {
  const { learnMs, real } = await timeTicks(options, progress);
  return [
    { what: 'tickMs', value: median(real, 'total'), unit: 'ms', note: `median of ${real.length}; highest ${highest(real)} ms` },
    { what: 'readMs', value: median(real, 'queries') + median(real, 'parse'), unit: 'ms', note: 'queries and parsing' },
    { what: 'readQueriesMs', value: median(real, 'queries'), unit: 'ms', note: 'Prometheus and transport' },
    { what: 'readParseMs', value: median(real, 'parse'), unit: 'ms' },
    { what: 'scoreMs', value: median(real, 'score'), unit: 'ms' },
    { what: 'writeMs', value: median(real, 'commit'), unit: 'ms' },
    { what: 'learnOneMs', value: learnMs, unit: 'ms' },
  ];
}

async function run(options: Options, progress: (line: string) => void): Promise<Part[]> {
  const wanted = new Set<string>(options['parts']?.split(',') ?? parts);
  for (const each of wanted) {
    if (!(parts as readonly string[]).includes(each)) throw new Error(`there is no part "${each}"; there are ${parts.join(', ')}`);
  }
  const ticks = integer(options, 'ticks', 12);
  const minutes = integer(options, 'minutes', 5);
  const loads = integer(options, 'loads', 9);
  const queries = integer(options, 'queries', 20);
  const hosts = integer(options, 'hosts', 12);
  const results: Part[] = [];
  const measure = async (part: (typeof parts)[number], used: Part['options'], figures: () => Promise<Figure[]>) => {
    if (!wanted.has(part)) return;
    progress(`fleet: ${part}`);
    results.push(await measured(`fleet.${part}`, used, figures));
  };
  for (const count of [500, 2000] as const) {
    const common = { hosts: count, features: 12, step: '15s' };
    await measure(`ticks${count}`, { ...common, ticks }, () => tickFigures({ count, ticks }, progress));
    await measure(`vigia${count}`, { ...common, minutes, loads }, () => watchedFleet({ count, minutes, loads }, progress));
  }
  await measure('queryLoad500', { hosts: 500, features: 12, step: '60s' }, () => queryLoad({ count: 500, ticks: queries }, progress));
  await measure('victoriaMetrics', { hosts, features: 12, step: '15s' }, () => backends({ count: hosts }, progress));
  return results;
}

export const fleet = {
  does: 'large installations: time per tick, memory, load on Prometheus, the overview, and VictoriaMetrics as a second backend',
  keyed: true,
  options: {
    parts: `which, separated by commas; all: ${parts.join(',')}`,
    ticks: 'ticks that are timed; 12',
    minutes: 'that memory is watched; 5',
    loads: 'of the overview; 9',
    queries: 'ticks of which the load on Prometheus is the mean, per minute; 20',
    hosts: 'in both backends; 12',
  },
  run,
};
