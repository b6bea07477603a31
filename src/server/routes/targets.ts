import { z } from 'zod';
import { targetTestSchema } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import { isDiscovered, type Target, targetInputSchema, targetSchema } from '../../model/target.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { addTarget, mustBeOfProfile } from '../inventory/add.ts';
import { testTarget } from '../target-test.ts';
import { inScope, kindOf } from '../views/overview.ts';

const params = z.strictObject({ id: z.string().min(1).max(200) });

/** The inventory. */
export function registerTargetRoutes(door: Door, house: House): void {
  const { store } = house;
  const changed = async (): Promise<void> => {
    await house.inventoryChanged();
    house.events.emit({ kind: 'targets', tsMs: house.now() });
  };
  const known = async (id: string): Promise<Target> => {
    const target = await store.targets.get(id);
    if (target === null) throw new VigiaError('not-found', { thing: 'target', id });
    return target;
  };

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/targets',
      policy: 'signed-in',
      rate: 'read',
      summary: 'The inventory',
      schema: { response: z.object({ targets: z.array(targetSchema) }) },
      handler: async ({ principal }) => ({
        targets: (await store.targets.list()).filter((target) => inScope(principal.scope, kindOf(house, target.profile))),
      }),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/targets',
      policy: 'operator',
      rate: 'write',
      audit: 'target.create',
      summary: 'Adds a target; Prometheus scrapes it within seconds',
      schema: { body: targetInputSchema, response: targetSchema },
      handler: async ({ body, note }) => {
        mustBeOfProfile(body, house.profiles);
        const target = await addTarget(store, body, house.now());
        await changed();
        note.subject = target.id;
        note.detail = `${target.scheme}://${target.address}${target.metricsPath}`;
        return target;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'PUT',
      path: '/api/targets/:id',
      policy: 'operator',
      rate: 'write',
      audit: 'target.update',
      summary: 'Changes a target; its model and history stay, because its id does',
      schema: { params, body: targetInputSchema, response: targetSchema },
      handler: async ({ params: { id }, body, note }) => {
        const before = await known(id);
        mustBeOfProfile(body, house.profiles);
        if (before.managedBy === 'docker') throw new VigiaError('conflict', { reason: 'An engine is changed on the page "Containers"' });
        // Vigía's own host is where its exporter child is: only its name, labels and switch are a person's.
        const fixed =
          before.managedBy === 'vigia'
            ? { profile: before.profile, address: before.address, scheme: before.scheme, metricsPath: before.metricsPath }
            : {};
        // What a source says of a target is changed there; whether it is scraped is a person's.
        const target: Target = isDiscovered(before) ? { ...before, enabled: body.enabled } : { ...before, ...body, ...fixed };
        await store.targets.update(target);
        await changed();
        note.subject = id;
        note.detail = `${target.scheme}://${target.address}${target.metricsPath}`;
        return target;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/targets/:id',
      policy: 'operator',
      rate: 'write',
      audit: 'target.remove',
      summary: 'Removes a target; what is stored of it stays until its age ends',
      schema: { params },
      handler: async ({ params: { id }, note }) => {
        const target = await known(id);
        if (target.managedBy === 'vigia') {
          throw new VigiaError('conflict', {
            reason: 'This is the machine Vigía runs on: set parts.nodeExporter to false to stop watching it',
          });
        }
        if (target.managedBy === 'docker') throw new VigiaError('conflict', { reason: 'An engine is removed on the page "Containers"' });
        if (isDiscovered(target)) {
          const place = `discovery.${target.managedBy === 'dns' ? 'dns' : 'files'}`;
          throw new VigiaError('conflict', {
            reason: `${target.name} is named by the source "${target.source}" of ${place}: take it out there, or switch it off here`,
          });
        }
        await store.targets.remove(id);
        house.board.remove(target.profile, id);
        await changed();
        note.subject = id;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/targets/test',
      policy: 'operator',
      rate: 'write',
      audit: null,
      summary: 'Scrapes an address once and says what it answers',
      schema: { body: targetInputSchema, response: targetTestSchema },
      handler: ({ body }) => testTarget(house, body),
    }),
  );
}
