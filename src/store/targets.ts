import type { Target } from '../model/target.ts';
import { VigiaError } from '../model/errors.ts';
import { bit, type Context, parse, refuseTwins } from './context.ts';
import type { TargetStore } from './contract.ts';
import type { TargetRow } from './schema.ts';

export function targetStore({ db }: Context): TargetStore {
  const twin = (target: Target) => `There is a target "${target.id}" or one with the address ${target.address} already.`;
  return {
    async list() {
      return (await db.selectFrom('target').selectAll().orderBy('name').orderBy('id').execute()).map(toTarget);
    },
    async get(id) {
      const row = await db.selectFrom('target').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toTarget(row);
    },
    async insert(target) {
      await refuseTwins(twin(target), db.insertInto('target').values(toRow(target)).execute());
    },
    async update(target) {
      const { numUpdatedRows } = await refuseTwins(
        twin(target),
        db.updateTable('target').set(toRow(target)).where('id', '=', target.id).executeTakeFirstOrThrow(),
      );
      if (numUpdatedRows === 0n) throw new VigiaError('not-found', { thing: 'target', id: target.id });
    },
    async remove(id) {
      return (await db.deleteFrom('target').where('id', '=', id).executeTakeFirstOrThrow()).numDeletedRows > 0n;
    },
  };
}

function toRow({ labels, enabled, ...rest }: Target): TargetRow {
  return { ...rest, labelsJson: JSON.stringify(labels), enabled: bit(enabled) };
}

function toTarget({ labelsJson, enabled, scheme, managedBy, ...rest }: TargetRow): Target {
  return {
    ...rest,
    scheme: scheme as Target['scheme'],
    managedBy: managedBy as Target['managedBy'],
    labels: parse(labelsJson),
    enabled: enabled === 1,
  };
}
