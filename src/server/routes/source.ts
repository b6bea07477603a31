import { z } from 'zod';
import { sourceStateSchema } from '../../model/source.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';

/** The adopted source. It is set up in the configuration file alone. */
export function registerSourceRoutes(door: Door, house: House): void {
  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/source',
      policy: 'signed-in',
      rate: 'read',
      summary: 'What reading the adopted source costs it, and how it keeps within the query budget',
      schema: { response: z.object({ source: sourceStateSchema.nullable() }) },
      handler: () => ({ source: house.plan?.state() ?? null }),
    }),
  );
}
