import { similarity } from '../../detect/index.ts';
import type { SimilarIncident } from '../../model/explanation.ts';
import type { Incident } from '../../model/incident.ts';
import type { IncidentStore } from '../../store/contract.ts';

/** Incidents compared: the newest of the profile. */
const mostCompared = 500;
const mostShown = 5;
/** Below this the features differ more than they agree. */
const leastSimilarity = 0.6;

/**
 * "Looked like this before": earlier incidents of the same profile, so of a kind that whoever sees this one may see, whose
 * features had like shares on the same side; the most alike first, then those of the same entity, then the newest.
 */
export async function similarIncidents(
  store: Pick<IncidentStore, 'carried' | 'get'>,
  incident: Pick<Incident, 'id' | 'profile' | 'entity' | 'openedMs' | 'shares'>,
): Promise<SimilarIncident[]> {
  if (incident.shares.length === 0) return [];
  const past = await store.carried({ profile: incident.profile, beforeMs: incident.openedMs, limit: mostCompared });
  const isOwn = ({ entity }: { entity: string }) => Number(entity === incident.entity);
  const nearest = past
    .filter(({ id }) => id !== incident.id)
    .map((each) => ({ each, alike: similarity(incident.shares, each.shares) }))
    .filter(({ alike }) => alike >= leastSimilarity)
    // To the whole per cent, as it is shown: a hair's breadth is no reason to prefer another entity.
    .sort(
      (a, b) => Math.round(100 * b.alike) - Math.round(100 * a.alike) || isOwn(b.each) - isOwn(a.each) || b.each.openedMs - a.each.openedMs,
    )
    .slice(0, mostShown);
  return Promise.all(
    nearest.map(async ({ each: { id, entity, name, title, openedMs, closedMs }, alike }) => {
      const note = (await store.get(id))?.timeline.findLast(({ kind }) => kind === 'note');
      return {
        id,
        entity,
        name,
        title,
        openedMs,
        closedMs,
        similarity: alike,
        note: note === undefined ? null : { text: note.text, by: note.by },
      };
    }),
  );
}
