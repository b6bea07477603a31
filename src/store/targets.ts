import { sql } from 'kysely';
import type { Target } from '../model/target.ts';
import { VigiaError } from '../model/errors.ts';
import { bit, type Context, parse, refuseTwins } from './context.ts';
import type { TargetStore } from './contract.ts';
import type { TargetRow } from './schema.ts';

export function targetStore({ db, kind }: Context): TargetStore {
  let kept: { version: string; targets: readonly Target[] } | null = null;
  const twin = (target: Target) => `There is a target "${target.id}" or one with the address ${target.address} already.`;
  return {
    async list() {
      // Discovery alone asks for each profile every 5 s, and of thousands of targets nothing is new.
      const version = kind === 'sqlite' ? await versionOf(db) : null;
      if (version !== null && kept?.version === version) return [...kept.targets];
      const targets = (await db.selectFrom('target').selectAll().orderBy('name').orderBy('id').execute()).map(toTarget);
      kept = version === null ? null : { version, targets };
      return [...targets];
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

/** Who manages it and which of its sources named it are one word to the database: `file:lab`. */
function toRow({ labels, enabled, managedBy, source, ...rest }: Target): TargetRow {
  const by = source === undefined ? managedBy : `${managedBy}:${source}`;
  return { ...rest, managedBy: by, labelsJson: JSON.stringify(labels), enabled: bit(enabled) };
}

function toTarget({ labelsJson, enabled, scheme, managedBy, ...rest }: TargetRow): Target {
  const [by, source] = managedBy.split(':', 2);
  return {
    ...rest,
    scheme: scheme as Target['scheme'],
    managedBy: by as Target['managedBy'],
    ...(source === undefined ? {} : { source }),
    labels: parse(labelsJson),
    enabled: enabled === 1,
  };
}

/** Another one after each change of the database, by this connection or by others. */
async function versionOf(db: Context['db']): Promise<string> {
  const asked = sql<{ others: number; own: number }>`select data_version as others, total_changes() as own from pragma_data_version`;
  return (await asked.execute(db)).rows.map(({ others, own }) => `${others} ${own}`).join();
}
