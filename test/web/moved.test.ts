import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { axe, type Bench, startBench } from './browser.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench('/watch/');
}, 60_000);
afterAll(() => bench.stop());
beforeEach(() => bench.stub.use('incident'));

const plain = (text: string) => text.replaceAll(/\s+/g, ' ').trim();

test('what else moved comes after the page, says that it is at work, and ranks series with where, how far and when', async () => {
  const { page, context, watch } = await bench.open('help');
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route('**/incidents/12/moved', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${bench.stub.url}incidents/12`);
  const moved = page.getByRole('region', { name: 'What else moved' });
  await moved.getByRole('status').getByText('Comparing all series of web1 and its peers').waitFor();
  // The rest does not wait for it.
  await page.locator('.feature-row:not(.feature-head)').first().waitFor();
  await page.getByRole('textbox', { name: 'Note' }).waitFor();
  expect(await axe(page)).toEqual([]);
  letGo();

  const rows = moved.locator('.moved-row:not(.moved-head)');
  await rows.first().waitFor();
  expect(await rows.filter({ visible: true }).count()).toBe(10);
  expect(plain(await rows.nth(1).innerText())).toMatch(
    /^web1 node_load1 part of: Load per core 0\.21 7\.4 rose, 71 × the usual scatter \d\d:\d\d at the start$/,
  );
  expect(plain(await rows.nth(3).innerText())).toContain('cpu=3, mode=idle · and 3 more like it · part of: CPU busy');
  expect(plain(await rows.nth(5).innerText())).toMatch(
    /^db node_disk_written_bytes_total device=<b>sda<\/b> 210 kB\/s 48 MB\/s rose, .*2 min after it$/,
  );
  expect(plain(await rows.nth(6).innerText())).toMatch(/^db Nearly all series of it ended 512 series ended/);
  expect(plain(await rows.nth(8).innerText())).toContain('none 382 GiB is new');
  expect(await rows.nth(1).getByRole('img', { name: '0.21 before, 7.4 after' }).count()).toBe(1);
  expect(plain(await moved.locator('.moved-counts').innerText())).toBe(
    '2,143 series of 4 targets compared in 640 ms; 529 moved. Left out, because it would be too much: 1,200 series, 2 targets. The incident is young: this is compared again every half minute.',
  );

  const promql = rows.nth(1).getByText('node_load1{target="web1"}');
  expect(await promql.isVisible()).toBe(false);
  await rows.nth(1).locator('summary').click();
  await promql.waitFor();
  await moved.getByText('The others (2)').click();
  expect(await rows.filter({ visible: true }).count()).toBe(12);
  await rows.nth(5).getByRole('link', { name: 'db' }).click();
  await page.waitForURL('**/hosts/db-primary');
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 40_000);

test('what looked like this before leads to that incident, and shows what was written then', async () => {
  const { page, context, watch } = await bench.open('incidents/12');
  const similar = page.getByRole('region', { name: 'Looked like this before' });
  const first = similar.locator('.similar-row').first();
  await first.waitFor();
  expect(plain(await first.innerText())).toMatch(
    /web1: Unusual behaviour A backup ran at the wrong time\. by Ana García lasted 22 min Alike 97 %$/,
  );
  await first.getByRole('link').click();
  await page.waitForURL('**/incidents/11');
  await similar.getByText('No past incident looked like this one.').waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 40_000);

test('nothing moved, nothing to compare, and a silent source are sentences; the last one can be asked again', async () => {
  const { moved } = bench.stub.scene;
  Object.assign(moved, { rows: [], left: { series: 0, entities: 0 }, complete: true });
  const { page, context, watch } = await bench.open('incidents/12', {}, /status of 502/);
  const region = page.getByRole('region', { name: 'What else moved' });
  await region.getByText('Nothing else left what was usual for it.').waitFor();
  expect(await region.locator('.moved-counts').innerText()).not.toMatch(/Left out|young/);

  moved.compared.series = 0;
  await page.reload();
  await region.getByText('There is no series to compare at that time.').waitFor();

  const problem = { code: 'far-unreachable', message: 'Prometheus at http://127.0.0.1:9090 does not answer: connection refused.' };
  let silent = true;
  await page.route('**/incidents/12/moved', (route) => (silent ? route.fulfill({ status: 502, json: problem }) : route.continue()));
  await page.reload();
  await region.getByText('does not answer: connection refused').waitFor();
  silent = false;
  await region.getByRole('button', { name: 'Try again' }).click();
  await region.getByText('There is no series to compare').waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 60_000);

test('the level is accepted as normal, and the incident marked as a fault, by those who may', async () => {
  const { page, context, watch } = await bench.open('incidents/12');
  await page.getByText('Kind of threshold: budget. By its past scores, the false alarms of this target stay within 1 a week.').waitFor();
  await page.getByText('By itself that happens when it has lasted 6 h').waitFor();
  await page.getByRole('button', { name: 'Accept as normal' }).click();
  await page.getByRole('status').getByText('Accepted as normal at').waitFor();
  expect(await page.getByRole('button', { name: 'Accept as normal' }).count()).toBe(0);
  expect(bench.stub.changes.at(-1)).toMatch(/^POST incidents\/12\/accept/);

  await page.getByRole('textbox', { name: 'What it was' }).fill('<b>disk</b>');
  await page.getByRole('button', { name: 'Mark as a fault' }).click();
  const marks = page.getByRole('list', { name: 'Marked times' });
  expect(plain(await marks.innerText())).toMatch(/^Fault from .*: <b>disk<\/b> by Ana García/);
  expect(bench.stub.changes.at(-1)).toBe('POST incidents/12/fault {"text":"<b>disk</b>"}');
  await marks.getByRole('button', { name: 'Remove the mark' }).click();
  await marks.waitFor({ state: 'detached' });
  expect(watch.wrongs).toEqual([]);

  if (bench.stub.scene.session.account) bench.stub.scene.session.account.role = 'viewer';
  await page.reload();
  const button = page.getByRole('button', { name: 'Mark as a fault' });
  await button.waitFor();
  expect(await button.getAttribute('aria-disabled')).toBe('true');
  await context.close();
}, 40_000);
