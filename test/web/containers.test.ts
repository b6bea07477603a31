import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { axe, type Bench, startBench } from './browser.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench('/watch/');
}, 60_000);
afterAll(() => bench.stop());
beforeEach(() => {
  bench.stub.use('containers');
  bench.stub.changes.length = 0;
});

const refused = /status of 40[03]/;

test('P10 a table per application: only the column of the loaded replica is red, and its alert is under it', {
  timeout: 60_000,
}, async () => {
  const { page, context, watch } = await bench.open('containers');
  const shop = page.locator('[data-application="shop/web"]');
  await shop.getByRole('columnheader', { name: 'shop-web-2' }).waitFor();
  expect(await shop.getByRole('rowheader').allInnerTexts()).toEqual(['State', 'CPU', 'RAM', 'Network', 'Disk', 'Score']);
  expect(await shop.getByRole('columnheader').allInnerTexts()).toEqual(['shop-web-1', 'shop-web-2', 'shop-web-3']);
  const cell = (row: string, replica: string) => shop.locator(`[data-row=${row}] [data-replica=${replica}]`);
  expect(await cell('cpu', 'shop-web-2').innerText()).toContain('0.49 of 0.5 cores');
  const red = shop.locator('tbody [data-state=bad]');
  for (const each of await red.all()) expect(await each.locator('xpath=ancestor::td').getAttribute('data-replica')).toBe('shop-web-2');
  expect(await red.count()).toBeGreaterThan(0);
  await shop.getByText('ContainerCpuHigh').waitFor();
  await shop.getByText('1 alert', { exact: true }).waitFor();
  const postgres = page.locator('[data-application=postgres]');
  await postgres.getByText('No alerts').waitFor();
  // Without a limit there is no share of it.
  expect(await postgres.locator('.usage-track').count()).toBe(0);

  const queue = page.locator('[data-application=queue]');
  for (const text of ['stopped', 'exit code 137', 'killed: out of memory', 'restarting', '12 restarts', 'running, unhealthy', 'ended']) {
    await queue.getByText(text, { exact: false }).first().waitFor();
  }
  await page.getByText('connection refused (nothing listens there)').waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('P07 P08 an application has its alerts, rules and charts with a line per replica, at an address that remembers', {
  timeout: 60_000,
}, async () => {
  const { page, context, watch } = await bench.open('containers');
  await page.getByRole('link', { name: 'shop/web' }).click();
  await page.getByRole('heading', { name: 'shop/web', level: 1 }).waitFor();
  await page.getByRole('region', { name: 'shop/web: figures of each replica' }).waitFor();
  await page.locator('.rule-row', { hasText: 'ContainerCpuHigh' }).getByText('Firing').waitFor();
  await page.locator('[data-panel=cpu] canvas').waitFor();
  for (const name of ['shop-web-1', 'shop-web-2', 'shop-web-3']) await page.locator('[data-panel=cpu]').getByText(name).waitFor();
  await page.getByText('com.docker.compose.service=web').first().waitFor();
  await page.getByText('6h', { exact: true }).click();
  await page.waitForURL(/range=6h/);
  await page.reload();
  await page.locator('[data-panel=cpu] canvas').waitFor();
  expect(await page.getByRole('radio', { name: '6h' }).isChecked()).toBe(true);
  bench.stub.scene.containers.applications = [];
  bench.stub.emit({ kind: 'targets', profile: 'container' });
  await page.getByText('There is no application “shop/web” any more.').waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('what needs attention comes first, alone where one asks for that, and never under a green word', { timeout: 60_000 }, async () => {
  const { page, context, watch } = await bench.open('containers');
  await page.locator('.replicas').first().waitFor();
  const names = () => page.locator('[data-application]').evaluateAll((all) => all.map((one) => one.getAttribute('data-application')));
  expect(await names()).toEqual(['queue', 'shop/web', 'postgres']);
  await page.getByLabel('Only what needs attention').check();
  await expect.poll(names).toEqual(['queue', 'shop/web']);
  await page.reload();
  await page.locator('.replicas').first().waitFor();
  expect(await names()).toEqual(['queue', 'shop/web']);
  const [, queue] = bench.stub.scene.containers.applications;
  queue?.alerts.splice(0);
  bench.stub.emit({ kind: 'targets', profile: 'container' });
  await page.locator('[data-application=queue]').getByText('3 replicas in trouble').waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('of many replicas the bad one is in sight, and a chart names the highest lines', { timeout: 60_000 }, async () => {
  const shop = bench.stub.scene.containers.applications[2];
  const [well, bad] = shop?.containers ?? [];
  if (!shop || !well || !bad) throw new Error('the scene has an application of three');
  const others = Array.from({ length: 12 }, (_, at) => ({ ...well, name: `shop-web-${at + 3}`, entity: `lab/shop-web-${at + 3}` }));
  shop.containers = [well, ...others, bad];
  const { page, context, watch } = await bench.open('containers?application=shop%2Fweb');
  // Many lines in every panel take their time on a busy machine.
  await page.locator('[data-panel=cpu] canvas').waitFor({ timeout: 40_000 });
  expect(await page.getByRole('columnheader').first().innerText()).toBe('shop-web-2');
  expect(await page.locator('[data-panel=cpu] .chart-name').count()).toBe(6);
  await page.locator('[data-panel=cpu]').getByText('and 8 more').waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('an engine is watched only after a person has said so; it is tested, refused at its field, added, and removed', {
  timeout: 60_000,
}, async () => {
  bench.stub.use('calm');
  const { page, context, watch } = await bench.open('containers', {}, refused);
  await page.getByText('It is not opened before you say so.').waitFor();
  expect(bench.stub.changes).toEqual([]);
  await page.getByRole('button', { name: 'Watch it' }).click();
  const form = page.getByRole('dialog');
  expect(await form.getByLabel('Socket or address').inputValue()).toBe('/var/run/docker.sock');
  expect(await axe(page)).toEqual([]);
  await form.getByRole('button', { name: 'Test now' }).click();
  await form.getByText('answers with 3 containers').waitFor();
  await form.getByLabel('Socket or address').fill('docker');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.locator('.mantine-InputWrapper-error', { hasText: 'a path like' }).waitFor();
  await form.getByLabel('Socket or address').fill('/var/run/docker.sock');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.locator('[data-engine=docker]').waitFor();
  await page.getByText('docker is watched. Its containers appear within seconds.').waitFor();
  expect(bench.stub.changes.at(-1)).toBe('POST engines {"name":"docker","socket":"/var/run/docker.sock"}');
  await page.getByRole('button', { name: 'Remove docker' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.locator('[data-engine=docker]').waitFor({ state: 'detached' });
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('P04 who may not see containers is led nowhere, and refused where they go themselves', { timeout: 60_000 }, async () => {
  const { account } = bench.stub.scene.session;
  if (account !== null) account.scope.containers = false;
  const { page, context } = await bench.open('containers', {}, refused);
  await page.getByText('Your account may not see this.').waitFor();
  expect(await page.getByRole('navigation').getByRole('link', { name: 'Containers' }).count()).toBe(0);
  await context.close();
});
