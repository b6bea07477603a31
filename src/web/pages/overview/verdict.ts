import type { Overview, PartHealth, TargetOverview } from '../../../model/api.ts';
import type { IncidentSummary } from '../../../model/incident.ts';

/** What the first line says, before it is put into words: the worst thing, where, since when, why. */
export type Verdict =
  | { readonly kind: 'empty' }
  | { readonly kind: 'part'; readonly part: PartHealth }
  | { readonly kind: 'incident'; readonly incident: IncidentSummary }
  | { readonly kind: 'bad'; readonly target: TargetOverview }
  | { readonly kind: 'many'; readonly count: number; readonly names: readonly string[]; readonly sinceMs: number | null }
  | { readonly kind: 'unknown'; readonly count: number; readonly targets: readonly TargetOverview[] }
  | { readonly kind: 'learning'; readonly watched: number; readonly untilMs: number }
  | { readonly kind: 'fine'; readonly watched: number; readonly learning: number; readonly untilMs: number };

/** Abnormal comes before unknown, and unknown before fine: no data is never fine. The worst targets are the first in the list. */
export function verdictOf({ state, summary, targets, incidents, parts }: Overview): Verdict {
  const { counts, wrong } = summary;
  if (wrong.count > 1) return { kind: 'many', ...wrong };
  // The oldest open incident says most: later ones of the same target follow from it.
  const first = incidents.filter((incident) => incident.state === 'open').toSorted((a, b) => a.openedMs - b.openedMs)[0];
  if (first) return { kind: 'incident', incident: first };
  const bad = targets.find((target) => target.enabled && target.state === 'bad');
  if (bad) return { kind: 'bad', target: bad };

  const part = parts.find((each) => each.state === 'bad') ?? parts.find((each) => each.state === 'unknown');
  if (state !== 'ok' && part) return { kind: 'part', part };
  const watched = counts.bad + counts.unknown + counts.learning + counts.ok;
  if (watched + counts.off === 0) return { kind: 'empty' };
  const unknown = targets.filter((target) => target.enabled && target.state === 'unknown');
  if (counts.unknown > 0 || state !== 'ok') return { kind: 'unknown', count: counts.unknown, targets: unknown };

  const untilMs = summary.learningUntilMs ?? 0;
  // Nothing can be called normal before anything was learned: only the plain rules watch.
  if (watched > 0 && counts.learning === watched) return { kind: 'learning', watched, untilMs };
  return { kind: 'fine', watched, learning: counts.learning, untilMs };
}

export function stateOf(verdict: Verdict): 'ok' | 'bad' | 'unknown' {
  if (verdict.kind === 'fine') return 'ok';
  return verdict.kind === 'incident' || verdict.kind === 'bad' || verdict.kind === 'many' ? 'bad' : 'unknown';
}
