import { type Mark, wholeProfile } from '../model/mark.ts';
import type { Context } from './context.ts';
import type { MarkStore } from './contract.ts';

export function markStore({ db, now }: Context): MarkStore {
  /** A mark without an end that was made for an incident ends with it. */
  const all = () =>
    db
      .selectFrom('mark')
      .leftJoin('incident', 'incident.id', 'mark.incidentId')
      .select([
        'mark.id',
        'mark.profile',
        'mark.entity',
        'mark.kind',
        'mark.fromMs',
        'mark.text',
        'mark.by',
        'mark.incidentId',
        'mark.createdMs',
      ])
      .select((it) => it.fn.coalesce('mark.toMs', 'incident.closedMs').as('toMs'));
  const toMark = (row: Omit<Mark, 'kind'> & { kind: string }): Mark => ({ ...row, kind: row.kind as Mark['kind'] });
  return {
    async list({ profile, entity, fromMs, toMs }) {
      let query = all();
      if (profile !== undefined) query = query.where('mark.profile', '=', profile);
      if (entity !== undefined) query = query.where('mark.entity', 'in', [entity, wholeProfile]);
      if (toMs !== undefined) query = query.where('mark.fromMs', '<=', toMs);
      const rows = await query.orderBy('mark.fromMs', 'desc').orderBy('mark.id', 'desc').execute();
      return rows.map(toMark).filter((mark) => fromMs === undefined || mark.toMs === null || mark.toMs > fromMs);
    },
    async get(id) {
      const row = await all().where('mark.id', '=', id).executeTakeFirst();
      return row === undefined ? null : toMark(row);
    },
    async add(mark) {
      return toMark(
        await db
          .insertInto('mark')
          .values({ ...mark, createdMs: now() })
          .returningAll()
          .executeTakeFirstOrThrow(),
      );
    },
    async addAll(marks) {
      if (marks.length === 0) return [];
      const createdMs = now();
      const rows = await db
        .insertInto('mark')
        .values(marks.map((mark) => ({ ...mark, createdMs })))
        .returningAll()
        .execute();
      return rows.map(toMark);
    },
    async end(ids, toMs) {
      if (ids.length === 0) return;
      await db
        .updateTable('mark')
        .set({ toMs })
        .where('id', 'in', [...ids])
        .where((it) => it.or([it('toMs', 'is', null), it('toMs', '>', toMs)]))
        .execute();
    },
    async remove(id) {
      return (await db.deleteFrom('mark').where('id', '=', id).executeTakeFirstOrThrow()).numDeletedRows > 0n;
    },
  };
}
