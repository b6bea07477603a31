/** The labelled data that quality is measured with: where they are, and what lies there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Run } from '../../src/detect/index.ts';

export const sets = ['smd', 'asd', 'nab', 'tsb', 'robustness'] as const;
export type SetName = (typeof sets)[number];

/** Rows of features, the columns sorted by name as detectors want them; NaN is missing. */
export interface Table {
  readonly names: readonly string[];
  readonly rows: Float64Array;
  readonly count: number;
}

export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly metrics: readonly string[];
}

export interface Entity {
  readonly name: string;
  readonly stepSeconds: number;
  readonly vusWindow: number;
  readonly train: Table;
  readonly test: Table;
  /** One per row of `test`. */
  readonly labels: Uint8Array;
  /** Which metrics were guilty when. */
  readonly segments: readonly Segment[];
}

const howToGet = `Quality is measured with labelled data that do not come along. They are had from
  SMD  github.com/NetManAIOps/OmniAnomaly (MIT)     DIR/smd/MACHINE/train.csv.gz, test.csv.gz, labels.json
  ASD  github.com/zhhlee/InterFusion (MIT)          DIR/asd/SERVER/…, the same three
  NAB  github.com/numenta/NAB, v1.1 (MIT)           DIR/nab/data/**.csv, DIR/nab/combined_windows.json
  TSB  github.com/TheDatumOrg/TSB-AD (Apache-2.0)   DIR/smd/tsb_ad_m_published_vus_pr.csv: tsb_file,entity,skip_rows,train_rows,vus_window,METHOD,…
The csv.gz have a header and a row per sample; labels.json holds entity, step_seconds, test_rows, vus_window, events [[first,last],…]
and interpretation [{start,end,metrics},…] in rows of test. Name the folder with --data DIR, or put it into bench/data.`;

/** The folder that holds the data. @throws Error that says how to get them */
export function dataFolder(named: string | undefined): string {
  const root = join(import.meta.dirname, '..', '..');
  const tried = named === undefined ? [join(root, 'bench', 'data'), join(root, '..', 'shared', 'data')] : [named];
  const found = tried.find((dir) => ['smd', 'asd', 'nab'].some((set) => existsSync(join(dir, set))));
  if (found === undefined) throw new Error(`There is no labelled data in ${tried.join(' or ')}.\n${howToGet}`);
  return found;
}

/** Names of the entities of a set, sorted; none where the set is not there. */
export function entityNames(dir: string, set: 'smd' | 'asd'): readonly string[] {
  const folder = join(dir, set);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'labels.json')))
    .sort();
}

interface LabelFile {
  readonly step_seconds: number;
  readonly test_rows: number;
  readonly vus_window: number;
  readonly events: readonly Run[];
  readonly interpretation?: readonly Segment[];
}

export function readEntity(dir: string, set: 'smd' | 'asd', name: string): Entity {
  const folder = join(dir, set, name);
  const about = JSON.parse(readFileSync(join(folder, 'labels.json'), 'utf8')) as LabelFile;
  const [train, test] = ['train.csv.gz', 'test.csv.gz'].map((file) => readTable(join(folder, file))) as [Table, Table];
  if (test.count !== about.test_rows) throw new Error(`${folder}/test.csv.gz has ${test.count} rows, labels.json says ${about.test_rows}.`);
  if (train.names.join() !== test.names.join()) throw new Error(`The columns of train.csv.gz and test.csv.gz in ${folder} differ.`);
  const labels = new Uint8Array(test.count);
  for (const [first, last] of about.events) labels.fill(1, first, last + 1);
  const segments = about.interpretation ?? [];
  return { name, stepSeconds: about.step_seconds, vusWindow: about.vus_window, train, test, labels, segments };
}

export function readTable(file: string): Table {
  const [header = '', ...lines] = gunzipSync(readFileSync(file)).toString('latin1').trimEnd().split('\n');
  const columns = header.trim().split(',');
  const names = columns.toSorted();
  const place = columns.map((name) => names.indexOf(name));
  const rows = new Float64Array(lines.length * names.length);
  for (const [row, line] of lines.entries()) {
    const cells = line.split(',');
    if (cells.length !== names.length) throw new Error(`Line ${row + 2} of ${file} has ${cells.length} cells, not ${names.length}.`);
    for (const [at, cell] of cells.entries())
      rows[row * names.length + (place[at] as number)] = cell.trim() === '' ? Number.NaN : Number(cell);
  }
  return { names, rows, count: lines.length };
}

/** A file of the TSB-AD-M benchmark: a part of an entity's test rows, and what others reached on it. */
export interface TsbFile {
  readonly file: string;
  readonly entity: string;
  readonly skipRows: number;
  readonly trainRows: number;
  readonly vusWindow: number;
  /** VUS-PR by method. */
  readonly published: Readonly<Record<string, number>>;
}

export function readTsb(dir: string): readonly TsbFile[] {
  const file = join(dir, 'smd', 'tsb_ad_m_published_vus_pr.csv');
  if (!existsSync(file)) return [];
  const [header = '', ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/);
  const methods = header.split(',').slice(5);
  const had = entityNames(dir, 'smd');
  return lines
    .map((line): TsbFile => {
      const [name = '', entity = '', skip, train, window, ...values] = line.split(',');
      const published = Object.fromEntries(methods.map((method, at) => [method, Number(values[at])]));
      return { file: name, entity, skipRows: Number(skip), trainRows: Number(train), vusWindow: Number(window), published };
    })
    .filter(({ entity }) => had.includes(entity));
}

export interface NabSeries {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly windows: readonly Run[];
}

/** Names such as `realTraffic/speed_6005.csv`, sorted. */
export function nabFiles(dir: string): readonly string[] {
  const folder = join(dir, 'nab', 'data');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.csv'))
    .sort();
}

export function readNab(dir: string, name: string): NabSeries {
  const all = JSON.parse(readFileSync(join(dir, 'nab', 'combined_windows.json'), 'utf8')) as Record<string, [string, string][]>;
  const [, ...lines] = readFileSync(join(dir, 'nab', 'data', name), 'utf8')
    .trim()
    .split(/\r?\n/);
  const cells = lines.map((line) => line.split(','));
  const times = Float64Array.from(cells, ([time]) => utc(time ?? ''));
  const values = Float64Array.from(cells, ([, value]) => (value === undefined || value === '' ? Number.NaN : Number(value)));
  const rowAt = (text: string): number => {
    const row = times.indexOf(utc(text));
    if (row < 0) throw new Error(`${name} has no row at ${text}, where a window ends.`);
    return row;
  };
  return { times, values, windows: (all[name] ?? []).map(([first, last]): Run => [rowAt(first), rowAt(last)]) };
}

const utc = (text: string): number => Date.parse(`${text.trim().replace(' ', 'T')}Z`);
