import type { Labels, PrometheusClient, RangeSeries } from '../clients/prometheus.ts';
import type { Profile } from '../model/profile.ts';
import { type Binding, bind } from './profiles.ts';
import { anyOf } from './promql.ts';

/**
 * One reader for history and for now: `query_range` on an aligned step, one query per feature for all entities.
 * All features of an entity carry the same timestamps, so training, live scoring, gap filling and replay are this code.
 */

/** One entity's steps: `rows` is row-major, steps x features, NaN for "no value"; `present` says where a real sample was. */
export interface EntityWindow {
  readonly entity: string;
  readonly job: string;
  readonly instance: string;
  readonly rows: Float64Array;
  readonly present: Uint8Array;
}

export interface Window {
  /** Unix ms of each step, aligned: multiples of the step. */
  readonly times: Float64Array;
  readonly entities: readonly EntityWindow[];
}

const mostSteps = 10_000;

/**
 * Waits until a query may be sent, and answers a function that is told how many seconds it took: one expression of a profile
 * over so many steps, of so many entities or of all.
 */
export type Admit = (query: {
  profile: string;
  expr: string;
  steps: number;
  entities: number | undefined;
}) => Promise<(seconds: number) => void>;

/** Where a profile's series are, and under which labels. */
export interface Source {
  readonly client: Pick<PrometheusClient, 'queryRange' | 'nowMs'>;
  readonly stepMs: number;
  /** A step is complete when it is older than this: later samples are counted, not rescored. */
  readonly watermarkMs: number;
  readonly rateMs: number;
  /** The pipeline reads so many steps at once; one without it. */
  readonly everySteps?: number;
  /** Asked before each query, where there is a budget. */
  readonly admit?: Admit;
  selector(profile: Profile): string;
  identity(profile: Profile): readonly string[];
}

/** Sends a query when it may be sent, where there is a budget. */
export async function admitted<T>(admit: Admit | undefined, query: Parameters<Admit>[0], send: () => Promise<T>): Promise<T> {
  const spent = await admit?.(query);
  const sentMs = performance.now();
  try {
    return await send();
  } finally {
    spent?.((performance.now() - sentMs) / 1000);
  }
}

/** The last aligned step that is complete. */
export function completeUntil(nowMs: number, source: Pick<Source, 'stepMs' | 'watermarkMs'>): number {
  return Math.floor((nowMs - source.watermarkMs) / source.stepMs) * source.stepMs;
}

/**
 * Reads the steps in (fromMs, toMs], both aligned. Columns follow the profile's features sorted by name.
 * @throws VigiaError `far-…` when the source does not answer; nothing is guessed then.
 */
export async function readWindow(
  source: Source,
  profile: Profile,
  range: { fromMs: number; toMs: number; entities?: readonly string[] },
): Promise<Window> {
  const { stepMs } = source;
  const steps = Math.max(0, Math.round((range.toMs - range.fromMs) / stepMs));
  const times = Float64Array.from({ length: steps }, (_, step) => range.fromMs + (step + 1) * stepMs);
  if (steps === 0) return { times, entities: [] };
  const identity = source.identity(profile);
  const bound = bindingOf(source, profile, range.entities);
  const known = createIdentities<EntityWindow & { lastMs: number }>(identity);
  const stepOf = (tsMs: number) => Math.round((tsMs - range.fromMs) / stepMs) - 1;
  const asked = (expr: string, first: number, last: number): Promise<RangeSeries[]> =>
    admitted(source.admit, { profile: profile.slug, expr, steps: last - first + 1, entities: range.entities?.length }, () =>
      source.client.queryRange(bind(expr, bound), { fromMs: times[first] as number, toMs: times[last] as number, stepMs }),
    );
  /** Sources refuse more than 11,000 points a series: a long window is asked for in pieces. */
  const ask = function* (expr: string): Generator<Promise<RangeSeries[]>> {
    for (let first = 0; first < steps; first += mostSteps) {
      const last = Math.min(steps, first + mostSteps) - 1;
      yield asked(expr, first, last);
    }
  };

  const features = sortedFeatures(profile);
  const width = features.length;
  for (const answer of ask(profile.presence)) {
    for (const series of await answer) {
      const entity = nameOf(series.labels, identity);
      const before = known.get(entity);
      const lastMs = series.tsMs.at(-1) ?? 0;
      const job = series.labels['job'] ?? '';
      const instance = series.labels['instance'] ?? '';
      // An entity that moved has two presence series: one model, named by its newest address.
      const base = before ?? { rows: new Float64Array(steps * width).fill(Number.NaN), present: new Uint8Array(steps) };
      if (before === undefined || lastMs > before.lastMs)
        known.set(entity, series.labels, { rows: base.rows, present: base.present, entity, job, instance, lastMs });
      for (let at = 0; at < series.tsMs.length; at++) {
        const step = stepOf(series.tsMs[at] as number);
        if ((series.values[at] as number) > 0 && step >= 0 && step < steps) base.present[step] = 1;
      }
    }
  }
  if (known.size === 0) return { times, entities: [] };
  for (const [column, feature] of features.entries()) {
    for (const answer of ask(feature.expr)) {
      for (const series of await answer) {
        const window = known.find(series.labels);
        if (window === undefined) continue;
        for (let at = 0; at < series.tsMs.length; at++) {
          const step = stepOf(series.tsMs[at] as number);
          const value = series.values[at] as number;
          if (step >= 0 && step < steps && window.present[step] === 1 && Number.isFinite(value)) window.rows[step * width + column] = value;
        }
      }
    }
  }
  return { times, entities: known.all().map(({ lastMs: _lastMs, ...window }) => window) };
}

/** The name of an entity: the values of its identity labels. */
const nameOf = (labels: Labels, identity: readonly string[]): string => identity.map((label) => labels[label] ?? '').join('/');

interface Identities<T> {
  readonly size: number;
  get(entity: string): T | undefined;
  set(entity: string, labels: Labels, thing: T): void;
  /** What belongs to a series with these labels. */
  find(labels: Labels): T | undefined;
  all(): T[];
}

/**
 * Entities of one window by their identity labels. Sources answer one query after the other in the same order, so the entity of
 * the next series is nearly always the one that follows: then a look at its labels is enough, and no name is put together.
 */
function createIdentities<T>(identity: readonly string[]): Identities<T> {
  const places = new Map<string, number>();
  const values: string[][] = [];
  const things: T[] = [];
  let next = 0;
  const isAt = (place: number, labels: Labels): boolean => {
    const own = values[place];
    return own !== undefined && identity.every((label, at) => own[at] === (labels[label] ?? ''));
  };
  return {
    get size() {
      return things.length;
    },
    get(entity) {
      const place = places.get(entity);
      return place === undefined ? undefined : things[place];
    },
    set(entity, labels, thing) {
      const place = places.get(entity) ?? things.length;
      places.set(entity, place);
      values[place] = identity.map((label) => labels[label] ?? '');
      things[place] = thing;
    },
    find(labels) {
      if (next >= things.length) next = 0;
      const place = isAt(next, labels) ? next : places.get(nameOf(labels, identity));
      if (place === undefined) return undefined;
      next = place + 1;
      return things[place];
    },
    all: () => things,
  };
}

const sorted = new WeakMap<Profile, Profile['features']>();

/** The columns of every row: a profile's features sorted by name, as detectors sort them. */
export function sortedFeatures(profile: Profile): Profile['features'] {
  const features = sorted.get(profile) ?? profile.features.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  sorted.set(profile, features);
  return features;
}

/** The binding of a profile on a source, narrowed to some entities where they are given; others may come along. */
export function bindingOf(source: Source, profile: Profile, entities?: readonly string[]): Binding {
  const identity = source.identity(profile);
  const named = entities?.map((entity) => partsOf(entity, identity.length));
  const carried = (at: number): boolean => profile.narrow?.includes(profile.identity[at] as string) ?? true;
  const narrowed =
    named === undefined
      ? []
      : identity.flatMap((label, at) => (carried(at) ? [anyOf(label, [...new Set(named.map((parts) => parts[at] as string))])] : []));
  return binding(source, profile, narrowed);
}

/** The binding of all that a target brings: of itself, or of its containers or pods where the profile tells those apart. */
export function bindingOfTarget(source: Source, profile: Profile, id: string): Binding {
  const whole = source.identity(profile).length === 1 || id.includes('/');
  return whole ? bindingOf(source, profile, [id]) : binding(source, profile, [anyOf('target', [id])]);
}

/** Whether a series is of one entity, as far as its labels say: a narrowed question may bring others along. */
export function isOf(source: Source, profile: Profile, id: string, labels: Readonly<Record<string, string>>): boolean {
  const identity = source.identity(profile);
  if (identity.length === 1 || !id.includes('/')) return true;
  const parts = partsOf(id, identity.length);
  return identity.every((label, at) => labels[label] === undefined || labels[label] === parts[at]);
}

function binding(source: Source, profile: Profile, narrowed: readonly string[]): Binding {
  return {
    selector: [source.selector(profile), ...narrowed].filter((part) => part !== '').join(','),
    by: source.identity(profile),
    rateMs: source.rateMs,
    stepMs: source.stepMs,
  };
}

/** The values of the identity labels in the name of an entity, which joins them by "/": only the last may hold one. */
function partsOf(entity: string, count: number): string[] {
  const parts = entity.split('/');
  const last = parts.slice(count - 1).join('/');
  return Array.from({ length: count }, (_, at) => (at === count - 1 ? last : (parts[at] ?? '')));
}
