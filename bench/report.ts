import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Figure, type Machine, meets, type Part, type Result } from './result.ts';

export const resultsDir = join(import.meta.dirname, 'results');

export function thisMachine(): Machine {
  const all = cpus();
  return {
    processor: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.versions.node,
  };
}

/** The table that a person reads. */
export function tableOf(result: Result): string {
  const { machine } = result;
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`;
  const lines = [
    `${result.name}, ${result.date.slice(0, 10)}`,
    `${machine.processor}, ${machine.cores} cores, ${memory}, Linux ${machine.kernel}, Node ${machine.node}`,
  ];
  for (const part of result.results) lines.push('', tableOfPart(part));
  return `${lines.join('\n')}\n`;
}

export function tableOfPart(part: Part): string {
  const options = Object.entries(part.options).map(([name, value]) => `${name} ${value}`);
  const lines = [`${part.part}${options.length === 0 ? '' : ` (${options.join(', ')})`}: measured in ${part.seconds} s`];
  const cells = part.figures.map((figure) => [figure.what, numberOf(figure.value), figure.unit, goalOf(figure), figure.note ?? '']);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  for (const row of cells) {
    const padded = row.map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)));
    lines.push(`  ${padded.join('  ').trimEnd()}`);
  }
  return lines.join('\n');
}

export function numberOf(value: number | null): string {
  if (value === null) return '–';
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 1 ? 3 : Math.abs(value) < 10 ? 2 : 1);
}

export function goalOf(figure: Figure): string {
  const good = meets(figure);
  if (good === null) return '';
  const { atLeast, atMost } = figure;
  const goal = atMost === undefined ? `at least ${atLeast}` : atLeast === undefined ? `at most ${atMost}` : `${atLeast} to ${atMost}`;
  return `${goal}: ${good ? 'met' : 'MISSED'}`;
}

/** What `keyed` makes: values, nested by the dots in the names of parts and beneath by those of figures. */
export interface Keyed {
  [name: string]: number | null | Keyed;
}

/** Part `smd.seasonal` with a figure `vusPr` becomes `{ smd: { seasonal: { vusPr } } }`. */
export function keyed(parts: readonly Part[]): Keyed {
  const root: Keyed = {};
  for (const { part, figures } of parts) {
    let inner = root;
    for (const name of part.split('.')) {
      const there = inner[name];
      if (typeof there === 'object' && there !== null) inner = there;
      else inner = inner[name] = {};
    }
    for (const { what, value } of figures) inner[what] = value;
  }
  return root;
}

/**
 * Keeps a result in `dir`/NAME.json. Parts that were not measured this time stay as they were, if it was the same machine:
 * the long ones can be measured one by one.
 */
export function keep(result: Result, dir: string = resultsDir): string {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${result.name}.json`);
  const before = kept(file);
  const sameMachine = before !== null && hardware(before.machine) === hardware(result.machine);
  const results = new Map<string, Part>((sameMachine ? before.results : []).map((part) => [part.part, part]));
  for (const part of result.results) results.set(part.part, part);
  writeFileSync(file, `${JSON.stringify({ ...result, results: [...results.values()] }, null, 2)}\n`);
  return file;
}

/** A newer kernel or Node.js makes no other machine. */
const hardware = ({ processor, cores, memoryBytes }: Machine): string => `${processor} ${cores} ${Math.round(memoryBytes / 2 ** 30)}`;

function kept(file: string): Result | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Result;
  } catch {
    return null;
  }
}
