import { setImmediate } from 'node:timers/promises';
import { isCounter, rankMoves, ratesOf } from '../../detect/index.ts';
import type { RangeSeries } from '../../clients/prometheus.ts';
import type { Moved } from '../../model/explanation.ts';
import type { Incident } from '../../model/incident.ts';
import type { Profile } from '../../model/profile.ts';
import type { Source } from '../reader.ts';
import { type Chunk, type Counts, chunksOf, keyOf, type MovedWindow, mostMs, movedWindow, selectorOf, type Span } from './plan.ts';
import { type Mover, type Read, rowsOf } from './rows.ts';

/** An entity to compare: its key, and what people call it. */
export interface Compared {
  readonly entity: string;
  readonly name: string;
}

/** A feature below this share of the score has no part in the incident. */
const leastShare = 0.05;
/** What is named so counts, by Prometheus's naming practices. */
const counterName = /_(total|sum|count)$/;

/**
 * Compares all series of some entities, the incident's own first, before and after the start of what was abnormal. Two kinds of queries: one counts
 * the series by metric and entity, then about one per thousand series reads them, counters as they are.
 * @throws VigiaError `far-…` when the source does not answer.
 */
export async function compareMoved(
  source: Source,
  profile: Profile,
  incident: Pick<Incident, 'shares'> & Span,
  entities: readonly Compared[],
): Promise<Moved> {
  const startedMs = performance.now();
  const window = movedWindow(incident, source, await source.client.nowMs());
  const keys = entities.map((each) => each.entity);
  const { chunks, left } = chunksOf(await countSeries(source, profile, window, keys));

  const movers: Mover[] = [];
  const read = new Map<string, Read>();
  for (const chunk of chunks) {
    if (performance.now() - startedMs > mostMs) {
      left.series += chunk.series;
      left.entities += chunk.entities.length;
      continue;
    }
    movers.push(...(await moversOf(source, profile, window, chunk, read)));
    // Others get their turn between two chunks.
    await setImmediate();
  }
  movers.sort((a, b) => b.move.size - a.move.size || a.move.since - b.move.since);

  const names = new Map(entities.map((each) => [each.entity, each.name]));
  const rows = rowsOf(movers, read, {
    window,
    rateMs: Math.max(source.rateMs, window.stepMs),
    name: (entity) => names.get(entity) ?? entity,
    feature: featureReader(profile, incident),
  });
  return {
    fromMs: window.firstMs - window.stepMs,
    toMs: window.toMs,
    startMs: incident.startMs,
    stepMs: window.stepMs,
    complete: window.complete,
    rows,
    compared: { series: [...read.values()].reduce((total, each) => total + each.series, 0), entities: read.size },
    movedSeries: movers.length,
    left,
    tookMs: Math.round(performance.now() - startedMs),
  };
}

/** Series by entity and metric, at the beginning or the end of the window, whichever has more; entities in the order given. */
async function countSeries(
  source: Source,
  profile: Profile,
  window: MovedWindow,
  entities: readonly string[],
): Promise<ReadonlyMap<string, Counts>> {
  const identity = source.identity(profile);
  const counts = new Map<string, Map<string, number>>(entities.map((entity) => [entity, new Map()]));
  // Two steps of one query: the last one before the change is looked for, and the last one there is.
  const fromMs = window.firstMs + Math.max(0, window.cut.before - 1) * window.stepMs;
  const stepMs = Math.max(window.stepMs, window.toMs - fromMs);
  const expr = `count by (${['__name__', ...identity].join(', ')}) (${selectorOf(source, profile, entities)})`;
  for (const series of await source.client.queryRange(expr, { fromMs, toMs: fromMs + stepMs, stepMs })) {
    const metrics = counts.get(keyOf(identity, series.labels));
    metrics?.set(series.labels['__name__'] ?? '', Math.max(0, ...series.values.filter(Number.isFinite)));
  }
  return new Map([...counts].filter(([, metrics]) => metrics.size > 0));
}

async function moversOf(source: Source, profile: Profile, window: MovedWindow, chunk: Chunk, read: Map<string, Read>): Promise<Mover[]> {
  const identity = source.identity(profile);
  const wanted = new Set(chunk.entities);
  const found = await source.client.queryRange(selectorOf(source, profile, chunk.entities, chunk.without), {
    fromMs: window.firstMs,
    toMs: window.toMs,
    stepMs: window.stepMs,
  });
  // With several identity labels the selector is wider than the entities.
  const series = found.filter(({ labels }) => wanted.has(keyOf(identity, labels)));
  for (const entity of chunk.entities) {
    const own = series.filter(({ labels }) => keyOf(identity, labels) === entity);
    if (own.length > 0) read.set(entity, { series: own.length, common: commonLabels(own) });
  }
  const compared = series.map(({ labels, tsMs, values }) => {
    const onSteps = new Float64Array(window.steps).fill(Number.NaN);
    for (let at = 0; at < tsMs.length; at++) {
      onSteps[Math.round(((tsMs[at] as number) - window.firstMs) / window.stepMs)] = values[at] as number;
    }
    const rate = isCounter(onSteps, counterName.test(labels['__name__'] ?? ''));
    return { labels, rate, values: rate ? ratesOf(onSteps, window.stepMs) : onSteps };
  });
  const ranked = rankMoves(
    compared.map((each) => each.values),
    window.cut,
  );
  return ranked.map(({ index, move }) => {
    const mover = compared[index] as (typeof compared)[number];
    return { ...mover, entity: keyOf(identity, mover.labels), move };
  });
}

function commonLabels(series: readonly RangeSeries[]): ReadonlySet<string> {
  const [first, ...rest] = series;
  const common = new Map(Object.entries(first?.labels ?? {}));
  for (const { labels } of rest) for (const [label, value] of common) if (labels[label] !== value) common.delete(label);
  return new Set(common.keys());
}

/** Which of the incident's features reads a metric. */
function featureReader(profile: Profile, incident: Pick<Incident, 'shares'>): (metric: string) => string | null {
  const heavy = new Set(incident.shares.filter(({ share }) => share >= leastShare).map(({ feature }) => feature));
  const words = profile.features
    .filter(({ name }) => heavy.has(name))
    .map(({ name, expr }) => ({ name, words: new Set(expr.split(/[^\w:]+/)) }));
  return (metric) => words.find((each) => each.words.has(metric))?.name ?? null;
}
