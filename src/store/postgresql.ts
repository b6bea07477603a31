import { type Dialect, PostgresDialect } from 'kysely';
import { Pool, types } from 'pg';

const INT8 = 20;
const NUMERIC = 1700;

/** Counts, sums and milliseconds are far below 2^53, so they come back as numbers and not, as by default, as text. */
function parserOf(oid: number, format?: 'text' | 'binary'): unknown {
  return oid === INT8 || oid === NUMERIC ? Number : types.getTypeParser(oid, format as 'text');
}

export function postgresqlDialect(url: string): Dialect {
  const pool = new Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    application_name: 'vigia',
    types: { getTypeParser: parserOf as typeof types.getTypeParser },
  });
  // A connection lost while idle is replaced by the pool; without a listener the event would end the process.
  pool.on('error', () => {});
  // So would one that is lost inside a transaction, between two of its queries: the next of them says so.
  pool.on('connect', (client) => client.on('error', () => {}));
  return new PostgresDialect({ pool });
}
