import type { Move } from '../../detect/index.ts';
import type { MovedRow } from '../../model/explanation.ts';
import type { Unit } from '../../model/profile.ts';
import { formatDuration } from '../../model/time.ts';
import { constant } from '../promql.ts';
import type { MovedWindow } from './plan.ts';

/** One series that moved. */
export interface Mover {
  readonly entity: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The values compared, a step each: rates, where `rate` says so. */
  readonly values: Float64Array;
  readonly rate: boolean;
  readonly move: Move;
}

/** What is known of an entity once all its series were read. */
export interface Read {
  readonly series: number;
  /** Labels that all of its series carry alike. */
  readonly common: ReadonlySet<string>;
}

const mostRows = 40;
/** Points of a row's line. */
const mostPoints = 60;
/** From this share of its series on, and this many, it is the entity that ended. */
const wholeShare = 0.8;
const wholeSeries = 10;

/**
 * Rows for people, furthest first: series of one metric and entity that moved the same way stand behind the furthest of them,
 * and an entity that ended is one row.
 */
export function rowsOf(
  movers: readonly Mover[],
  read: ReadonlyMap<string, Read>,
  context: { window: MovedWindow; rateMs: number; name: (entity: string) => string; feature: (metric: string) => string | null },
): MovedRow[] {
  const ended = endedEntities(movers, read);
  const rows = new Map<string, { mover: Mover; alike: number }>();
  for (const mover of movers) {
    const whole = mover.move.kind === 'vanished' && ended.has(mover.entity);
    const key = whole ? mover.entity : `${mover.entity}\n${mover.labels['__name__']}\n${mover.move.kind}`;
    const known = rows.get(key);
    if (known === undefined) rows.set(key, { mover, alike: 0 });
    else known.alike += 1;
  }
  return [...rows].slice(0, mostRows).map(([key, { mover, alike }]) => {
    const { window } = context;
    const { move, entity, labels, rate } = mover;
    const whole = key === entity;
    const metric = labels['__name__'] ?? '';
    const common = read.get(entity)?.common ?? new Set<string>();
    return {
      entity,
      name: context.name(entity),
      metric: whole ? null : metric,
      labels: whole ? {} : Object.fromEntries(Object.entries(labels).filter(([label]) => label !== '__name__' && !common.has(label))),
      expr: exprOf(labels, rate ? context.rateMs : null),
      unit: unitOf(metric, rate),
      kind: move.kind,
      size: move.size,
      before: whole || Number.isNaN(move.before) ? null : move.before,
      after: whole || Number.isNaN(move.after) ? null : move.after,
      movedMs: window.firstMs + move.since * window.stepMs,
      alike,
      feature: whole ? null : context.feature(metric),
      points: whole ? [] : pointsOf(mover.values, window),
    };
  });
}

function endedEntities(movers: readonly Mover[], read: ReadonlyMap<string, Read>): ReadonlySet<string> {
  const ended = new Map<string, number>();
  for (const { entity, move } of movers) if (move.kind === 'vanished') ended.set(entity, (ended.get(entity) ?? 0) + 1);
  const isWhole = ([entity, count]: [string, number]) => count >= wholeSeries && count >= wholeShare * (read.get(entity)?.series ?? 0);
  return new Set([...ended].filter(isWhole).map(([entity]) => entity));
}

function exprOf(labels: Readonly<Record<string, string>>, rateMs: number | null): string {
  const { __name__: name = '', ...rest } = labels;
  const matchers = Object.entries(rest).map(([label, value]) => `${label}=${constant(value)}`);
  const series = `${name}{${matchers.join(',')}}`;
  return rateMs === null ? series : `rate(${series}[${formatDuration(rateMs)}])`;
}

const units: readonly (readonly [RegExp, Unit, Unit])[] = [
  [/_bytes(_total|_sum)?$/, 'bytes', 'bytes_per_second'],
  // Seconds per second: how much of the time.
  [/_seconds(_total|_sum)?$/, 'seconds', 'ratio'],
  [/_(ratio|percent_ratio)$/, 'ratio', 'per_second'],
  [/_celsius$/, 'celsius', 'per_second'],
  [/_(watts|joules(_total)?)$/, 'watts', 'watts'],
  [/_amperes$/, 'amperes', 'per_second'],
];

/** The unit that a metric's name ends in, as Prometheus's naming practices ask for. */
function unitOf(metric: string, rate: boolean): Unit {
  const [, level, perSecond] = units.find(([ending]) => ending.test(metric)) ?? [null, 'count', 'per_second'];
  return rate ? perSecond : level;
}

/** Fewer points than steps: means of neighbours, so that no excursion is lost between two. */
function pointsOf(values: Float64Array, window: MovedWindow): MovedRow['points'] {
  const every = Math.ceil(values.length / mostPoints);
  return Array.from({ length: Math.ceil(values.length / every) }, (_, place) => {
    const some = [...values.subarray(place * every, (place + 1) * every)].filter(Number.isFinite);
    const mean = some.length === 0 ? null : some.reduce((total, value) => total + value / some.length, 0);
    return [window.firstMs + place * every * window.stepMs, mean];
  });
}
