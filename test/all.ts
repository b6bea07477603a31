import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { reasonOf } from '../src/model/errors.ts';
import { type Command, run, start } from '../src/tools/run.ts';
import { add, nothing, type Tally, tallyOf, tallyLine } from './bootstrap/tally.ts';
import { ensureTestParts } from './bootstrap/test-parts.ts';

/**
 * Every check there is, in order, and one line with the sum at the end: `./vigia test [--no-install] [FILE FILTER...]`.
 * A failure stops nothing. With filters, only the tests whose file names contain one of them run.
 */
const root = dirname(import.meta.dirname);
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const install = !process.argv.includes('--no-install');

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

/** A program of node_modules, run by this Node.js. */
function program(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Command {
  return { file: process.execPath, args: [join(root, 'node_modules', '.bin', name), ...args], cwd: root, env };
}

async function check(name: string, command: Command): Promise<Tally> {
  const began = performance.now();
  const result = await run(command, { timeoutMs: 600_000, maxBytes: 200_000 });
  if (result.exitCode === 0) {
    say(`passed  ${name} (${seconds(began)})`);
    return { passed: 1, failed: 0, skipped: 0 };
  }
  say(`${result.stdout}${result.stderr}`.trimEnd());
  say(`FAILED  ${name} (${result.timedOut ? 'not done after' : `exit code ${result.exitCode} after`} ${seconds(began)})`);
  return { passed: 0, failed: 1, skipped: 0 };
}

async function tests(env: Readonly<Record<string, string>>): Promise<Tally> {
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'vigia-results-'));
  const results = join(folder, 'results.json');
  try {
    const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${results}`, ...filters];
    const child = start(program('vitest', args, env), { onLine: (_stream, line) => say(line) });
    const { exitCode } = await child.exited;
    const tally = tallyOf(readResults(results), exitCode);
    say(`${tally.failed === 0 ? 'passed ' : 'FAILED '} tests: ${tallyLine(tally)} (${seconds(began)})`);
    return tally;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readResults(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** The environment of the checks: this Node.js first on PATH, then the parts that only tests need. */
async function environment(): Promise<{ env: Record<string, string>; tally: Tally }> {
  const path = [dirname(process.execPath)];
  const given = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const env: Record<string, string> = Object.fromEntries(given);
  if (!process.stdout.isTTY) {
    delete env['FORCE_COLOR'];
    env['NO_COLOR'] = '1';
  }
  let tally = nothing;
  try {
    const parts = await ensureTestParts(root, install, say);
    path.push(parts.binDir);
    Object.assign(env, parts.env);
    say('passed  the programs that the tests need are there');
    tally = { passed: 1, failed: 0, skipped: 0 };
  } catch (error) {
    say(`FAILED  the programs that the tests need: ${reasonOf(error)}`);
    tally = { passed: 0, failed: 1, skipped: 0 };
  }
  path.push(process.env['PATH'] ?? '', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
  return { env: { ...env, PATH: path.filter((folder) => folder !== '').join(delimiter) }, tally };
}

async function main(): Promise<number> {
  mkdirSync(join(root, '.vigia'), { recursive: true });
  const { env, tally } = await environment();
  let sum = tally;
  if (filters.length === 0) {
    sum = add(sum, await check('types (tsc)', program('tsc', ['-b'], env)));
    sum = add(sum, await check('lint (oxlint)', program('oxlint', ['--deny-warnings'], env)));
    sum = add(sum, await check('format (biome)', program('biome', ['format', '.'], env)));
    sum = add(sum, await check('nothing unused (knip)', program('knip', ['--no-progress'], env)));
    sum = add(sum, await check('the page builds (vite)', program('vite', ['build', '--config', 'src/web/vite.config.ts'], env)));
  }
  sum = add(sum, await tests(env));
  say(tallyLine(sum));
  return sum.failed === 0 ? 0 : 1;
}

process.exitCode = await main();
