import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { keep, tableOf, thisMachine } from '../../bench/report.ts';
import { type Figure, meets, type Result } from '../../bench/result.ts';

const main = join(import.meta.dirname, '..', '..', 'bench', 'main.ts');
const dir = mkdtempSync(join(tmpdir(), 'vigia-bench-'));
afterAll(() => rmSync(dir, { recursive: true }));

function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

const result = (part: string, value: number): Result => ({
  name: 'sample',
  machine: thisMachine(),
  date: '2026-01-01T00:00:00.000Z',
  results: [
    {
      part,
      date: '2026-01-01T00:00:00.000Z',
      seconds: 1,
      options: { seed: 1 },
      figures: [{ what: 'delay', value, unit: 's', atMost: 45 }],
    },
  ],
});

describe('npm run bench', () => {
  it('prints one JSON object and nothing else with --json', { timeout: 120_000 }, async () => {
    const { code, stdout } = await bench('forest', '--json');
    expect(code).toBe(0);
    const printed = JSON.parse(stdout) as Result;
    expect(Object.keys(printed)).toEqual(['name', 'machine', 'date', 'results']);
    expect(printed.name).toBe('forest');
    expect(Date.parse(printed.date)).toBeGreaterThan(0);
    expect(printed.machine.cores).toBeGreaterThan(0);
    const figures = printed.results.flatMap((part) => part.figures);
    expect(figures.length).toBeGreaterThan(0);
    for (const figure of figures) expect(figure.value).toBeGreaterThan(0);
  });

  it('lists the benches when none is named, and refuses one that is not there', { timeout: 60_000 }, async () => {
    const listed = await bench();
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ {2}forest: .*\n[^]*^ {2}walk: /m) as string });
    expect(await bench('nonsense')).toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining('walk') as string });
    const wrong = await bench('walk', '--parts', 'nonsense');
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain('there is no part "nonsense"');
  });
});

describe('a result', () => {
  it('is a table with goals that are met or missed', () => {
    expect(tableOf(result('load', 20))).toMatch(/delay {2}20 {2}s {2}at most 45: met$/m);
    expect(tableOf(result('load', 46))).toMatch(/delay {2}46 {2}s {2}at most 45: MISSED$/m);
  });

  it('without a value meets no goal', () => {
    const figure: Figure = { what: 'delay', value: null, unit: 's', atMost: 45 };
    expect(meets(figure)).toBe(false);
    expect(meets({ what: 'delay', value: 1, unit: 's' })).toBeNull();
  });

  it('is kept part by part, on one machine', () => {
    const file = keep(result('load', 20), dir);
    keep(result('quiet', 0), dir);
    keep(result('load', 30), dir);
    const kept = () => (JSON.parse(readFileSync(file, 'utf8')) as Result).results.map(({ part, figures }) => [part, figures[0]?.value]);
    expect(kept()).toEqual([
      ['load', 30],
      ['quiet', 0],
    ]);
    keep({ ...result('load', 10), machine: { ...thisMachine(), processor: 'another' } }, dir);
    expect(kept()).toEqual([['load', 10]]);
  });
});
