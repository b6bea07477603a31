import { preferencesSchema } from '../../model/account.ts';
import { passwordInputSchema } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import { type Door, SIGNIN_LIMIT } from '../door/door.ts';
import { beginSession } from '../door/identity.ts';
import { Limiter } from '../door/limiter.ts';
import { defineRoute } from '../door/route.ts';
import { hashPassword, verifyPassword } from './passwords.ts';

/** What everybody may change of their own account. */
export function registerPasswords(door: Door): void {
  const { store, now } = door;
  /** A stolen session must not become a way to guess the password. */
  const tries = new Limiter(SIGNIN_LIMIT, now);

  door.register(
    defineRoute({
      method: 'PUT',
      path: '/api/session/preferences',
      policy: 'person',
      rate: 'write',
      audit: 'account.preferences',
      summary: 'Sets theme, language and time zone',
      schema: { body: preferencesSchema, response: preferencesSchema },
      handler: async ({ body, principal, note }) => {
        const { account } = principal;
        await store.accounts.setPreferences(account.id, body);
        note.subject = account.email;
        note.detail = Object.entries(body)
          .map(([name, value]) => `${name} ${value}`)
          .join(', ');
        return body;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'PUT',
      path: '/api/session/password',
      policy: 'person',
      rate: 'write',
      audit: 'account.password',
      summary: "Changes one's own password; all other sessions of the account end",
      schema: { body: passwordInputSchema },
      handler: async ({ body, principal, note, request, reply }) => {
        const { account } = principal;
        const seconds = tries.take(String(account.id));
        if (seconds > 0) throw new VigiaError('signin-limited', { seconds });
        const stored = await store.accounts.passwordHash(account.email);
        if (!(await verifyPassword(body.current, stored?.passwordHash ?? null))) {
          throw new VigiaError('input-invalid', { problems: 'current: this is not the present password', field: 'current' });
        }
        tries.giveBack(String(account.id));
        const { name, email, role, scope, disabled } = account;
        await store.accounts.update(account.id, { name, email, role, scope, disabled }, await hashPassword(body.password));
        await beginSession(store, request, reply, account.id, now());
        note.subject = account.email;
      },
    }),
  );
}
