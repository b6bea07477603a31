import { sql } from 'kysely';
import type { Target } from '../model/target.ts';
import { VigiaError } from '../model/errors.ts';
import { bit, type Context, parse, refuseTwins } from './context.ts';
import type { TargetStore } from './contract.ts';
import type { TargetRow } from './schema.ts';

export function targetStore(context: Context): TargetStore {
  const { db } = context;
  let kept: { version: string; targets: readonly Target[] } | null = null;
  let writes = 0;
  /** A write counts once it is done: what is listed before that is not kept beyond it. */
  const counted = <T>(write: Promise<T>): Promise<T> => write.finally(() => writes++);
  const twin = (target: Target) => `There is a target "${target.id}" or one with the address ${target.address} already.`;
  return {
    async list() {
      // Discovery alone asks for each profile every 5 s, and of thousands of targets nothing is new.
      const version = `${writes} ${await versionOf(context)}`;
      if (kept?.version !== version) {
        const rows = await db.selectFrom('target').selectAll().orderBy('name').orderBy('id').execute();
        kept = { version, targets: rows.map(toTarget) };
      }
      return [...kept.targets];
    },
    async get(id) {
      const row = await db.selectFrom('target').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toTarget(row);
    },
    async insert(target) {
      await counted(refuseTwins(twin(target), db.insertInto('target').values(toRow(target)).execute()));
    },
    async update(target) {
      const change = db.updateTable('target').set(toRow(target)).where('id', '=', target.id);
      const { numUpdatedRows } = await counted(refuseTwins(twin(target), change.executeTakeFirstOrThrow()));
      if (numUpdatedRows === 0n) throw new VigiaError('not-found', { thing: 'target', id: target.id });
    },
    async remove(id) {
      return (await counted(db.deleteFrom('target').where('id', '=', id).executeTakeFirstOrThrow())).numDeletedRows > 0n;
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

/**
 * Another one after each change of the table that this store did not write itself. SQLite counts what other connections write, and
 * the tables made anew by a backup that was loaded; PostgreSQL, which serves several instances, is asked for a sum of the content.
 */
async function versionOf({ db, kind }: Context): Promise<string> {
  const asked =
    kind === 'sqlite'
      ? sql<{ version: string }>`select data_version || ' ' || schema_version as version from pragma_data_version, pragma_schema_version`
      : sql<{ version: string | null }>`select md5(string_agg(target::text, ',' order by id)) as version from target`;
  return (await asked.execute(db)).rows[0]?.version ?? '';
}
