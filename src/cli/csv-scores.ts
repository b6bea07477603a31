/** A detector over the rows of a CSV file. What `score` and `evaluate` share. */
import { createDetector, detectors } from '../detect/index.ts';
import type { Detector, Explanation } from '../detect/index.ts';
import { loadKernels } from '../kernels/load.ts';
import { VigiaError } from '../model/errors.ts';
import { csvRows, invalid, surveyCsv } from './csv-file.ts';
import type { CsvRow, CsvSurvey } from './csv-file.ts';
import type { Invocation } from './invocation.ts';

export interface Scored extends CsvRow {
  /** NaN where the detector has no opinion. */
  readonly score: number;
  readonly explanation: Explanation | null;
  /** The detector's threshold when the row came; `null` while it has none. */
  readonly threshold: number | null;
}

export interface CsvRun {
  readonly survey: CsvSurvey;
  readonly detector: Detector;
  /** Rows that were learned before the first is scored. */
  readonly train: number;
  /** The rows behind those; a row is explained where `explain` says so of its score. */
  readonly scored: (explain: (score: number) => boolean) => AsyncGenerator<Scored>;
}

/** A detector that does not stream learns this share of the rows where --train says nothing else. */
const trainShare = 0.15;
const leastTrain = 16;

/** @throws VigiaError `usage`, `csv-unreadable`, `csv-invalid`. */
export async function openCsvRun({ options, remark }: Pick<Invocation, 'options' | 'remark'>): Promise<CsvRun> {
  const text = (name: string): string | undefined => options[name] as string | undefined;
  const file = text('csv');
  if (file === undefined) throw new VigiaError('usage', { problem: 'The file is missing: name it with --csv FILE' });
  const slug = text('detector') ?? (detectors.has('ensemble') ? 'ensemble' : 'isolation-forest');
  if (!detectors.has(slug))
    throw new VigiaError('usage', { problem: `There is no detector "${slug}"; there are: ${[...detectors.keys()].join(', ')}` });
  const wanted = text('train');
  if (wanted !== undefined && !/^\d{1,9}$/.test(wanted))
    throw new VigiaError('usage', { problem: `--train is "${wanted}", no number of rows` });

  const survey = await surveyCsv(file, { time: text('time'), label: text('label') });
  const features = survey.features.map((name) => ({ name, direction: 'both', minimumChange: 0 }) as const);
  const detector = openDetector(file, () => createDetector(slug, features, { stepMs: survey.stepMs }, loadKernels()));
  const byDefault = detector.streaming ? 0 : Math.max(leastTrain, Math.floor(trainShare * survey.rows));
  const train = wanted === undefined ? byDefault : Number(wanted);
  if (train >= survey.rows) throw invalid(file, `it has ${survey.rows} rows, and ${train} to learn from leave none to score`);
  if (!detector.streaming && train === 0) throw new VigiaError('usage', { problem: `${slug} needs rows to learn from: --train ROWS` });
  if (survey.ignored.length > 0) remark(`Left out, no numbers: ${survey.ignored.join(', ')}.`);
  if (survey.label !== null) remark(`The column "${survey.label.name}" is a label, no feature.`);
  if (survey.time === null) remark('There is no column of times: rows count as one minute apart.');
  return { survey, detector, train, scored: (explain) => scoredRows({ survey, detector, train }, explain) };
}

/** What a detector refuses is the file's fault. */
function openDetector<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof RangeError) throw invalid(file, thrown.message.replace(/\.$/, ''));
    throw thrown;
  }
}

async function* scoredRows(
  { survey, detector, train }: Omit<CsvRun, 'scored'>,
  explain: (score: number) => boolean,
): AsyncGenerator<Scored> {
  const width = survey.features.length;
  const rows = new Float64Array(train * width);
  const times = new Float64Array(train);
  const at = new Float64Array(1);
  for await (const row of csvRows(survey)) {
    if (row.number <= train) {
      rows.set(row.values, (row.number - 1) * width);
      times[row.number - 1] = row.timeMs;
      if (row.number === train) openDetector(survey.file, () => learnInOrder(detector, rows, times));
      continue;
    }
    const score = detector.score(row.values, row.timeMs) ?? Number.NaN;
    const explanation = explain(score) ? detector.explain(row.values, row.timeMs) : null;
    const { threshold } = detector;
    at[0] = row.timeMs;
    if (detector.streaming) detector.learn(row.values, at);
    yield { ...row, score, explanation, threshold };
  }
}

/** Learning wants ascending times: rows of a file that is not sorted are put in order. */
function learnInOrder(detector: Detector, rows: Float64Array, times: Float64Array): void {
  // Most files are sorted: their rows need not be held twice.
  if (times.every((timeMs, row) => row === 0 || timeMs >= (times[row - 1] as number))) {
    detector.learn(rows, times);
    return;
  }
  const width = detector.features.length;
  const order = Array.from(times, (_, row) => row).sort((a, b) => (times[a] as number) - (times[b] as number));
  const sorted = new Float64Array(rows.length);
  for (const [to, from] of order.entries()) sorted.set(rows.subarray(from * width, (from + 1) * width), to * width);
  detector.learn(
    sorted,
    Float64Array.from(order, (row) => times[row] as number),
  );
}

const mostReasons = 3;
const leastShare = 0.05;

/** `cpu 83 %: 0.97 (expected 0.02 to 0.4); …`, the most guilty first; empty without an explanation. */
export function reasonsOf({ values, explanation }: Scored, features: readonly string[]): string {
  if (explanation === null) return '';
  return features
    .map((name, at) => ({ name, at, share: explanation.shares[at] as number }))
    .sort((a, b) => b.share - a.share)
    .filter(({ share }, place) => place === 0 || (place < mostReasons && share >= leastShare))
    .map(({ name, at, share }) => {
      const { low, high } = explanation.expected[at] ?? { low: Number.NaN, high: Number.NaN };
      return `${name} ${Math.round(100 * share)} %: ${short(values[at] as number)} (expected ${short(low)} to ${short(high)})`;
    })
    .join('; ');
}

/** Four digits. */
export const short = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(4))) : 'missing');
