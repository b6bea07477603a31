import type { Receiver } from '../model/receiver.ts';
import type { Silence } from '../model/incident.ts';
import { type Context, parse } from './context.ts';
import type { SettingStore, SilenceStore } from './contract.ts';

export function settingStore({ db }: Context): SettingStore {
  return {
    async get(key) {
      const row = await db.selectFrom('setting').select('valueJson').where('key', '=', key).executeTakeFirst();
      return row === undefined ? undefined : parse(row.valueJson);
    },
    async set(key, value) {
      if (value === undefined) {
        await db.deleteFrom('setting').where('key', '=', key).execute();
        return;
      }
      const valueJson = JSON.stringify(value);
      await db
        .insertInto('setting')
        .values({ key, valueJson })
        .onConflict((on) => on.column('key').doUpdateSet({ valueJson }))
        .execute();
    },
    async receivers() {
      const rows = await db.selectFrom('receiver').select('bodyJson').orderBy('name').execute();
      return rows.map((row) => parse<Receiver>(row.bodyJson));
    },
    async saveReceiver(receiver) {
      const bodyJson = JSON.stringify(receiver);
      await db
        .insertInto('receiver')
        .values({ name: receiver.name, bodyJson })
        .onConflict((on) => on.column('name').doUpdateSet({ bodyJson }))
        .execute();
    },
    async removeReceiver(name) {
      return (await db.deleteFrom('receiver').where('name', '=', name).executeTakeFirstOrThrow()).numDeletedRows > 0n;
    },
  };
}

export function silenceStore({ db }: Context): SilenceStore {
  return {
    async list() {
      const rows = await db.selectFrom('silence').selectAll().orderBy('startsMs').orderBy('id').execute();
      return rows.map(({ matchersJson, ...rest }) => ({ ...rest, matchers: parse<Silence['matchers']>(matchersJson) }));
    },
    async save({ id, matchers, ...rest }) {
      const change = { ...rest, matchersJson: JSON.stringify(matchers) };
      await db
        .insertInto('silence')
        .values({ id, ...change })
        .onConflict((on) => on.column('id').doUpdateSet(change))
        .execute();
    },
    async remove(id) {
      return (await db.deleteFrom('silence').where('id', '=', id).executeTakeFirstOrThrow()).numDeletedRows > 0n;
    },
  };
}
