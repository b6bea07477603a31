import type { Cut } from '../../detect/index.ts';
import type { Incident } from '../../model/incident.ts';
import type { Profile } from '../../model/profile.ts';
import { anyOf, constant } from '../promql.ts';
import { completeUntil, type Source } from '../reader.ts';

/** What is asked of the source, and how much of it at most. */

/** Bounds of one answer: series compared, peers looked at, series of one query, time after which no further query begins. */
export const mostSeries = 5_000;
export const mostPeers = 20;
const seriesPerQuery = 1_000;
export const mostMs = 10_000;

/** In steps of the source: an hour before, five minutes in which the change is looked for, a quarter of an hour after, at 15 s. */
const stepsBefore = 240;
const stepsBetween = 20;
const stepsAfter = 60;
const longestBeforeMs = 6 * 3_600_000;
/** Steps read per series: more cannot be seen in a line of the page, nor told from fewer by a median. */
const mostSteps = 150;
/** Steps after the start that a comparison needs; a younger incident borrows them from the time just before its alert. */
const fewestAfter = 4;

/** Never compared: Vigía's own scores, what rules say, and histogram buckets, whose sum and count say enough. */
const ignored = '__name__!~"vigia_.*|ALERTS.*|.+_bucket"';

export interface MovedWindow {
  /** The first and the last step read, aligned. */
  readonly firstMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly cut: Cut;
  /** The last step is as late as it will ever be. */
  readonly complete: boolean;
}

/** When things were abnormal; `endMs` is null while they are. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number | null;
}

/** Abnormal steps that are no further apart belong together. */
const stepsOfGap = 4;

/** Where findings of an incident are looked for: what can be compared at all. */
export function findingRange(openedMs: number, stepMs: number): { fromMs: number; toMs: number } {
  return { fromMs: openedMs - stepsBetween * stepMs, toMs: openedMs + stepsAfter * stepMs };
}

/**
 * When an incident's entity was abnormal: its alert starts later than that and goes on longer, minutes for a fault of one. The
 * findings around the alert's start say when, and the alert itself where there are none.
 * @param findingsMs times of findings in `findingRange`, in any order
 */
export function abnormalSpan(
  { openedMs, closedMs }: Pick<Incident, 'openedMs' | 'closedMs'>,
  findingsMs: readonly number[],
  source: Pick<Source, 'stepMs' | 'rateMs'>,
  nowMs: number,
): Span {
  const gapMs = stepsOfGap * source.stepMs;
  const times = findingsMs.toSorted((a, b) => a - b);
  const at = times.findLastIndex((ms) => ms <= openedMs + gapMs);
  if (at < 0 || (times[at] as number) < openedMs - gapMs) return { startMs: openedMs, endMs: closedMs };
  const joined = (place: number) => (times[place] as number) - (times[place - 1] as number) <= gapMs;
  let first = at;
  while (first > 0 && joined(first)) first--;
  let last = at;
  while (last + 1 < times.length && joined(last + 1)) last++;
  // A rate is found abnormal when a part of its window is, and stays so until most of the window is past what happened.
  const startMs = Math.min(openedMs, (times[first] as number) - source.rateMs / 4);
  const lastMs = times[last] as number;
  if (lastMs + gapMs >= (closedMs ?? nowMs)) return { startMs, endMs: closedMs };
  return { startMs, endMs: Math.max(startMs, lastMs - (3 * source.rateMs) / 4) };
}

/**
 * The steps to compare around the start of what was abnormal. Something happened before it was found, so the time just before
 * the start belongs to neither side. What was short is compared on finer steps, with less of the time before.
 */
export function movedWindow(
  { startMs, endMs }: Span,
  source: Pick<Source, 'stepMs' | 'watermarkMs' | 'rateMs'>,
  nowMs: number,
): MovedWindow {
  const longest = Math.min(1, longestBeforeMs / (stepsBefore * source.stepMs));
  const span = (steps: number) => steps * source.stepMs * longest;
  const onSteps = (ms: number) => source.stepMs * Math.max(1, Math.ceil(ms / source.stepMs));
  // Steps closer than the slowest job's scrapes would see its counters stand still every other time.
  const finest = onSteps(source.rateMs / 4);
  const coarsest = Math.max(finest, onSteps(span(stepsBefore + stepsAfter) / mostSteps));
  const wholeMs = Math.min(endMs ?? Number.POSITIVE_INFINITY, startMs + span(stepsAfter));
  const stepMs = Math.min(wholeMs, nowMs) - startMs >= fewestAfter * coarsest ? coarsest : finest;
  const floor = (ms: number) => Math.floor(ms / stepMs) * stepMs;
  const lastMs = Math.max(wholeMs, startMs + fewestAfter * stepMs);
  const toMs = floor(Math.min(lastMs, nowMs));
  const firstMs = Math.min(toMs, Math.max(floor(startMs - span(stepsBefore)), toMs - mostSteps * stepMs));
  const steps = Math.round((toMs - firstMs) / stepMs) + 1;
  const stepAt = (ms: number) => Math.min(steps, Math.max(0, Math.ceil((ms - firstMs) / stepMs)));
  const before = stepAt(startMs - span(stepsBetween));
  const after = Math.max(before, Math.min(stepAt(startMs), steps - fewestAfter));
  return { firstMs, toMs, stepMs, steps, cut: { before, after }, complete: completeUntil(nowMs, source) >= floor(lastMs) };
}

/** Selects every series of these entities that is worth comparing; `without` are metrics left out. */
export function selectorOf(source: Source, profile: Profile, entities: readonly string[], without: readonly string[] = []): string {
  const identity = source.identity(profile);
  const matchers = identity.map((label, place) =>
    anyOf(label, [...new Set(entities.map((entity) => partOf(entity, place, identity.length)))]),
  );
  const names = without.map((name) => `__name__!=${constant(name)}`);
  return `{${[source.selector(profile), ...matchers, ignored, ...names].filter((part) => part !== '').join(',')}}`;
}

/** The value of one identity label in an entity's key; the last one may hold the separator. */
function partOf(entity: string, place: number, labels: number): string {
  const parts = entity.split('/');
  return place === labels - 1 ? parts.slice(place).join('/') : (parts[place] ?? '');
}

export const keyOf = (identity: readonly string[], labels: Readonly<Record<string, string>>): string =>
  identity.map((label) => labels[label] ?? '').join('/');

/** Series by metric of one entity. */
export type Counts = ReadonlyMap<string, number>;

export interface Chunk {
  readonly entities: readonly string[];
  readonly series: number;
  readonly without: readonly string[];
}

/**
 * Packs entities, the incident's first, into queries of about a thousand series until the bound is reached. An entity that is
 * larger than the bound loses its metrics with the most series; a peer that no longer fits is left out whole.
 */
export function chunksOf(
  counts: ReadonlyMap<string, Counts>,
  most: number = mostSeries,
): { chunks: Chunk[]; left: { series: number; entities: number } } {
  const chunks: { entities: string[]; series: number; without: string[] }[] = [];
  const left = { series: 0, entities: 0 };
  let taken = 0;
  for (const [entity, metrics] of counts) {
    const all = sum(metrics.values());
    if (chunks.length > 0 && taken + all > most) {
      left.series += all;
      left.entities += 1;
      continue;
    }
    const without: string[] = [];
    let series = all;
    for (const [name, count] of [...metrics].sort((a, b) => b[1] - a[1])) {
      if (series <= most) break;
      without.push(name);
      series -= count;
    }
    left.series += all - series;
    taken += series;
    const last = chunks.at(-1);
    if (last !== undefined && last.without.length === 0 && last.series + series <= seriesPerQuery) {
      last.entities.push(entity);
      last.series += series;
    } else chunks.push({ entities: [entity], series, without });
  }
  return { chunks, left };
}

export function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const each of numbers) total += each;
  return total;
}
