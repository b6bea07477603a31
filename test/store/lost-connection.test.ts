import { Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresqlDialect } from '../../src/store/postgresql.ts';
import { type Postgresql, startPostgresql } from './postgresql.ts';

let postgresql: Postgresql;
beforeAll(async () => {
  postgresql = await startPostgresql();
}, 60_000);
afterAll(() => postgresql.stop());

test('a connection that the database ends in the middle of a transaction is a failure of that transaction, not the end of the process', async () => {
  const db = new Kysely<Record<string, never>>({ dialect: postgresqlDialect(await postgresql.url()) });
  try {
    const transaction = db.transaction().execute(async (inside) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(inside);
      const { rows: gone } = await sql<{ gone: boolean }>`select pg_terminate_backend(${rows[0]?.pid}, 10000) as gone`.execute(db);
      expect(gone).toEqual([{ gone: true }]);
      // The word of it arrives while no query waits for an answer.
      await new Promise((resolve) => setTimeout(resolve, 200));
      await sql`select 1`.execute(inside);
    });
    await expect(transaction).rejects.toThrow();
    expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
  } finally {
    await db.destroy();
  }
});
