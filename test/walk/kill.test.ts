import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AiState, IncidentPage, Overview } from '../../src/model/api.ts';
import type { Incident, Silence } from '../../src/model/incident.ts';
import type { Target } from '../../src/model/target.ts';
import { runningOn } from '../../src/server/data-folder.ts';
import { burningHost, calmHost, startExporter } from '../stand-ins/exporter.ts';
import { eventually } from '../stand-ins/real.ts';
import { startTelegram } from '../stand-ins/telegram.ts';
import { startWebhook } from '../stand-ins/webhook.ts';
import { askChild, type Books, expectExactlyOnce, processesOf, readBooks } from './kill-ledger.ts';
import { type Place, place, startVigia, type Vigia } from './vigia.ts';

/**
 * Everything that can be killed is killed, once each, while two incidents are open: one that people were told of and one
 * that was silenced. Nothing is lost, nothing is said twice.
 */
const stepMs = 1_000;
const recoveryMs = 15_000;
const own = hostname().split('.')[0] as string;
const parts = ['Prometheus', 'Alertmanager', 'node_exporter'] as const;

const telegram = await startTelegram();
const webhook = await startWebhook();
const loud = await startExporter();
const hushed = await startExporter();
const cleanUps: (() => unknown)[] = [telegram.stop, webhook.stop, loud.stop, hushed.stop];
let at: Place;
let vigia: Vigia;
let learned: Books;
const measured: string[] = [];

const config = {
  prometheus: { scrapeInterval: `${stepMs}ms` },
  detection: { minimumSteps: 60 },
  alerts: {
    groupWait: '1s',
    groupInterval: '2s',
    keepFiring: '5s',
    receivers: [
      { kind: 'telegram', name: 'phone', botToken: '42:secret', chatId: '-100123', apiUrl: telegram.url, categories: ['anomaly'] },
      { kind: 'webhook', name: 'script', url: webhook.url, categories: ['anomaly'] },
    ],
  },
};

const openIncident = async (entity: string): Promise<Incident> => {
  const { incidents } = await vigia.api<IncidentPage>('GET', `/api/incidents?entity=${entity}`);
  const found = incidents.find((incident) => incident.state !== 'closed');
  if (found === undefined) throw new Error(`no open incident of ${entity}`);
  return vigia.api<Incident>('GET', `/api/incidents/${found.id}`);
};
const messages = () => ({ telegram: telegram.received.length, webhook: webhook.received.length });
const activeSilences = async (): Promise<string[]> => {
  const all = await askChild<{ comment: string; status: { state: string } }[]>(vigia.dataDir, 'alertmanager', '/api/v2/silences');
  return all.filter((silence) => silence.status.state === 'active').map((silence) => silence.comment);
};
/** The whole house answers, with other processes than before where some were killed. */
const healthyAgain = async (killed: Readonly<Record<string, number>>, sinceMs: number, what: string): Promise<void> => {
  await eventually(
    `${what} healthy again`,
    async () => {
      const status = await vigia.status();
      return (
        status.state === 'ok' && Object.entries(killed).every(([part, pid]) => status.pids[part] !== null && status.pids[part] !== pid)
      );
    },
    2 * recoveryMs,
  );
  const seconds = (performance.now() - sinceMs) / 1000;
  measured.push(`${what} ${seconds.toFixed(1)} s`);
  expect(seconds).toBeLessThanOrEqual(recoveryMs / 1000);
};
const expectNoOrphans = async (): Promise<void> => {
  const { pid, pids } = await vigia.status();
  const ours = new Set([pid, vigia.pid, ...Object.values(pids)]);
  expect(processesOf(vigia.dataDir).filter((found) => !ours.has(found.pid))).toEqual([]);
};

beforeAll(async () => {
  at = await place();
  cleanUps.push(at.remove, () => vigia.stop());
  vigia = await startVigia(at, config);
  for (const [name, exporter] of [['loud', loud] as const, ['hushed', hushed] as const]) {
    const target = await vigia.api<Target>('POST', '/api/targets', { name, profile: 'linux-host', address: exporter.address });
    expect(target.id).toBe(name);
  }
  await eventually(
    'models of all three',
    async () => {
      const { profiles } = await vigia.api<AiState>('GET', '/api/ai');
      const state = profiles.find((each) => each.profile === 'linux-host');
      return state?.entities.length === 3 && state.entities.every((entity) => entity.model !== null && entity.score !== null);
    },
    150_000,
  );
  // This machine is busy with tests: what it does must not add messages to those that are counted.
  await vigia.api('PUT', '/api/ai/threshold', { profile: 'linux-host', entity: own, threshold: 1 });
  learned = readBooks(vigia.dataDir);
}, 240_000);

afterAll(async () => {
  console.log(measured.join(', '));
  for (const each of cleanUps.toReversed()) await each();
}, 60_000);

describe('killing everything once', () => {
  let loudId: number;
  let sent: ReturnType<typeof messages>;

  it('has two open incidents, one of them silenced', { timeout: 90_000 }, async () => {
    hushed.set(burningHost);
    loud.set(burningHost);
    for (const name of ['hushed', 'loud']) await telegram.waitFor((message) => message.text.includes(name), 60_000);
    await webhook.waitFor((call) => call.body.alerts.length === 2, 60_000);
    loudId = (await eventually('loud', () => openIncident('loud'))).id;
    const { id } = await eventually('hushed', () => openIncident('hushed'));
    await vigia.api<Silence>('POST', `/api/incidents/${id}/silence`, { minutes: 60, comment: 'known' });
    expect(await activeSilences()).toEqual(['known']);
    // A snapshot of Alertmanager every 2 s, and whatever is under way has left.
    await sleep(6_000);
    sent = messages();
    expect(sent.telegram).toBeGreaterThan(0);
  });

  const expectNothingLost = async (): Promise<void> => {
    expect(await activeSilences()).toEqual(['known']);
    // A far side that was down makes an incident unknown, and known again; it neither closes it nor opens another.
    expect((await openIncident('loud')).id).toBe(loudId);
    await eventually(
      'both incidents are open',
      async () => (await openIncident('loud')).state === 'open' && (await openIncident('hushed')).state === 'open',
    );
    await expectNoOrphans();
    expect(messages()).toEqual(sent);
  };

  it.each(parts)('%s is back after kill -9', { timeout: 60_000 }, async (part) => {
    const pid = (await vigia.status()).pids[part] as number;
    const sinceMs = performance.now();
    process.kill(pid, 'SIGKILL');
    await healthyAgain({ [part]: pid }, sinceMs, part);
    await expectNothingLost();
  });

  it('Prometheus is replaced when it hangs, and an end that nobody can vouch for is unknown', { timeout: 60_000 }, async () => {
    const incident = await openIncident('loud');
    const [alert] = incident.alerts.filter((each) => each.state === 'firing');
    if (alert === undefined) throw new Error('loud has no firing alert');
    const pid = (await vigia.status()).pids['Prometheus'] as number;
    const sinceMs = performance.now();
    process.kill(pid, 'SIGSTOP');
    const running = runningOn(vigia.dataDir);
    const answer = await request(`${running?.internalUrl}/internal/webhook`, {
      method: 'POST',
      headers: { authorization: `Bearer ${running?.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        version: '4',
        status: 'resolved',
        alerts: [
          {
            status: 'resolved',
            labels: alert.labels,
            annotations: alert.annotations,
            startsAt: new Date(alert.startsMs).toISOString(),
            endsAt: new Date().toISOString(),
            fingerprint: alert.fingerprint,
          },
        ],
      }),
    });
    expect(answer.statusCode).toBe(200);
    await answer.body.dump();
    const doubtful = await openIncident('loud');
    expect(doubtful).toMatchObject({ id: loudId, state: 'unknown' });
    expect(doubtful.timeline.at(-1)).toMatchObject({ kind: 'unknown' });
    await healthyAgain({ Prometheus: pid }, sinceMs, 'Prometheus (hung)');
    await expectNothingLost();
  });

  it('Vigía itself is back after kill -9, with everything that it runs', { timeout: 90_000 }, async () => {
    const before = await vigia.status();
    process.kill(before.pid, 'SIGKILL');
    await vigia.exited;
    await eventually('no process is left', () => processesOf(at.dataDir).length === 0, 2_000);
    await sleep(3_000);
    const sinceMs = performance.now();
    vigia = await startVigia(at, config);
    await healthyAgain({}, sinceMs, 'Vigía');
    await expectNothingLost();
  });

  it('has scored every step that Prometheus holds, once', { timeout: 60_000 }, async () => {
    await eventually('the reader has caught up', () => readBooks(vigia.dataDir).cursorMs > Date.now() - 8 * stepMs);
    await expectExactlyOnce(vigia.dataDir, learned, stepMs);
  });

  it('closes the incident of an alert that ends inside a silence, without a word', { timeout: 120_000 }, async () => {
    const { id } = await openIncident('hushed');
    hushed.set(calmHost);
    const closed = await eventually(
      'hushed is closed',
      async () => {
        const incident = await vigia.api<Incident>('GET', `/api/incidents/${id}`);
        return incident.state === 'closed' && incident;
      },
      90_000,
    );
    expect(closed.timeline.at(-1)).toMatchObject({ kind: 'closed' });
    // By now everything was killed a minute ago: rules fire again, and Alertmanager has had its time to repeat itself.
    expect(messages()).toEqual(sent);
    expect((await vigia.api<Overview>('GET', '/api/overview')).targets.find((target) => target.id === 'loud')).toMatchObject({
      state: 'bad',
      firing: 1,
    });
  });

  it('says once that the other one is over', { timeout: 90_000 }, async () => {
    loud.set(calmHost);
    await telegram.waitFor((message) => message.text.includes('RESOLVED') && message.text.includes('loud'), 60_000);
    await eventually(
      'loud is closed',
      async () => (await vigia.api<Incident>('GET', `/api/incidents/${loudId}`)).state === 'closed',
      60_000,
    );
    await sleep(3_000);
    expect(telegram.received.length).toBe(sent.telegram + 1);
  });

  it('sets a damaged Alertmanager snapshot aside and gives the silences back', { timeout: 60_000 }, async () => {
    const pid = (await vigia.status()).pids['Alertmanager'] as number;
    const state = join(vigia.dataDir, 'alertmanager', 'data');
    process.kill(pid, 'SIGSTOP');
    // An entry of nothing is one of the damages that Alertmanager has other words for.
    writeFileSync(join(state, 'nflog'), Buffer.of(0));
    writeFileSync(join(state, 'silences'), randomBytes(600));
    const sinceMs = performance.now();
    process.kill(pid, 'SIGKILL');
    await healthyAgain({ Alertmanager: pid }, sinceMs, 'Alertmanager (damaged state)');
    expect(await activeSilences()).toEqual(['known']);
    const aside = readdirSync(state).filter((name) => name.startsWith('damaged-'));
    expect(aside).toHaveLength(1);
    expect(readdirSync(join(state, aside[0] as string)).sort()).toEqual(['nflog', 'silences']);
  });
});
