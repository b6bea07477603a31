import { setImmediate } from 'node:timers/promises';
import type { Kysely, Transaction } from 'kysely';
import { VigiaError } from '../model/errors.ts';
import type { StoreKind } from './contract.ts';
import type { Database, Tables } from './schema.ts';

/** What every sub-store gets. `db` may be a transaction: then all it does belongs to that. */
export interface Context {
  readonly db: Database;
  readonly kind: StoreKind;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Runs `work` in a transaction, or in the one that is already open. */
export async function atomically<T>(db: Database, work: (transaction: Database) => Promise<T>): Promise<T> {
  return isTransaction(db) ? work(db) : db.transaction().execute(work);
}

function isTransaction(db: Kysely<Tables>): db is Transaction<Tables> {
  return db.isTransaction;
}

const SQLITE_UNIQUE: readonly unknown[] = [2067, 1555];
const POSTGRESQL_UNIQUE = '23505';

/** Turns the violation of a unique constraint into `conflict`; anything else goes on as it is. */
export async function refuseTwins<T>(reason: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    const { code, errcode } = thrown as { code?: unknown; errcode?: unknown };
    if (code === POSTGRESQL_UNIQUE || SQLITE_UNIQUE.includes(errcode)) throw new VigiaError('conflict', { reason }, { cause: thrown });
    throw thrown;
  }
}

/** Rows per INSERT: far below the limit of bound values of both databases, and written within a few milliseconds. */
const CHUNK = 100;

/** Writes rows some at a time. SQLite writes on the event loop, so everybody else gets a turn in between. */
export async function inChunks<T>(rows: readonly T[], write: (some: readonly T[]) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < rows.length; at += CHUNK) {
    if (at > 0) await setImmediate();
    await write(rows.slice(at, at + CHUNK));
  }
}

/** What this store wrote itself is trusted to have its type. */
export function parse<T>(json: string): T {
  return JSON.parse(json) as T;
}

export const bit = (on: boolean): number => (on ? 1 : 0);
