import { type FleetSummary, type Standing, standingOf, standingSchema, type Stands } from '../../model/fleet.ts';
import type { IncidentSummary } from '../../model/incident.ts';

/** What a list and its summary are made of. */
export interface Listed extends Stands {
  readonly id: string;
  readonly name: string;
  readonly sinceMs: number | null;
}

/** A first line holds three names; the rest is a figure. */
const namesShown = 3;
const { compare } = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** The worst first, and in the order of names among equals: host2 before host10. */
export function worstFirst<T extends Listed>(targets: readonly T[]): T[] {
  const byStanding = new Map<Standing, T[]>(standingSchema.options.map((standing) => [standing, []]));
  for (const target of targets) byStanding.get(standingOf(target))?.push(target);
  return [...byStanding.values()].flatMap((some) => some.sort((a, b) => compare(a.name, b.name) || (a.id < b.id ? -1 : 1)));
}

/** `targets` with the worst first; `open` are open incidents. An incident and its own target are one trouble. */
export function summaryOf(targets: readonly Listed[], open: readonly IncidentSummary[]): FleetSummary {
  const counts = { bad: 0, unknown: 0, learning: 0, ok: 0, off: 0 };
  let learningUntilMs: number | null = null;
  let sinceMs = Number.POSITIVE_INFINITY;
  const wrong = new Map<string, string>();
  for (const target of targets) {
    const standing = standingOf(target);
    counts[standing]++;
    if (target.enabled && target.learningUntilMs !== null) learningUntilMs = Math.max(learningUntilMs ?? 0, target.learningUntilMs);
    if (standing !== 'bad') continue;
    wrong.set(target.id, target.name);
    sinceMs = Math.min(sinceMs, target.sinceMs ?? Number.POSITIVE_INFINITY);
  }
  for (const { entity, name, openedMs } of open) {
    wrong.set(entity, name);
    sinceMs = Math.min(sinceMs, openedMs);
  }
  return {
    counts,
    learningUntilMs,
    wrong: {
      count: wrong.size,
      names: [...wrong.values()].slice(0, namesShown),
      sinceMs: Number.isFinite(sinceMs) ? sinceMs : null,
    },
  };
}
