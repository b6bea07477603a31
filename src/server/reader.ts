import type { PrometheusClient, RangeSeries } from '../clients/prometheus.ts';
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

/** Where a profile's series are, and under which labels. */
export interface Source {
  readonly client: Pick<PrometheusClient, 'queryRange' | 'nowMs'>;
  readonly stepMs: number;
  /** A step is complete when it is older than this: later samples are counted, not rescored. */
  readonly watermarkMs: number;
  readonly rateMs: number;
  selector(profile: Profile): string;
  identity(profile: Profile): readonly string[];
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
  const keyOf = (labels: Readonly<Record<string, string>>) => identity.map((label) => labels[label] ?? '').join('/');
  const stepOf = (tsMs: number) => Math.round((tsMs - range.fromMs) / stepMs) - 1;
  /** Sources refuse more than 11,000 points a series: a long window is asked for in pieces. */
  const ask = async function* (expr: string): AsyncGenerator<RangeSeries> {
    for (let first = 0; first < steps; first += mostSteps) {
      const last = Math.min(steps, first + mostSteps) - 1;
      yield* await source.client.queryRange(bind(expr, bound), { fromMs: times[first] as number, toMs: times[last] as number, stepMs });
    }
  };

  const features = sortedFeatures(profile);
  const width = features.length;
  const windows = new Map<string, EntityWindow & { lastMs: number }>();
  for await (const series of ask(profile.presence)) {
    const entity = keyOf(series.labels);
    const known = windows.get(entity);
    const lastMs = series.tsMs.at(-1) ?? 0;
    const job = series.labels['job'] ?? '';
    const instance = series.labels['instance'] ?? '';
    // An entity that moved has two presence series: one model, named by its newest address.
    const base = known ?? { rows: new Float64Array(steps * width).fill(Number.NaN), present: new Uint8Array(steps) };
    if (known === undefined || lastMs > known.lastMs)
      windows.set(entity, { rows: base.rows, present: base.present, entity, job, instance, lastMs });
    for (let at = 0; at < series.tsMs.length; at++) {
      const step = stepOf(series.tsMs[at] as number);
      if ((series.values[at] as number) > 0 && step >= 0 && step < steps) base.present[step] = 1;
    }
  }
  if (windows.size === 0) return { times, entities: [] };
  for (const [column, feature] of features.entries()) {
    for await (const series of ask(feature.expr)) {
      const window = windows.get(keyOf(series.labels));
      if (window === undefined) continue;
      for (let at = 0; at < series.tsMs.length; at++) {
        const step = stepOf(series.tsMs[at] as number);
        const value = series.values[at] as number;
        if (step >= 0 && step < steps && window.present[step] === 1 && Number.isFinite(value)) window.rows[step * width + column] = value;
      }
    }
  }
  return { times, entities: [...windows.values()].map(({ lastMs: _lastMs, ...window }) => window) };
}

/** The columns of every row: a profile's features sorted by name, as detectors sort them. */
export function sortedFeatures(profile: Profile): Profile['features'] {
  return profile.features.toSorted((a, b) => (a.name < b.name ? -1 : 1));
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
