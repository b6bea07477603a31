import { CONTROL_METRIC, identifier, type InfluxClient, type InfluxSeries, literal } from '../../clients/influxdb.ts';
import { keptKey, keptMetric, keptText, plainText } from '../../clients/line-protocol.ts';
import type { Labels } from '../../clients/samples.ts';
import type { ArchiveConfig, ArchiveRule } from '../../model/archive.ts';
import { reasonOf, VigiaError } from '../../model/errors.ts';
import { stepOf } from './piece.ts';
import { placeOf } from './place.ts';
import { type Matcher, type ReadQuery, type ReadSeries, readRequest, writeResponse } from './remote-read.ts';
import { snappyDecode, snappyEncode } from './snappy.ts';

const maxRequestBytes = 4 * 1024 * 1024;

/**
 * Answers a request of Prometheus's remote_read with the archive: snappy in, snappy out.
 * @throws VigiaError `input-invalid` for what is no such request, `far-…` when InfluxDB does not answer.
 */
export async function answerRead(config: ArchiveConfig, influx: InfluxClient, body: Uint8Array): Promise<Uint8Array> {
  const results: ReadSeries[][] = [];
  for (const query of queriesOf(body)) results.push(await readBack(config, influx, query));
  return snappyEncode(writeResponse(results));
}

function queriesOf(body: Uint8Array): ReadQuery[] {
  try {
    return readRequest(snappyDecode(body, maxRequestBytes));
  } catch (thrown) {
    throw new VigiaError('input-invalid', { problems: `no remote_read request: ${reasonOf(thrown)}` });
  }
}

/** What the archive holds for one query of Prometheus. Of rules that hold the same series the finest answers, as far back as it goes. */
export async function readBack(config: ArchiveConfig, influx: InfluxClient, query: ReadQuery): Promise<ReadSeries[]> {
  const rules = config.rules.toSorted((a, b) => stepOf(a) - stepOf(b));
  const merged = new Map<string, ReadSeries>();
  const names = query.matchers.filter(({ name }) => name === '__name__');
  if (names.some(({ op, value }) => op === '=' && value === '')) return [];
  for (const rule of rules) {
    const { database } = placeOf(config, rule);
    const [found = []] = await influx.select(database, [selectOf(config, rule, query)]).catch((thrown: unknown) => {
      // A rule that has written nothing yet has no place yet.
      if (
        thrown instanceof VigiaError &&
        thrown.code === 'far-status' &&
        /\b(database|retention policy|bucket|dbrp mapping|table)\b.*not found/i.test(thrown.message)
      )
        return [];
      throw thrown;
    });
    for (const series of found) {
      if (series.name === CONTROL_METRIC) continue;
      const labels = labelsOf(series);
      if (names.every((each) => agrees(each, labels['__name__'] ?? ''))) add(merged, labels, series);
    }
  }
  return [...merged.values()];
}

/** The coarser points go before the finer ones, never between them. */
function add(merged: Map<string, ReadSeries>, labels: Labels, { tsMs, values }: InfluxSeries): void {
  const key = JSON.stringify(Object.entries(labels).sort());
  const finer = merged.get(key);
  if (finer === undefined) {
    merged.set(key, { labels, tsMs, values });
    return;
  }
  const first = finer.tsMs[0] ?? Number.POSITIVE_INFINITY;
  const until = tsMs.findIndex((ms) => ms >= first);
  const count = until < 0 ? tsMs.length : until;
  merged.set(key, {
    labels,
    tsMs: Float64Array.from([...tsMs.subarray(0, count), ...Array.from(finer.tsMs)]),
    values: Float64Array.from([...values.subarray(0, count), ...Array.from(finer.values)]),
  });
}

function labelsOf({ name, tags }: InfluxSeries): Labels {
  const labels = Object.create(null) as Labels;
  labels['__name__'] = plainText(name);
  // A tag that a series does not have comes as an empty one.
  for (const [key, value] of Object.entries(tags)) if (value !== '') labels[plainText(key)] = plainText(value);
  return labels;
}

/** One SELECT. A matcher that an absent label fits too means to InfluxQL what it means to Prometheus. */
function selectOf(config: ArchiveConfig, rule: ArchiveRule, { fromMs, toMs, matchers }: ReadQuery): string {
  const place = placeOf(config, rule);
  const policy = place.retentionPolicy === undefined ? '' : `${identifier(place.retentionPolicy)}.`;
  const [first] = matchers.filter(({ name, op }) => name === '__name__' && !op.startsWith('!'));
  const measurement = first === undefined ? '/.*/' : first.op === '=' ? identifier(keptMetric(first.value)) : regex(first.value);
  const conditions = matchers.filter(({ name }) => name !== '__name__').map(conditionOf);
  const times = [`time >= ${fromMs}ms`, `time <= ${toMs}ms`];
  return `SELECT "value" FROM ${policy}${measurement} WHERE ${[...times, ...conditions].join(' AND ')} GROUP BY *`;
}

function conditionOf({ op, name, value }: Matcher): string {
  const tag = `${identifier(keptKey(name))}::tag`;
  return op === '=' || op === '!=' ? `${tag} ${op} ${literal(keptText(value))}` : `${tag} ${op} ${regex(value)}`;
}

/** Prometheus's expressions fit the whole text; both sides speak RE2. */
const regex = (text: string): string => `/^(?:${text.replaceAll('/', String.raw`\/`).replaceAll('\n', String.raw`\n`)})$/`;

/** InfluxQL takes one name or one expression for the metric; what else is said of its name is held against it here. */
function agrees({ op, value }: Matcher, metric: string): boolean {
  if (op === '=' || op === '!=') return (metric === value) === (op === '=');
  return expressionOf(value).test(metric) === (op === '=~');
}

/** RE2 writes flags before what they are for, JavaScript around it. @throws VigiaError `input-invalid` for what only RE2 knows. */
function expressionOf(text: string): RegExp {
  const [, flags, rest = text] = /^\(\?([ims]+)\)(.*)$/s.exec(text) ?? [];
  try {
    return new RegExp(`^(?:${flags === undefined ? rest : `(?${flags}:${rest})`})$`, 'su');
  } catch (thrown) {
    throw new VigiaError(
      'input-invalid',
      { problems: `the archive cannot look for metrics by ${text}: ${reasonOf(thrown)}` },
      { cause: thrown },
    );
  }
}
