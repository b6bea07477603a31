import { createHash } from 'node:crypto';
import type { ModelInfo } from '../model/score.ts';
import { atomically, type Context } from './context.ts';
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
] as const;

export function modelStore({ db }: Context): ModelStore {
  return {
    async save(model, buffer, keep) {
      return atomically(db, async (transaction) => {
        const ofEntity = transaction.selectFrom('model').where('profile', '=', model.profile).where('entity', '=', model.entity);
        const { last } = await ofEntity.select((it) => it.fn.max('version').as('last')).executeTakeFirstOrThrow();
        await transaction
          .updateTable('model')
          .set({ state: 'retired' })
          .where('profile', '=', model.profile)
          .where('entity', '=', model.entity)
          .where('state', '=', 'active')
          .execute();
        const saved = await transaction
          .insertInto('model')
          .values({
            ...model,
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
    async active(profile, entity) {
      const row = await db
        .selectFrom('model')
        .select([...infoColumns, 'buffer'])
        .where('profile', '=', profile)
        .where('entity', '=', entity)
        .where('state', '=', 'active')
        .orderBy('version', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (row === undefined) return null;
      const { buffer, ...info } = row;
      return { info: toInfo(info), buffer };
    },
    async markCorrupt(id, reason) {
      await db.updateTable('model').set({ state: 'corrupt', reason }).where('id', '=', id).execute();
    },
    async list(filter) {
      let query = db.selectFrom('model').select(infoColumns).orderBy('profile').orderBy('entity').orderBy('version', 'desc');
      if (filter.profile !== undefined) query = query.where('profile', '=', filter.profile);
      if (filter.entity !== undefined) query = query.where('entity', '=', filter.entity);
      return (await query.execute()).map(toInfo);
    },
  };
}

function toInfo(row: Omit<ModelInfo, 'state'> & { state: string }): ModelInfo {
  return { ...row, state: row.state as ModelInfo['state'] };
}
