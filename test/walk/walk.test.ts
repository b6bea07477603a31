import { freemem, hostname, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Host, IncidentPage, Overview } from '../../src/model/api.ts';
import type { Incident } from '../../src/model/incident.ts';
import { run, start } from '../../src/tools/run.ts';
import { startDiscord } from '../stand-ins/discord.ts';
import { eventually } from '../stand-ins/real.ts';
import { startSmtp } from '../stand-ins/smtp.ts';
import { startTelegram } from '../stand-ins/telegram.ts';
import { launch, watch } from '../web/browser.ts';
import { place, startVigia, type Vigia } from './vigia.ts';

/**
 * The walk of a sample, all of it real: this machine, node_exporter, Prometheus, the reader, the detector, rules,
 * Alertmanager and its senders, incidents, the page in Chromium. Only the three services outside are stand-ins.
 */
const loadMs = 75_000;
const entity = hostname().split('.')[0] as string;

let vigia: Vigia;
let browser: Browser;
let page: Page;
let wrongs: readonly string[] = [];
const cleanUps: (() => unknown)[] = [];
const telegram = await startTelegram();
const discord = await startDiscord();
const smtp = await startSmtp();

beforeAll(async () => {
  const at = await place();
  cleanUps.push(at.remove, telegram.stop, discord.stop, smtp.stop);
  vigia = await startVigia(at, {
    server: { publicUrl: `http://${at.listen}` },
    prometheus: { scrapeInterval: '2s' },
    detection: { minimumSteps: 60 },
    alerts: {
      groupWait: '1s',
      groupInterval: '2s',
      keepFiring: '10s',
      receivers: [
        { kind: 'telegram', name: 'phone', botToken: '42:secret', chatId: '-100123', apiUrl: telegram.url },
        { kind: 'discord', name: 'team', webhookUrl: discord.webhookUrl, categories: ['anomaly'] },
        {
          kind: 'email',
          name: 'mail',
          to: 'night@example.org',
          from: 'vigia@example.org',
          smarthost: smtp.smarthost,
          requireTls: false,
          categories: ['anomaly'],
        },
      ].map((receiver) => ({ ...receiver, categories: ['anomaly'] })),
    },
  });
  cleanUps.push(vigia.stop);
  browser = await launch();
  cleanUps.push(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const [name = '', value = ''] = vigia.cookie().split('=');
  await context.addCookies([{ name, value, url: vigia.url }]);
  page = await context.newPage();
  wrongs = watch(page, vigia.url).wrongs;
}, 120_000);

afterEach(async ({ task }) => {
  // What the house said of itself, beside what failed.
  if (task.result?.state === 'fail') console.log(JSON.stringify((await vigia.status()).parts), vigia.output(), vigia.journal());
});

afterAll(async () => {
  for (const each of cleanUps.toReversed()) await each();
}, 60_000);

/** The fullest file system, as df counts; null where it knows none of these. */
async function fullest(): Promise<number | null> {
  const types = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'vfat', 'zfs', 'f2fs', 'jfs', 'ntfs'].flatMap((type) => ['-t', type]);
  const { stdout } = await run({ file: 'df', args: [...types, '--output=pcent,used,avail'] }, { timeoutMs: 10_000, maxBytes: 100_000 });
  const shares = stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/).map(Number.parseFloat))
    .map(([, used = 0, available = 0]) => used / (used + available));
  return shares.length === 0 ? null : Math.max(...shares);
}

const overview = () => vigia.api<Overview>('GET', '/api/overview');
const messages = () => telegram.received.length + discord.received.length + smtp.received.length;

describe('the walk of a sample', () => {
  it('learns honestly: no score before it has learned, and it says until when', { timeout: 300_000 }, async () => {
    const early = await eventually('first samples', async () =>
      (await overview()).targets.find((target) => target.learningUntilMs !== null),
    );
    expect(early).toMatchObject({ id: entity, score: null });
    expect(early.learningUntilMs).toBeGreaterThan(Date.now());
    expect(await vigia.query('vigia_anomaly_score')).toEqual([]);
    await eventually('a score', async () => (await overview()).targets[0]?.score !== null, 240_000);
  });

  it('is quiet while nothing happens', { timeout: 2 * loadMs }, async () => {
    await sleep(loadMs);
    expect((await vigia.api<IncidentPage>('GET', '/api/incidents')).total).toBe(0);
    expect(messages()).toBe(0);
  });

  it('finds real load, says why on three channels, and shows it on the page until it is over', { timeout: 400_000 }, async () => {
    const load = start({ file: 'stress-ng', args: ['--cpu', '0', '--timeout', `${loadMs / 1000}s`] });
    const loadedMs = Date.now();
    const names = /CPU busy \d+ % \(expected \d+ % to \d+ %\)/;
    await telegram.waitFor((message) => names.test(message.text), 120_000);
    const messageMs = Date.now() - loadedMs;
    await discord.waitFor((message) => names.test(JSON.stringify(message)), 30_000);
    await smtp.waitFor((message) => names.test(message.text.replace(/=\r?\n/g, '')), 30_000);
    console.log(`load to first message: ${(messageMs / 1000).toFixed(1)} s`);

    const { incidents } = await vigia.api<IncidentPage>('GET', '/api/incidents?state=open');
    expect(incidents).toHaveLength(1);
    const incident = await vigia.api<Incident>('GET', `/api/incidents/${incidents[0]?.id}`);
    expect(incident.top.map((share) => share.feature).slice(0, 3)).toEqual(expect.arrayContaining(['cpu']));
    expect(incident.shares.reduce((sum, share) => sum + share.share, 0)).toBeCloseTo(1, 6);

    // The link of the message leads to the incident.
    await page.goto(`${vigia.url}/go/incident?profile=linux-host&entity=${entity}`);
    await page.waitForURL(`**/incidents/${incident.id}`);
    await page.getByText('CPU busy').first().waitFor();
    await page.goto(`${vigia.url}/`);
    await page.getByText('behaves abnormally').first().waitFor();
    await page.goto(`${vigia.url}/incidents/${incident.id}`);
    await page.locator('.incident-head[data-state=bad]').waitFor();

    expect((await load.exited).exitCode).toBe(0);
    // Without a reload: the event stream brings the end.
    await page.locator('.incident-head[data-state=ok]').waitFor({ timeout: 180_000 });
    await telegram.waitFor((message) => message.text.includes('RESOLVED'), 60_000);
    const closed = await vigia.api<Incident>('GET', `/api/incidents/${incident.id}`);
    expect(closed.state).toBe('closed');
    expect(closed.closedMs).toBeGreaterThan(loadedMs);
    expect(telegram.received.filter((message) => message.text.includes('FIRING'))).toHaveLength(1);
  });

  it('P06 says of memory and disk what free and df say', { timeout: 60_000 }, async () => {
    const isNear = (shown: number | null, said: number | null) => shown === said || Math.abs((shown ?? 9) - (said ?? -9)) < 0.01;
    // Both move: they have to meet once.
    await eventually('the same figures', async () => {
      const { summary } = await vigia.api<Host>('GET', `/api/hosts/${entity}`);
      return isNear(summary.memoryRatio, 1 - freemem() / totalmem()) && isNear(summary.diskRatio, await fullest());
    });
  });

  it('shows the host with charts, expected band, alerts and rules', { timeout: 60_000 }, async () => {
    const host = await vigia.api<Host>('GET', `/api/hosts/${entity}`);
    expect(host.rules.map((rule) => rule.name)).toEqual(expect.arrayContaining(['VigiaAnomaly', 'HostDown', 'DiskAlmostFull']));
    await page.goto(`${vigia.url}/hosts/${entity}`);
    await page.locator('canvas').first().waitFor();
    expect(wrongs).toEqual([]);
  });
});
