import { garbage, isRecord, stringPairs } from './answer.ts';

/** Labels of a series, without a prototype. */
export type Labels = Record<string, string>;

/** One sample of an instant query. */
export interface VectorSample {
  readonly labels: Labels;
  readonly tsMs: number;
  readonly value: number;
}

/** One series of a range query; `tsMs` and `values` have the same length. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly tsMs: Float64Array;
  readonly values: Float64Array;
}

export interface Bounds {
  readonly maxSeries: number;
  readonly maxSamples: number;
}

/** A sample value as Prometheus writes it: a number, `NaN`, `+Inf` or `-Inf`. Undefined when it is none. */
export function parseValue(text: unknown): number | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  if (text === 'NaN') return Number.NaN;
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  const value = Number(text);
  return Number.isNaN(value) || text.trim() !== text ? undefined : value;
}

/**
 * The result of an instant query: a vector, or a scalar as one sample without labels.
 * Native histograms have no single value and are left out. Checked by hand: schemas are too slow for many samples.
 */
export function parseVector(what: string, data: unknown, bounds: Bounds): VectorSample[] {
  const { type, result } = resultOf(what, data);
  if (type === 'scalar' || type === 'string') {
    const [tsMs, value] = pair(what, result);
    return [{ labels: Object.create(null) as Labels, tsMs, value }];
  }
  if (type !== 'vector' || !Array.isArray(result)) throw garbage(what, `a result of type "${type}" where a vector was asked`);
  checkSeries(what, result.length, bounds);
  const samples: VectorSample[] = [];
  for (const entry of result as unknown[]) {
    if (!isRecord(entry)) throw garbage(what, 'a series that is no object');
    if (entry['value'] === undefined && entry['histogram'] !== undefined) continue;
    const [tsMs, value] = pair(what, entry['value']);
    samples.push({ labels: stringPairs(what, entry['metric'], 'metric'), tsMs, value });
  }
  return samples;
}

/** The result of a range query. Timestamps are Unix milliseconds, strictly rising. */
export function parseMatrix(what: string, data: unknown, bounds: Bounds): RangeSeries[] {
  const { type, result } = resultOf(what, data);
  if (type !== 'matrix' || !Array.isArray(result)) throw garbage(what, `a result of type "${type}" where a matrix was asked`);
  checkSeries(what, result.length, bounds);
  let total = 0;
  const series: RangeSeries[] = [];
  for (const entry of result as unknown[]) {
    if (!isRecord(entry)) throw garbage(what, 'a series that is no object');
    const points = entry['values'];
    if (points === undefined && entry['histograms'] !== undefined) continue;
    if (!Array.isArray(points)) throw garbage(what, 'a series without values');
    total += points.length;
    if (total > bounds.maxSamples) throw garbage(what, `more than ${bounds.maxSamples} samples`);
    const tsMs = new Float64Array(points.length);
    const values = new Float64Array(points.length);
    for (let index = 0; index < points.length; index++) {
      const [ts, value] = pair(what, points[index]);
      if (index > 0 && ts <= (tsMs[index - 1] as number)) throw garbage(what, 'samples that are not in the order of time');
      tsMs[index] = ts;
      values[index] = value;
    }
    series.push({ labels: stringPairs(what, entry['metric'], 'metric'), tsMs, values });
  }
  return series;
}

function resultOf(what: string, data: unknown): { type: string; result: unknown } {
  if (!isRecord(data) || typeof data['resultType'] !== 'string') throw garbage(what, 'no query result');
  return { type: data['resultType'].slice(0, 40), result: data['result'] };
}

function checkSeries(what: string, count: number, bounds: Bounds): void {
  if (count > bounds.maxSeries) throw garbage(what, `${count} series, more than the ${bounds.maxSeries} that are taken`);
}

function pair(what: string, sample: unknown): [tsMs: number, value: number] {
  if (!Array.isArray(sample) || sample.length !== 2) throw garbage(what, 'a sample that is no pair of time and value');
  const [seconds, text] = sample as unknown[];
  const value = parseValue(text);
  if (typeof seconds !== 'number' || value === undefined) throw garbage(what, 'a sample whose time or value is no number');
  return [Math.round(seconds * 1000), value];
}
