import { type Context, inChunks } from './context.ts';
import type { AlarmStore, TickCommit } from './contract.ts';
import type { Database } from './schema.ts';

export function alarmStore({ db }: Context): AlarmStore {
  return {
    list: (profile) =>
      db
        .selectFrom('alarm')
        .select(['entity', 'tsMs', 'sinceMs', 'settings', 'state'])
        .where('profile', '=', profile)
        .orderBy('entity')
        .execute(),
    async openSince(profile, entity) {
      const row = await db
        .selectFrom('alarm')
        .select('sinceMs')
        .where('profile', '=', profile)
        .where('entity', '=', entity)
        .where('wishMs', 'is', null)
        .executeTakeFirst();
      return row?.sinceMs ?? null;
    },
    async wish(profile, { entity, by, atMs }) {
      const { numUpdatedRows } = await db
        .updateTable('alarm')
        .set({ wishMs: atMs, wishBy: by })
        .where('profile', '=', profile)
        .where('entity', '=', entity)
        .where('sinceMs', 'is not', null)
        .where('wishMs', 'is', null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
    async wishes(profile) {
      const rows = await db
        .selectFrom('alarm')
        .select(['entity', 'wishMs', 'wishBy'])
        .where('profile', '=', profile)
        .where('wishMs', 'is not', null)
        .execute();
      return rows.map(({ entity, wishMs, wishBy }) => ({ entity, by: wishBy ?? '', atMs: wishMs ?? 0 }));
    },
  };
}

/** The alarms of a tick, and the wishes that they have heard of; a wish made meanwhile stays. */
export async function putAlarms(db: Database, { profile, alarms = [], heard = [] }: TickCommit): Promise<void> {
  await inChunks(alarms, (some) =>
    db
      .insertInto('alarm')
      .values(some.map((alarm) => ({ ...alarm, profile, wishMs: null, wishBy: null })))
      .onConflict((on) =>
        on.columns(['profile', 'entity']).doUpdateSet((it) => ({
          tsMs: it.ref('excluded.tsMs'),
          sinceMs: it.ref('excluded.sinceMs'),
          settings: it.ref('excluded.settings'),
          state: it.ref('excluded.state'),
        })),
      )
      .execute(),
  );
  for (const { entity, atMs } of heard) {
    await db
      .updateTable('alarm')
      .set({ wishMs: null, wishBy: null })
      .where('profile', '=', profile)
      .where('entity', '=', entity)
      .where('wishMs', '=', atMs)
      .execute();
  }
}
