import { measured, type Part } from './result.ts';
import { fault, load, quiet } from './walk/faults.ts';
import { firstChart } from './walk/first-chart.ts';
import { defaultTiming, quickTiming, type WatchedMachine, watchedMachine } from './walk/house.ts';
import { memory } from './walk/memory.ts';
import { ticks } from './walk/ticks.ts';

const parts = ['first-chart', 'quiet', 'load', 'disk', 'memory-fault', 'load-default', 'memory', 'ticks-100', 'ticks-1000'] as const;
/** Parts that share one Vigía: learning takes longest. */
const onQuickTiming: readonly string[] = ['quiet', 'load', 'disk', 'memory-fault'];

type Options = Readonly<Record<string, string | undefined>>;

function integer(options: Options, name: string, byDefault: number): number {
  const text = options[name];
  const value = text === undefined ? byDefault : Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} is "${text}", no whole number`);
  return value;
}

function wantedParts(text: string | undefined): ReadonlySet<string> {
  const wanted = new Set<string>(text === undefined ? parts : text.split(','));
  for (const each of wanted) {
    if (!(parts as readonly string[]).includes(each)) throw new Error(`there is no part "${each}"; there are ${parts.join(', ')}`);
  }
  return wanted;
}

/** Gives `use` a machine that has learned, or the reason why there is none, and stops it whatever happens. */
async function on(starting: Promise<WatchedMachine>, use: (machine: Promise<WatchedMachine>) => Promise<void>): Promise<void> {
  await starting.catch(() => {});
  await use(starting);
  await starting.then((machine) => machine.stop()).catch(() => {});
}

async function run(options: Options, progress: (line: string) => void): Promise<Part[]> {
  const wanted = wantedParts(options['parts']);
  const seed = integer(options, 'seed', 1);
  const times = integer(options, 'loads', 3);
  const learnSteps = integer(options, 'learn-steps', 120);
  const quietMinutes = integer(options, 'quiet-minutes', 30);
  const minutes = integer(options, 'minutes', 10);
  const entities = integer(options, 'entities', 100);
  const tickCount = integer(options, 'ticks', 12);
  const results: Part[] = [];
  const measure = async (part: (typeof parts)[number], used: Part['options'], figures: () => ReturnType<typeof quiet>) => {
    if (!wanted.has(part)) return;
    progress(`walk: ${part}`);
    results.push(await measured(part, used, figures));
  };

  await measure('first-chart', {}, firstChart);
  if (onQuickTiming.some((part) => wanted.has(part))) {
    await on(watchedMachine(quickTiming, learnSteps, progress), async (machine) => {
      const common = { 'scrape interval': '5s', 'group wait': '1s', 'learned steps': learnSteps };
      await measure('quiet', { ...common, minutes: quietMinutes }, async () => quiet(await machine, quietMinutes));
      await measure('load', { ...common, seed, times }, async () => load(await machine, { times, seed, atMost: 45 }));
      await measure('disk', { ...common, seed }, async () => fault(await machine, 'disk', seed));
      await measure('memory-fault', { ...common, seed }, async () => fault(await machine, 'memory', seed));
    });
  }
  if (wanted.has('load-default')) {
    await on(watchedMachine(defaultTiming, learnSteps, progress), async (machine) => {
      const used = { 'scrape interval': '15s', 'group wait': '30s', 'learned steps': learnSteps, seed };
      await measure('load-default', used, async () => load(await machine, { times: 1, seed }));
    });
  }
  // More rows than a tree sees, so that trees have their full size.
  const memorySteps = integer(options, 'learn-steps', 260);
  await measure('memory', { entities, minutes, 'learned steps': memorySteps, 'scrape interval': '5s' }, () =>
    memory({ entities, minutes, learnSteps: memorySteps }, progress),
  );
  for (const count of [100, 1000] as const) {
    await measure(`ticks-${count}`, { hosts: count, features: 12, ticks: tickCount, step: '15s' }, () =>
      ticks({ count, ticks: tickCount }, progress),
    );
  }
  return results;
}

export const walk = {
  does: 'a sample from end to end on this machine: delays, quiet, faults, first chart, memory, time per tick',
  options: {
    parts: `which, separated by commas; all: ${parts.join(',')}`,
    seed: 'of the faults; 1',
    loads: 'CPU loads, the slowest counts; 3',
    'learn-steps': 'steps before the first model; 120, and 260 for memory',
    'quiet-minutes': '30',
    minutes: 'that memory is watched; 10',
    entities: 'simulated hosts while memory is watched; 100',
    ticks: 'ticks that are timed; 12',
  },
  run,
};
