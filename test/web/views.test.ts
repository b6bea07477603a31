import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { watts } from './answers-views.ts';
import { type Bench, startBench } from './browser.ts';
import { house, target } from './scenes.ts';

/** Pages that show a part of everything: energy, the wall, the explorer. */
let bench: Bench;
beforeAll(async () => {
  bench = await startBench('/watch/');
}, 60_000);
afterAll(() => bench.stop());
beforeEach(() => bench.stub.use('calm'));

test('P13 all energy devices on one page: watts in three colours, kWh, and a panel of 30 minutes', { timeout: 60_000 }, async () => {
  const { page, context, watch } = await bench.open('energy', { locale: 'es' });
  const devices = page.locator('.energy-device');
  await devices.first().waitFor();
  const shown = await Promise.all(
    (await devices.all()).map(async (device) => {
      const big = device.locator('.energy-watts');
      return [
        (await big.innerText()).replaceAll(/\s/g, ' '),
        await big.getAttribute('data-state'),
        (await device.locator('.badge').allInnerTexts())[0],
      ];
    }),
  );
  expect(watts).toEqual([501, 500, 450, 400, 399, null]);
  expect(shown).toEqual([
    ['501 W', 'bad', 'consumo alto'],
    ['500 W', 'warn', 'consumo elevado'],
    ['450 W', 'warn', 'consumo elevado'],
    ['400 W', 'warn', 'consumo elevado'],
    ['399 W', 'ok', 'consumo normal'],
    ['Sin datos', 'unknown', undefined],
  ]);
  expect((await page.locator('.lead').innerText()).replaceAll(/\s/g, ' ')).toMatch(
    /Ahora 5 de 6 dispositivos consumen juntos 2250 W.* 31,5 kWh/,
  );
  await page.locator('canvas').waitFor();
  expect(await page.getByRole('radio', { name: '30m' }).isChecked()).toBe(true);
  expect(await page.locator('.chart-legend .chart-name').count()).toBe(5);
  await page.getByRole('link', { name: 'Plug 1' }).click();
  await page.waitForURL('**/watch/hosts/plug-1');
  expect(watch.wrongs.filter((line) => !line.includes('404'))).toEqual([]);
  await context.close();
});

describe('the wall', () => {
  const screen = { viewport: { width: 1920, height: 1080 } };

  test('is dark whatever the theme, large enough for three metres, and needs no scrolling', { timeout: 60_000 }, async () => {
    const now = Date.now();
    const many = Array.from({ length: 45 }, (_, at) => target(now, `h${at}`, `host-${String(at).padStart(2, '0')}.example.org`));
    const [first] = many;
    if (first) Object.assign(first, { state: 'bad', reason: 'connection refused', name: 'zz-last-by-name' });
    bench.stub.scene = house(now, many);
    bench.stub.scene.overview.state = 'bad';
    const { page, context, watch } = await bench.open('wall', { ...screen, colorScheme: 'light' });
    await page.locator('.wall-tile').first().waitFor();
    const looks = (await page.evaluate(`(() => {
      const wall = document.querySelector('.wall');
      const texts = [...wall.querySelectorAll('*')].filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''));
      const [r, g, b] = getComputedStyle(wall).backgroundColor.match(/\\d+/g).map(Number);
      return {
        smallest: Math.min(...texts.map((one) => parseFloat(getComputedStyle(one).fontSize))),
        texts: texts.length,
        light: Math.max(r, g, b),
        down: document.documentElement.scrollHeight - innerHeight,
        outside: [...wall.querySelectorAll('.wall-tile')].filter((one) => one.getBoundingClientRect().bottom > innerHeight + 1).length,
      };
    })()`)) as { smallest: number; texts: number; light: number; down: number; outside: number };
    expect(looks.smallest).toBeGreaterThanOrEqual(34);
    expect(looks.texts).toBeGreaterThan(20);
    expect(looks.light).toBeLessThan(40);
    expect(looks.down).toBeLessThanOrEqual(0);
    expect(looks.outside).toBe(0);
    // The worst first, and what does not fit is counted.
    expect(await page.locator('.wall-tile').count()).toBe(20);
    expect(await page.locator('.wall-tile').first().innerText()).toContain('zz-last-by-name');
    expect(await page.locator('.wall-tile').last().innerText()).toContain('26 more targets');
    expect(await page.getByRole('navigation').count()).toBe(0);
    expect(watch.wrongs).toEqual([]);
    await context.close();
  });

  test('comes back by itself after the line was cut, and with a new page after an update', { timeout: 60_000 }, async () => {
    const { page, context } = await bench.open('wall', screen, /./);
    await page.locator('.wall-tile').nth(2).waitFor();
    bench.stub.use('incident');
    bench.stub.dropStreams();
    await page.locator('.wall-tile[data-state=bad]').waitFor();
    await page.evaluate('window.before = true');
    bench.stub.scene.session.version = '9.9.9';
    bench.stub.dropStreams();
    await expect.poll(() => page.evaluate('window.before').catch(() => 'on its way'), { timeout: 20_000 }).toBe(undefined);
    await page.locator('.wall-tile[data-state=bad]').waitFor();
    await context.close();
  });
});

test('a server that is away when the page starts is asked again until it answers', { timeout: 60_000 }, async () => {
  const { page, context } = await bench.open('help', {}, /./);
  let away = true;
  await page.route('**/api/session', (route) => (away ? route.abort() : route.continue()));
  await page.goto(`${bench.stub.url}wall`);
  await page.getByRole('alert').getByText('Vigía does not answer.').waitFor();
  away = false;
  await page.locator('.wall-tile').first().waitFor();
  await context.close();
});

test('the audit is read page by page', { timeout: 60_000 }, async () => {
  const { page, context, watch } = await bench.open('help');
  await page.route('**/api/audit?*', (route) => {
    const offset = Number(new URL(route.request().url()).searchParams.get('offset'));
    const entry = { tsMs: Date.now(), who: 'Ana', address: '127.0.0.1', action: 'target.add', subject: `target-${offset}`, detail: '' };
    return route.fulfill({ json: { total: 120, entries: [{ id: 1, ...entry }] } });
  });
  await page.goto(`${bench.stub.url}settings/audit`);
  await page.getByText('target-0', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('target-50', { exact: true }).waitFor();
  await page.getByText('Page 2 of 3').waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

describe('the explorer', () => {
  test('completes, asks, and shows a chart, a table and what is wrong', { timeout: 60_000 }, async () => {
    const { page, context, watch } = await bench.open('explore', {}, /status of 400/);
    await page.getByRole('button', { name: 'up', exact: true }).click();
    await page.locator('canvas').waitFor();
    const input = page.getByRole('combobox', { name: 'Expression' });
    expect(await input.inputValue()).toBe('up');
    await input.fill('');
    await input.pressSequentially('rat');
    await page.getByRole('option', { name: 'rate function' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await input.inputValue()).toBe('rate(');
    await input.pressSequentially('node_cpu');
    await page.getByRole('option', { name: 'node_cpu_seconds_total' }).click();
    await input.pressSequentially('{tar');
    await page.getByRole('option', { name: 'target' }).waitFor();
    // The list of before the last letters has it, too.
    await page.getByRole('option', { name: 'instance' }).waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await input.pressSequentially('="we');
    await page.getByRole('option', { name: 'web1' }).waitFor();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    expect(await input.inputValue()).toBe('rate(node_cpu_seconds_total{target="web1');

    await input.fill('sum(');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('parse error: unclosed left parenthesis').waitFor();
    await input.fill('node_load1');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.locator('canvas').waitFor();
    await page.waitForURL(/expr=node_load1/);
    await page.getByText('The first 3 are shown.').waitFor();
    const rows = page.locator('.explore-table tbody tr');
    expect(await rows.count()).toBe(3);
    expect(await rows.first().innerText()).toMatch(/node_load1\{instance="web1:9100", target="web1"\}\s+0\.000/);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'node_load1 as CSV' }).click()]);
    expect(download.suggestedFilename()).toBe('node-load1.csv');
    await input.fill('nothing');
    await page.keyboard.press('Enter');
    await page.getByText('no series in this range answers it').waitFor();
    expect(watch.wrongs).toEqual([]);
    await context.close();
  });

  test('is closed to who may not see everything, with the reason', { timeout: 60_000 }, async () => {
    const { account } = bench.stub.scene.session;
    if (account) account.role = 'viewer';
    const { page, context } = await bench.open('explore');
    await page.getByText('Needs the role “Operator”.').waitFor();
    expect(await page.getByRole('combobox').count()).toBe(0);
    if (account) Object.assign(account, { role: 'operator', scope: { hosts: true, containers: false } });
    await page.reload();
    await page.getByText('your account may see a part of them only').waitFor();
    await context.close();
  });
});

test('a panel of Grafana takes the place of the page’s own, with its target, time and theme; while Grafana is away the own one stands in', {
  timeout: 60_000,
}, async () => {
  const panels = [{ profile: 'linux-host', panel: 'cpu', dashboard: 'abc-1', id: 7, variable: 'host' }];
  bench.stub.scene.grafana = { answers: true, reason: '', panels };
  const { page, context, watch } = await bench.open('hosts/web1?range=6h', { colorScheme: 'dark' });
  const inside = page.frameLocator('[data-panel=cpu] iframe').locator('main');
  // The frame is loaded anew once the page knows that it is dark.
  const asked = '/watch/grafana/d-solo/abc-1/vigia?orgId=1 panelId=7 var-host=web1 from=now-21600s to=now theme=dark';
  await inside.filter({ hasText: asked }).waitFor();
  expect(await page.locator('[data-panel=cpu] canvas').count()).toBe(0);
  await page.locator('[data-panel=memory] canvas').waitFor();
  bench.stub.scene.grafana = { answers: false, reason: 'Grafana at http://127.0.0.1:3000 does not answer: connection refused.', panels };
  await page.reload();
  await page.locator('[data-panel=cpu] canvas').waitFor();
  await page.getByText('this is Vigía’s own. Grafana at http://127.0.0.1:3000 does not answer').waitFor();
  expect(await page.locator('iframe').count()).toBe(0);
  expect(watch.wrongs).toEqual([]);
  await context.close();
});
