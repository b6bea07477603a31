import { z } from 'zod';
import { type AccountInput, accountInputSchema, accountSchema } from '../../model/account.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import { hashPassword } from './passwords.ts';

const byId = z.strictObject({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });

/** Everybody's accounts. */
export function registerManagement(door: Door): void {
  const { store, now } = door;

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/accounts',
      policy: 'administrator',
      rate: 'read',
      summary: 'All accounts',
      schema: { response: z.object({ accounts: z.array(accountSchema) }) },
      handler: async () => ({ accounts: await store.accounts.list() }),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/accounts',
      policy: 'administrator',
      rate: 'write',
      audit: 'account.create',
      summary: 'Makes an account',
      schema: { body: accountInputSchema, response: accountSchema },
      handler: async ({ body, note }) => {
        if (body.password === undefined)
          throw new VigiaError('input-invalid', { problems: 'password: a new account needs one', field: 'password' });
        const account = await store.accounts.insert(body, await hashPassword(body.password), now());
        note.subject = account.email;
        note.detail = rightsOf(body);
        return account;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'PUT',
      path: '/api/accounts/:id',
      policy: 'administrator',
      rate: 'write',
      audit: 'account.update',
      summary: 'Changes an account; its sessions end when its rights or its password do',
      schema: { params: byId, body: accountInputSchema, response: accountSchema },
      handler: async ({ params, body, note }) => {
        const passwordHash = body.password === undefined ? null : await hashPassword(body.password);
        const account = await store.accounts.update(params.id, body, passwordHash);
        note.subject = account.email;
        note.detail = rightsOf(body) + (passwordHash === null ? '' : ', new password');
        return account;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/accounts/:id',
      policy: 'administrator',
      rate: 'write',
      audit: 'account.remove',
      summary: 'Removes an account and ends its sessions',
      schema: { params: byId },
      handler: async ({ params, note }) => {
        const account = await store.accounts.get(params.id);
        if (account === null || !(await store.accounts.remove(params.id))) {
          throw new VigiaError('not-found', { thing: 'account', id: params.id });
        }
        note.subject = account.email;
      },
    }),
  );
}

function rightsOf({ role, scope, disabled }: AccountInput): string {
  const seen = [...(scope.hosts ? ['hosts'] : []), ...(scope.containers ? ['containers'] : [])].join(' and ') || 'nothing';
  return `${role}, sees ${seen}${disabled ? ', disabled' : ''}`;
}
