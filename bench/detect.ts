/**
 * Quality of the detectors on public labelled data: SMD and ASD (split "official" and robustness), TSB-AD-M (strict), NAB.
 * Causal throughout, one configuration for all, no look at test labels or test statistics.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detectors } from '../src/detect/index.ts';
import { dataFolder, entityNames, nabFiles, readTsb, type SetName, sets } from './detect/folder.ts';
import { writeScores } from './detect/files.ts';
import type { Job } from './detect/jobs.ts';
import { judgeArguments, judged } from './detect/judge.ts';
import { figuresOf } from './detect/parts.ts';
import { doAll, type Done } from './detect/pool.ts';
import type { Figure, Part } from './result.ts';

type Options = Readonly<Record<string, string | undefined>>;

function wanted<Name extends string>(option: string, text: string | undefined, known: readonly Name[]): readonly Name[] {
  if (text === undefined) return known;
  return text.split(',').map((name) => {
    const found = known.find((each) => each === name);
    if (found === undefined) throw new Error(`--${option} names "${name}"; there are ${known.join(', ')}`);
    return found;
  });
}

function jobsOf(dir: string, set: SetName, detector: string, only: ReadonlySet<string> | null): readonly Job[] {
  const names = (): readonly string[] => {
    if (set === 'nab') return nabFiles(dir).filter((name) => only === null || only.has(name));
    if (set === 'tsb')
      return readTsb(dir)
        .filter(({ entity }) => only === null || only.has(entity))
        .map(({ file }) => file);
    return entityNames(dir, set === 'robustness' ? 'smd' : set).filter((name) => only === null || only.has(name));
  };
  return names().map((name) => ({ set, dir, detector, name }));
}

async function run(options: Options, progress: (line: string) => void): Promise<readonly Part[]> {
  const slugs = wanted('detectors', options['detectors'], [...detectors.keys()]);
  const chosen = wanted('sets', options['sets'] ?? 'smd,asd,nab,tsb', sets);
  const workers = Number(options['workers'] ?? 2);
  if (!Number.isInteger(workers) || workers < 1) throw new Error(`--workers is "${options['workers']}", not a number above 0`);
  const only = options['entities'] === undefined ? null : new Set(options['entities'].split(','));
  if (only !== null && options['judge'] !== undefined)
    throw new Error('--judge needs all entities: the evaluator counts those left out as missed');
  const data = dataFolder(options['data']);
  const jobs = slugs.flatMap((slug) => chosen.flatMap((set) => jobsOf(data, set, slug, only)));
  if (jobs.length === 0) throw new Error(`Nothing in ${data} belongs to ${chosen.join(', ')}`);

  let count = 0;
  const done = await doAll(jobs, workers, (each) => progress(lineOf(each, ++count, jobs.length)));
  const out = options['out'] ?? (options['judge'] === undefined ? undefined : mkdtempSync(join(tmpdir(), 'vigia-scores-')));
  try {
    const parts: Part[] = [];
    for (const slug of slugs) {
      for (const set of chosen) {
        const own = done.filter(({ job }) => job.set === set && job.detector === slug);
        if (own.length > 0) parts.push(...(await partsOf(set, slug, own, { data, out, judge: options['judge'], progress })));
      }
    }
    return parts;
  } finally {
    if (out !== undefined && options['out'] === undefined) rmSync(out, { recursive: true });
  }
}

function lineOf({ job, answer, seconds }: Done, at: number, of: number): string {
  const says = (): string => {
    if (answer.kind === 'failed') return answer.reason;
    if (answer.kind === 'official') return `VUS-PR ${answer.quality.figures['vusPr']?.toFixed(3)}`;
    if (answer.kind === 'tsb') return `VUS-PR ${answer.quality.vusPr.toFixed(3)}`;
    return 'done';
  };
  return `detect ${at}/${of}: ${job.set} ${job.detector} ${job.name}: ${says()}, ${seconds.toFixed(1)} s`;
}

interface Place {
  readonly data: string;
  readonly out: string | undefined;
  readonly judge: string | undefined;
  readonly progress: (line: string) => void;
}

/** The figures of one detector on one set, and how far the judge's are from them. */
async function partsOf(set: SetName, slug: string, done: readonly Done[], { data, out, judge, progress }: Place): Promise<readonly Part[]> {
  const figures = figuresOf(set, slug, done);
  const seconds = done.reduce((sum, each) => sum + each.seconds, 0);
  const part = (name: string, own: readonly Figure[]): Part => ({
    part: name,
    date: new Date().toISOString(),
    seconds: Math.round(10 * seconds) / 10,
    options: {},
    figures: own,
  });
  const parts = [part(`${set}.${slug}`, figures)];
  const dir = out === undefined ? null : writeScores(out, set, slug, done);
  if (dir === null) return parts;
  progress(`Scores are in ${dir}: EVALUATOR ${judgeArguments(set, data, dir, join(dir, 'judge.json')).join(' ')}`);
  if (judge !== undefined) parts.push(part(`judge.${set}.${slug}`, await judged(judge, set, data, dir, figures)));
  return parts;
}

export const detect = {
  does: 'quality of the detectors on public labelled data, beside what it costs',
  keyed: true,
  options: {
    data: 'folder of the labelled data; without it bench/data or ../shared/data',
    out: "folder for scores and alarms in the evaluator's formats: DETECTOR/SET/S.csv, A.csv, T.csv, N.csv",
    detectors: `which, separated by commas; all: ${[...detectors.keys()].join(',')}`,
    sets: `which; smd,asd,nab,tsb, and there is robustness`,
    entities: 'only these, by name; all',
    workers: 'threads; 2',
    judge: "the evaluator's file (needs python3-sklearn): holds our figures against its",
  },
  run,
};
