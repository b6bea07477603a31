import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type SqliteDatabase,
  type SqliteStatement,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely';

const BUSY_TIMEOUT_MS = 5000;

/** Opens (and makes, readable by its owner only) a database file: durable on each commit, readers never block the writer. */
export function openSqlite(file: string, readOnly = false): DatabaseSync {
  if (readOnly) return new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT_MS });
  closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864');
  } catch (thrown) {
    database.close();
    throw thrown;
  }
  return database;
}

/** Kysely on `node:sqlite`. Kysely itself lets one query or transaction at a time through to the single connection. */
export function sqliteDialect(database: DatabaseSync): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new ImmediateDriver({ database: adapt(database) }),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** A transaction that will write takes the write lock at once: one that upgrades later can fail in spite of the busy timeout. */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(settings?.accessMode === 'read only' ? 'begin' : 'begin immediate'));
  }
}

/** Statements that are asked again and again; to read a long one takes longer than to run it. */
const STATEMENTS_KEPT = 100;

function adapt(database: DatabaseSync): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = kept.get(sql) ?? prepare(database, sql);
      // The one that nobody asked for longest goes first.
      kept.delete(sql);
      kept.set(sql, statement);
      const [oldest = sql] = kept.keys();
      if (kept.size > STATEMENTS_KEPT) kept.delete(oldest);
      return statement;
    },
  };
}

function prepare(database: DatabaseSync, sql: string): SqliteStatement {
  const statement = database.prepare(sql);
  // The rows that it makes itself are dictionaries, several times slower to make and to read than ordinary objects.
  statement.setReturnArrays(true);
  return {
    reader: statement.columns().length > 0,
    all(values) {
      const rows = statement.all(...(values as SQLInputValue[])) as unknown as readonly SQLOutputValue[][];
      if (rows.length === 0) return [];
      // Asked anew: a migration may have added one.
      const names = statement.columns().map(({ name }) => name);
      return rows.map((row) => {
        const named: Record<string, SQLOutputValue> = {};
        for (let at = 0; at < names.length; at++) named[names[at] as string] = row[at] as SQLOutputValue;
        return named;
      });
    },
    run: (values) => statement.run(...(values as SQLInputValue[])),
    // Of its own: the same statement may be run meanwhile.
    iterate: (values) => database.prepare(sql).iterate(...(values as SQLInputValue[])),
  };
}
