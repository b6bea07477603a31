import { type DeleteResult, sql } from 'kysely';
import type { Context } from './context.ts';
import { SESSION_IDLE_MS, type Store } from './contract.ts';
import { tables } from './schema.ts';

/** Pruning by age, and how big everything is. */
export function upkeep({ db, kind }: Context): Pick<Store, 'prune' | 'sizes'> {
  return {
    async prune(before) {
      const gone = async (query: { executeTakeFirstOrThrow(): Promise<DeleteResult> }) =>
        Number((await query.executeTakeFirstOrThrow()).numDeletedRows);
      return {
        incident: await gone(db.deleteFrom('incident').where('state', '=', 'closed').where('closedMs', '<', before.incidentsMs)),
        finding: await gone(db.deleteFrom('finding').where('tsMs', '<', before.findingsMs)),
        mark: await gone(db.deleteFrom('mark').where('toMs', '<', before.findingsMs)),
        audit: await gone(db.deleteFrom('audit').where('tsMs', '<', before.auditMs)),
        scoredRange: await gone(db.deleteFrom('scoredRange').where('toMs', '<', before.rangesMs)),
        session: await gone(
          db
            .deleteFrom('session')
            .where((it) => it.or([it('expiresMs', '<', before.sessionsMs), it('lastUsedMs', '<', before.sessionsMs - SESSION_IDLE_MS)])),
        ),
      };
    },
    async sizes() {
      const rows: Record<string, number> = {};
      for (const { name } of tables) {
        const counted = await sql<{ count: number }>`select count(*) as count from ${sql.table(name)}`.execute(db);
        rows[name] = counted.rows[0]?.count ?? 0;
      }
      const size =
        kind === 'sqlite'
          ? sql<{ bytes: number }>`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`
          : sql<{ bytes: number }>`select sum(pg_total_relation_size(to_regclass(name))) as bytes
              from unnest(${tables.map((table) => table.name)}::text[]) as name`;
      return { bytes: (await size.execute(db)).rows[0]?.bytes ?? 0, rows };
    },
  };
}
