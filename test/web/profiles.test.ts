import { afterAll, beforeAll, expect, test } from 'vitest';
import { dashboards } from '../../dashboards/index.ts';
import { axe, type Bench, startBench } from './browser.ts';
import { allProfiles } from './figures.ts';

/** The page of a target of every profile: figures and charts of its own, and nothing that belongs to another kind of thing. */
let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
  bench.stub.use('kinds');
}, 60_000);
afterAll(() => bench.stop());

test('every profile has its page: all panels drawn, nothing errs, nobody is shut out', { timeout: 240_000 }, async () => {
  const { page, context, watch } = await bench.open('help', { viewport: { width: 1280, height: 900 } });
  const found: string[] = [];
  for (const { profile, panels } of dashboards) {
    await page.goto(`${bench.stub.url}hosts/${profile}`);
    await page.getByRole('heading', { name: profile, exact: true }).waitFor();
    for (const { id } of panels) await page.locator(`[data-panel=${id}] canvas`).waitFor();
    expect(await page.locator('[data-panel]').count(), profile).toBe(panels.length);
    const sideways = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
    if (sideways > 0) found.push(`${profile}: scrolls ${sideways} px sideways`);
    // The rest are made of the same parts.
    if (['windows-host', 'energy-device', 'container'].includes(profile))
      found.push(...(await axe(page)).map((line) => `${profile}: ${line}`));
  }
  expect([...found, ...watch.wrongs]).toEqual([]);
  await context.close();
});

test('P13 the page of an energy device says the watts of now in three colours, in the language of the reader', {
  timeout: 120_000,
}, async () => {
  const { page, context, watch } = await bench.open('hosts/energy-device?range=30m', {
    locale: 'es',
    viewport: { width: 360, height: 800 },
  });
  const power = bench.stub.scene.hosts.get('energy-device')?.features.find(({ feature }) => feature === 'power');
  const tiles = page.locator('.tile');
  for (const [watts, tone, word] of [
    [501, 'bad', 'consumo alto'],
    [500, 'warn', 'consumo elevado'],
    [450, 'warn', 'consumo elevado'],
    [400, 'warn', 'consumo elevado'],
    [399, 'ok', 'consumo normal'],
  ] as const) {
    if (power !== undefined) power.value = watts;
    await page.reload();
    await tiles.first().waitFor();
    const texts = (await tiles.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '));
    expect(texts).toHaveLength(2);
    expect(texts[0]).toContain(`Potencia ${watts} W ${word}`);
    expect(texts[1]).toMatch(/^Corriente 2,09 A/);
    expect(await tiles.first().locator('.badge').getAttribute('data-state')).toBe(tone);
  }
  await page.locator('[data-panel=power] canvas').waitFor();
  expect(await page.getByRole('radio', { name: '30m' }).isChecked()).toBe(true);
  expect(Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))).toBeLessThanOrEqual(0);
  expect(await axe(page)).toEqual([]);
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('P09 the page of a Windows host has the five figures of a host', { timeout: 60_000 }, async () => {
  const { page, context } = await bench.open('hosts/windows-host');
  await page.locator('[data-panel=disk-space] canvas').waitFor();
  expect(await page.locator('.tile dt').allInnerTexts()).toEqual(['CPU', 'Memory used', 'Disk used', 'Network in', 'Network out']);
  await context.close();
});

test('a target that brings many entities has charts with a line for each, and no figures or model of its own', {
  timeout: 60_000,
}, async () => {
  const { page, context } = await bench.open('hosts/container');
  const chart = page.locator('[data-panel=memory]');
  await chart.locator('canvas').waitFor();
  expect(await chart.locator('.chart-name').allInnerTexts()).toEqual(['shop-web-1', 'shop-web-2', 'shop-db-1']);
  expect(await page.locator('.tile').count()).toBe(0);
  expect(await page.getByRole('heading', { name: 'Now against expected' }).count()).toBe(0);
  await context.close();
});

test('a new target may be of any profile, and is a Linux host unless one says otherwise', { timeout: 60_000 }, async () => {
  const { page, context } = await bench.open('targets');
  await page.getByRole('button', { name: 'Add a target' }).first().click();
  const choice = page.getByLabel('Profile');
  expect(await choice.inputValue()).toBe('linux-host');
  expect((await choice.locator('option').allInnerTexts()).toSorted()).toEqual(allProfiles.map(({ title }) => title.en).toSorted());
  const path = page.locator('input[name=metricsPath]');
  expect(await path.inputValue()).toBe('/metrics');
  await choice.selectOption('http-endpoint');
  expect(await path.inputValue()).toBe('/');
  await choice.selectOption('redis');
  expect(await path.inputValue()).toBe('/metrics');
  await context.close();
});
