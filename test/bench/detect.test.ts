import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertsOf } from '../../bench/detect/alerts.ts';
import { readEntity, readTable, readTsb } from '../../bench/detect/folder.ts';
import { answer } from '../../bench/detect/jobs.ts';
import { explained } from '../../bench/detect/quality.ts';
import { detectorFor, startMs, streamed, timesOf } from '../../bench/detect/replay.ts';
import { keyed } from '../../bench/report.ts';
import { createRandom } from '../../src/detect/index.ts';
import type { Detector } from '../../src/detect/index.ts';

/** A tiny copy of the labelled data's folder: two servers of three metrics, two NAB files. In events m10 leaves its range. */
const dir = mkdtempSync(join(tmpdir(), 'vigia-labelled-'));
const out = join(dir, 'scores');
const events = [
  [300, 329],
  [500, 509],
] as const;
const inEvent = (row: number): boolean => events.some(([first, last]) => row >= first && row <= last);
const detector = 'isolation-forest';

function put(name: string, content: string | Uint8Array): void {
  const file = join(dir, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function table(seed: number, rows: number, anomalous: (row: number) => boolean): Uint8Array {
  const random = createRandom(seed);
  const lines = Array.from({ length: rows }, (_, row) => [
    random.uniform(),
    0.5 + 0.1 * random.uniform(),
    anomalous(row) ? 5 : random.uniform(),
  ]);
  return gzipSync(`m1,m2,m10\n${lines.map((line) => line.join(',')).join('\n')}\n`);
}

beforeAll(() => {
  for (const [at, name] of ['machine-a', 'machine-b'].entries()) {
    put(
      `smd/${name}/train.csv.gz`,
      table(at + 1, 600, () => false),
    );
    put(`smd/${name}/test.csv.gz`, table(at + 3, 800, inEvent));
    const interpretation = events.map(([start, end]) => ({ start, end, metrics: ['m10'] }));
    put(
      `smd/${name}/labels.json`,
      JSON.stringify({ entity: name, step_seconds: 60, test_rows: 800, vus_window: 10, events, interpretation }),
    );
  }
  // Two days and more, so that there are quiet hours to disturb.
  put(
    'long/smd/machine-a/train.csv.gz',
    table(5, 1500, () => false),
  );
  put('long/smd/machine-a/test.csv.gz', table(6, 3200, inEvent));
  put('long/smd/machine-a/labels.json', JSON.stringify({ entity: 'machine-a', step_seconds: 60, test_rows: 3200, vus_window: 10, events }));
  put(
    'smd/tsb_ad_m_published_vus_pr.csv',
    'tsb_file,entity,skip_rows,train_rows,vus_window,Poor,Perfect\none.csv,machine-a,100,150,10,0.1,1.0\nother.csv,machine-z,0,10,10,0.1,1.0\n',
  );
  const random = createRandom(9);
  const nab = (anomaly: number): string =>
    `timestamp,value\n${Array.from({ length: 500 }, (_, row) => {
      const time = new Date(startMs + row * 300_000).toISOString().slice(0, 19).replace('T', ' ');
      return `${time},${row === anomaly ? 50 : random.uniform()}`;
    }).join('\n')}\n`;
  put('nab/data/realSmall/spike.csv', nab(300));
  put('nab/data/realSmall/calm.csv', nab(-1));
  const at = (row: number): string => new Date(startMs + row * 300_000).toISOString().slice(0, 19).replace('T', ' ');
  put(
    'nab/combined_windows.json',
    JSON.stringify({ 'realSmall/spike.csv': [[`${at(290)}.000000`, `${at(320)}.000000`]], 'realSmall/calm.csv': [] }),
  );
});
afterAll(() => rmSync(dir, { recursive: true }));

function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = join(import.meta.dirname, '..', '..', 'bench', 'main.ts');
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'detect', ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

interface Printed {
  readonly results: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number | null>>>>>>;
  readonly parts: readonly { readonly part: string }[];
}

describe('npm run bench -- detect', () => {
  it('prints figures by set and detector, and writes scores', { timeout: 120_000 }, async () => {
    const { code, stdout, stderr } = await bench('--data', dir, '--out', out, '--detectors', detector, '--json');
    expect(stderr).toContain(`smd ${detector} machine-b`);
    expect(code).toBe(0);
    const { results, parts } = JSON.parse(stdout) as Printed;
    expect(parts.map(({ part }) => part)).toEqual([`smd.${detector}`, `nab.${detector}`, `tsb.${detector}`]);
    const smd = results['smd']?.[detector];
    expect(smd).toMatchObject({ entities: 2, events: 4, recallAt1: 1, recallAt1Pooled: 1, delayMin: 0, top1: 1, hit100: 1, aucRoc: 1 });
    expect(smd?.['vusPr']).toBeGreaterThan(0.9);
    expect(smd?.['usPerSample']).toBeGreaterThan(0);
    expect(smd?.['heapBytes']).toBeGreaterThan(10_000);
    // Of less than a day there is no threshold, so no alarm.
    expect(smd?.['alarmsAt1Recall']).toBe(0);
    expect(results['nab']?.[detector]).toMatchObject({ files: 2, windows: 1, found: 1 });
    expect(results['nab']?.[detector]?.['standard']).toBeGreaterThan(50);
    expect(results['tsb']?.[detector]).toMatchObject({ files: 1, methods: 2, methodsBelow: 1, bestPublishedVusPr: 1 });

    const lines = (file: string): string[] =>
      readFileSync(join(out, detector, file), 'utf8')
        .trimEnd()
        .split('\n');
    expect(lines('smd/S.csv')).toHaveLength(1601);
    expect(lines('smd/S.csv').slice(0, 2)).toEqual(['series,t,score,alert', expect.stringMatching(/^machine-a,0,0\.\d+,0$/) as string]);
    expect(lines('smd/S-0.1.csv')).toHaveLength(1601);
    expect(lines('smd/A.csv')[1]).toMatch(/^machine-a,300,329,m10(;|$)/);
    expect(lines('nab/N.csv')).toHaveLength(1001);
    const warmUp = lines('tsb/T.csv').slice(1, 151);
    expect(lines('tsb/T.csv')).toHaveLength(701);
    expect(new Set(warmUp.map((line) => line.split(',')[2])).size).toBe(1);
  });

  it('says how to get the data, and refuses names that are not there', { timeout: 60_000 }, async () => {
    const none = await bench('--data', join(dir, 'nowhere'));
    expect(none.code).not.toBe(0);
    expect(none.stderr).toContain('github.com/numenta/NAB');
    expect((await bench('--data', dir, '--sets', 'smd,sdm')).stderr).toContain('--sets names "sdm"; there are smd, asd, nab');
  });
});

describe('the data', () => {
  it('have their columns sorted as detectors sort them, and labels as rows', () => {
    const entity = readEntity(dir, 'smd', 'machine-a');
    expect(entity.test.names).toEqual(['m1', 'm10', 'm2']);
    expect(entity.test.rows[300 * 3 + 1]).toBe(5);
    expect(entity.labels.reduce((sum, label) => sum + label, 0)).toBe(40);
    expect(readTsb(dir).map(({ file }) => file)).toEqual(['one.csv']);
  });

  it('with a ragged line are refused by its number', () => {
    put('ragged.csv.gz', gzipSync('a,b\n1,2\n3\n'));
    expect(() => readTable(join(dir, 'ragged.csv.gz'))).toThrow('Line 3');
  });
});

describe('a replay', () => {
  it('gives rows that come late or twice on their own', () => {
    const times = timesOf(0, 4, 60);
    expect(new Date(times[0] as number).getUTCDay()).toBe(1);
    const random = createRandom(3);
    const rows = Float64Array.from({ length: 100 }, () => random.uniform());
    const made = detectorFor(detector, ['a'], 60);
    made.learn(rows, timesOf(0, 100, 60));
    const late = Float64Array.of(times[0] as number, times[2] as number, times[1] as number, times[1] as number);
    expect(streamed(made, { rows: rows.subarray(0, 4), times: late })).toEqual(made.scoreAll(rows.subarray(0, 4), times));
  });

  it('explains rows of segments before they are learned, and learns each row once', () => {
    const learned: number[] = [];
    /** Scores a row by the number of rows learned before; blames the feature whose number that is. */
    const counting: Detector = {
      slug: 'counting',
      features: ['a', 'b', 'c'].map((name) => ({ name, direction: 'both', minimumChange: 0 })),
      streaming: true,
      threshold: null,
      learn: (_, times) => void learned.push(...(times ?? [])),
      score: () => learned.length / 100,
      scoreAll: (rows) => new Float64Array(rows.length / 3),
      explain: () => ({
        score: learned.length === 5 ? 0.9 : 0.5,
        shares: Float64Array.from({ length: 3 }, (_, at) => (at === learned.length % 3 ? 1 : 0)),
        expected: [],
      }),
      expected: () => null,
      save: () => new Uint8Array(0),
    };
    const times = timesOf(0, 12, 60);
    const rows = { names: ['a', 'b', 'c'], rows: new Float64Array(36), count: 12 };
    const found = explained(counting, rows, times, [
      { start: 2, end: 3, metrics: [] },
      { start: 3, end: 7, metrics: [] },
    ]);
    expect(learned).toEqual(Array.from(times));
    expect(found.scores).toEqual(Float64Array.from({ length: 12 }, (_, row) => row / 100));
    // Rows 2 and 3 blame c and a; rows 3 to 7 a, b, c, a, b, of which c has the odds of 9 to 1.
    expect(found.attributions.map(({ ranked }) => ranked)).toEqual([
      ['a', 'c'],
      ['c', 'a', 'b'],
    ]);
  });

  it('of a disturbed entity has a figure for each disturbance', { timeout: 120_000 }, () => {
    const found = answer({ set: 'robustness', dir: join(dir, 'long'), detector, name: 'machine-a' });
    if (found.kind !== 'robustness') throw new Error(JSON.stringify(found));
    expect(found.figures).toMatchObject({ restartMaxChange: 0, duplicateAlarms: 0, lateAlarms: 0, gapAlarms: 0 });
    expect(found.figures['scaledMaxChange']).toBeLessThan(1e-6);
    expect(Math.abs(found.figures['lostSamplesVusPr'] as number)).toBeLessThan(0.3);
    expect(found.figures['levelShiftAlarms']).toBeGreaterThan(0);
    expect(found.figures['joiningAlarms']).toBeLessThanOrEqual(1);
    expect(Math.abs(found.figures['joiningVusPr'] as number)).toBeLessThan(0.5);
    expect(found.figures['flatLinesFound']).toBeGreaterThanOrEqual(0);
    // A new level is accepted after six hours.
    expect(found.figures['levelShiftHours']).toBeLessThan(8);
  });

  it('that fails says why', () => {
    expect(answer({ set: 'smd', dir, detector: 'none', name: 'machine-a' })).toEqual({
      kind: 'failed',
      reason: expect.stringContaining('no detector "none"') as string,
    });
  });
});

it('alarms come as often as the budget allows, by the scores before', () => {
  const random = createRandom(5);
  const scores = () => Float64Array.from({ length: 60 * 24 * 20 }, () => random.uniform());
  const hoursWith = (flags: Uint8Array): number =>
    new Set(Array.from(flags, (flag, row) => (flag === 1 ? Math.floor(row / 60) : -1))).size - 1;
  const days = Array.from({ length: 4 }, () => hoursWith(alertsOf(scores(), scores(), 60, 1)) / 20);
  const perDay = days.reduce((sum, each) => sum + each) / days.length;
  expect(perDay).toBeGreaterThan(0.4);
  expect(perDay).toBeLessThan(3);
  expect(alertsOf(new Float64Array(0), scores(), 60, 1).subarray(0, 60 * 24)).toEqual(new Uint8Array(60 * 24));
});

it('figures are nested by the names of their parts', () => {
  const part = (name: string, value: number) => ({
    part: name,
    date: '',
    seconds: 0,
    options: {},
    figures: [{ what: 'vusPr', value, unit: 'ratio' as const }],
  });
  expect(keyed([part('smd.a', 1), part('smd.b', 2), part('judge.smd.a', 0)])).toEqual({
    smd: { a: { vusPr: 1 }, b: { vusPr: 2 } },
    judge: { smd: { a: { vusPr: 0 } } },
  });
});
