import type { Alert, Incident, IncidentEvent, IncidentSummary } from '../model/incident.ts';
import { VigiaError } from '../model/errors.ts';
import type { ThresholdBasis } from '../model/score.ts';
import { atomically, bit, type Context, parse, refuseTwins } from './context.ts';
import type { IncidentStore } from './contract.ts';
import type { AlertRow, IncidentRow } from './schema.ts';

type Columns = Omit<IncidentRow, 'id'>;
type Fields = Omit<Incident, 'id' | 'alerts' | 'timeline'>;

export function incidentStore(context: Context): IncidentStore {
  const { db } = context;

  async function whole(row: Columns & { id: number }): Promise<Incident> {
    const alerts = await db
      .selectFrom('alert')
      .selectAll()
      .where('incidentId', '=', row.id)
      .orderBy('startsMs')
      .orderBy('fingerprint')
      .execute();
    const timeline = await db
      .selectFrom('incidentEvent')
      .select(['tsMs', 'kind', 'text', 'by'])
      .where('incidentId', '=', row.id)
      .orderBy('tsMs')
      .orderBy('id')
      .execute();
    return {
      ...toSummary(row),
      peakScore: row.peakScore,
      threshold: row.threshold,
      basis: row.basis as ThresholdBasis | null,
      shares: parse(row.sharesJson),
      alerts: alerts.map(toAlert),
      timeline: timeline.map((event) => ({ ...event, kind: event.kind as IncidentEvent['kind'] })),
    };
  }

  return {
    async list(filter) {
      // Somebody who may see no kind; PostgreSQL has no empty "in ()".
      if (filter.kinds?.length === 0) return { incidents: [], total: 0 };
      let query = db.selectFrom('incident');
      if (filter.state !== undefined) query = query.where('state', '=', filter.state);
      if (filter.entity !== undefined) query = query.where('entity', '=', filter.entity);
      if (filter.kinds !== undefined) query = query.where('kind', 'in', [...filter.kinds]);
      const { total } = await query.select((it) => it.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
      const rows = await query
        .selectAll()
        .orderBy('openedMs', 'desc')
        .orderBy('id', 'desc')
        .limit(filter.limit)
        .offset(filter.offset)
        .execute();
      return { incidents: rows.map(toSummary), total };
    },
    async get(id) {
      const row = await db.selectFrom('incident').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : whole(row);
    },
    async carried({ profile, beforeMs, limit }) {
      const rows = await db
        .selectFrom('incident')
        .selectAll()
        .where('profile', '=', profile)
        .where('state', '=', 'closed')
        .where('openedMs', '<', beforeMs)
        .where('sharesJson', '<>', '[]')
        .orderBy('openedMs', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map((row) => ({ ...toSummary(row), shares: parse(row.sharesJson) }));
    },
    async openOf(profile, entity) {
      const row = await db
        .selectFrom('incident')
        .selectAll()
        .where('profile', '=', profile)
        .where('entity', '=', entity)
        .where('state', '<>', 'closed')
        .executeTakeFirst();
      return row === undefined ? null : whole(row);
    },
    async insert(incident) {
      const { top, shares, basis, ...rest } = incident;
      const { id } = await refuseTwins(
        `There is an open incident of ${incident.entity} already.`,
        db
          .insertInto('incident')
          .values({ ...rest, basis: basis ?? null, topJson: JSON.stringify(top), sharesJson: JSON.stringify(shares) })
          .returning('id')
          .executeTakeFirstOrThrow(),
      );
      return id;
    },
    async update(id, change) {
      const columns = toColumns(change);
      if (Object.keys(columns).length === 0) return;
      const { numUpdatedRows } = await db.updateTable('incident').set(columns).where('id', '=', id).executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) throw new VigiaError('not-found', { thing: 'incident', id });
    },
    async addEvent(id, event) {
      await db
        .insertInto('incidentEvent')
        .values({ incidentId: id, ...event })
        .execute();
    },
    async upsertAlert(alert, incidentId) {
      const { fingerprint, startsMs, labels, annotations, silenced, ...rest } = alert;
      const change = {
        ...rest,
        incidentId,
        labelsJson: JSON.stringify(labels),
        annotationsJson: JSON.stringify(annotations),
        silenced: bit(silenced),
      };
      await db
        .insertInto('alert')
        .values({ fingerprint, startsMs, ...change })
        .onConflict((on) => on.columns(['fingerprint', 'startsMs']).doUpdateSet(change))
        .execute();
    },
    async liveAlerts() {
      const rows = await db
        .selectFrom('alert')
        .selectAll()
        .where('state', '<>', 'resolved')
        .orderBy('startsMs')
        .orderBy('fingerprint')
        .execute();
      return rows.map((row) => ({ alert: toAlert(row), incidentId: row.incidentId }));
    },
    async alerts(filter) {
      let query = db.selectFrom('alert').selectAll().orderBy('startsMs', 'desc').orderBy('fingerprint').limit(filter.limit);
      if (filter.entity !== undefined) query = query.where('entity', '=', filter.entity);
      if (filter.profile !== undefined) query = query.where('profile', '=', filter.profile);
      return (await query.execute()).map(toAlert);
    },
    transaction: (work) => atomically(db, (transaction) => work(incidentStore({ ...context, db: transaction }))),
  };
}

function toColumns({ top, shares, basis, ...rest }: Partial<Fields>): Partial<Columns> {
  return {
    ...rest,
    ...(basis === undefined ? {} : { basis }),
    ...(top === undefined ? {} : { topJson: JSON.stringify(top) }),
    ...(shares === undefined ? {} : { sharesJson: JSON.stringify(shares) }),
  };
}

function toSummary(row: Columns & { id: number }): IncidentSummary {
  const { id, entity, profile, kind, name, severity, state, title, openedMs, closedMs, topJson } = row;
  return {
    id,
    entity,
    profile,
    kind: kind as IncidentSummary['kind'],
    name,
    severity: severity as IncidentSummary['severity'],
    state: state as IncidentSummary['state'],
    title,
    openedMs,
    closedMs,
    top: parse(topJson),
  };
}

function toAlert(row: AlertRow): Alert {
  const { fingerprint, name, severity, entity, profile, labelsJson, annotationsJson, startsMs, endsMs, state, silenced } = row;
  return {
    fingerprint,
    name,
    severity: severity as Alert['severity'],
    entity,
    profile,
    labels: parse(labelsJson),
    annotations: parse(annotationsJson),
    startsMs,
    endsMs,
    state: state as Alert['state'],
    silenced: silenced === 1,
  };
}
