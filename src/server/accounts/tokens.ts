import { z } from 'zod';
import { apiTokenSchema } from '../../model/account.ts';
import { tokenInputSchema, tokenMadeSchema } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Door } from '../door/door.ts';
import { newToken, secretHash } from '../door/identity.ts';
import { defineRoute } from '../door/route.ts';

/** API tokens, for scripts and other programs. */
export function registerTokens(door: Door): void {
  const { store, now } = door;

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/tokens',
      policy: 'administrator',
      rate: 'read',
      summary: 'All API tokens, without their secrets',
      schema: { response: z.object({ tokens: z.array(apiTokenSchema) }) },
      handler: async () => ({ tokens: await store.accounts.tokens() }),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/tokens',
      policy: 'administrator',
      rate: 'write',
      audit: 'token.create',
      summary: 'Makes an API token; its secret is in this answer and nowhere else',
      schema: { body: tokenInputSchema, response: tokenMadeSchema },
      handler: async ({ body, note }) => {
        if (body.expiresMs !== null && body.expiresMs <= now()) {
          throw new VigiaError('input-invalid', { problems: 'expiresMs: a time to come, or null', field: 'expiresMs' });
        }
        const token = newToken();
        const info = await store.accounts.addToken({ ...body, tokenHash: secretHash(token), createdMs: now() });
        note.subject = info.name;
        note.detail = `${info.role}, ${info.expiresMs === null ? 'does not expire' : `until ${new Date(info.expiresMs).toISOString()}`}`;
        return { token, info };
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/tokens/:id',
      policy: 'administrator',
      rate: 'write',
      audit: 'token.remove',
      summary: 'Removes an API token; it ends at once',
      schema: { params: z.strictObject({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) }) },
      handler: async ({ params, note }) => {
        const token = (await store.accounts.tokens()).find((it) => it.id === params.id);
        if (token === undefined || !(await store.accounts.removeToken(params.id))) {
          throw new VigiaError('not-found', { thing: 'token', id: params.id });
        }
        note.subject = token.name;
      },
    }),
  );
}
