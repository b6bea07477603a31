import { closeSync, openSync, writeSync } from 'node:fs';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { quoted } from './csv-cells.ts';
import { openCsvRun, reasonsOf } from './csv-scores.ts';
import type { Invocation } from './invocation.ts';

/** From the threshold on a row is explained; from here where the detector has none. */
const explainFrom = 0.5;
const linesAtOnce = 1000;

/** Scores a CSV file row by row: row, time, score and reasons as CSV. */
export async function score({ options, print, remark }: Invocation): Promise<number> {
  const { survey, detector, train, scored } = await openCsvRun({ options, remark });
  const out = options['out'] as string | undefined;
  const file = out === undefined ? null : opened(out);
  const write = (lines: readonly string[]): void => {
    const text = `${lines.join('\n')}\n`;
    if (file === null) print(text);
    else writeSync(file, text);
  };
  let lines = [`row,${survey.time === null ? '' : 'time,'}score,reasons`];
  let count = 0;
  for await (const row of scored((value) => value >= (detector.threshold ?? explainFrom))) {
    const time = survey.time === null ? '' : `${new Date(row.timeMs).toISOString()},`;
    lines.push(`${row.number},${time}${Number.isNaN(row.score) ? '' : row.score},${quoted(reasonsOf(row, survey.features))}`);
    count++;
    if (lines.length >= linesAtOnce) {
      write(lines);
      lines = [];
    }
  }
  if (lines.length > 0) write(lines);
  if (file !== null) closeSync(file);
  const learned = train === 0 ? 'learning as it went' : `learned from the first ${train}`;
  remark(`${count} rows of ${survey.features.length} features scored by ${detector.slug}, ${learned}.`);
  return 0;
}

function opened(file: string): number {
  try {
    return openSync(file, 'w');
  } catch (thrown) {
    throw new VigiaError('file-unwritable', { file, reason: reasonOf(thrown) });
  }
}
