import { VigiaError } from '../model/errors.ts';
import type { Incident } from '../model/incident.ts';
import type { Store } from '../store/contract.ts';

/**
 * A person accepts the new level of an incident's entity. The next tick hears of it: then its scores are judged by a level above
 * them, and its model learns them. @throws VigiaError `conflict` where no anomaly goes on, or its level was accepted already.
 */
export async function acceptLevel(
  { store, now }: { store: Pick<Store, 'alarms' | 'incidents'>; now: () => number },
  incident: Pick<Incident, 'id' | 'profile' | 'entity' | 'state'>,
  by: string,
): Promise<void> {
  const { id, profile, entity, state } = incident;
  const atMs = now();
  if (state === 'closed' || !(await store.alarms.wish(profile, { entity, by, atMs })))
    throw new VigiaError('conflict', {
      reason: `No anomaly of ${entity} goes on whose level could be accepted; an open one can be, once.`,
    });
  await store.incidents.addEvent(id, { tsMs: atMs, kind: 'accepted', text: 'Its level counts as normal from now on.', by });
}
