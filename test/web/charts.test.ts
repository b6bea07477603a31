import { readFileSync } from 'node:fs';
import { assert, constantFrom, double, oneof, property, record, string, array, constant, nat } from 'fast-check';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Annotation } from '../../src/model/annotation.ts';
import { bandAt, bandColumns, bandExtent, bandStretches } from '../../src/web/chart/band.ts';
import { chartCsv, fileName } from '../../src/web/chart/file.ts';
import { columns } from '../../src/web/chart/join.ts';
import { marksAt } from '../../src/web/chart/marks.ts';
import { type Bench, startBench } from './browser.ts';

describe('a chart as a file', () => {
  test('law: CSV holds every sample as it came, under its time, and nothing where there is none', () => {
    const value = oneof(double({ noNaN: true, noDefaultInfinity: true }), constant(null));
    const series = record({ legend: string(), points: array(record({ at: nat(10_000), value }), { maxLength: 20 }) });
    assert(
      property(array(series, { minLength: 1, maxLength: 4 }), (given) => {
        const all = given.map(({ legend, points }) => ({
          legend,
          points: [...new Map(points.map(({ at, value: number }) => [at * 1_000, number])).entries()].sort(([a], [b]) => a - b),
        }));
        const [, ...rows] = rowsOf(
          chartCsv(
            columns(all),
            all.map(({ legend }) => legend),
          ),
        );
        const times = [...new Set(all.flatMap(({ points }) => points.map(([ms]) => ms)))].sort((a, b) => a - b);
        expect(rows.map(([time]) => Date.parse(time ?? ''))).toEqual(times);
        for (const [column, { points }] of all.entries()) {
          const wanted = new Map(points);
          const found = rows.map((row) => (row[column + 1] === '' ? null : Number(row[column + 1])));
          // A number has one zero in text.
          expect(found.map((each) => (each === null ? null : each + 0))).toEqual(
            times.map((ms) => ((wanted.get(ms) ?? null) === null ? null : (wanted.get(ms) as number) + 0)),
          );
        }
      }),
    );
  });

  test('law: a legend is one cell and never a formula, whatever it holds', () => {
    assert(
      property(oneof(string(), constantFrom('=1+1', '@x', 'a,b', '"', 'x\r\ny', '-2')), (legend) => {
        const [[, cell = '', ...more] = []] = rowsOf(chartCsv(columns([{ points: [[0, 1]] }]), [legend]));
        expect(more).toEqual([]);
        expect(cell).not.toMatch(/^[=+\-@\t\r]/);
        expect(cell.endsWith(legend)).toBe(true);
      }),
    );
  });

  test('is named after its title', () => {
    expect(fileName('CPU busy', 'csv')).toBe('cpu-busy.csv');
    expect(fileName('Núcleos de CPU usados', 'png')).toBe('nucleos-de-cpu-usados.png');
    expect(fileName('../../etc/passwd', 'csv')).toBe('etc-passwd.csv');
    expect(fileName('{{}}', 'png')).toBe('chart.png');
  });
});

test('the cursor is told what it is next to, and what it is within', () => {
  const mark = (kind: Annotation['kind'], fromMs: number, toMs: number | null): Annotation => ({
    kind,
    fromMs,
    toMs,
    text: '',
    incident: null,
  });
  const marks = [mark('start', 100, 100), mark('incident', 1_000, null), mark('maintenance', 200, 900)];
  const at = (ms: number) => marksAt(marks, ms, 10).map(({ kind }) => kind);
  expect([at(91), at(89), at(110), at(200), at(900), at(901), at(1_000), at(9_999)]).toEqual([
    ['start'],
    [],
    ['start'],
    ['maintenance'],
    ['maintenance'],
    [],
    ['incident'],
    ['incident'],
  ]);
});

describe('an expected band', () => {
  const band = bandColumns({
    low: [
      [1_000, 1],
      [2_000, 2],
      [3_000, null],
      [4_000, 0],
      [5_000, 3],
    ],
    high: [
      [1_000, 5],
      [2_000, 4],
      [3_000, 9],
      [4_000, 6],
    ],
  });

  test('has both ends or none, and its gaps', () => {
    expect(band).toEqual({ times: [1, 2, 3, 4, 5], low: [1, 2, null, 0, null], high: [5, 4, null, 6, null] });
    expect(bandStretches(band)).toEqual([
      [0, 1],
      [3, 3],
    ]);
    expect(bandExtent(band)).toEqual({ low: 0, high: 6 });
  });

  test('is told at the cursor as it was then, else as it is', () => {
    const at = (seconds: number | null) => bandAt(band, seconds);
    expect([at(1), at(2.9), at(3), at(4.5), at(0.5), at(null)]).toEqual([
      { low: 1, high: 5 },
      { low: 2, high: 4 },
      null,
      { low: 0, high: 6 },
      null,
      { low: 0, high: 6 },
    ]);
    const empty = bandColumns({ low: [], high: [] });
    expect([bandAt(empty, null), bandExtent(empty), bandStretches(empty)]).toEqual([null, null, []]);
  });
});

/** RFC 4180, by hand. */
function rowsOf(text: string): string[][] {
  const rows: string[][] = [[]];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (const [, quoted, plain = '', end] of text.matchAll(cells)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

describe('the charts of a target', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  }, 60_000);
  afterAll(() => bench.stop());
  beforeEach(() => bench.stub.use('incident'));

  const panel = (page: Page, id: string) => page.locator(`[data-panel=${id}]`);
  /** Colours of the pixels of a chart, by how often. */
  const painted = async (page: Page, id: string, colour: string): Promise<number> =>
    Number(
      await page.evaluate(`(() => {
        const canvas = document.querySelector('[data-panel=${id}] canvas');
        const probe = document.createElement('canvas').getContext('2d');
        probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--${colour}').trim();
        probe.fillRect(0, 0, 1, 1);
        const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at] === r && data[at + 1] === g && data[at + 2] === b) count++;
        return count;
      })()`),
    );

  test('are taken away as CSV and as a picture', { timeout: 60_000 }, async () => {
    const { page, context, watch } = await bench.open('hosts/web1');
    await panel(page, 'cpu-modes').locator('canvas').waitFor();
    const get = async (kind: 'CSV' | 'PNG') => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        panel(page, 'cpu-modes')
          .getByRole('button', { name: new RegExp(kind) })
          .click(),
      ]);
      return { name: download.suggestedFilename(), bytes: readFileSync((await download.path()) ?? '') };
    };
    const table = await get('CSV');
    expect(table.name).toBe('cpu-by-mode.csv');
    const [head, ...rows] = rowsOf(table.bytes.toString('utf8'));
    expect(head).toEqual(['time', 'user', 'system', 'iowait', 'softirq']);
    expect(rows.length).toBeGreaterThan(200);
    expect(rows.every((row) => row.length === 5 && !Number.isNaN(Date.parse(row[0] ?? '')))).toBe(true);
    const picture = await get('PNG');
    expect(picture.name).toBe('cpu-by-mode.png');
    expect(picture.bytes.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
    // Width and height of its header: the chart with a margin.
    expect(picture.bytes.readUInt32BE(16)).toBeGreaterThan(300);
    expect(picture.bytes.readUInt32BE(20)).toBeGreaterThan(200);
    expect(watch.wrongs).toEqual([]);
    await context.close();
  });

  test('show what happened: anomalies, incidents with a link, silences, starts, deployments', { timeout: 60_000 }, async () => {
    const { page, context, watch } = await bench.open('hosts/web1');
    const list = page.getByRole('list', { name: 'In these charts' });
    await list.getByText('Disk swap').waitFor();
    expect((await list.locator('li').allInnerTexts()).map((text) => text.split('\n')[0])).toEqual([
      'Incident',
      'Abnormal',
      'Silenced',
      'Deployment',
      'Started',
    ]);
    await list.getByText('Linux 6.1.0-37 → 6.1.0-38').waitFor();
    await panel(page, 'network-errors').locator('canvas').waitFor();
    // The ribbon and the head of the incident are the only red of a chart whose line stays within its band.
    const red = await painted(page, 'network-errors', 'bad');
    bench.stub.scene.incidents.length = 0;
    await page.goto(`${bench.stub.url}hosts/web1?range=6h`);
    await list.getByText('Disk swap').waitFor();
    await panel(page, 'network-errors').locator('canvas').waitFor();
    expect(red).toBeGreaterThan((await painted(page, 'network-errors', 'bad')) + 100);
    expect(watch.wrongs).toEqual([]);
    await context.close();
  });

  test('are looked into by drawing across one, all of them, and back by the browser’s own button', { timeout: 60_000 }, async () => {
    const { page, context, watch } = await bench.open('hosts/web1');
    const over = panel(page, 'cpu').locator('.u-over');
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    if (box === null) throw new Error('the chart has no place');
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.25, y);
    // The cursor of one is the cursor of all.
    await panel(page, 'load').locator('.chart-legend li').nth(1).waitFor();
    expect(await panel(page, 'load').locator('.u-cursor-x').isVisible()).toBe(true);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, y, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/from=\d+/);
    const span = new URL(page.url()).searchParams;
    const lengthMs = Number(span.get('to')) - Number(span.get('from'));
    expect(lengthMs).toBeGreaterThan(13 * 60_000);
    expect(lengthMs).toBeLessThan(17 * 60_000);
    await page.getByRole('button', { name: 'Earlier' }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get('from')).not.toBe(span.get('from'));
    expect(Number(new URL(page.url()).searchParams.get('to')) - Number(new URL(page.url()).searchParams.get('from'))).toBe(lengthMs);
    await page.goBack();
    await expect.poll(() => new URL(page.url()).searchParams.get('from')).toBe(span.get('from'));
    await page.getByRole('button', { name: 'Back to now' }).click();
    await page.waitForURL((url) => !url.searchParams.has('from'));
    expect(watch.wrongs).toEqual([]);
    await context.close();
  });
});
