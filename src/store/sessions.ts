import { toAccount } from './account-row.ts';
import type { Context } from './context.ts';
import { type AccountStore, SESSION_IDLE_MS } from './contract.ts';

/** Not each request writes to the disk: that a session was used is noted this often. */
const NOTE_USE_MS = 60_000;

export function sessionStore({ db }: Context): Pick<AccountStore, 'addSession' | 'session' | 'removeSession' | 'removeSessionsOf'> {
  return {
    async addSession(session) {
      await db
        .insertInto('session')
        .values({ ...session, lastUsedMs: session.createdMs })
        .execute();
    },
    async session(idHash, nowMs) {
      const row = await db
        .selectFrom('session')
        .innerJoin('account', 'account.id', 'session.accountId')
        .selectAll('account')
        .select('session.lastUsedMs')
        .where('session.idHash', '=', idHash)
        .where('session.expiresMs', '>', nowMs)
        .where('session.lastUsedMs', '>', nowMs - SESSION_IDLE_MS)
        .where('account.disabled', '=', 0)
        .executeTakeFirst();
      if (row === undefined) return null;
      if (nowMs - row.lastUsedMs >= NOTE_USE_MS) {
        await db.updateTable('session').set({ lastUsedMs: nowMs }).where('idHash', '=', idHash).execute();
      }
      const account = toAccount(row);
      return { kind: 'account', id: account.id, name: account.name, role: account.role, scope: account.scope, account };
    },
    async removeSession(idHash) {
      await db.deleteFrom('session').where('idHash', '=', idHash).execute();
    },
    async removeSessionsOf(accountId) {
      await db.deleteFrom('session').where('accountId', '=', accountId).execute();
    },
  };
}
