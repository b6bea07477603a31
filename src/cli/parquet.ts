import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { cellsOf, numberOf, timeOf } from './csv-cells.ts';

/** Rows of one group: what is held in memory at once. */
const rowsOfGroup = 100_000;
const required = { repetition_type: 'REQUIRED' } as const;
const text = { ...required, type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;

interface Group {
  readonly metric: string[];
  readonly labels: string[];
  readonly time: Date[];
  readonly value: number[];
}

/**
 * Writes an export's CSV as Parquet with the same columns: metric and labels as text, time as a timestamp in ms (UTC), value as
 * a double, bit for bit, NaN and infinities too. @returns how many rows. Throws what the CSV's source throws.
 */
export async function writeParquet(csv: AsyncIterable<Uint8Array>, file: string): Promise<number> {
  const parquet = new ParquetWriter({
    writer: fileWriter(file),
    schema: [
      { name: 'samples', num_children: 4 },
      { ...text, name: 'metric' },
      { ...text, name: 'labels' },
      { ...required, name: 'time', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
      { ...required, name: 'value', type: 'DOUBLE' },
    ],
  });
  let rows = 0;
  let group: Group = { metric: [], labels: [], time: [], value: [] };
  const flush = async (): Promise<void> => {
    if (group.metric.length === 0) return;
    rows += group.metric.length;
    const { metric, labels, time, value } = group;
    await parquet.write({
      columnData: Object.entries({ metric, labels, time, value }).map(([name, data]) => ({ name, data })),
      rowGroupSize: rowsOfGroup,
    });
    group = { metric: [], labels: [], time: [], value: [] };
  };
  let isHead = true;
  for await (const line of linesOf(csv)) {
    if (isHead || line === '') {
      isHead = false;
      continue;
    }
    const [metric = '', labels = '', time = '', value = ''] = cellsOf(line);
    group.metric.push(metric);
    group.labels.push(labels);
    group.time.push(new Date(timeOf(time) ?? Number.NaN));
    group.value.push(numberOf(value) ?? Number.NaN);
    if (group.metric.length >= rowsOfGroup) await flush();
  }
  await flush();
  await parquet.finish();
  return rows;
}

/** Labels are written as JSON texts, so that no cell holds the end of a line. */
async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\r\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest + decoder.decode();
}
