/** A span of time in ms since the epoch: `fromMs` belongs to it, `toMs` does not; `Infinity` while nobody ended it. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Times that no learner may learn from: marked faults and maintenance windows. */
export interface Exclusions {
  /** Ascending, apart from each other. */
  readonly spans: readonly TimeSpan[];
  excludes(timeMs: number): boolean;
}

/**
 * Merges spans given in any order, overlapping or not; empty ones vanish.
 * @throws RangeError for a span that ends before it begins or whose times are NaN.
 */
export function createExclusions(given: readonly TimeSpan[]): Exclusions {
  const spans: TimeSpan[] = [];
  for (const { fromMs, toMs } of [...given].sort((one, other) => one.fromMs - other.fromMs)) {
    if (!(fromMs <= toMs)) throw new RangeError(`A span to leave out goes from ${fromMs} to ${toMs} ms; give the earlier time first.`);
    if (fromMs === toMs) continue;
    const last = spans.at(-1);
    if (last !== undefined && fromMs <= last.toMs) spans[spans.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, toMs) };
    else spans.push({ fromMs, toMs });
  }
  return { spans, excludes: (timeMs) => spanBefore(spans, timeMs) };
}

/** Whether the last span that begins at or before the time still holds it. */
function spanBefore(spans: readonly TimeSpan[], timeMs: number): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((spans[middle] as TimeSpan).fromMs <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low > 0 && timeMs < (spans[low - 1] as TimeSpan).toMs;
}
