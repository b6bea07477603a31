import type { PrometheusClient } from '../../clients/prometheus.ts';
import { formatDuration } from '../../model/time.ts';
import { csv } from '../csv.ts';
import { isTooMuch } from './piece.ts';

export interface ExportRange {
  readonly match: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const longestPieceMs = 86_400_000;
const shortestPieceMs = 60_000;
const wantedSamples = 50_000;

/**
 * Samples in (fromMs, toMs] as CSV, piece of time by piece of time: what Prometheus holds, and before that what its archive
 * does. Values are written so that they read back as the same double. @throws VigiaError `far-…`
 */
export async function* exportCsv(
  client: Pick<PrometheusClient, 'queryMatrix'>,
  { match, fromMs, toMs }: ExportRange,
): AsyncGenerator<string> {
  yield 'metric,labels,time,value\r\n';
  let pieceMs = 3_600_000;
  for (let at = fromMs; at < toMs; ) {
    const endMs = Math.min(toMs, at + pieceMs);
    const found = await client.queryMatrix(`${match}[${formatDuration(endMs - at)}]`, endMs).catch((thrown: unknown) => {
      if (!isTooMuch(thrown) || endMs - at <= shortestPieceMs) throw thrown;
      return null;
    });
    if (found === null) {
      pieceMs = Math.max(shortestPieceMs, Math.floor((endMs - at) / 2));
      continue;
    }
    let samples = 0;
    for (const { labels, tsMs, values } of found) {
      const { __name__: metric = '', ...rest } = labels;
      const names = Object.entries(rest)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      const series = csv([[metric, `{${names.join(',')}}`]]).trimEnd();
      let text = '';
      for (let index = 0; index < tsMs.length; index++) {
        const ms = tsMs[index] as number;
        if (ms <= at) continue;
        text += `${series},${new Date(ms).toISOString()},${valueText(values[index] as number)}\r\n`;
        samples++;
      }
      if (text !== '') yield text;
    }
    pieceMs = Math.floor(Math.min(longestPieceMs, 2 * pieceMs, Math.max(shortestPieceMs, wantedSamples / (samples / (endMs - at)))));
    at = endMs;
  }
}

function valueText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
