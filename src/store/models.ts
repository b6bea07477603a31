import { createHash } from 'node:crypto';
import { VigiaError } from '../model/errors.ts';
import type { ModelInfo } from '../model/score.ts';
import { atomically, bit, type Context, parse } from './context.ts';
import type { ModelStore } from './contract.ts';

const infoColumns = [
  'id',
  'profile',
  'entity',
  'version',
  'detector',
  'profileVersion',
  'createdMs',
  'trainedFromMs',
  'trainedToMs',
  'steps',
  'bytes',
  'sha256',
  'state',
  'dataSha256',
  'optionsJson',
  'pinned',
] as const;

export function modelStore({ db }: Context): ModelStore {
  const bufferOf = (profile: string, entity: string) =>
    db
      .selectFrom('model')
      .select([...infoColumns, 'buffer'])
      .where('profile', '=', profile)
      .where('entity', '=', entity)
      .orderBy('version', 'desc')
      .limit(1);

  return {
    async save({ options, ...model }, buffer, keep) {
      return atomically(db, async (transaction) => {
        const ofEntity = transaction.selectFrom('model').where('profile', '=', model.profile).where('entity', '=', model.entity);
        const { last } = await ofEntity.select((it) => it.fn.max('version').as('last')).executeTakeFirstOrThrow();
        await transaction
          .updateTable('model')
          .set({ state: 'retired', pinned: bit(false) })
          .where('profile', '=', model.profile)
          .where('entity', '=', model.entity)
          .where('state', '=', 'active')
          .execute();
        const saved = await transaction
          .insertInto('model')
          .values({
            ...model,
            optionsJson: JSON.stringify(options),
            pinned: bit(false),
            version: (last ?? 0) + 1,
            bytes: buffer.byteLength,
            sha256: createHash('sha256').update(buffer).digest('hex'),
            state: 'active',
            reason: '',
            buffer,
          })
          .returning(infoColumns)
          .executeTakeFirstOrThrow();
        // Damaged ones count too: a disk that corrupts each model must not fill itself with them.
        const old = await ofEntity
          .select('id')
          .where('state', '<>', 'active')
          .orderBy('version', 'desc')
          .offset(keep)
          .limit(1000)
          .execute();
        if (old.length > 0) {
          const ids = old.map((row) => row.id);
          await transaction.deleteFrom('model').where('id', 'in', ids).execute();
        }
        return toInfo(saved);
      });
    },
    async checkpoint(id, { trainedToMs, steps }, buffer) {
      const saved = await db
        .updateTable('model')
        .set({ trainedToMs, steps, buffer, bytes: buffer.byteLength, sha256: createHash('sha256').update(buffer).digest('hex') })
        .where('id', '=', id)
        .where('state', '=', 'active')
        .where('trainedToMs', '<', trainedToMs)
        .returning(infoColumns)
        .executeTakeFirst();
      return saved === undefined ? null : toInfo(saved);
    },
    async activeVersions(profile) {
      const rows = await db
        .selectFrom('model')
        .select(['entity', 'version'])
        .where('profile', '=', profile)
        .where('state', '=', 'active')
        .execute();
      return new Map(rows.map(({ entity, version }) => [entity, version]));
    },
    async active(profile, entity) {
      return withBuffer(await bufferOf(profile, entity).where('state', '=', 'active').executeTakeFirst());
    },
    async version(profile, entity, version) {
      return withBuffer(await bufferOf(profile, entity).where('version', '=', version).executeTakeFirst());
    },
    async activate(profile, entity, version) {
      return atomically(db, async (transaction) => {
        const ofEntity = () => transaction.updateTable('model').where('profile', '=', profile).where('entity', '=', entity);
        await ofEntity()
          .set({ state: 'retired', pinned: bit(false) })
          .where('state', '=', 'active')
          .execute();
        const chosen = await ofEntity()
          .set({ state: 'active', pinned: bit(true) })
          .where('version', '=', version)
          .where('state', '=', 'retired')
          .returning(infoColumns)
          .executeTakeFirst();
        if (chosen === undefined) throw new VigiaError('not-found', { thing: `sound model of ${entity} with version`, id: version });
        return toInfo(chosen);
      });
    },
    async markCorrupt(id, reason) {
      await db.updateTable('model').set({ state: 'corrupt', reason }).where('id', '=', id).execute();
    },
    async list(filter) {
      let query = db.selectFrom('model').select(infoColumns).orderBy('profile').orderBy('entity').orderBy('version', 'desc');
      if (filter.profile !== undefined) query = query.where('profile', '=', filter.profile);
      if (filter.entity !== undefined) query = query.where('entity', '=', filter.entity);
      if (filter.state !== undefined) query = query.where('state', '=', filter.state);
      return (await query.execute()).map(toInfo);
    },
  };
}

type Row = Omit<ModelInfo, 'state' | 'options' | 'pinned'> & { state: string; optionsJson: string; pinned: number };

function toInfo({ optionsJson, pinned, ...row }: Row): ModelInfo {
  return { ...row, state: row.state as ModelInfo['state'], options: parse(optionsJson), pinned: pinned === 1 };
}

function withBuffer(row: (Row & { buffer: Uint8Array }) | undefined): { info: ModelInfo; buffer: Uint8Array } | null {
  if (row === undefined) return null;
  const { buffer, ...info } = row;
  return { info: toInfo(info), buffer };
}
