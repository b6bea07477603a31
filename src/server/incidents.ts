import type { AlertmanagerClient } from '../clients/alertmanager.ts';
import type { PrometheusClient } from '../clients/prometheus.ts';
import { reasonOf } from '../model/errors.ts';
import type { Alert, Incident, IncidentEvent, Severity } from '../model/incident.ts';
import type { Profile } from '../model/profile.ts';
import type { BoardRow } from '../model/score.ts';
import type { Target } from '../model/target.ts';
import { minuteText } from '../model/time.ts';
import type { IncidentStore, Store } from '../store/contract.ts';
import type { AcceptedShift } from './alarms.ts';
import { alertOfAlertmanager } from './alerts.ts';
import type { Log } from './log.ts';

/**
 * Incidents follow alerts. Alertmanager's webhook wakes them; the truth is reconciled against Alertmanager's alerts and
 * Prometheus's ALERTS, because an alert that ends inside a silence sends no webhook.
 */
export interface Incidents {
  /** Alerts as the webhook or Alertmanager's API shows them. Resolves after the commit. */
  take(alerts: readonly Alert[]): Promise<void>;
  /** A scored row: keeps the peak of an open incident. */
  score(profile: Profile, rows: readonly BoardRow[]): Promise<void>;
  /** Level shifts that count as normal now: those that a person accepted were noted then. */
  accepted(profile: Profile, shifts: readonly AcceptedShift[]): Promise<void>;
  /** Compares what is stored as live with both far sides. */
  reconcile(): Promise<void>;
}

const rank: Readonly<Record<Severity, number>> = { critical: 3, warning: 2, info: 1 };
const topFeatures = 3;

export function createIncidents(options: {
  store: Pick<Store, 'incidents' | 'targets'>;
  prometheus: () => Pick<PrometheusClient, 'query'>;
  alertmanager: () => Pick<AlertmanagerClient, 'alerts'>;
  profiles: ReadonlyMap<string, Profile>;
  boardRow: (profile: string, entity: string) => BoardRow | null;
  now: () => number;
  /** False until rules have had the time to fire again after a start: until then absence proves nothing. */
  settled: () => boolean;
  log: Log;
  onChange: (profile: string, entity: string) => void;
}): Incidents {
  const { store, now } = options;
  let targets: ReadonlyMap<string, Target> = new Map();
  /** One change at a time: a webhook and a reconciliation must not both open an incident. */
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work, work);
    queue = result.catch(() => {});
    return result;
  };

  const event = (kind: IncidentEvent['kind'], text: string, tsMs: number): IncidentEvent => ({ tsMs, kind, text, by: null });
  const titleOf = (alert: Alert) => alert.annotations['summary'] ?? `${alert.name} on ${alert.entity}`;

  const openFor = async (incidents: IncidentStore, alert: Alert): Promise<Incident> => {
    const row = options.boardRow(alert.profile, alert.entity);
    const id = await incidents.insert({
      entity: alert.entity,
      profile: alert.profile,
      kind: options.profiles.get(alert.profile)?.kind ?? 'host',
      name: targets.get(alert.entity)?.name ?? alert.entity,
      severity: alert.severity,
      state: 'open',
      title: titleOf(alert),
      openedMs: alert.startsMs,
      closedMs: null,
      top: row?.shares.slice(0, topFeatures) ?? [],
      shares: row?.shares ?? [],
      peakScore: row?.score ?? null,
      threshold: row?.threshold ?? null,
      basis: row?.basis ?? null,
    });
    await incidents.addEvent(id, event('opened', titleOf(alert), alert.startsMs));
    return (await incidents.get(id)) as Incident;
  };

  const closeIfOver = async (incidents: IncidentStore, incident: Incident): Promise<void> => {
    const live = (await incidents.get(incident.id))?.alerts.filter((alert) => alert.state !== 'resolved') ?? [];
    if (live.length > 0) {
      const severity = live.map((alert) => alert.severity).reduce((a, b) => (rank[a] >= rank[b] ? a : b));
      const state = live.some((alert) => alert.state === 'unknown') ? 'unknown' : 'open';
      await incidents.update(incident.id, { severity, state });
      return;
    }
    const { alerts, timeline } = (await incidents.get(incident.id)) ?? { alerts: [], timeline: [] };
    const closedMs = Math.max(incident.openedMs, ...alerts.map((alert) => alert.endsMs ?? 0));
    await incidents.update(incident.id, { state: 'closed', closedMs });
    await incidents.addEvent(
      incident.id,
      event(
        'closed',
        timeline.some(({ kind }) => kind === 'accepted') ? 'The new level is normal now.' : 'Everything is as expected again.',
        closedMs,
      ),
    );
  };

  const takeOne = async (incidents: IncidentStore, alert: Alert): Promise<boolean> => {
    if (alert.entity === '') return false;
    const open = await incidents.openOf(alert.profile, alert.entity);
    const known = open?.alerts.find((each) => each.fingerprint === alert.fingerprint && each.state !== 'resolved');
    if (alert.state === 'resolved') {
      if (open === null || known === undefined) return false;
      await incidents.upsertAlert({ ...known, state: 'resolved', endsMs: alert.endsMs ?? now(), annotations: alert.annotations }, open.id);
      await incidents.addEvent(open.id, event('alert-resolved', `${alert.name} ended.`, alert.endsMs ?? now()));
      await closeIfOver(incidents, open);
      return true;
    }
    if (alert.state === 'unknown' && known === undefined) return false;
    const incident = open ?? (await openFor(incidents, alert));
    if (known === undefined) {
      await incidents.upsertAlert(alert, incident.id);
      if (open !== null) await incidents.addEvent(incident.id, event('alert-firing', titleOf(alert), alert.startsMs));
      await closeIfOver(incidents, incident);
      return true;
    }
    const changed =
      known.state !== alert.state || known.silenced !== alert.silenced || known.annotations['summary'] !== alert.annotations['summary'];
    // A restarted Prometheus gives a new start to the same alert: the first one stands.
    if (changed) await incidents.upsertAlert({ ...alert, startsMs: known.startsMs }, incident.id);
    if (known.silenced !== alert.silenced) {
      await incidents.addEvent(
        incident.id,
        event(
          alert.silenced ? 'silenced' : 'unsilenced',
          `${alert.name} ${alert.silenced ? 'is silenced.' : 'is no longer silenced.'}`,
          now(),
        ),
      );
    }
    if (known.state !== alert.state) {
      const lost = alert.state === 'unknown';
      const text = `${alert.name} ${lost ? 'is unknown: Prometheus or Alertmanager does not answer.' : 'is known again.'}`;
      await incidents.addEvent(incident.id, event(lost ? 'unknown' : 'alert-firing', text, now()));
      await closeIfOver(incidents, incident);
    }
    return changed;
  };

  const takeAll = async (alerts: readonly Alert[]): Promise<void> => {
    if (alerts.length === 0) return;
    targets = new Map((await store.targets.list()).map((target) => [target.id, target]));
    const changed: Alert[] = [];
    await store.incidents.transaction(async (incidents) => {
      for (const alert of alerts) if (await takeOne(incidents, alert)) changed.push(alert);
    });
    for (const alert of changed) options.onChange(alert.profile, alert.entity);
  };

  /**
   * What a webhook says has ended. Alertmanager also ends what Prometheus, being down, does not renew: as long as that does
   * not answer, the end is unknown.
   */
  const believeEnds = async (alerts: readonly Alert[]): Promise<readonly Alert[]> => {
    if (alerts.every((alert) => alert.state !== 'resolved')) return alerts;
    try {
      await options.prometheus().query('vector(1)');
      return alerts;
    } catch {
      return alerts.map((alert) => (alert.state === 'resolved' ? { ...alert, state: 'unknown', endsMs: null } : alert));
    }
  };

  /** Alerts stored as live that the far sides no longer know. */
  const endMissing = async (active: readonly Alert[], pending: ReadonlySet<string>): Promise<Alert[]> => {
    const still = new Set(active.map((alert) => alert.fingerprint));
    const live = await store.incidents.liveAlerts();
    const gone = live.filter(({ alert }) => !still.has(alert.fingerprint) && !pending.has(ruleKey(alert.labels)));
    return gone.map(({ alert }) => ({ ...alert, state: 'resolved', endsMs: now() }));
  };

  return {
    take: (alerts) => inTurn(async () => takeAll(await believeEnds(alerts))),

    score: (profile, rows) =>
      inTurn(async () => {
        for (const row of rows) {
          if (row.score === null || row.threshold === null || row.score < row.threshold) continue;
          const open = await store.incidents.openOf(profile.slug, row.entity);
          if (open === null || row.score <= (open.peakScore ?? 0)) continue;
          await store.incidents.update(open.id, {
            peakScore: row.score,
            threshold: row.threshold,
            basis: row.basis ?? null,
            shares: row.shares,
            top: row.shares.slice(0, topFeatures),
          });
          options.onChange(profile.slug, row.entity);
        }
      }),

    accepted: (profile, shifts) =>
      inTurn(async () => {
        for (const { entity, sinceMs, acceptedAtMs, by } of shifts) {
          if (by !== null) continue;
          const open = await store.incidents.openOf(profile.slug, entity);
          const [newest] = open === null ? (await store.incidents.list({ entity, limit: 1, offset: 0 })).incidents : [open];
          // An alarm that no rule told of has no incident.
          if (newest === undefined || newest.profile !== profile.slug || (newest.closedMs ?? acceptedAtMs) < sinceMs) continue;
          const text = `A level that lasts since ${minuteText(sinceMs)} counts as normal from now on.`;
          await store.incidents.addEvent(newest.id, event('accepted', text, acceptedAtMs));
          options.onChange(profile.slug, entity);
        }
      }),

    reconcile: () =>
      inTurn(async () => {
        let active: Alert[];
        let evaluated: ReadonlySet<string>;
        let firing: ReadonlySet<string>;
        try {
          active = (await options.alertmanager().alerts()).map((alert) => alertOfAlertmanager(alert, now()));
          const samples = await options.prometheus().query('ALERTS{alertstate=~"pending|firing"}');
          evaluated = new Set(samples.map((sample) => ruleKey(sample.labels)));
          firing = new Set(samples.filter((sample) => sample.labels['alertstate'] === 'firing').map((sample) => ruleKey(sample.labels)));
        } catch (thrown) {
          // No answer is no proof of an end: what was firing is unknown now.
          options.log.warn({}, `alerts cannot be reconciled: ${reasonOf(thrown)}`);
          const live = await store.incidents.liveAlerts();
          await takeAll(live.filter(({ alert }) => alert.state === 'firing').map(({ alert }) => ({ ...alert, state: 'unknown' })));
          return;
        }
        const settled = options.settled();
        // Alertmanager keeps what nobody renews for minutes; Prometheus says at once what no longer fires.
        const believed = settled ? active.filter((alert) => evaluated.has(ruleKey(alert.labels))) : active;
        await takeAll(believed);
        // A restarted Alertmanager hears of an alert within a minute; Prometheus knows now.
        const doubted = (await store.incidents.liveAlerts()).filter(
          ({ alert }) => alert.state === 'unknown' && firing.has(ruleKey(alert.labels)),
        );
        await takeAll(doubted.map(({ alert }) => ({ ...alert, state: 'firing' })));
        if (settled) await takeAll(await endMissing(believed, evaluated));
      }),
  };
}

/** Identity of a rule's alert on both far sides: all labels but the ones Prometheus adds to ALERTS. */
function ruleKey(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .filter(([name]) => name !== '__name__' && name !== 'alertstate')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}
