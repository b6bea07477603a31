import type { IncidentDetail } from '../../model/api.ts';
import type { Incident } from '../../model/incident.ts';
import type { House } from '../house.ts';
import { similarIncidents } from './similar.ts';

/** An alarm is some steps older than its alert, and so may be what is marked of it. */
const lagMs = 120_000;
/** A finding so shortly before an incident belongs to it. */
const leadMs = 600_000;

/** An incident with all that is known beside it. */
export async function incidentDetail(house: Pick<House, 'store' | 'config' | 'now'>, incident: Incident): Promise<IncidentDetail> {
  const { store, config } = house;
  const { profile, entity, openedMs, closedMs, state } = incident;
  const [similar, marks, openSinceMs] = await Promise.all([
    similarIncidents(store.incidents, incident),
    store.marks.list({ profile, entity, fromMs: openedMs - lagMs, toMs: closedMs ?? house.now() }),
    state === 'closed' ? null : store.alarms.openSince(profile, entity),
  ]);
  return {
    ...incident,
    similar,
    marks,
    canAccept: openSinceMs !== null,
    acceptAfterMs: config.detection.acceptAfter,
    falseAlarmsPerWeek: config.detection.falseAlarmsPerWeek,
  };
}

/** When trouble began: the first finding shortly before the alert. */
export async function beganMs({ store }: Pick<House, 'store'>, incident: Incident): Promise<number> {
  const { profile, entity, openedMs } = incident;
  const { findings } = await store.findings.list({
    profile,
    entity,
    fromMs: openedMs - leadMs,
    toMs: openedMs,
    limit: 1000,
    offset: 0,
  });
  return findings.at(-1)?.tsMs ?? openedMs;
}
