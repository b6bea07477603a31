import { sql } from 'kysely';
import type { Context } from './context.ts';
import type { Fence, LeaseStore } from './contract.ts';
import type { Database } from './schema.ts';

/** Any number, as long as every instance of Vigía takes the same one. */
const LEASE_LOCK = 8_442_002;
/** Rows of this kind say that an instance lives; the others are what instances share. */
const ALIVE = 'instance/';
/** Whoever is frozen in the middle of a transaction loses it, and its locks, after so long. */
const FROZEN_MS = 3_000;

/** All times are of the database's clock: the clocks of the instances may differ. */
export function leaseStore({ db }: Context): LeaseStore {
  return {
    async round({ instance, slots, ttlMs }) {
      return db.transaction().execute(async (transaction) => {
        await giveUpWhenFrozen(transaction);
        await sql`select pg_advisory_xact_lock(${LEASE_LOCK})`.execute(transaction);
        const nowMs = await databaseNowMs(transaction);
        await transaction.deleteFrom('lease').where('slot', 'like', `${ALIVE}%`).where('expiresMs', '<', nowMs).execute();
        await put(transaction, [{ slot: ALIVE + instance, holder: instance, token: 1, expiresMs: nowMs + ttlMs }]);
        const rows = await transaction.selectFrom('lease').selectAll().orderBy('slot').execute();
        const instances = rows.filter((row) => row.slot.startsWith(ALIVE)).length;
        const bySlot = new Map(rows.map((row) => [row.slot, row]));
        const held: Fence[] = [];
        const given: string[] = [];
        const changed: { slot: string; holder: string; token: number; expiresMs: number }[] = [];
        for (const kind of new Set(slots.map(kindOf))) {
          const group = slots.filter((slot) => kindOf(slot) === kind);
          // Nobody holds more than an even share, so that whoever comes finds something to do.
          const most = Math.ceil(group.length / instances);
          const mine = group.filter((slot) => bySlot.get(slot)?.holder === instance);
          const free = group.filter((slot) => {
            const row = bySlot.get(slot);
            return row === undefined || row.holder === '' || (row.holder !== instance && row.expiresMs < nowMs);
          });
          given.push(...mine.slice(most));
          for (const slot of [...mine.slice(0, most), ...free.slice(0, Math.max(0, most - mine.length))]) {
            const row = bySlot.get(slot);
            // What nobody took meanwhile is still held under the same token.
            const token = (row?.token ?? 0) + (row?.holder === instance ? 0 : 1);
            held.push({ slot, holder: instance, token });
            changed.push({ slot, holder: instance, token, expiresMs: nowMs + ttlMs });
          }
        }
        for (const slot of given) changed.push({ slot, holder: '', token: bySlot.get(slot)?.token ?? 0, expiresMs: 0 });
        await put(transaction, changed);
        return { held, instances };
      });
    },
    async leave(instance) {
      await db.transaction().execute(async (transaction) => {
        await giveUpWhenFrozen(transaction);
        await transaction
          .deleteFrom('lease')
          .where('slot', '=', ALIVE + instance)
          .execute();
        await transaction.updateTable('lease').set({ holder: '', expiresMs: 0 }).where('holder', '=', instance).execute();
      });
    },
    async list() {
      const nowMs = await databaseNowMs(db);
      const rows = await db.selectFrom('lease').selectAll().orderBy('slot').execute();
      return rows
        .filter(({ slot, holder }) => !slot.startsWith(ALIVE) && holder !== '')
        .map(({ expiresMs, ...lease }) => ({ ...lease, leftMs: expiresMs - nowMs }));
    },
  };
}

/**
 * Whether a lease is still held under the token it was given with; whoever wants to take it over waits for the end of this
 * transaction. Expiry alone proves nothing: as long as nobody else took it, its work is nobody else's.
 */
export async function holds(transaction: Database, fence: Fence): Promise<boolean> {
  await giveUpWhenFrozen(transaction);
  const row = await transaction
    .selectFrom('lease')
    .select('token')
    .where('slot', '=', fence.slot)
    .where('holder', '=', fence.holder)
    .where('token', '=', fence.token)
    .forShare()
    .executeTakeFirst();
  return row !== undefined;
}

async function giveUpWhenFrozen(transaction: Database): Promise<void> {
  await sql`set local idle_in_transaction_session_timeout = ${sql.lit(FROZEN_MS)}`.execute(transaction);
}

async function databaseNowMs(db: Database): Promise<number> {
  const { rows } = await sql<{ now: number }>`select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now`.execute(db);
  return rows[0]?.now ?? 0;
}

async function put(
  transaction: Database,
  rows: readonly { slot: string; holder: string; token: number; expiresMs: number }[],
): Promise<void> {
  if (rows.length === 0) return;
  await transaction
    .insertInto('lease')
    .values([...rows])
    .onConflict((on) =>
      on.column('slot').doUpdateSet((it) => ({
        holder: it.ref('excluded.holder'),
        token: it.ref('excluded.token'),
        expiresMs: it.ref('excluded.expiresMs'),
      })),
    )
    .execute();
}

/** Slots of a kind are shared evenly: `entities/3` is one of the `entities`. */
const kindOf = (slot: string): string => slot.split('/')[0] ?? slot;
