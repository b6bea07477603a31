import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it, test } from 'vitest';
import { cellsOf, isIsoTime, numberOf, quoted, timeOf } from '../../src/cli/csv-cells.ts';
import { csvRows, surveyCsv } from '../../src/cli/csv-file.ts';
import type { CsvRow } from '../../src/cli/csv-file.ts';
import { programDir } from '../../src/cli/paths.ts';
import { createRandom } from '../../src/detect/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'vigia-csv-'));
afterAll(() => rmSync(dir, { recursive: true }));

function written(name: string, text: string): string {
  const file = join(dir, name);
  writeFileSync(file, text);
  return file;
}

describe('cells', () => {
  it('come back as they were written', () => {
    const cell = fc.string().filter((text) => text === text.trim() && !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
        expect(cellsOf(cells.map(quoted).join(','))).toEqual(cells);
      }),
    );
  });

  it('are numbers, missing, or neither', () => {
    expect(['1', '-2.5e3', '0x', '', 'NaN', 'null', 'inf', '-Infinity', 'up'].map(numberOf)).toEqual([
      1,
      -2500,
      null,
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      null,
    ]);
  });

  it('are times in ISO 8601 or since 1970, UTC where they say nothing else', () => {
    const noon = Date.UTC(2026, 2, 2, 12);
    const forms = ['2026-03-02T12:00:00Z', '2026-03-02 12:00', '2026-03-02T13:00:00.000+01:00', String(noon / 1000), String(noon)];
    expect(forms.map(timeOf)).toEqual(forms.map(() => noon));
    expect(timeOf('2026-03-02')).toBe(Date.UTC(2026, 2, 2));
    expect(['', '12', '2026-13-40', 'yesterday'].map(timeOf)).toEqual([null, null, null, null]);
    expect([forms[0], forms[3]].map((text) => isIsoTime(text ?? ''))).toEqual([true, false]);
  });
});

test('a file is its columns, sorted by name, with time and label found by themselves', async () => {
  const file = written(
    'a.csv',
    '\uFEFFwhen,b,host,a,Label\r\n2026-03-02 00:00:00,1,x,,0\r\n\r\n2026-03-02 00:00:15,2,y,4,1\r\n2026-03-02 00:00:30,3,y,5,0\r\n',
  );
  const survey = await surveyCsv(file, { time: undefined, label: undefined });
  expect(survey).toMatchObject({
    features: ['a', 'b'],
    time: { name: 'when' },
    label: { name: 'Label' },
    ignored: ['host'],
    rows: 3,
    stepMs: 15_000,
  });
  const rows: CsvRow[] = [];
  for await (const row of csvRows(survey)) rows.push(row);
  expect(rows.map(({ values, anomalous }) => [...values, anomalous])).toEqual([
    [Number.NaN, 1, false],
    [4, 2, true],
    [5, 3, false],
  ]);
  expect(rows[1]).toMatchObject({ number: 2, timeMs: Date.UTC(2026, 2, 2, 0, 0, 15) });
});

test('scores and measures come as files and as JSON', { timeout: 60_000 }, () => {
  const random = createRandom(2);
  const lines = Array.from({ length: 200 }, (_, row) => `${row === 150 ? 9 : random.uniform()},${row === 150 ? 1 : 0}`);
  const file = written('b.csv', `load,label\n${lines.join('\n')}\n`);
  const vigia = (...args: string[]) =>
    execFileSync(process.execPath, [join(programDir, 'src/cli/main.ts'), ...args, '--csv', file, '--detector', 'isolation-forest'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const said = JSON.parse(vigia('evaluate', '--json')) as Record<string, unknown>;
  expect(said).toMatchObject({
    rows: 200,
    learned: 30,
    scored: 170,
    withoutOpinion: 0,
    events: 1,
    aucRoc: 1,
    bestF1: 1,
    vusWindow: expect.any(Number) as number,
  });
  expect(said['highest']).toHaveLength(10);
  expect((said['highest'] as object[])[0]).toMatchObject({
    row: 151,
    reasons: expect.stringMatching(/^load 100 %: 9 \(expected /) as string,
  });
  expect(vigia('score', '--out', join(dir, 'scores.csv'))).toBe('');
  const [header, ...scores] = readFileSync(join(dir, 'scores.csv'), 'utf8').trimEnd().split('\n');
  expect(header).toBe('row,score,reasons');
  expect(scores).toHaveLength(170);
  expect(scores[120]).toMatch(/^151,0\.9\d+,load 100 %: 9 /);
});
