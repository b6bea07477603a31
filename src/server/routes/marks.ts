import { z } from 'zod';
import { markInputSchema, markListSchema, markSchema } from '../../model/mark.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import { inScope, kindOf } from '../views/overview.ts';
import { profileOf } from '../views/ai.ts';
import type { House } from '../house.ts';

/** Times of an entity that must not be learned: marked faults, and its part in maintenance windows. */
export function registerMarkRoutes(door: Door, house: House): void {
  const { store, maintenance } = house;

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/marks',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Marked faults, maintenance windows and accepted levels, newest first',
      schema: {
        query: z.strictObject({ profile: z.string().max(64), entity: z.string().min(1).max(200).optional() }),
        response: markListSchema,
      },
      handler: async ({ query: { profile, entity }, principal }) => {
        profileOf(house, principal.scope, profile);
        return { marks: await store.marks.list({ profile, ...(entity === undefined ? {} : { entity }) }) };
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/marks',
      policy: 'operator',
      rate: 'write',
      audit: 'mark.add',
      summary: 'Marks a fault or a maintenance window of an entity: that time is not learned',
      schema: { body: markInputSchema, response: markSchema },
      handler: async ({ body, principal, note }) => {
        profileOf(house, principal.scope, body.profile);
        const mark = await store.marks.add({ ...body, by: principal.name, incidentId: null });
        await maintenance.changed([mark]);
        note.subject = `${body.profile}/${body.entity}`;
        note.detail = `${body.kind} ${mark.id}`;
        return mark;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/marks/:id',
      policy: 'operator',
      rate: 'write',
      audit: 'mark.remove',
      summary: 'Removes a mark: that time may be learned again',
      schema: { params: z.strictObject({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) }) },
      handler: async ({ params: { id }, principal, note }) => {
        const mark = await store.marks.get(id);
        if (mark === null || !inScope(principal.scope, kindOf(house, mark.profile)))
          throw new VigiaError('not-found', { thing: 'mark', id });
        await store.marks.remove(id);
        await maintenance.changed([mark]);
        note.subject = `${mark.profile}/${mark.entity}`;
        note.detail = `${mark.kind} ${id}`;
      },
    }),
  );
}
