import { auditPageSchema } from '../../model/api.ts';
import { z } from 'zod';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import { registerManagement } from './management.ts';
import type { AccountOptions } from './options.ts';
import { registerPasswords } from './own-account.ts';
import { registerSessions } from './sessions.ts';
import { registerTokens } from './tokens.ts';

/** Set-up, sign-in, one's own account, everybody's accounts, API tokens and the audit. */
export function registerAccountRoutes(door: Door, options: AccountOptions): void {
  registerSessions(door, options);
  registerPasswords(door);
  registerManagement(door);
  registerTokens(door);
  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/audit',
      policy: 'administrator',
      rate: 'read',
      summary: 'Who changed what, newest first',
      schema: {
        query: z.strictObject({
          limit: z.coerce.number().int().min(1).max(1000).default(200),
          offset: z.coerce.number().int().min(0).default(0),
        }),
        response: auditPageSchema,
      },
      handler: ({ query }) => door.store.audit.list(query),
    }),
  );
}
