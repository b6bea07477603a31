import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AlertInput, type AlertmanagerClient, createAlertmanagerClient } from '../../src/clients/alertmanager.ts';
import { createGuardedFetch, type GuardedFetch } from '../../src/clients/guarded.ts';
import { alertmanagerFiles } from '../../src/server/derive/alertmanager-files.ts';
import { installFiles } from '../../src/server/derive/install.ts';
import { TEST_LABEL } from '../../src/server/derive/routing.ts';
import { run } from '../../src/tools/run.ts';
import { startDiscord } from '../stand-ins/discord.ts';
import { freePort, scratch, startAlertmanager } from '../stand-ins/real.ts';
import { startSmtp } from '../stand-ins/smtp.ts';
import { startTelegram } from '../stand-ins/telegram.ts';
import { startWebhook } from '../stand-ins/webhook.ts';
import { alertmanager, receiver } from './house.ts';

/** The real Alertmanager with derived files, its senders pointed at stand-ins. */
const patience = 30_000;
const login = { username: 'vigia', password: 'p"{{w\\' };
const open: { stop(): Promise<void> }[] = [];
let house: Awaited<ReturnType<typeof start>>;

async function start() {
  const [telegram, discord, smtp, webhook, own] = await Promise.all([
    startTelegram(),
    startDiscord(),
    startSmtp(login),
    startWebhook(),
    startWebhook(),
  ]);
  const { dir, stop } = scratch();
  const files = alertmanagerFiles(
    alertmanager({
      receivers: [
        receiver('telegram', { apiUrl: telegram.url }),
        receiver('discord', { webhookUrl: discord.webhookUrl }),
        receiver('email', { smarthost: smtp.smarthost, requireTls: false, ...login }),
        receiver('webhook', { url: webhook.url, bearerToken: 'bearer "token"' }),
      ],
      groupWaitMs: 0,
      groupIntervalMs: 1000,
      internal: { port: own.port, token: 'internal token' },
    }),
  );
  const check = (trial: string) => [{ file: 'amtool', args: ['check-config', join(trial, 'alertmanager.yml')] }];
  await installFiles({ dir, files, part: 'Alertmanager', check, run });
  const port = await freePort();
  const server = await startAlertmanager(dir, port, [`--web.config.file=${join(dir, 'web.yml')}`]);
  const fetch: GuardedFetch = createGuardedFetch({ forbiddenPorts: () => new Set([port]) });
  const credential = { username: 'vigia', password: 'pass word' };
  const client: AlertmanagerClient = createAlertmanagerClient({
    name: 'Alertmanager',
    baseUrl: server.url,
    fetch,
    ownChild: true,
    ...credential,
  });
  open.push({ stop }, telegram, discord, smtp, webhook, own, server, { stop: () => fetch.close() });
  return { telegram, discord, smtp, webhook, own, client };
}

beforeAll(async () => {
  house = await start();
}, 60_000);
afterAll(async () => {
  for (const each of open.toReversed()) await each.stop();
}, 30_000);

function alert(entity: string, labels: Readonly<Record<string, string>>, more: Partial<AlertInput> = {}): AlertInput {
  const identity = { entity, profile: 'linux-host', job: 'linux-host', instance: `${entity}:9100` };
  return {
    labels: { ...identity, ...labels },
    annotations: {
      title: `host ${entity} behaves abnormally`,
      details: 'CPU busy 97 % (expected 2 % to 15 %)\nMemory used 91 % (expected 20 % to 24 %)',
      url: `https://vigia.example/go/incident?profile=linux-host&entity=${encodeURIComponent(entity)}`,
    },
    startsMs: Date.now() - 60_000,
    endsMs: Date.now() + 600_000,
    ...more,
  };
}

test(
  'a critical alert and its end reach Telegram, Discord, e-mail, the webhook and Vigía',
  async () => {
    const { telegram, discord, smtp, webhook, own, client } = house;
    const labels = { alertname: 'Both', severity: 'critical', category: 'cpu' };
    // One slow channel delays itself only.
    telegram.statuses.push(429);
    await client.postAlerts([alert('web<b>1', labels)]);
    const message = await telegram.waitFor(({ text }) => text.includes('web‹b›1'), patience);
    expect(message).toMatchObject({ token: '123:abc', chatId: '-1001234567890', parseMode: 'HTML' });
    expect(message.text).toMatch(
      /^<b>FIRING<\/b> host web‹b›1 behaves abnormally\nCPU busy 97 % \(expected 2 % to 15 %\)\nMemory used .*\nsince 20\d\d-.* UTC\n<a href="https:[^"]+entity=web%3[cC]b%3[eE]1">Open the incident<\/a>\s*$/,
    );
    const embed = await discord.waitFor(({ description }) => description.includes('web‹b›1'), patience);
    expect(embed.title).toBe('FIRING host web<b>1 behaves abnormally');
    const mail = await smtp.waitFor(({ subject }) => subject === 'FIRING host web<b>1 behaves abnormally', patience);
    expect(mail).toMatchObject({ from: 'vigia@example.org', to: ['ops@example.org'], username: 'vigia' });
    expect(mail.text).toContain('host web&lt;b&gt;1 behaves abnormally');
    expect(mail.text).toContain('CPU busy 97 % (expected 2 % to 15 %)');
    const call = await webhook.waitFor(({ body }) => body.alerts[0]?.labels['entity'] === 'web<b>1', patience);
    expect(call.headers.authorization).toBe('Bearer bearer "token"');
    const inside = await own.waitFor(({ body }) => body.alerts[0]?.labels['entity'] === 'web<b>1', patience);
    expect([inside.path, inside.headers.authorization, inside.body.alerts.length]).toEqual([
      '/internal/webhook',
      'Bearer internal token',
      1,
    ]);

    await client.postAlerts([alert('web<b>1', labels, { endsMs: Date.now() - 1000 })]);
    const resolved = await telegram.waitFor(({ text }) => text.startsWith('<b>RESOLVED</b>'), patience);
    expect(resolved.text).toMatch(/^<b>RESOLVED<\/b> host web‹b›1 behaves abnormally\nlasted \d+m?\d*s\s*$/);
    await discord.waitFor(({ title }) => title === 'RESOLVED host web<b>1 behaves abnormally', patience);
    await smtp.waitFor(({ subject }) => subject === 'RESOLVED host web<b>1 behaves abnormally', patience);
    await webhook.waitFor(({ body }) => body.status === 'resolved', patience);
    await own.waitFor(({ body }) => body.status === 'resolved', patience);
  },
  3 * patience,
);

test(
  '500 alerts at once are one message that fits, and reach Vigía one by one',
  async () => {
    const { telegram, own, client } = house;
    const labels = { alertname: 'Storm', severity: 'critical', category: 'other' };
    await client.postAlerts(Array.from({ length: 500 }, (_, index) => alert(`n${index}`, labels)));
    const storm = await telegram.waitFor(({ text }) => /and \d+ more firing/.test(text), patience);
    expect([...storm.text].length).toBeLessThan(4096);
    await expect
      .poll(
        () =>
          new Set(
            own.received
              .filter((call) => call.body.alerts[0]?.labels['alertname'] === 'Storm')
              .map((call) => call.body.alerts[0]?.labels['entity']),
          ).size,
        { timeout: patience },
      )
      .toBe(500);
  },
  3 * patience,
);

test(
  'a host that is down has no other news',
  async () => {
    const { own, client } = house;
    await client.postAlerts([alert('gone', { alertname: 'HostDown', severity: 'critical', category: 'availability' })]);
    await own.waitFor(({ body }) => body.alerts[0]?.labels['entity'] === 'gone', patience);
    await client.postAlerts([
      alert('gone', { alertname: 'VigiaAnomaly', severity: 'warning', category: 'anomaly' }),
      alert('other', { alertname: 'VigiaAnomaly', severity: 'warning', category: 'anomaly' }),
    ]);
    await own.waitFor(({ body }) => body.alerts[0]?.labels['entity'] === 'other', patience);
    const found = await client.alerts();
    expect(found.find((each) => each.labels['entity'] === 'gone' && each.labels['alertname'] === 'VigiaAnomaly')).toMatchObject({
      state: 'suppressed',
    });
  },
  3 * patience,
);

test(
  'a test message reaches one receiver only',
  async () => {
    const { telegram, discord, own, client } = house;
    const labels = { alertname: 'Test', severity: 'critical', category: 'other', [TEST_LABEL]: 'discord/ops' };
    await client.postAlerts([alert('only-discord', labels)]);
    await discord.waitFor(({ title }) => title.includes('only-discord'), patience);
    await client.postAlerts([alert('after', { alertname: 'After', severity: 'critical', category: 'other' })]);
    await telegram.waitFor(({ text }) => text.includes('after'), patience);
    expect(JSON.stringify([telegram.received, own.received])).not.toContain('only-discord');
  },
  3 * patience,
);
