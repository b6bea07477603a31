import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { localText, momentOf, nextHour } from '../../src/web/format/local.ts';
import { axe, type Bench, startBench } from './browser.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench('/watch/');
}, 60_000);
afterAll(() => bench.stop());
beforeEach(() => bench.stub.use('calm'));

const hourMs = 3_600_000;
const plain = (text: string) => text.replaceAll(/\s+/g, ' ').trim();

test('maintenance is planned with a usual time or any other, seen, ended and removed', async () => {
  const { page, context, watch } = await bench.open('settings/maintenance?profile=linux-host&entity=web1');
  await page.getByText('nothing is learned of its targets, and nobody is messaged about them').waitFor();
  const list = page.getByRole('list', { name: 'Maintenance windows' });
  const rows = list.locator('.entry');
  await rows.first().waitFor();
  expect(plain(await rows.first().innerText())).toMatch(
    /^<img src=x onerror=alert\(1\)> "db" & co <i>new disks<\/i> by Ana García coming .* – /,
  );
  expect(plain(await rows.nth(1).innerText())).toMatch(/^All of “Linux hosts?”, also what comes later by command line over /);
  expect(await page.getByLabel('Of what').inputValue()).toBe('entity web1');
  expect(await axe(page)).toEqual([]);

  await page.getByRole('button', { name: 'Now, for 4 h' }).click();
  await page.getByRole('textbox', { name: 'What is done' }).fill('<b>disk</b>');
  const plan = page.getByRole('button', { name: 'Plan maintenance' });
  await plan.click();
  await list.getByText('running').waitFor();
  const sent = () => JSON.parse(bench.stub.changes.at(-1)?.replace('POST maintenance ', '') ?? '') as Record<string, unknown>;
  expect(sent()).toMatchObject({ profile: 'linux-host', entities: ['web1'], text: '<b>disk</b>' });
  const lastsMs = (sent()['toMs'] as number) - (sent()['fromMs'] as number);
  expect(lastsMs).toBeLessThanOrEqual(4 * hourMs);
  expect(lastsMs).toBeGreaterThan(3.9 * hourMs);
  await rows.first().getByRole('button', { name: 'End it now' }).click();
  await list.getByText('running').waitFor({ state: 'detached' });
  expect(bench.stub.changes.at(-1)).toMatch(/^POST maintenance\/12\/end/);

  await page.getByLabel('Of what').selectOption('all');
  await page.getByLabel('From').fill('2030-01-20T02:00');
  await page.getByLabel('To', { exact: true }).fill('');
  await plan.click();
  await list.getByText('until somebody ends it').waitFor();
  expect(sent()).toMatchObject({ toMs: null, text: '' });
  expect(sent()).not.toHaveProperty('entities');

  await list.getByRole('button', { name: 'Remove' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(bench.stub.changes.at(-1)).toMatch(/^DELETE maintenance\/\d+/);
  expect(watch.wrongs).toEqual([]);

  if (bench.stub.scene.session.account) bench.stub.scene.session.account.role = 'viewer';
  await page.reload();
  await plan.waitFor();
  expect(await plan.getAttribute('aria-disabled')).toBe('true');
  await context.close();
}, 60_000);

test('a host’s page says from how many others its model was learned, and leads to its maintenance', async () => {
  const host = bench.stub.scene.hosts.get('web1');
  if (host) Object.assign(host, { pooledFrom: 4, maintenance: { toMs: null, text: '<b>disk</b>' } });
  const { page, context, watch } = await bench.open('hosts/web1');
  await page.getByText('It is learned from 4 similar targets, moved to the level of this one, until it has enough of its own.').waitFor();
  await page.getByRole('link', { name: 'In maintenance: <b>disk</b>' }).waitFor();
  await page.getByRole('link', { name: 'Plan maintenance' }).click();
  await page.getByRole('list', { name: 'Maintenance windows' }).waitFor();
  expect(await page.getByLabel('Of what').inputValue()).toBe('entity web1');
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 40_000);

describe('the clock of a time zone', () => {
  const zones = ['UTC', 'Europe/Madrid', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Kiritimati'];

  test('law: a moment as a clock shows it is shown so again', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2040, 0) }), (zone, ms) => {
        const text = localText(ms, zone);
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/);
        expect(localText(momentOf(text, zone), zone)).toBe(text);
        expect(nextHour(2, ms, zone)).toBeGreaterThan(ms);
        expect(nextHour(2, ms, zone) - ms).toBeLessThanOrEqual(25 * hourMs);
      }),
    );
  });

  test.each([
    ['2026-07-01T02:00', Date.UTC(2026, 6, 1)],
    ['2026-01-20T02:00', Date.UTC(2026, 0, 20, 1)],
    // Before and after the clocks go forward, and the hour that they skip.
    ['2026-03-29T01:30', Date.UTC(2026, 2, 29, 0, 30)],
    ['2026-03-29T03:30', Date.UTC(2026, 2, 29, 1, 30)],
    ['2026-03-29T02:30', Date.UTC(2026, 2, 29, 1, 30)],
    ['tomorrow', Number.NaN],
    ['', Number.NaN],
  ])('in Madrid %s is this moment', (text, ms) => expect(momentOf(text, 'Europe/Madrid')).toBe(ms));
});
