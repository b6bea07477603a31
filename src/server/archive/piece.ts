import { line, seriesKey } from '../../clients/line-protocol.ts';
import type { PrometheusClient, RangeSeries } from '../../clients/prometheus.ts';
import type { ArchiveRule } from '../../model/archive.ts';
import { VigiaError } from '../../model/errors.ts';
import { formatDuration } from '../../model/time.ts';
import { staleIn } from './stale.ts';

/** One piece of time of a rule, ready to be written. */
export interface Piece {
  readonly lines: readonly string[];
  /** NaN and infinities: the line protocol has none. */
  readonly notFinite: number;
  /** Of those, infinities. */
  readonly infinite: number;
  /** Where each sample is kept, the series that ended. Null where the source does not tell. */
  readonly stale: number | null;
}

/** Of a rule that keeps every sample, a piece ends on whole seconds; of one that samples down, on its steps. */
export const stepOf = (rule: Pick<ArchiveRule, 'every'>): number => ({ raw: 1_000, '1m': 60_000, '1h': 3_600_000 })[rule.every];

/**
 * Reads what a rule keeps of (fromMs, toMs], both multiples of its step: the samples as they are, or at each step the last
 * sample of the step before it, which serves counters and gauges alike and is a value that was really there.
 * @throws VigiaError `far-…`
 */
export async function readPiece(
  client: Pick<PrometheusClient, 'queryMatrix' | 'queryRange' | 'remoteRead'>,
  rule: ArchiveRule,
  fromMs: number,
  toMs: number,
): Promise<Piece> {
  const stepMs = stepOf(rule);
  const found =
    rule.every === 'raw'
      ? await client.queryMatrix(`${rule.match}[${formatDuration(toMs - fromMs)}]`, toMs)
      : await client.queryRange(`last_over_time(${rule.match}[${rule.every}])`, { fromMs: fromMs + stepMs, toMs, stepMs });
  const lines: string[] = [];
  let notFinite = 0;
  let infinite = 0;
  for (const series of found) {
    const key = keyOf(series);
    if (key === null) continue;
    for (let at = 0; at < series.tsMs.length; at++) {
      const tsMs = series.tsMs[at] as number;
      const value = series.values[at] as number;
      // Prometheus before 3.0 also answers the sample at the very beginning, which the piece before had.
      if (tsMs <= fromMs) continue;
      if (Number.isFinite(value)) lines.push(line(key, value, tsMs));
      else {
        notFinite++;
        if (!Number.isNaN(value)) infinite++;
      }
    }
  }
  const stale = rule.every === 'raw' ? await staleIn(client, rule.match, fromMs, toMs) : null;
  return { lines, notFinite, infinite, stale };
}

function keyOf(series: RangeSeries): string | null {
  const { __name__: metric, ...labels } = series.labels;
  return metric === undefined ? null : seriesKey({ metric, labels });
}

/** Whether a smaller piece may be answered where this one was not. */
export function isTooMuch(thrown: unknown): boolean {
  if (!(thrown instanceof VigiaError)) return false;
  if (thrown.code === 'far-too-large' || thrown.code === 'far-timeout') return true;
  return /too many samples|more than \d+ samples|more than the \d+ that are taken|query timed out/.test(thrown.message);
}
