import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TargetOverview } from '../../src/model/api.ts';
import { axe, type Bench, startBench } from './browser.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench('/watch/');
}, 60_000);
afterAll(() => bench.stop());
beforeEach(() => {
  bench.stub.use('calm');
  bench.stub.changes.length = 0;
});

const refused = /status of 40[03]/;

test('the network is asked only when a person says so; what is found is added or dismissed one by one', { timeout: 60_000 }, async () => {
  const { page, context, watch } = await bench.open('targets', { viewport: { width: 360, height: 800 } }, refused);
  const section = page.getByRole('region', { name: 'Found on your network' });
  await section.getByText('It asks nobody before you say so').waitFor();
  await section.getByText('This machine is in 192.168.1.0/24.').waitFor();
  expect(bench.stub.changes).toEqual([]);

  await section.getByLabel('Network', { exact: true }).fill('8.8.8.0/24');
  await section.getByRole('button', { name: 'Search now' }).click();
  await section.getByText('only private networks').waitFor();
  await section.getByLabel('Network', { exact: true }).fill('everything');
  await section.getByRole('button', { name: 'Search now' }).click();
  await section.locator('.mantine-InputWrapper-error', { hasText: 'write it like 192.168.1.0/24' }).waitFor();

  await section.getByLabel('Network', { exact: true }).fill('');
  await section.getByRole('button', { name: 'Search now' }).click();
  await section.getByRole('progressbar').waitFor();
  const nas = section.locator('[data-found="192.168.1.120:9100"]');
  await nas.getByText('912 of its 960 samples begin with node_').waitFor();
  expect(await axe(page)).toEqual([]);
  expect(Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))).toBeLessThanOrEqual(0);
  expect(bench.stub.changes.at(-1)).toBe('POST discovery/search {}');

  await nas.getByRole('button', { name: 'Add nas' }).click();
  await section.getByText('nas is watched from now on').waitFor();
  await nas.waitFor({ state: 'detached' });
  expect(bench.stub.changes.filter((each) => each.startsWith('POST targets'))).toEqual([
    'POST targets {"name":"nas","profile":"linux-host","address":"192.168.1.120:9100","scheme":"http","metricsPath":"/metrics","labels":{},"enabled":true}',
  ]);
  await page.locator('.own-row', { hasText: '192.168.1.120:9100' }).waitFor();

  await section.getByRole('button', { name: 'Dismiss redis 192.168.1.121' }).click();
  await section.getByText('One suggestion was dismissed.').waitFor();
  expect(bench.stub.changes.at(-1)).toBe('POST discovery/dismissed {"address":"192.168.1.121:9121","profile":"redis"}');
  await section.getByText('Nothing was found that is not watched already.').waitFor();
  await section.getByRole('button', { name: 'Suggest them again' }).click();
  await section.getByRole('button', { name: 'Dismiss redis 192.168.1.121' }).waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('sources of the configuration show where they look and what is wrong; their targets are theirs but for the switch', {
  timeout: 60_000,
}, async () => {
  const [first] = bench.stub.scene.overview.targets;
  const named: TargetOverview = {
    ...(first as TargetOverview),
    id: 'db1',
    name: 'db1.lan',
    address: 'db1.lan:9100',
    managedBy: 'file',
    source: 'lab',
  };
  bench.stub.scene.overview.targets.push(named);
  const { page, context, watch } = await bench.open('targets');
  await page.locator('[data-source=web]').getByText('3 targets, one is watched already').waitFor();
  await page.locator('[data-source=lab]').getByText('line 4: "web1" is no target').waitFor();
  const row = page.locator('.own-row', { hasText: 'db1.lan:9100' });
  await row.getByText('from files: lab').waitFor();
  expect(await row.getByRole('button', { name: 'Remove db1.lan' }).count()).toBe(0);
  await row.getByRole('button', { name: 'Edit db1.lan' }).click();
  const form = page.getByRole('dialog');
  await form.getByText('only its switch is yours').waitFor();
  for (const label of ['Name', 'Address', 'Labels']) expect(await form.getByLabel(label).first().isDisabled()).toBe(true);
  await form.getByLabel('Scrape it').uncheck();
  await form.getByRole('button', { name: 'Save' }).click();
  await row.getByText('not scraped').waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('a viewer is offered no search', { timeout: 60_000 }, async () => {
  const { account } = bench.stub.scene.session;
  if (account !== null) account.role = 'viewer';
  const { page, context, watch } = await bench.open('targets');
  await page.locator('.own-row').first().waitFor();
  expect(await page.getByText('Found on your network').count()).toBe(0);
  expect(watch.wrongs).toEqual([]);
  await context.close();
});
