import { z } from 'zod';
import { panelDataSchema, ruleSchema } from '../../model/api.ts';
import { containersSchema, engineInputSchema, engineTestSchema } from '../../model/docker.ts';
import { VigiaError } from '../../model/errors.ts';
import { targetSchema } from '../../model/target.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import { mustSee } from '../door/scope.ts';
import type { House } from '../house.ts';
import { applicationPanel, applicationRules, containersView } from '../views/containers.ts';

const application = z.string().min(1).max(300);
const ms = z.coerce.number().int().min(0).max(8.64e15);
const longestMs = 400 * 86_400_000;

/** Containers by application, and the Docker engines they run on. Everything asks for "may see containers" (P04). */
export function registerContainerRoutes(door: Door, house: House): void {
  const changed = async (): Promise<void> => {
    await house.inventoryChanged();
    house.events.emit({ kind: 'targets', profile: 'container', tsMs: house.now() });
  };

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/containers',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Engines, and their containers by application',
      schema: { response: containersSchema },
      handler: ({ principal }) => {
        mustSee(principal, 'container');
        return containersView(house);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/containers/rules',
      policy: 'signed-in',
      rate: 'read',
      summary: 'The rules of one application',
      schema: { query: z.strictObject({ application }), response: z.object({ rules: z.array(ruleSchema) }) },
      handler: async ({ query, principal }) => {
        mustSee(principal, 'container');
        return { rules: await applicationRules(house, query.application) };
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/containers/panels/:panel',
      policy: 'signed-in',
      rate: 'read',
      summary: 'One chart of an application, with a line per replica',
      schema: {
        params: z.strictObject({ panel: z.string().max(64) }),
        query: z.strictObject({ application, fromMs: ms, toMs: ms }),
        response: panelDataSchema,
      },
      handler: ({ params, query, principal }) => {
        mustSee(principal, 'container');
        if (query.toMs <= query.fromMs || query.toMs - query.fromMs > longestMs) {
          throw new VigiaError('input-invalid', { problems: 'toMs: after fromMs, and at most 400 days' });
        }
        return applicationPanel(house, query.application, params.panel, query);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/engines',
      policy: 'administrator',
      rate: 'write',
      audit: 'engine.create',
      summary: 'Watches a Docker engine and all of its containers',
      schema: { body: engineInputSchema, response: targetSchema },
      handler: async ({ body, principal, note }) => {
        mustSee(principal, 'container');
        const target = await house.engines.add(body);
        await changed();
        note.subject = target.id;
        note.detail = target.address;
        return target;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/engines/test',
      policy: 'administrator',
      rate: 'write',
      audit: null,
      summary: 'Asks an engine once who it is',
      schema: { body: engineInputSchema, response: engineTestSchema },
      handler: ({ body, principal }) => {
        mustSee(principal, 'container');
        return house.engines.test(body);
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/engines/:id',
      policy: 'administrator',
      rate: 'write',
      audit: 'engine.remove',
      summary: 'Watches an engine no longer; what is stored of its containers stays until its age ends',
      schema: { params: z.strictObject({ id: z.string().min(1).max(200) }) },
      handler: async ({ params: { id }, principal, note }) => {
        mustSee(principal, 'container');
        await house.engines.remove(id);
        await changed();
        note.subject = id;
      },
    }),
  );
}
