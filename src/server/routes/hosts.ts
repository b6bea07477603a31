import { z } from 'zod';
import { hostSchema, panelDataSchema } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { hostView, panelView } from '../views/host.ts';

const id = z.string().min(1).max(200);
const ms = z.coerce.number().int().min(0).max(8.64e15);
const longestMs = 400 * 86_400_000;

/** One watched thing: figures, charts, alerts, rules. */
export function registerHostRoutes(door: Door, house: House): void {
  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/hosts/:id',
      policy: 'signed-in',
      rate: 'read',
      summary: 'One target: summary, features, alerts, rules, incidents, model',
      schema: { params: z.strictObject({ id }), response: hostSchema },
      handler: ({ params, principal }) => hostView(house, principal.scope, params.id),
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/hosts/:id/panels/:panel',
      policy: 'signed-in',
      rate: 'read',
      summary: 'One chart of a target',
      schema: {
        params: z.strictObject({ id, panel: z.string().max(64) }),
        query: z.strictObject({ fromMs: ms, toMs: ms }),
        response: panelDataSchema,
      },
      handler: ({ params, query, principal }) => {
        if (query.toMs <= query.fromMs || query.toMs - query.fromMs > longestMs) {
          throw new VigiaError('input-invalid', { problems: 'toMs: after fromMs, and at most 400 days' });
        }
        return panelView(house, principal.scope, params.id, params.panel, query);
      },
    }),
  );
}
