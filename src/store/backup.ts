import { createHash, type Hash } from 'node:crypto';
import { sql } from 'kysely';
import { z } from 'zod';
import { reasonOf, VigiaError } from '../model/errors.ts';
import type { StoreKind } from './contract.ts';
import { migrateIn, refuseNewer } from './migrate.ts';
import type { Migration } from './migrations.ts';
import { type Database, tables } from './schema.ts';

/**
 * A backup is text, one JSON value per line: a header, then `[table, row]` with the columns as the database names them
 * (bytes as base64), then a trailer with the rows per table and the SHA-256 of all lines before it, so that a file that
 * was cut or changed is refused. Sessions are left out: a restored backup must not sign anybody in. So are leases: they are of
 * instances that run now.
 */
const headerSchema = z.object({ vigia: z.literal('backup'), schema: z.number().int().positive(), date: z.string() });
const trailerSchema = z.object({ rows: z.record(z.string(), z.number()), sha256: z.string() });
const rowSchema = z.tuple([z.string(), z.record(z.string(), z.unknown())]);

const saved = tables.filter(({ name }) => name !== 'session' && name !== 'lease');
const BATCH = 200;
const BYTES_KEY = 'base64';

type Row = Record<string, unknown>;

/** Writes the rows that `transaction` sees; a table that an older schema did not have yet is skipped. */
export async function dumpTo(
  transaction: Database,
  kind: StoreKind,
  about: { schema: number; nowMs: number },
  write: (line: string) => Promise<void>,
): Promise<void> {
  const hash = createHash('sha256');
  const put = async (value: unknown) => {
    const line = JSON.stringify(value);
    hash.update(line).update('\n');
    await write(line);
  };
  await put({ vigia: 'backup', schema: about.schema, date: new Date(about.nowMs).toISOString() });
  const there = new Set((await transaction.introspection.getTables()).map((table) => table.name));
  const rows: Record<string, number> = {};
  for (const { name, key } of saved) {
    if (!there.has(name)) continue;
    rows[name] = 0;
    for await (const row of rowsOf(transaction, kind, name, key)) {
      await put([name, Object.fromEntries(Object.entries(row).map(([column, value]) => [column, toJson(value)]))]);
      rows[name] += 1;
    }
  }
  await write(JSON.stringify({ rows, sha256: hash.digest('hex') }));
}

/** Rows a few at a time, so that models never all stand in memory at once. */
async function* rowsOf(db: Database, kind: StoreKind, name: string, key: readonly string[]): AsyncGenerator<Row> {
  if (kind === 'sqlite') {
    let query = db.selectFrom(name as 'account').selectAll();
    for (const column of key) query = query.orderBy(column as 'id');
    yield* query.stream();
    return;
  }
  const order = sql.join(key.map((column) => sql.ref(column)));
  await sql`declare backup no scroll cursor for select * from ${sql.table(name)} order by ${order}`.execute(db);
  for (;;) {
    const { rows } = await sql<Row>`fetch ${sql.lit(BATCH)} from backup`.execute(db);
    yield* rows;
    if (rows.length < BATCH) break;
  }
  await sql`close backup`.execute(db);
}

/**
 * Replaces everything in the transaction given. A backup of an older schema is loaded into that schema and then migrated.
 * @throws VigiaError `backup-invalid`, `data-newer`; the caller's transaction then leaves all as it was.
 */
export async function loadFrom(
  transaction: Database,
  kind: StoreKind,
  list: readonly Migration[],
  about: { nowMs: number; name: string },
  lines: AsyncIterable<string>,
): Promise<void> {
  const invalid = (reason: string, cause?: unknown) => new VigiaError('backup-invalid', { file: about.name, reason }, { cause });
  const hash = createHash('sha256');
  const counts: Record<string, number> = {};
  let batch: { name: string; rows: Row[] } = { name: '', rows: [] };
  let number = 0;
  let last: string | null = null;

  const flush = async () => {
    if (batch.rows.length > 0) {
      try {
        await transaction
          .insertInto(batch.name as never)
          .values(batch.rows as never)
          .execute();
      } catch (thrown) {
        throw invalid(`the rows of ${batch.name} before line ${number} do not fit: ${reasonOf(thrown)}`, thrown);
      }
    }
    batch = { name: '', rows: [] };
  };
  // Only what follows a line tells whether it was the trailer, so each is taken one late.
  const take = async (line: string) => {
    number += 1;
    hash.update(line).update('\n');
    const value = readJson(line, () => invalid(`line ${number} is no JSON`));
    if (number === 1) {
      const header = headerSchema.safeParse(value);
      if (!header.success) throw invalid('its first line is not the header of a backup');
      refuseNewer(header.data.schema, list.length, about.name);
      await recreate(transaction, kind, list, { ...about, schema: header.data.schema });
      return;
    }
    const row = rowSchema.safeParse(value);
    const name = row.data?.[0] ?? '';
    if (!row.success || !saved.some((table) => table.name === name)) throw invalid(`line ${number} is no row of a table`);
    if (batch.name !== name || batch.rows.length === BATCH) await flush();
    batch.name = name;
    batch.rows.push(Object.fromEntries(Object.entries(row.data[1]).map(([column, cell]) => [column, fromJson(cell)])));
    counts[name] = (counts[name] ?? 0) + 1;
  };

  for await (const raw of lines) {
    const line = raw.replace(/\r?\n$/, '');
    if (line === '') continue;
    if (last !== null) await take(last);
    last = line;
  }
  if (last === null) throw invalid('it is empty');
  if (number === 0) throw invalid('it has no header or no trailer');
  await flush();
  verify(last, hash, counts, invalid);
  await restartCounters(transaction, kind);
  await migrateIn(transaction, kind, list, { nowMs: about.nowMs, where: about.name });
}

function verify(line: string, hash: Hash, counts: Record<string, number>, invalid: (reason: string) => VigiaError): void {
  const trailer = trailerSchema.safeParse(readJson(line, () => invalid('its end is missing')));
  if (!trailer.success) throw invalid('its end is missing');
  for (const [name, expected] of Object.entries(trailer.data.rows)) {
    if ((counts[name] ?? 0) !== expected) throw invalid(`it has ${counts[name] ?? 0} of ${expected} rows of ${name}`);
  }
  if (trailer.data.sha256 !== hash.digest('hex')) throw invalid('its checksum does not match: it was changed or damaged');
}

async function recreate(
  transaction: Database,
  kind: StoreKind,
  list: readonly Migration[],
  about: { nowMs: number; name: string; schema: number },
): Promise<void> {
  for (const { name } of tables.toReversed()) await transaction.schema.dropTable(name).ifExists().execute();
  await transaction.schema.dropTable('migration').ifExists().execute();
  await migrateIn(transaction, kind, list, { target: about.schema, nowMs: about.nowMs, where: about.name });
}

/** SQLite's counters follow the ids by themselves. */
async function restartCounters(transaction: Database, kind: StoreKind): Promise<void> {
  if (kind === 'sqlite') return;
  const there = new Set((await transaction.introspection.getTables()).map((table) => table.name));
  for (const { name } of tables.filter((table) => table.serial === true && there.has(table.name))) {
    await sql`select setval(pg_get_serial_sequence(${name}, 'id'), coalesce(max(id), 1), max(id) is not null) from ${sql.table(name)}`.execute(
      transaction,
    );
  }
}

function toJson(value: unknown): unknown {
  return value instanceof Uint8Array ? { [BYTES_KEY]: Buffer.from(value).toString('base64') } : value;
}

function fromJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Buffer.from(String((value as Row)[BYTES_KEY] ?? ''), 'base64');
}

function readJson(line: string, refuse: () => VigiaError): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw refuse();
  }
}
