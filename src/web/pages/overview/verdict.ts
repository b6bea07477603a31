import type { Overview, TargetOverview } from '../../../model/api.ts';
import type { IncidentSummary } from '../../../model/incident.ts';
import type { PartHealth } from '../../../model/api.ts';

/** What the first line says, before it is put into words: the worst thing, where, since when, why. */
export type Verdict =
  | { readonly kind: 'empty' }
  | { readonly kind: 'part'; readonly part: PartHealth }
  | { readonly kind: 'incident'; readonly incident: IncidentSummary }
  | { readonly kind: 'bad'; readonly target: TargetOverview }
  | { readonly kind: 'many'; readonly names: readonly string[]; readonly sinceMs: number | null }
  | { readonly kind: 'unknown'; readonly targets: readonly TargetOverview[] }
  | { readonly kind: 'learning'; readonly watched: number; readonly untilMs: number }
  | { readonly kind: 'fine'; readonly watched: number; readonly learning: number; readonly untilMs: number };

/** Abnormal comes before unknown, and unknown before fine: no data is never fine. */
export function verdictOf(overview: Overview): Verdict {
  const open = overview.incidents.filter(({ state }) => state === 'open');
  const watched = overview.targets.filter(({ enabled }) => enabled);
  const bad = watched.filter(({ state }) => state === 'bad');
  // An incident and its target are the same trouble.
  const names = new Map<string, string>([
    ...bad.map(({ id, name }) => [id, name] as const),
    ...open.map(({ entity, name }) => [entity, name] as const),
  ]);
  if (names.size > 1) {
    const starts = [...open.map(({ openedMs }) => openedMs), ...bad.flatMap(({ sinceMs }) => (sinceMs === null ? [] : [sinceMs]))];
    return { kind: 'many', names: [...names.values()], sinceMs: starts.length === 0 ? null : Math.min(...starts) };
  }
  // The oldest open incident says most: later ones of the same target follow from it.
  const first = open.toSorted((a, b) => a.openedMs - b.openedMs)[0];
  if (first) return { kind: 'incident', incident: first };
  if (bad[0]) return { kind: 'bad', target: bad[0] };

  const part = overview.parts.find(({ state }) => state === 'bad') ?? overview.parts.find(({ state }) => state === 'unknown');
  if (overview.state !== 'ok' && part) return { kind: 'part', part };
  if (overview.targets.length === 0) return { kind: 'empty' };
  const unknown = watched.filter(({ state }) => state === 'unknown');
  if (unknown.length > 0 || overview.state !== 'ok') return { kind: 'unknown', targets: unknown };

  const learning = watched.flatMap(({ learningUntilMs }) => (learningUntilMs === null ? [] : [learningUntilMs]));
  // Nothing can be called normal before anything was learned: only the plain rules watch.
  if (watched.length > 0 && learning.length === watched.length)
    return { kind: 'learning', watched: watched.length, untilMs: Math.max(...learning) };
  return { kind: 'fine', watched: watched.length, learning: learning.length, untilMs: Math.max(0, ...learning) };
}

export function stateOf(verdict: Verdict): 'ok' | 'bad' | 'unknown' {
  if (verdict.kind === 'fine') return 'ok';
  return verdict.kind === 'incident' || verdict.kind === 'bad' || verdict.kind === 'many' ? 'bad' : 'unknown';
}
