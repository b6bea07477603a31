import type { ApiToken } from '../model/account.ts';
import { bit, type Context, refuseTwins } from './context.ts';
import type { AccountStore } from './contract.ts';
import type { TokenRow } from './schema.ts';

const NOTE_USE_MS = 60_000;

export function tokenStore({ db }: Context): Pick<AccountStore, 'addToken' | 'token' | 'tokens' | 'removeToken'> {
  return {
    async addToken({ scope, ...rest }) {
      const row = await refuseTwins(
        `There is a token named "${rest.name}" already.`,
        db
          .insertInto('token')
          .values({ ...rest, hosts: bit(scope.hosts), containers: bit(scope.containers), lastUsedMs: null })
          .returningAll()
          .executeTakeFirstOrThrow(),
      );
      return toToken(row);
    },
    async token(tokenHash, nowMs) {
      const row = await db
        .selectFrom('token')
        .selectAll()
        .where('tokenHash', '=', tokenHash)
        .where((it) => it.or([it('expiresMs', 'is', null), it('expiresMs', '>', nowMs)]))
        .executeTakeFirst();
      if (row === undefined) return null;
      if (row.lastUsedMs === null || nowMs - row.lastUsedMs >= NOTE_USE_MS) {
        await db.updateTable('token').set({ lastUsedMs: nowMs }).where('id', '=', row.id).execute();
      }
      const { id, name, role, scope } = toToken(row);
      return { kind: 'token', id, name, role, scope, account: null };
    },
    async tokens() {
      return (await db.selectFrom('token').selectAll().orderBy('name').execute()).map(toToken);
    },
    async removeToken(id) {
      return (await db.deleteFrom('token').where('id', '=', id).executeTakeFirstOrThrow()).numDeletedRows > 0n;
    },
  };
}

/** Leaves the token's hash behind. */
function toToken(row: Omit<TokenRow, 'id'> & { id: number }): ApiToken {
  const { id, name, role, hosts, containers, createdMs, expiresMs, lastUsedMs } = row;
  const scope = { hosts: hosts === 1, containers: containers === 1 };
  return { id, name, role: role as ApiToken['role'], scope, createdMs, expiresMs, lastUsedMs };
}
