/**
 * The forest: the detector's own cost, and the kernels against scikit-learn, the distribution's package, in turns on this machine.
 * CPU times, one thread, 100 trees of 256 rows; `vsSklearn13Path` is what versions from 1.3 on do, with the same package's trees.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataFiles, dataSets, writeData } from './forest/data.ts';
import { detectorFigures } from './forest/detector.ts';
import { learningFigures } from './forest/learning.ts';
import { buildKernels, findPython, installPeer, ourProcess, peerProcess, type ProcessCost } from './forest/peer.ts';
import {
  batchFigures,
  exactFigures,
  fallbackFigures,
  fitFigures,
  type Measured,
  measureRounds,
  median,
  oneRowFigures,
} from './forest/rounds.ts';
import { workerFigures } from './forest/workers.ts';
import { type Figure, measured, type Part } from './result.ts';

const parts = ['isolation-forest', 'learning', 'rounds', 'process', 'workers'] as const;
/** Parts that the rounds answer. */
const ofRounds: Readonly<Record<string, (all: readonly Measured[]) => Figure[]>> = {
  batch: batchFigures,
  exact: exactFigures,
  fit: fitFigures,
  oneRow: oneRowFigures,
  fallback: fallbackFigures,
};

type Options = Readonly<Record<string, string | undefined>>;

function chosen<Name extends string>(what: string, all: readonly Name[], text: string | undefined): ReadonlySet<Name> {
  const wanted = text === undefined ? all : text.split(',');
  for (const each of wanted) {
    if (!all.includes(each as Name)) throw new Error(`there is no ${what} "${each}"; there are ${all.join(', ')}`);
  }
  return new Set(wanted as Name[]);
}

async function processFigures(set: DataFiles, rounds: number, python: string | null, dir: string): Promise<Figure[]> {
  const ours: ProcessCost[] = [];
  const peers: ProcessCost[] = [];
  const peers13: ProcessCost[] = [];
  await buildKernels();
  for (let round = 0; round < rounds; round++) {
    if (python !== null) {
      peers.push(await peerProcess(python, set, join(dir, 'peer.out'), 'file'));
      peers13.push(await peerProcess(python, set, join(dir, 'peer.out'), 'file13'));
    }
    ours.push(await ourProcess(set, join(dir, 'ours.out')));
  }
  const of = (all: readonly ProcessCost[], cost: (each: ProcessCost) => number): number => median(all.map(cost));
  const cpu = (each: ProcessCost): number => each.cpuMs;
  const peak = (each: ProcessCost): number => each.peakBytes;
  const ratio = (value: () => number): Pick<Figure, 'value' | 'unit' | 'note'> =>
    python === null ? { value: null, unit: 'ratio', note: installPeer } : { value: value(), unit: 'ratio' };
  return [
    { what: 'vsSklearn121', ...ratio(() => of(peers, cpu) / of(ours, cpu)), atLeast: 45 },
    { what: 'vsSklearn13Path', ...ratio(() => of(peers13, cpu) / of(ours, cpu)) },
    { what: 'peak memory of theirs', ...ratio(() => of(ours, peak) / of(peers, peak)), atMost: 0.3 },
    { what: 'CPU time', value: of(ours, cpu), unit: 'ms' },
    { what: 'peak memory', value: of(ours, peak) / 1e6, unit: 'MB' },
  ];
}

async function run(options: Options, progress: (line: string) => void): Promise<Part[]> {
  const wanted = chosen('part', parts, options['parts']);
  const sets = chosen(
    'data set',
    dataSets.map(({ name }) => name),
    options['sets'],
  );
  const rounds = Number(options['rounds'] ?? 5);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is "${options['rounds']}", no whole number above 0`);
  const results: Part[] = [];
  if (wanted.has('isolation-forest')) {
    results.push(await measured('isolation-forest', { trees: 100, sampleSize: 256 }, detectorFigures));
  }
  if (wanted.has('learning')) {
    progress('forest: learning beside the event loop');
    results.push(await measured('learning', { entities: 100 }, learningFigures));
  }
  if ([...wanted].every((part) => part === 'isolation-forest' || part === 'learning')) return results;
  const dir = mkdtempSync(join(tmpdir(), 'vigia-bench-'));
  try {
    progress('forest: making the data');
    const files = dataSets.filter(({ name }) => sets.has(name)).map((set) => writeData(set, dir));
    const largest = files.at(-1) as DataFiles;
    const python = await findPython();
    if (python === null) progress(`forest: ${installPeer}`);
    const used = { trees: 100, sampleSize: 256, rounds };
    if (wanted.has('workers'))
      results.push(await measured('workers', { rows: largest.rows, rounds }, () => workerFigures(largest, rounds)));
    if (wanted.has('rounds')) {
      const all: Measured[] = [];
      for (const set of files) all.push(await measureRounds(set, rounds, python, dir, progress));
      const version = all.flatMap(({ peers }) => peers.map((each) => each.version))[0] ?? 'none';
      for (const [part, figures] of Object.entries(ofRounds)) {
        results.push(await measured(part, { ...used, 'scikit-learn': version }, () => figures(all)));
      }
    }
    if (wanted.has('process')) {
      progress('forest: whole processes');
      results.push(await measured('process', { ...used, rows: largest.rows }, () => processFigures(largest, rounds, python, dir)));
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
  return results;
}

export const forest = {
  does: 'the forest: learn, score, explain, save and load; the kernels against scikit-learn',
  keyed: true,
  options: {
    parts: `which, separated by commas; all: ${parts.join(',')}`,
    sets: 'of rows to time with, separated by commas; all: a,b,c',
    rounds: 'in turns with scikit-learn; 5',
  },
  run,
};
