import { join } from 'node:path';
import { array, asyncProperty, assert, constantFrom, double, integer, oneof, record, string } from 'fast-check';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { writeParquet } from '../../src/cli/parquet.ts';
import { csv } from '../../src/server/csv.ts';
import { scratch } from '../stand-ins/real.ts';

const numberText = (value: number): string =>
  Object.is(value, -0) ? '-0' : Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';

test('law: Parquet holds what the CSV of an export does, to the bit, wherever the pieces of it are cut', async () => {
  const { dir, stop } = scratch();
  const row = record({
    metric: constantFrom('up', 'node_load1', 'a:b'),
    label: string({ unit: 'grapheme', maxLength: 12 }),
    ms: integer({ min: 0, max: 4e12 }),
    value: oneof(double(), constantFrom(Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324)),
  });
  let nth = 0;
  await assert(
    asyncProperty(array(row, { maxLength: 30 }), integer({ min: 1, max: 40 }), async (rows, cut) => {
      const labels = (label: string) => `{a=${JSON.stringify(label)}}`;
      const body = rows.map(
        ({ metric, label, ms, value }) =>
          `${csv([[metric, labels(label)]]).trimEnd()},${new Date(ms).toISOString()},${numberText(value)}\r\n`,
      );
      const bytes = new TextEncoder().encode(['metric,labels,time,value\r\n', ...body].join(''));
      const pieces = async function* () {
        for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
      };
      const file = join(dir, `${nth++}.parquet`);
      expect(await writeParquet(pieces(), file)).toBe(rows.length);
      const found = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
      expect(found).toEqual(
        rows.map((each) => ({ metric: each.metric, labels: labels(each.label), time: new Date(each.ms), value: each.value })),
      );
    }),
    { numRuns: 60 },
  );
  await stop();
});
