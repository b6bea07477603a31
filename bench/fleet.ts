import { backends } from './fleet/backends.ts';
import { queryLoad } from './fleet/load.ts';
import { watchedFleet } from './fleet/vigia.ts';
import { type Figure, measured, type Part } from './result.ts';
import { tableOfPart } from './report.ts';
import { highest, median, timeTicks } from './walk/ticks.ts';

/** Large installations: what many hosts cost Vigía, its Prometheus and whoever looks. With the minutes that each part takes. */
const parts = { ticks500: 6, ticks2000: 7, vigia500: 10, vigia2000: 14, queryLoad500: 11, victoriaMetrics: 2 } as const;
type PartName = keyof typeof parts;
const partNames = Object.keys(parts) as readonly PartName[];

type Options = Readonly<Record<string, string | undefined>>;

function integer(options: Options, name: string, byDefault: number): number {
  const value = Number(options[name] ?? byDefault);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is "${options[name]}", no whole number above 0`);
  return value;
}

async function tickFigures(options: { count: number; ticks: number }, progress: (line: string) => void): Promise<Figure[]> {
  const { learnMs, real } = await timeTicks(options, progress);
  const of = `of ${real.length} ticks`;
  return [
    {
      what: 'tickMs',
      value: median(real, 'total'),
      unit: 'ms',
      note: `median ${of}; highest ${highest(real, 'total').toFixed(0)} ms`,
    },
    { what: 'tickCpuMs', value: median(real, 'cpu'), unit: 'ms', note: 'CPU time' },
    { what: 'readMs', value: median(real, 'queries') + median(real, 'parse'), unit: 'ms', note: 'queries and parsing' },
    { what: 'readQueriesMs', value: median(real, 'queries'), unit: 'ms', note: 'Prometheus and transport' },
    { what: 'readParseMs', value: median(real, 'parse'), unit: 'ms' },
    { what: 'scoreMs', value: median(real, 'score'), unit: 'ms' },
    { what: 'writeMs', value: median(real, 'commit'), unit: 'ms' },
    {
      what: 'longestBlockMs',
      value: highest(real, 'block'),
      unit: 'ms',
      atMost: 50,
      note: `of the event loop, highest ${of}; median ${median(real, 'block').toFixed(0)} ms`,
    },
    { what: 'learnOneMs', value: learnMs, unit: 'ms' },
  ];
}

async function run(options: Options, progress: (line: string) => void, finished: (part: Part) => void): Promise<Part[]> {
  const wanted = options['parts']?.split(',') ?? partNames;
  for (const each of wanted) {
    if (!Object.hasOwn(parts, each)) throw new Error(`there is no part "${each}"; there are ${partNames.join(', ')}`);
  }
  const chosen = partNames.filter((part) => wanted.includes(part));
  const ticks = integer(options, 'ticks', 12);
  const minutes = integer(options, 'minutes', 5);
  const loads = integer(options, 'loads', 9);
  const queries = integer(options, 'queries', 20);
  const hosts = integer(options, 'hosts', 12);
  const minutesOf = (some: readonly PartName[]) => some.reduce((sum, part) => sum + parts[part], 0);
  const common = { features: 12, step: '15s' };
  const figuresOf: Readonly<Record<PartName, [used: Part['options'], figures: () => Promise<Figure[]>]>> = {
    ticks500: [{ hosts: 500, ...common, ticks }, () => tickFigures({ count: 500, ticks }, progress)],
    ticks2000: [{ hosts: 2000, ...common, ticks }, () => tickFigures({ count: 2000, ticks }, progress)],
    vigia500: [{ hosts: 500, ...common, minutes, loads }, () => watchedFleet({ count: 500, minutes, loads }, progress)],
    vigia2000: [{ hosts: 2000, ...common, minutes, loads }, () => watchedFleet({ count: 2000, minutes, loads }, progress)],
    queryLoad500: [{ hosts: 500, features: 12, step: '60s' }, () => queryLoad({ count: 500, ticks: queries }, progress)],
    victoriaMetrics: [{ hosts, ...common }, () => backends({ count: hosts }, progress)],
  };
  const results: Part[] = [];
  for (const [at, part] of chosen.entries()) {
    progress(`fleet: ${part}, ${at + 1} of ${chosen.length}; about ${minutesOf(chosen.slice(at))} minutes are left`);
    const [used, figures] = figuresOf[part];
    const result = await measured(`fleet.${part}`, used, figures);
    results.push(result);
    finished(result);
    progress(tableOfPart(result));
  }
  return results;
}

export const fleet = {
  does: 'large installations: time per tick, memory, load on Prometheus, the overview, and VictoriaMetrics as a second backend; about 50 minutes',
  keyed: true,
  options: {
    parts: `which, separated by commas; all: ${partNames.join(',')}`,
    ticks: 'ticks that are timed; 12',
    minutes: 'that memory is watched; 5',
    loads: 'of the overview; 9',
    queries: 'ticks of which the load on Prometheus is the mean, per minute; 20',
    hosts: 'in both backends; 12',
  },
  run,
};
