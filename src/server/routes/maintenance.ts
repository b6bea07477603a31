import { z } from 'zod';
import { type Maintenance, maintenanceInputSchema, maintenanceListSchema, maintenanceSchema } from '../../model/maintenance.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Principal } from '../../store/contract.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { profileOf } from '../views/ai.ts';
import { inScope, kindOf } from '../views/overview.ts';

const params = z.strictObject({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });

/** Maintenance windows of entities, groups and whole profiles. */
export function registerMaintenanceRoutes(door: Door, house: House): void {
  const { maintenance } = house;
  const visible = async (principal: Principal): Promise<Maintenance[]> =>
    (await maintenance.list()).filter(({ profile }) => inScope(principal.scope, kindOf(house, profile)));
  /** Absent and forbidden look the same. */
  const mustSee = async (id: number, principal: Principal): Promise<void> => {
    if (!(await visible(principal)).some((window) => window.id === id))
      throw new VigiaError('not-found', { thing: 'maintenance window', id });
  };

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/maintenance',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Maintenance windows: those that run and come, and the newest of those that are over',
      schema: { response: maintenanceListSchema },
      handler: async ({ principal }) => ({ windows: await visible(principal) }),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/maintenance',
      policy: 'operator',
      rate: 'write',
      audit: 'maintenance.add',
      summary: 'Plans a maintenance window: its time is not learned, and Alertmanager messages nobody about what fires in it',
      schema: { body: maintenanceInputSchema, response: maintenanceSchema },
      handler: async ({ body, principal, note }) => {
        profileOf(house, principal.scope, body.profile);
        const window = await maintenance.add(body, principal.name);
        note.subject = subjectOf(window);
        note.detail = `window ${window.id}`;
        return window;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/maintenance/:id/end',
      policy: 'operator',
      rate: 'write',
      audit: 'maintenance.end',
      summary: 'Ends a maintenance window now; one that has not begun is removed',
      schema: { params, response: maintenanceSchema },
      handler: async ({ params: { id }, principal, note }) => {
        await mustSee(id, principal);
        const window = await maintenance.end(id);
        note.subject = subjectOf(window);
        note.detail = `window ${id}`;
        return window;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/maintenance/:id',
      policy: 'operator',
      rate: 'write',
      audit: 'maintenance.remove',
      summary: 'Removes a maintenance window as if it had never been: its time may be learned again',
      schema: { params },
      handler: async ({ params: { id }, principal, note }) => {
        await mustSee(id, principal);
        const window = await maintenance.remove(id);
        note.subject = subjectOf(window);
        note.detail = `window ${id}`;
      },
    }),
  );
}

const subjectOf = ({ profile, entities }: Maintenance): string =>
  entities.length === 0 ? profile : entities.length === 1 ? `${profile}/${entities[0]?.entity}` : `${profile}, ${entities.length} entities`;
