import { closeSync, createWriteStream, existsSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { Kysely } from 'kysely';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { accountStore } from './accounts.ts';
import { alarmStore } from './alarms.ts';
import { archiveStore } from './archive.ts';
import { auditStore } from './audit.ts';
import { dumpTo, loadFrom } from './backup.ts';
import { CamelCaseNames } from './camel-case.ts';
import type { Context } from './context.ts';
import type { Store, StoreKind } from './contract.ts';
import { findingStore } from './findings.ts';
import { incidentStore } from './incidents.ts';
import { leaseStore } from './leases.ts';
import { markStore } from './marks.ts';
import { migrateIn, refuseNewer, schemaOf } from './migrate.ts';
import { type Migration, migrations } from './migrations.ts';
import { modelStore } from './models.ts';
import { pipelineStore } from './pipeline.ts';
import type { Database, Tables } from './schema.ts';
import { settingStore, silenceStore } from './settings.ts';
import { openSqlite, sqliteDialect } from './sqlite.ts';
import { targetStore } from './targets.ts';
import { upkeep } from './upkeep.ts';

/** A SQLite file (its folder is there already), or a PostgreSQL URL. */
export type StoreLocation = { readonly file: string } | { readonly url: string };

export interface StoreOptions {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Where PostgreSQL's backup before a migration goes; without it there is none. SQLite's goes beside the file. */
  readonly backupDir?: string;
  /** Another list than the product's, for tests of migrating. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens the state, and brings its schema up to date after a backup of what was there.
 * @throws VigiaError `data-newer`, `data-unwritable` (SQLite), `far-unreachable` (PostgreSQL).
 */
export async function openStore(location: StoreLocation, options: StoreOptions): Promise<Store> {
  const kind: StoreKind = 'file' in location ? 'sqlite' : 'postgresql';
  const where = 'file' in location ? dirname(location.file) : safeUrl(location.url);
  const list = options.migrations ?? migrations;
  const db = await connect(location);
  try {
    const found = await schemaOf(plainNames(db), kind).catch((thrown: unknown) => {
      throw unusable(location, thrown);
    });
    refuseNewer(found, list.length, where);
    if (found < list.length) {
      if (found > 0) await backUp(db, location, found, options);
      await db.transaction().execute((it) => migrateIn(plainNames(it), kind, list, { nowMs: options.now(), where }));
    }
  } catch (thrown) {
    await db.destroy();
    throw thrown;
  }
  return assemble({ db, kind, now: options.now }, location, list);
}

function assemble(context: Context, location: StoreLocation, list: readonly Migration[]): Store {
  const { db, kind, now } = context;
  return {
    kind,
    targets: targetStore(context),
    pipeline: pipelineStore(context),
    models: modelStore(context),
    findings: findingStore(context),
    incidents: incidentStore(context),
    silences: silenceStore(context),
    settings: settingStore(context),
    accounts: accountStore(context),
    audit: auditStore(context),
    archive: archiveStore(context),
    leases: kind === 'postgresql' ? leaseStore(context) : null,
    alarms: alarmStore(context),
    marks: markStore(context),
    ...upkeep(context),
    dump: (write) => dump(db, location, { schema: list.length, nowMs: now() }, write),
    load: (lines, name = 'The input') =>
      db.transaction().execute((it) => loadFrom(plainNames(it), kind, list, { nowMs: now(), name }, lines)),
    close: () => db.destroy(),
  };
}

async function connect(location: StoreLocation): Promise<Database> {
  const plugins = [new CamelCaseNames()];
  if ('file' in location) {
    try {
      const database = openSqlite(location.file);
      // Said at the start, and not by some query days later: a page that nobody reads may be damaged too.
      const { quick_check: found } = database.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
      if (found !== 'ok') {
        database.close();
        throw damaged(location.file, found);
      }
      return new Kysely<Tables>({ dialect: sqliteDialect(database), plugins });
    } catch (thrown) {
      throw unusable(location, thrown);
    }
  }
  // Loaded only where it is used: it costs memory that the default does not need.
  const { postgresqlDialect } = await import('./postgresql.ts');
  return new Kysely<Tables>({ dialect: postgresqlDialect(location.url), plugins });
}

/** One consistent view while the pipeline goes on: SQLite through a second, read-only connection. */
async function dump(
  db: Database,
  location: StoreLocation,
  about: { schema: number; nowMs: number },
  write: (line: string) => Promise<void>,
): Promise<void> {
  const from = 'file' in location ? new Kysely<Tables>({ dialect: sqliteDialect(openSqlite(location.file, true)) }) : db;
  try {
    let begin = from.transaction().setAccessMode('read only');
    if ('url' in location) begin = begin.setIsolationLevel('repeatable read');
    await begin.execute((it) => dumpTo(plainNames(it), 'file' in location ? 'sqlite' : 'postgresql', about, write));
  } finally {
    if (from !== db) await from.destroy();
  }
}

/** Keeps what an older Vigía wrote, beside it, before a migration changes it. */
async function backUp(db: Database, location: StoreLocation, schema: number, options: StoreOptions): Promise<void> {
  const stamp = new Date(options.now()).toISOString().replaceAll(/[:.]/g, '-');
  if ('file' in location) {
    const copy = `${location.file}.schema-${schema}.${stamp}`;
    // Made first, because it holds secrets: VACUUM INTO fills an empty file and keeps who may read it.
    closeSync(openSync(copy, 'wx', 0o600));
    const file = openSqlite(location.file, true);
    try {
      file.prepare('VACUUM INTO ?').run(copy);
    } finally {
      file.close();
    }
    return;
  }
  if (options.backupDir === undefined) return;
  const out = createWriteStream(join(options.backupDir, `postgresql.schema-${schema}.${stamp}.ndjson`), { flags: 'wx', mode: 0o600 });
  await once(out, 'open');
  await dump(db, location, { schema, nowMs: options.now() }, async (line) => {
    if (!out.write(`${line}\n`)) await once(out, 'drain');
  });
  out.end();
  await once(out, 'finish');
}

/** Migrations and backups name columns as the database does. */
function plainNames(db: Database): Database {
  return db.withoutPlugins();
}

const damaged = (file: string, reason: string): VigiaError =>
  new VigiaError('data-damaged', { file, dir: dirname(file), reason: reason.replaceAll(/\s+/g, ' ').trim() });

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const damageCodes: ReadonlySet<unknown> = new Set([11, 26]);

function unusable(location: StoreLocation, thrown: unknown): VigiaError {
  if (thrown instanceof VigiaError) return thrown;
  const cause = { cause: thrown };
  if ('file' in location && thrown instanceof Error && 'errcode' in thrown && damageCodes.has(thrown.errcode)) {
    return damaged(location.file, thrown.message);
  }
  if ('url' in location) {
    return new VigiaError('far-unreachable', { what: 'PostgreSQL', url: safeUrl(location.url), reason: reasonOf(thrown) }, cause);
  }
  const dir = dirname(location.file);
  const reason = existsSync(dir) ? `${location.file}: ${reasonOf(thrown)}` : 'it is not there';
  return new VigiaError('data-unwritable', { dir, reason, user: userInfo().username }, cause);
}

/** A database URL without its password and parameters. */
function safeUrl(text: string): string {
  if (!URL.canParse(text)) return 'the database URL';
  const url = new URL(text);
  return `${url.protocol}//${url.username === '' ? '' : `${url.username}@`}${url.host}${url.pathname}`;
}
