import { parseArgs } from 'node:util';
import type { Part, Result } from './result.ts';
import { writePage } from './page.ts';
import { keep, keyed, tableOf, thisMachine } from './report.ts';

/** `npm run bench -- NAME [--json] [--keep] [options]`: a table, or one JSON object and nothing else on standard output. */
interface Bench {
  readonly does: string;
  /** With --json its `results` are nested by the names of parts and figures; `parts` holds them one by one. */
  readonly keyed?: boolean;
  /** Its own options: name and what it is for, with the default. */
  readonly options: Readonly<Record<string, string>>;
  /** A long one says each part that is `finished`, so that what was measured is kept whatever happens later. */
  readonly run: (
    options: Readonly<Record<string, string | undefined>>,
    progress: (line: string) => void,
    finished: (part: Part) => void,
  ) => Promise<readonly Part[]>;
}

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  detect: async () => (await import('./detect.ts')).detect,
  fleet: async () => (await import('./fleet.ts')).fleet,
  forest: async () => (await import('./forest.ts')).forest,
  moved: async () => (await import('./moved.ts')).moved,
  tick: async () => (await import('./tick.ts')).tick,
  walk: async () => (await import('./walk.ts')).walk,
};

async function list(): Promise<string> {
  const lines = ['npm run bench -- NAME [--json] [--keep] [options]', ''];
  for (const [name, load] of Object.entries(benches)) {
    const bench = await load();
    lines.push(`  ${name}: ${bench.does}`);
    for (const [option, does] of Object.entries(bench.options)) lines.push(`      --${option}: ${does}`);
  }
  lines.push('', '  --json prints one JSON object instead of a table; --keep keeps it in bench/results/NAME.json.');
  return `${lines.join('\n')}\n`;
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === '--help') {
    process.stdout.write(await list());
    return 0;
  }
  const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (load === undefined) {
    process.stderr.write(`There is no bench "${name}"; there are ${Object.keys(benches).join(', ')}.\n`);
    return 64;
  }
  const bench = await load();
  const own = Object.fromEntries(Object.keys(bench.options).map((option) => [option, { type: 'string' as const }]));
  const { values } = parseArgs({ args, options: { ...own, json: { type: 'boolean' }, keep: { type: 'boolean' } }, strict: true });
  const { json, keep: keeps, ...options } = values;
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  const resultOf = (some: readonly Part[]): Result => ({ name, machine: thisMachine(), date: new Date().toISOString(), results: some });
  const results = await bench.run(options as Record<string, string | undefined>, progress, (part) => {
    if (keeps === true) keep(resultOf([part]));
  });
  const result = resultOf(results);
  const printed = bench.keyed === true ? { ...result, results: keyed(results), parts: results } : result;
  process.stdout.write(json === true ? `${JSON.stringify(printed)}\n` : tableOf(result));
  if (keeps === true) progress(`Kept in ${keep(result)}, and in ${writePage()}.`);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
