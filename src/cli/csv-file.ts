/** A CSV file as rows of features: looked through once for its columns, then read row by row. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { cellsOf, isIsoTime, isMissing, numberOf, timeOf } from './csv-cells.ts';

export interface CsvSurvey {
  readonly file: string;
  /** Sorted by name, as detectors sort their features. */
  readonly features: readonly string[];
  /** Cell of each feature. */
  readonly places: readonly number[];
  readonly time: Column | null;
  readonly label: Column | null;
  /** Columns that are neither. */
  readonly ignored: readonly string[];
  readonly rows: number;
  /** Most usual distance of two rows; a minute where there is no time. */
  readonly stepMs: number;
}

interface Column {
  readonly name: string;
  readonly place: number;
}

export interface CsvRow {
  /** Counts from 1, without the header. */
  readonly number: number;
  readonly values: Float64Array;
  readonly timeMs: number;
  readonly anomalous: boolean;
}

interface Named {
  readonly time: string | undefined;
  readonly label: string | undefined;
}

const timeNames = /^(@?timestamp|time|ts|date|date_?time|epoch)$/i;
const labelNames = /^(label|anomaly|is_?anomaly)$/i;
const stepsLookedAt = 1000;
/** Rows without a time begin here, a Monday, one minute apart. */
const beginMs = Date.UTC(2024, 0, 1);
const minuteMs = 60_000;

/** @throws VigiaError `csv-unreadable`, or `csv-invalid` with the line. */
export async function surveyCsv(file: string, named: Named): Promise<CsvSurvey> {
  const header = await headerOf(file);
  const first = header.map((): string | undefined => undefined);
  let rows = 0;
  // A column is what its first cell that is there says; those of numbers are then held to it.
  for await (const { cells } of linesOf(file, header)) {
    rows++;
    for (const [place, cell] of cells.entries()) if (first[place] === undefined && !isMissing(cell)) first[place] = cell;
  }
  if (rows === 0) throw invalid(file, 'it has a header and no rows');
  const time =
    columnOf(file, header, named.time, (name, place) => timeNames.test(name) && timeOf(first[place] ?? '') !== null) ??
    columnOf(file, header, undefined, (_, place) => isIsoTime(first[place] ?? ''));
  const label = columnOf(file, header, named.label, (name) => labelNames.test(name));
  const own = header.map((name, place) => ({ name, place })).filter(({ place }) => place !== time?.place && place !== label?.place);
  const isNumeric = ({ place }: Column): boolean => first[place] !== undefined && numberOf(first[place]) !== null;
  const numeric = own.filter(isNumeric).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (numeric.length === 0) throw invalid(file, `it has no column of numbers; there are: ${header.join(', ')}`);
  const survey: CsvSurvey = {
    file,
    features: numeric.map(({ name }) => name),
    places: numeric.map(({ place }) => place),
    time,
    label,
    ignored: own.filter((column) => !isNumeric(column)).map(({ name }) => name),
    rows,
    stepMs: minuteMs,
  };
  return { ...survey, stepMs: time === null ? minuteMs : await stepOf(survey) };
}

/** All rows in the order of the file. @throws VigiaError `csv-invalid` with line and column of what is no number, time or label. */
export async function* csvRows({ file, features, places, time, label }: CsvSurvey): AsyncGenerator<CsvRow> {
  const header = await headerOf(file);
  let number = 0;
  for await (const { cells, line } of linesOf(file, header)) {
    const bad = (place: number, what: string): VigiaError =>
      invalid(file, `line ${line}, column "${header[place]}": "${(cells[place] ?? '').slice(0, 40)}" is ${what}`);
    const values = new Float64Array(features.length);
    for (const [at, place] of places.entries()) {
      const value = numberOf(cells[place] ?? '');
      if (value === null) throw bad(place, 'no number');
      values[at] = value;
    }
    const timeMs = time === null ? beginMs + number * minuteMs : timeOf(cells[time.place] ?? '');
    if (timeMs === null) throw bad(time?.place ?? 0, 'no time: ISO 8601, or seconds or milliseconds since 1970');
    const mark = label === null ? 0 : Number((cells[label.place] ?? '') || Number.NaN);
    if (mark !== 0 && mark !== 1) throw bad(label?.place ?? 0, 'neither 0 nor 1');
    yield { number: ++number, values, timeMs, anomalous: mark === 1 };
  }
}

export const invalid = (file: string, problem: string): VigiaError => new VigiaError('csv-invalid', { file, problem });

async function headerOf(file: string): Promise<readonly string[]> {
  for await (const line of rawLines(file)) {
    const names = cellsOf(line.replace(/^\uFEFF/, ''));
    if (line.trim() === '') break;
    if (names.every((name) => numberOf(name) !== null))
      throw invalid(file, 'line 1 holds numbers; it must name the columns, as in "time,cpu,memory"');
    const unnamed = names.indexOf('');
    if (unnamed >= 0) throw invalid(file, `column ${unnamed + 1} has no name in line 1`);
    const twice = names.find((name, place) => names.indexOf(name) !== place);
    if (twice !== undefined) throw invalid(file, `the column "${twice}" is there twice`);
    return names;
  }
  throw invalid(file, 'line 1 is empty; it must name the columns');
}

/** Lines behind the header as cells; empty ones are passed over. */
async function* linesOf(
  file: string,
  header: readonly string[],
): AsyncGenerator<{ readonly cells: readonly string[]; readonly line: number }> {
  let line = 0;
  for await (const text of rawLines(file)) {
    line++;
    if (line === 1 || text === '') continue;
    const cells = cellsOf(text);
    if (cells.length !== header.length)
      throw invalid(file, `line ${line} has ${cells.length} cells, the header names ${header.length} columns`);
    yield { cells, line };
  }
}

async function* rawLines(file: string): AsyncGenerator<string> {
  const input = createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    yield* lines;
  } catch (thrown) {
    throw new VigiaError('csv-unreadable', { file, reason: reasonOf(thrown) });
  } finally {
    lines.close();
    input.destroy();
  }
}

/** The column that is named, or the first that fits where none is. */
function columnOf(
  file: string,
  header: readonly string[],
  named: string | undefined,
  fits: (name: string, place: number) => boolean,
): Column | null {
  const place = named === undefined ? header.findIndex(fits) : header.indexOf(named);
  if (place >= 0) return { name: header[place] as string, place };
  if (named === undefined) return null;
  throw invalid(file, `it has no column "${named}"; there are: ${header.join(', ')}`);
}

/** Median of the first distances. */
async function stepOf(survey: CsvSurvey): Promise<number> {
  const distances: number[] = [];
  let before = Number.NaN;
  for await (const { timeMs } of csvRows(survey)) {
    if (timeMs > before) distances.push(timeMs - before);
    before = timeMs;
    if (distances.length === stepsLookedAt) break;
  }
  distances.sort((a, b) => a - b);
  return Math.min(86_400_000, distances[distances.length >> 1] ?? minuteMs);
}
