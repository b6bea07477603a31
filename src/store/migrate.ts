import { sql } from 'kysely';
import { VigiaError } from '../model/errors.ts';
import type { StoreKind } from './contract.ts';
import type { Migration } from './migrations.ts';
import type { Database } from './schema.ts';

/** Any number, as long as every instance of Vigía takes the same one. */
const MIGRATION_LOCK = 8_442_001;

/** The schema of an opened database: 0 when it is empty. Works inside and outside a transaction. */
export async function schemaOf(db: Database, kind: StoreKind): Promise<number> {
  const there =
    kind === 'sqlite'
      ? sql<{ name: string }>`select name from sqlite_master where type = 'table' and name = 'migration'`
      : sql<{ name: string }>`select relname as name from pg_class where oid = to_regclass('migration')`;
  if ((await there.execute(db)).rows.length === 0) return 0;
  const { rows } = await sql<{ version: number | null }>`select max(version) as version from migration`.execute(db);
  return rows[0]?.version ?? 0;
}

/** @throws VigiaError `data-newer`; `where` names the folder or server in its sentence. */
export function refuseNewer(found: number, known: number, where: string): void {
  if (found > known) throw new VigiaError('data-newer', { dir: where, found, known });
}

/**
 * Runs the migrations above the database's schema, up to `target`, in the transaction given. On PostgreSQL a second
 * instance waits for the lock, which the end of the transaction frees, and then finds nothing left to do.
 */
export async function migrateIn(
  transaction: Database,
  kind: StoreKind,
  list: readonly Migration[],
  options: { target?: number; nowMs: number; where: string },
): Promise<void> {
  if (kind === 'postgresql') await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(transaction);
  const found = await schemaOf(transaction, kind);
  refuseNewer(found, list.length, options.where);
  if (found === 0) {
    await sql`create table if not exists migration (version bigint primary key, name text not null, applied_ms bigint not null)`.execute(
      transaction,
    );
  }
  for (const [index, migration] of list.entries()) {
    const version = index + 1;
    if (version <= found || version > (options.target ?? list.length)) continue;
    for (const statement of migration.statements(kind)) await sql.raw(statement).execute(transaction);
    await sql`insert into migration (version, name, applied_ms) values (${version}, ${migration.name}, ${options.nowMs})`.execute(
      transaction,
    );
  }
}
