import { afterEach, expect, test } from 'vitest';
import { type AlertmanagerClient, createAlertmanagerClient } from '../../src/clients/alertmanager.ts';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, freePort, scratch, startAlertmanager, write } from '../stand-ins/real.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

function client(baseUrl: string): AlertmanagerClient {
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });
  open.push({ stop: () => fetch.close() });
  return createAlertmanagerClient({ name: 'Alertmanager', baseUrl, fetch });
}

test.each([
  ['{}', 'the answer:'],
  ['[{"fingerprint":"../../etc"}]', '0.fingerprint:'],
  ['[', 'no JSON, it begins with "["'],
])('garbage %s is told as such', async (body, reason) => {
  const server = await startHttp((_request, response) => response.end(body));
  open.push(server);
  await expect(client(server.url).alerts()).rejects.toMatchObject({ code: 'far-garbage', message: expect.stringContaining(reason) });
});

test('ids of silences that Alertmanager never gave out are not sent', async () => {
  let asked = 0;
  const server = await startHttp((_request, response) => {
    asked++;
    response.end();
  });
  open.push(server);
  for (const id of ['', '../alerts', `${'a'.repeat(35)}/`, 'x?y']) {
    await expect(client(server.url).deleteSilence(id)).rejects.toMatchObject({ code: 'not-found' });
  }
  expect(asked).toBe(0);
});

test('the real Alertmanager: alerts, silences, reload', async () => {
  const { dir, stop } = scratch();
  open.push({ stop });
  write(dir, { 'alertmanager.yml': 'route: {receiver: none}\nreceivers: [{name: none}]\n' });
  const server = await startAlertmanager(dir, await freePort());
  open.push(server);
  const far = client(server.url);
  await far.ready();
  const startsMs = Date.now() - 60_000;
  await far.postAlerts([{ labels: { alertname: 'A', entity: 'web1' }, annotations: { summary: 's' }, startsMs }]);
  const alert = await eventually('the alert', async () => (await far.alerts()).find((each) => each.state === 'active'));
  expect(alert).toMatchObject({ startsMs, labels: { alertname: 'A', entity: 'web1' }, annotations: { summary: 's' }, silencedBy: [] });
  const silence = {
    matchers: [{ name: 'entity', value: 'web1', isRegex: false, isEqual: true }],
    startsMs: Date.now(),
    endsMs: Date.now() + 3_600_000,
    createdBy: 'ada',
    comment: 'works',
  };
  const id = await far.putSilence(silence);
  expect(await far.silences()).toMatchObject([{ id, matchers: silence.matchers, endsMs: silence.endsMs, state: 'active' }]);
  expect(await eventually('silenced', async () => (await far.alerts()).find((each) => each.state === 'suppressed'))).toMatchObject({
    silencedBy: [id],
  });
  await far.deleteSilence(id);
  expect((await far.silences())[0]?.state).toBe('expired');
  await expect(far.deleteSilence('00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({ code: 'not-found' });
  await expect(far.putSilence({ ...silence, endsMs: 1 })).rejects.toMatchObject({ code: 'far-status' });
  await far.reload();
  write(dir, { 'alertmanager.yml': 'nonsense: true\n' });
  await expect(far.reload()).rejects.toMatchObject({ code: 'far-status' });
}, 60_000);
