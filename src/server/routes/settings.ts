import { z } from 'zod';
import { VigiaError } from '../../model/errors.ts';
import { MASKED, type Receiver, receiverSchema, receiverSecrets } from '../../model/receiver.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { sendTest } from '../send-test.ts';

const params = z.strictObject({ name: z.string().max(64) });

/** Receivers of alerts. Those of the configuration file are shown and cannot be changed here. */
export function registerSettingRoutes(door: Door, house: House): void {
  const { store } = house;
  const fromFile = house.config.alerts.receivers;
  const all = async () => [
    ...fromFile.map((receiver) => ({ receiver, readOnly: true })),
    ...(await store.settings.receivers()).map((receiver) => ({ receiver, readOnly: false })),
  ];

  /** Saves, derives, and takes the change back when Alertmanager's own tool refuses the result. */
  const apply = async (name: string, next: Receiver | null): Promise<void> => {
    const before = (await store.settings.receivers()).find((receiver) => receiver.name === name) ?? null;
    const put = (receiver: Receiver | null) =>
      receiver === null ? store.settings.removeReceiver(name) : store.settings.saveReceiver(receiver);
    await put(next);
    try {
      await house.receiversChanged();
    } catch (thrown) {
      if (!(thrown instanceof VigiaError) || thrown.code === 'derived-refused') {
        await put(before);
        throw thrown;
      }
      // Alertmanager does not answer: its files are in place and it reads them when it starts.
      house.log.warn({ reason: thrown.message }, 'Alertmanager could not be reloaded');
    }
    house.events.emit({ kind: 'settings', tsMs: house.now() });
  };

  const mustBeOurs = (name: string): void => {
    if (fromFile.some((receiver) => receiver.name === name)) {
      throw new VigiaError('conflict', { reason: `The receiver "${name}" comes from the configuration file: change it there.` });
    }
  };

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/settings/receivers',
      policy: 'operator',
      rate: 'read',
      summary: 'Receivers of alerts, secrets masked',
      schema: { response: z.object({ receivers: z.array(z.looseObject({ name: z.string(), kind: z.string(), readOnly: z.boolean() })) }) },
      handler: async () => ({ receivers: (await all()).map(({ receiver, readOnly }) => ({ ...masked(receiver), readOnly })) }),
    }),
  );

  door.register(
    defineRoute({
      method: 'PUT',
      path: '/api/settings/receivers/:name',
      policy: 'administrator',
      rate: 'write',
      audit: 'receiver.save',
      summary: 'Makes or changes a receiver; a secret sent as *** stays as it is',
      schema: { params, body: receiverSchema },
      handler: async ({ params: { name }, body, note }) => {
        if (body.name !== name) throw new VigiaError('input-invalid', { problems: 'name: must be the one in the address' });
        mustBeOurs(name);
        const before = (await store.settings.receivers()).find((receiver) => receiver.name === name);
        await apply(name, unmasked(body, before));
        note.subject = name;
        note.detail = body.kind;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'DELETE',
      path: '/api/settings/receivers/:name',
      policy: 'administrator',
      rate: 'write',
      audit: 'receiver.remove',
      summary: 'Removes a receiver',
      schema: { params },
      handler: async ({ params: { name }, note }) => {
        mustBeOurs(name);
        if (!(await store.settings.receivers()).some((receiver) => receiver.name === name))
          throw new VigiaError('not-found', { thing: 'receiver', id: name });
        await apply(name, null);
        note.subject = name;
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/api/settings/receivers/:name/test',
      policy: 'administrator',
      rate: 'write',
      audit: 'receiver.test',
      summary: 'Sends a test message through Alertmanager and says whether it left',
      schema: { params, response: z.object({ ok: z.boolean(), message: z.string() }) },
      handler: async ({ params: { name }, note }) => {
        const found = (await all()).find(({ receiver }) => receiver.name === name);
        if (found === undefined) throw new VigiaError('not-found', { thing: 'receiver', id: name });
        note.subject = name;
        return sendTest(house, found.receiver);
      },
    }),
  );
}

function masked(receiver: Receiver): Receiver {
  return Object.fromEntries(
    Object.entries(receiver).map(([key, value]) => [key, receiverSecrets.has(key) && value !== '' ? MASKED : value]),
  ) as Receiver;
}

function unmasked(receiver: Receiver, before: Receiver | undefined): Receiver {
  const entries = Object.entries(receiver).map(([key, value]) => {
    if (value !== MASKED || !receiverSecrets.has(key)) return [key, value];
    const kept = before?.kind === receiver.kind ? (before as unknown as Record<string, unknown>)[key] : undefined;
    if (kept === undefined) throw new VigiaError('input-invalid', { problems: `${key}: there is no stored one to keep` });
    return [key, kept];
  });
  return Object.fromEntries(entries) as Receiver;
}
