import type { PrometheusClient } from '../../clients/prometheus.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Completions, Exploration } from '../../model/promql.ts';
import type { Principal } from '../../store/contract.ts';
import type { House } from '../house.ts';
import { pointsOf } from './overview.ts';

const maxPoints = 360;
/** More lines cannot be told apart, and more rows are not read. */
const mostSeries = 100;
const mostNames = 100;
/** Names do not change while one types. */
const namesForMs = 30_000;
const mostKept = 16;
/** Series that ended longer ago are no longer offered. */
const seenWithinMs = 3_600_000;

export type Which = 'own' | 'source';

/** Somebody's own queries: they see every series, so whoever asks must be one who may see everything. */
export interface Explorer {
  /** @throws VigiaError `input-invalid` with the far side's words about the query, `far-…`. */
  range(which: Which, expr: string, range: { fromMs: number; toMs: number }): Promise<Exploration>;
  metrics(which: Which, like: string): Promise<Completions>;
  labels(which: Which, metric: string | undefined, like: string): Promise<Completions>;
  values(which: Which, label: string, metric: string | undefined, like: string): Promise<Completions>;
}

/** @throws VigiaError `out-of-scope`. */
export function mustSeeEverything({ scope }: Pick<Principal, 'scope'>): void {
  if (!scope.hosts || !scope.containers) throw new VigiaError('out-of-scope', { what: 'every series' });
}

export function createExplorer(house: House): Explorer {
  // An adopted source is a whole client; its type elsewhere says only what the reader needs of it.
  const clientOf = (which: Which): PrometheusClient =>
    which === 'own' || house.config.prometheus.source === undefined ? house.prometheus : (house.source.client as PrometheusClient);
  const kept = new Map<string, { readonly atMs: number; readonly names: Promise<string[]> }>();
  const remembered = (key: string, ask: () => Promise<string[]>): Promise<string[]> => {
    const nowMs = house.now();
    const known = kept.get(key);
    if (known !== undefined && nowMs - known.atMs < namesForMs) return known.names;
    // An answer may hold a hundred thousand names: none is kept for longer than it is used, and no more than a few at once.
    for (const [old, { atMs }] of kept) if (nowMs - atMs >= namesForMs || kept.size >= mostKept) kept.delete(old);
    const names = ask();
    kept.set(key, { atMs: nowMs, names });
    // A failure is no answer to keep.
    names.catch(() => kept.delete(key));
    return names;
  };
  const recent = (metric: string | undefined) => ({ match: metric, fromMs: house.now() - seenWithinMs });

  return {
    async range(which, expr, { fromMs, toMs }) {
      const stepMs = house.source.stepMs * Math.max(1, Math.ceil((toMs - fromMs) / maxPoints / house.source.stepMs));
      const align = (ms: number) => Math.floor(ms / stepMs) * stepMs;
      const found = await clientOf(which)
        .queryRange(expr, { fromMs: align(fromMs), toMs: align(toMs), stepMs })
        .catch((thrown: unknown) => {
          throw plain(thrown);
        });
      return {
        stepMs,
        total: found.length,
        series: found.slice(0, mostSeries).map((each) => ({ labels: { ...each.labels }, points: pointsOf(each) })),
      };
    },
    metrics: async (which, like) =>
      chosen(await remembered(`${which} metrics`, () => clientOf(which).labelValues('__name__', recent(undefined))), like),
    labels: async (which, metric, like) =>
      chosen(await remembered(`${which} labels ${metric ?? ''}`, () => clientOf(which).labelNames(recent(metric))), like),
    values: async (which, label, metric, like) =>
      chosen(await remembered(`${which} values ${label} ${metric ?? ''}`, () => clientOf(which).labelValues(label, recent(metric))), like),
  };
}

/** What a far side says about the query itself is the asker's to read, and no failure of the far side. */
function plain(thrown: unknown): unknown {
  if (!(thrown instanceof VigiaError) || thrown.code !== 'far-status') return thrown;
  const { status, reason } = thrown.params;
  return status === 400 || status === 422 ? new VigiaError('input-invalid', { problems: String(reason) }) : thrown;
}

/** Names that hold what was typed; those that begin with it come first. */
export function chosen(names: readonly string[], like: string): Completions {
  const typed = like.toLowerCase();
  const fitting = names.filter((name) => name.toLowerCase().includes(typed));
  const begins = (name: string) => Number(name.toLowerCase().startsWith(typed));
  fitting.sort((a, b) => begins(b) - begins(a) || (a < b ? -1 : 1));
  return { names: fitting.slice(0, mostNames), total: fitting.length };
}
