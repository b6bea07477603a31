import { sql } from 'kysely';
import { type Account, type AccountInput, preferencesSchema } from '../model/account.ts';
import { VigiaError } from '../model/errors.ts';
import { toAccount } from './account-row.ts';
import { atomically, bit, type Context, refuseTwins } from './context.ts';
import type { AccountStore } from './contract.ts';
import { sessionStore } from './sessions.ts';
import type { Database } from './schema.ts';
import { tokenStore } from './tokens.ts';

export function accountStore(context: Context): AccountStore {
  const { db, kind } = context;

  /** Rules over all accounts need them to hold still; SQLite's write transactions are alone anyway. */
  async function alone<T>(work: (transaction: Database) => Promise<T>): Promise<T> {
    return atomically(db, async (transaction) => {
      if (kind === 'postgresql') await sql`lock table account in share row exclusive mode`.execute(transaction);
      return work(transaction);
    });
  }

  async function insert(at: Database, input: AccountInput, passwordHash: string, createdMs: number): Promise<Account> {
    const row = await refuseTwins(
      `There is an account with the e-mail ${input.email} already.`,
      at
        .insertInto('account')
        .values({ ...toColumns(input), createdMs, passwordHash, preferencesJson: JSON.stringify(preferencesSchema.parse({})) })
        .returningAll()
        .executeTakeFirstOrThrow(),
    );
    return toAccount(row);
  }

  return {
    async count() {
      return (
        await db
          .selectFrom('account')
          .select((it) => it.fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow()
      ).count;
    },
    async list() {
      return (await db.selectFrom('account').selectAll().orderBy('email').execute()).map(toAccount);
    },
    async get(id) {
      const row = await db.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toAccount(row);
    },
    insert: (input, passwordHash, createdMs) => insert(db, input, passwordHash, createdMs),
    async insertFirst(input, passwordHash, createdMs) {
      return alone(async (transaction) => {
        const there = await transaction.selectFrom('account').select('id').limit(1).executeTakeFirst();
        return there === undefined ? insert(transaction, input, passwordHash, createdMs) : null;
      });
    },
    async update(id, input, passwordHash) {
      return alone(async (transaction) => {
        const before = await transaction.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst();
        if (before === undefined) throw new VigiaError('not-found', { thing: 'account', id });
        const columns = toColumns(input);
        if (columns.role !== 'administrator' || columns.disabled === 1) await keepAnAdministrator(transaction, before);
        const after = await refuseTwins(
          `There is an account with the e-mail ${input.email} already.`,
          transaction
            .updateTable('account')
            .set({ ...columns, ...(passwordHash === null ? {} : { passwordHash }) })
            .where('id', '=', id)
            .returningAll()
            .executeTakeFirstOrThrow(),
        );
        const rights = ['role', 'hosts', 'containers', 'disabled', 'passwordHash'] as const;
        if (rights.some((name) => before[name] !== after[name])) {
          await transaction.deleteFrom('session').where('accountId', '=', id).execute();
        }
        return toAccount(after);
      });
    },
    async remove(id) {
      return alone(async (transaction) => {
        const before = await transaction.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst();
        if (before === undefined) return false;
        await keepAnAdministrator(transaction, before);
        await transaction.deleteFrom('account').where('id', '=', id).execute();
        return true;
      });
    },
    async setPreferences(id, preferences) {
      await db
        .updateTable('account')
        .set({ preferencesJson: JSON.stringify(preferences) })
        .where('id', '=', id)
        .execute();
    },
    async passwordHash(email) {
      const row = await db.selectFrom('account').selectAll().where('email', '=', email).executeTakeFirst();
      return row === undefined ? null : { account: toAccount(row), passwordHash: row.passwordHash };
    },
    ...sessionStore(context),
    ...tokenStore(context),
  };
}

/** Without an administrator who can sign in nobody could ever make one again. */
async function keepAnAdministrator(db: Database, losing: { id: number; role: string; disabled: number }): Promise<void> {
  if (losing.role !== 'administrator' || losing.disabled === 1) return;
  const other = await db
    .selectFrom('account')
    .select('id')
    .where('role', '=', 'administrator')
    .where('disabled', '=', 0)
    .where('id', '<>', losing.id)
    .limit(1)
    .executeTakeFirst();
  if (other === undefined) throw new VigiaError('conflict', { reason: 'This is the last enabled administrator: make another one first.' });
}

function toColumns({ name, email, role, scope, disabled }: AccountInput) {
  return { name, email, role, hosts: bit(scope.hosts), containers: bit(scope.containers), disabled: bit(disabled) };
}
