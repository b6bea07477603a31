import { dashboardOf } from '../../../dashboards/index.ts';
import type { Scope } from '../../model/account.ts';
import type { Silence } from '../../model/incident.ts';
import type { Annotation } from '../../model/annotation.ts';
import type { Profile } from '../../model/profile.ts';
import type { House } from '../house.ts';
import { bind } from '../profiles.ts';
import { bindingOfTarget } from '../reader.ts';
import { deploymentsOf, legendOf } from './deployments.ts';
import { chartSteps, targetOf } from './host.ts';

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** More cannot be told apart in a chart. */
const mostFindings = 5_000;
const mostIncidents = 200;
const mostStarts = 50;
/** The kernel works the boot time out anew after each step of the clock: it wanders by a second or two. */
const sameStartMs = 90_000;

/** What is drawn into all charts of a target in a range, in the order of time. @throws VigiaError `not-found`. */
export async function marksView(house: House, scope: Scope, id: string, range: Range): Promise<Annotation[]> {
  const { profile } = await targetOf(house, scope, id);
  const key = { profile: profile.slug, entity: id };
  const steps = chartSteps(house.source, range);
  const [{ findings }, { incidents }, silences, known, starts, deployments] = await Promise.all([
    house.store.findings.list({ ...key, ...range, limit: mostFindings, offset: 0 }),
    house.store.incidents.list({ entity: id, limit: mostIncidents, offset: 0 }),
    house.store.silences.list(),
    house.store.marks.list({ ...key, ...range }),
    startsOf(house, profile, id, range),
    deploymentsOf(house, profile, id, steps),
  ]);
  const marks: Annotation[] = [
    ...ribbon(
      findings.map(({ tsMs }) => tsMs),
      Math.max(3 * house.source.stepMs, steps.stepMs),
    ),
    ...incidents
      .filter((incident) => incident.profile === profile.slug)
      .map(
        ({ id: incident, title, openedMs, closedMs }): Annotation => ({
          kind: 'incident',
          fromMs: openedMs,
          toMs: closedMs,
          text: title,
          incident,
        }),
      ),
    ...silences
      .filter((silence) => concerns(silence, key))
      .map(
        ({ startsMs, endsMs, comment }): Annotation => ({
          kind: 'silence',
          fromMs: startsMs,
          toMs: endsMs,
          text: comment,
          incident: null,
        }),
      ),
    ...known.flatMap(({ kind, fromMs, toMs, text, incidentId }): Annotation[] =>
      kind === 'accepted' ? [] : [{ kind, fromMs, toMs, text, incident: incidentId }],
    ),
    ...starts,
    ...deployments,
  ];
  return marks.filter((mark) => mark.fromMs <= range.toMs && (mark.toMs ?? range.toMs) >= range.fromMs).sort((a, b) => a.fromMs - b.fromMs);
}

/** Moments no further apart than `gapMs` as one stretch. */
export function ribbon(momentsMs: readonly number[], gapMs: number): Annotation[] {
  const stretches: { fromMs: number; toMs: number }[] = [];
  for (const tsMs of momentsMs.toSorted((a, b) => a - b)) {
    const last = stretches.at(-1);
    if (last !== undefined && tsMs - last.toMs <= gapMs) last.toMs = tsMs;
    else stretches.push({ fromMs: tsMs, toMs: tsMs });
  }
  return stretches.map((stretch) => ({ kind: 'anomaly', ...stretch, text: '', incident: null }));
}

/** Whether a silence keeps alerts of an entity quiet, all or some of them. */
export function concerns({ matchers }: Pick<Silence, 'matchers'>, key: { readonly profile: string; readonly entity: string }): boolean {
  const about = matchers.filter(({ name }) => name === 'entity' || name === 'profile');
  // One that names neither is about alerts, not about a target.
  if (!about.some(({ name }) => name === 'entity')) return false;
  return about.every(({ name, value, isRegex, isEqual }) => {
    const own = name === 'entity' ? key.entity : key.profile;
    return (isRegex ? matches(value, own) : value === own) === isEqual;
  });
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    // Go knows expressions that this engine does not: not drawn is better than drawn wrongly.
    return false;
  }
}

/** When something began anew: the values of the dashboard's `starts` are Unix seconds. None when the source is silent. */
async function startsOf(house: House, profile: Profile, id: string, range: Range): Promise<Annotation[]> {
  const starts = dashboardOf(profile.slug)?.starts;
  if (starts === undefined) return [];
  const { source } = house;
  const steps = chartSteps(source, range);
  const found = await source.client
    .queryRange(bind(starts.expr, { ...bindingOfTarget(source, profile, id), stepMs: steps.stepMs }), steps)
    .catch(() => []);
  return found
    .flatMap(({ labels, values }) => {
      const moments = [...new Set(values)].map((seconds) => seconds * 1000).filter((ms) => ms >= range.fromMs && ms <= range.toMs);
      return ribbon(moments, sameStartMs).map(
        (mark): Annotation => ({ ...mark, kind: 'start', toMs: mark.fromMs, text: legendOf(starts, labels) }),
      );
    })
    .slice(0, mostStarts);
}
