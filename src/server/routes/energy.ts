import { z } from 'zod';
import { panelDataSchema } from '../../model/api.ts';
import { energySchema } from '../../model/energy.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { energyPower, energyView } from '../views/energy.ts';
import { checkRange, rangeQuery } from './hosts.ts';

/** P13: all devices that measure what they consume. */
export function registerEnergyRoutes(door: Door, house: House): void {
  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/energy',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Every energy device: watts and amperes of now, kWh since midnight (P13)',
      schema: { response: energySchema },
      handler: ({ principal }) => energyView(house, principal.scope),
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/energy/power',
      policy: 'signed-in',
      rate: 'read',
      summary: 'The watts of every energy device as one chart',
      schema: { query: z.strictObject(rangeQuery), response: panelDataSchema },
      handler: ({ query, principal }) => energyPower(house, principal.scope, checkRange(query)),
    }),
  );
}
