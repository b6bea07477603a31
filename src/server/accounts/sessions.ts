import type { Account } from '../../model/account.ts';
import { type Session, sessionSchema, setupInputSchema, signInInputSchema } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import { type Door, SIGNIN_LIMIT } from '../door/door.ts';
import { beginSession, endSession, sameSecret } from '../door/identity.ts';
import { Limiter } from '../door/limiter.ts';
import { refuseForeignName } from '../door/origin.ts';
import { defineRoute } from '../door/route.ts';
import { hashPassword, verifyPassword } from './passwords.ts';
import type { AccountOptions } from './options.ts';

export function registerSessions(door: Door, { setupCode, version }: AccountOptions): void {
  const { store, now } = door;
  /** Counts wrong passwords per account, wherever they come from; it never ends a session that is there. */
  const perAccount = new Limiter(SIGNIN_LIMIT, now);

  async function sessionOf(account: Account | null): Promise<Session> {
    const setupNeeded = account === null && (await store.accounts.count()) === 0;
    return { account, setupNeeded, setupCodeNeeded: setupNeeded && setupCode !== null, version };
  }

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/session',
      policy: 'public',
      rate: 'read',
      summary: 'Who is signed in',
      schema: { response: sessionSchema },
      handler: ({ principal }) => sessionOf(principal?.account ?? null),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/setup',
      policy: 'public',
      rate: 'signin',
      audit: 'setup',
      summary: 'Makes the first administrator; works once',
      schema: { body: setupInputSchema, response: sessionSchema },
      handler: async ({ body, note, request, reply }) => {
        if (setupCode === null) refuseForeignName(request, door.publicUrl);
        if ((await store.accounts.count()) > 0) throw new VigiaError('setup-done');
        if (setupCode !== null && !sameSecret(body.code ?? '', setupCode)) throw new VigiaError('setup-code');
        const { name, email, password } = body;
        const scope = { hosts: true, containers: true };
        const passwordHash = await hashPassword(password);
        const account = await store.accounts.insertFirst(
          { name, email, role: 'administrator', scope, disabled: false },
          passwordHash,
          now(),
        );
        if (account === null) throw new VigiaError('setup-done');
        note.who = account.name;
        note.subject = account.email;
        await beginSession(store, request, reply, account.id, now());
        return sessionOf(account);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/session',
      policy: 'public',
      rate: 'signin',
      audit: 'session.begin',
      summary: 'Signs in',
      schema: { body: signInInputSchema, response: sessionSchema },
      handler: async ({ body, note, request, reply }) => {
        const seconds = perAccount.take(body.email);
        if (seconds > 0) throw new VigiaError('signin-limited', { seconds });
        const found = await store.accounts.passwordHash(body.email);
        const right = await verifyPassword(body.password, found?.passwordHash ?? null);
        if (found === null || !right || found.account.disabled) {
          const detail = 'wrong e-mail or password, or the account is disabled';
          await store.audit.add({
            tsMs: now(),
            who: 'nobody',
            address: request.ip,
            action: 'session.refused',
            subject: body.email,
            detail,
          });
          throw new VigiaError('signin-failed');
        }
        perAccount.giveBack(body.email);
        note.who = found.account.name;
        note.subject = found.account.email;
        await beginSession(store, request, reply, found.account.id, now());
        return sessionOf(found.account);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/session',
      policy: 'person',
      rate: 'write',
      audit: 'session.end',
      summary: 'Signs out',
      handler: async ({ principal, note, request, reply }) => {
        note.subject = principal.account.email;
        await endSession(store, request, reply);
      },
    }),
  );
}
