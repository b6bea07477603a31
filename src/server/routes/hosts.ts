import { z } from 'zod';
import { hostSchema, panelDataSchema } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import { annotationsSchema } from '../../model/annotation.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { hostView, panelView } from '../views/host.ts';
import { marksView } from '../views/marks.ts';

const id = z.string().min(1).max(200);
const ms = z.coerce.number().int().min(0).max(8.64e15);
const longestMs = 400 * 86_400_000;
/** Of a chart. */
export const rangeQuery = { fromMs: ms, toMs: ms };

/** A range that a chart may ask for. @throws VigiaError `input-invalid`. */
export function checkRange<T extends { readonly fromMs: number; readonly toMs: number }>(range: T): T {
  if (range.toMs <= range.fromMs || range.toMs - range.fromMs > longestMs) {
    throw new VigiaError('input-invalid', { problems: 'toMs: after fromMs, and at most 400 days' });
  }
  return range;
}

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
        query: z.strictObject(rangeQuery),
        response: panelDataSchema,
      },
      handler: ({ params, query, principal }) => panelView(house, principal.scope, params.id, params.panel, checkRange(query)),
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/hosts/:id/marks',
      policy: 'signed-in',
      rate: 'read',
      summary: 'What is drawn into the charts of a target: anomalies, incidents, silences, starts, deployments',
      schema: { params: z.strictObject({ id }), query: z.strictObject(rangeQuery), response: annotationsSchema },
      handler: async ({ params, query, principal }) => ({ marks: await marksView(house, principal.scope, params.id, checkRange(query)) }),
    }),
  );
}
