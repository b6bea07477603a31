import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { axe, type Bench, startBench } from './browser.ts';
import { fleetScene } from './overview.ts';
import { makeScene } from './scenes.ts';

/** Two thousand targets: what is wrong is said at once, one is found by typing, and nobody draws two thousand rows. */
let bench: Bench;
beforeAll(async () => {
  bench = await startBench('/watch/');
}, 60_000);
afterAll(() => bench.stop());
beforeEach(() => {
  bench.stub.scene = fleetScene(Date.now());
});

const rows = '.target-row:not(.target-head)';
/** A busy machine must not fail for being slow. */
const patient = { timeout: 20_000 };

test('the worst come first, few at a time, and more for who asks', { timeout: 120_000 }, async () => {
  const { page, context, watch } = await bench.open('');
  await page.getByRole('heading', { name: /^4 targets behave abnormally, .*node8\.rack8.*…$/ }).waitFor();
  expect(await page.locator(rows).count()).toBe(20);
  const states = await page.locator(`${rows} .state`).allInnerTexts();
  expect(states.slice(0, 5)).toEqual(['Abnormal', 'Abnormal', 'Abnormal', 'Abnormal', 'Unknown']);
  expect(await page.getByText('20 of 2,000 targets, the worst first').count()).toBe(1);
  await page.getByRole('button', { name: '20 more' }).click();
  await page.waitForURL('**/watch/?rows=40');
  await page.locator(rows).nth(39).waitFor();
  // Reading goes on at the first new row.
  expect(await page.evaluate(`[...document.querySelectorAll('${rows}')].findIndex((row) => row.contains(document.activeElement))`)).toBe(
    20,
  );
  await page.reload();
  await page.locator(rows).nth(39).waitFor();
  expect(await page.locator(rows).count()).toBe(40);
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('one is found by typing, by name, address or label, and Enter opens it; the address remembers', { timeout: 120_000 }, async () => {
  const { page, context } = await bench.open('', {}, /status of 404/);
  const box = page.getByRole('searchbox', { name: 'Find a target: name, address, label' });
  await box.pressSequentially('RACK=r7 node1');
  await page.waitForURL(/find=/);
  await page.getByText('20 of 27 targets, the worst first').waitFor();
  for (const row of await page.locator(rows).allInnerTexts()) expect(row).toMatch(/node\d+\.rack7\./);
  await page.reload();
  expect(await box.inputValue()).toBe('RACK=r7 node1');
  await box.fill('node1999.rack39.example.org');
  const [web1] = [...makeScene('calm').hosts.values()];
  if (web1) bench.stub.scene.hosts.set('node1999', { ...web1, target: { ...web1.target, id: 'node1999', name: 'node1999' } });
  await page.keyboard.press('Enter');
  await page.waitForURL('**/watch/hosts/node1999');
  await page.getByRole('heading', { name: 'node1999', exact: true }).waitFor();
  await page.goBack();
  await expect.poll(() => page.locator(rows).count(), patient).toBe(1);
  await box.fill('no such host');
  await page.getByText('No target fits.').waitFor();
  await page.getByRole('link', { name: 'Show all' }).click();
  await expect.poll(() => page.locator(rows).count(), patient).toBe(20);
  expect(await box.inputValue()).toBe('');
  await context.close();
});

test('one state is chosen by its figure, and what changes meanwhile appears', { timeout: 120_000 }, async () => {
  const { page, context, watch } = await bench.open('');
  const group = page.getByRole('group', { name: 'Targets by state' });
  await group.waitFor();
  expect((await group.getByRole('button').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '))).toEqual([
    'All 2,000',
    'Abnormal 4',
    'Unknown 5',
    'Learning 7',
    'OK 1,983',
    'Off 1',
  ]);
  await group.getByRole('button', { name: /Unknown/ }).click();
  await page.waitForURL('**/watch/?standing=unknown');
  await expect.poll(() => page.locator(rows).count(), patient).toBe(5);
  expect(await group.getByRole('button', { pressed: true }).innerText()).toContain('Unknown');
  const silent = bench.stub.scene.overview.targets.find(({ id }) => id === 'node4');
  Object.assign(silent ?? {}, { state: 'ok', reason: '' });
  bench.stub.emit({ kind: 'scores', profile: 'linux-host' });
  await expect.poll(() => page.locator(rows).count(), patient).toBe(4);
  await expect.poll(() => group.getByRole('button', { name: /Unknown/ }).innerText(), patient).toMatch(/4$/);
  // The way home shows everything again.
  await page.getByRole('link', { name: 'Vigía' }).click();
  await expect.poll(() => page.locator(rows).count(), patient).toBe(20);
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('an event asks for what is shown, and for no more', { timeout: 120_000 }, async () => {
  const { page, context } = await bench.open('');
  await page.locator(rows).nth(19).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  const asked: string[] = [];
  page.on('response', async (response) => {
    if (response.url().includes('/api/')) asked.push(`${new URL(response.url()).pathname} ${(await response.body()).length < 30_000}`);
  });
  for (let event = 0; event < 5; event++) bench.stub.emit({ kind: 'scores', profile: 'linux-host' });
  await expect.poll(() => asked, patient).toEqual(['/watch/api/overview true']);
  await context.close();
});

test('an event about another host asks nothing about this one', { timeout: 120_000 }, async () => {
  bench.stub.use('calm');
  const { page, context } = await bench.open('hosts/web1');
  await page.locator('[data-panel=cpu] canvas').waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  const asked = new Set<string>();
  page.on('request', (request) => request.url().includes('/api/') && asked.add(new URL(request.url()).pathname));
  bench.stub.emit({ kind: 'incidents', profile: 'linux-host', entity: 'backup' });
  await expect.poll(() => [...asked], patient).toContain('/watch/api/overview');
  expect([...asked].filter((path) => path.includes('/hosts/'))).toEqual([]);
  bench.stub.emit({ kind: 'incidents', profile: 'linux-host', entity: 'web1' });
  await expect.poll(() => [...asked], patient).toContain('/watch/api/hosts/web1');
  await context.close();
});

test('the menu of dashboards, the wall, the inventory and the incidents hold a part of it', { timeout: 120_000 }, async () => {
  const { page, context, watch } = await bench.open('');
  await page.getByRole('button', { name: 'Dashboards' }).click();
  const items = page.getByRole('menuitem');
  await page.getByRole('menuitem', { name: 'All 2,000 targets' }).waitFor();
  expect(await items.count()).toBeLessThan(30);
  await page.keyboard.press('Escape');
  await page.goto(`${bench.stub.url}wall`);
  await page.locator('.wall-tile').last().getByText('1,980 more targets').waitFor();
  expect(await page.locator('.wall-tile').count()).toBe(20);
  await page.goto(`${bench.stub.url}targets`);
  await page.locator('.own-row').nth(24).waitFor();
  expect(await page.locator('.own-row').count()).toBe(25);
  await page.locator('.own-row .state').nth(24).waitFor();
  await page.getByRole('searchbox').fill('node1508');
  await page.locator('.own-row', { hasText: 'node1508.rack28' }).getByText('Abnormal').waitFor();
  expect(await page.locator('.own-row').count()).toBe(1);
  await page.goto(`${bench.stub.url}incidents`);
  await page.getByRole('searchbox').fill('node77.');
  await page.getByLabel('Target', { exact: true }).selectOption('node77.rack37.example.org');
  await page.waitForURL('**/incidents?entity=node77');
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test.for([
  { width: 1440, language: 'en' },
  { width: 360, language: 'es' },
] as const)('shuts nobody out at $width px in $language', { timeout: 120_000 }, async ({ width, language }) => {
  const { page, context, watch } = await bench.open('?standing=ok&find=rack7', { viewport: { width, height: 800 }, locale: language });
  await expect.poll(() => page.locator(rows).count(), patient).toBe(20);
  expect(Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))).toBeLessThanOrEqual(0);
  expect(await axe(page)).toEqual([]);
  await page.goto(`${bench.stub.url}targets?find=rack7`);
  await page.locator('.own-row').nth(24).waitFor();
  expect(Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))).toBeLessThanOrEqual(0);
  expect(await axe(page)).toEqual([]);
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('what the first screen shows is asked for once, while its code is on its way', { timeout: 60_000 }, async () => {
  const { page, context } = await bench.open('');
  const asked: string[] = [];
  const overview = new Promise<void>((resolve) => {
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith('/watch/api/')) asked.push(pathname.slice('/watch/api/'.length));
      if (pathname === '/watch/api/overview') resolve();
    });
  });
  // The code comes when the answer is on its way, and never where it is not.
  await page.route('**/assets/base-*.js', async (route) => {
    await overview;
    await route.continue();
  });
  await page.reload();
  await page.locator(rows).nth(19).waitFor();
  for (const path of ['session', 'profiles', 'overview']) expect(asked.filter((each) => each === path)).toEqual([path]);
  await context.close();
});

test('nothing but the session is asked for where nobody is signed in', { timeout: 60_000 }, async () => {
  const { page, context, watch } = await bench.open('');
  await page.locator(rows).nth(19).waitFor();
  bench.stub.scene.session.account = null;
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/')) asked.push(new URL(request.url()).pathname);
  });
  await page.reload();
  await page.waitForURL('**/watch/login**');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  expect(new Set(asked)).toEqual(new Set(['/watch/api/session']));
  expect(watch.wrongs).toEqual([]);
  await context.close();
});
