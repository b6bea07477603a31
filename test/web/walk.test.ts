import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { axe, type Bench, startBench } from './browser.ts';

let bench: Bench;
beforeAll(async () => {
  // Under a base path: whatever works here works at the root as well (matrix.test.ts).
  bench = await startBench('/watch/');
}, 60_000);
afterAll(() => bench.stop());
beforeEach(() => {
  bench.stub.use('incident');
  bench.stub.changes.length = 0;
});

const refused = /status of 40[013]/;

test('set-up makes the administrator and leads to an overview that says what to do next', async () => {
  bench.stub.use('empty');
  const { page, context, watch } = await bench.open('', {}, refused);
  await page.waitForURL('**/watch/setup');
  await page.getByLabel('Your name').fill('Ana');
  await page.getByLabel('E-mail').fill('ana@localhost');
  await page.locator('input[name=password]').fill('a long password');
  await page.getByLabel('Password again').fill('another password');
  await page.getByText('The two passwords differ.').waitFor();
  await page.getByLabel('Password again').fill('a long password');
  await page.getByLabel('Set-up code').fill('00000000');
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  await page.getByText('The set-up code is wrong.').waitFor();
  await page.getByLabel('Set-up code').fill('12345678');
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  // The refusal stands at its field.
  await page.getByText('Invalid e-mail address').waitFor();
  await page.getByLabel('E-mail').fill('ana@example.org');
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  await page.getByRole('heading', { name: 'Nothing is watched yet.' }).waitFor();
  await page.getByRole('link', { name: 'Add a target' }).click();
  await page.getByRole('heading', { name: 'Targets', level: 1 }).waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 40_000);

test('sign-in refuses, then goes on to where one wanted to go; signing out shuts the door', async () => {
  bench.stub.scene.session.account = null;
  const { page, context, watch } = await bench.open('incidents/12', {}, refused);
  await page.waitForURL('**/watch/login?**');
  await page.getByLabel('E-mail').fill('ana@example.org');
  await page.locator('input[name=password]').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('E-mail or password is wrong.').waitFor();
  await page.locator('input[name=password]').fill('correct horse');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/watch/incidents/12');
  await page.getByRole('heading', { name: /Unusual behaviour/ }).waitFor();
  await page.getByRole('button', { name: /Account/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.waitForURL('**/watch/login');
  expect(bench.stub.changes.at(-1)).toBe('DELETE session');
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 40_000);

test('a session that ends leads to the door, and a foreign "next" is not followed', async () => {
  const { page, context } = await bench.open('', {}, refused);
  await page.getByRole('heading', { name: /web1 behaves abnormally/ }).waitFor();
  bench.stub.scene.session.account = null;
  bench.stub.emit({ kind: 'alerts' });
  await page.waitForURL('**/watch/login**');
  await page.goto(`${bench.stub.url}login?next=https%3A%2F%2Fexample.org%2F`);
  await page.getByLabel('E-mail').fill('ana@example.org');
  await page.locator('input[name=password]').fill('correct horse');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: /web1 behaves abnormally/ }).waitFor();
  expect(page.url()).toBe(bench.stub.url);
  await context.close();
}, 40_000);

test('P02 the theme survives a reload, and the language changes without one', async () => {
  const { page, context } = await bench.open('help', { colorScheme: 'light' });
  const scheme = () => page.locator('html').getAttribute('data-mantine-color-scheme');
  await page.getByRole('button', { name: 'Switch to dark' }).click();
  await page.getByRole('button', { name: 'Switch to light' }).waitFor();
  await page.reload({ waitUntil: 'commit' });
  await page.getByRole('button', { name: 'Switch to light' }).waitFor();
  expect(await scheme()).toBe('dark');
  expect(bench.stub.scene.session.account?.preferences.theme).toBe('dark');
  await page.getByRole('button', { name: /Language/ }).click();
  await page.getByRole('menuitem', { name: 'Español' }).click();
  await page.getByRole('heading', { name: 'Ayuda' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Ayuda' }).waitFor();
  await context.close();
}, 40_000);

test('the event stream changes the overview and the incident without a reload; a lost line says since when', async () => {
  bench.stub.use('calm');
  const { page, context, watch } = await bench.open('', {}, /ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION/);
  await page.getByRole('heading', { name: /Nothing is wrong. 3 targets watched/ }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  await page.evaluate('window.stayed = true');
  bench.stub.use('incident');
  bench.stub.emit({ kind: 'incidents', entity: 'web1' });
  await page.getByRole('heading', { name: /web1 behaves abnormally since .*CPU busy 97.%/ }).click();
  await page.getByRole('heading', { name: 'web1: Unusual behaviour' }).waitFor();

  const incident = bench.stub.scene.incidents[0];
  if (!incident) throw new Error('the scene has an incident');
  Object.assign(incident, { state: 'closed', closedMs: Date.now() });
  bench.stub.emit({ kind: 'incidents', entity: 'web1' });
  await page.getByText(/Resolved at/).waitFor();
  expect(await page.evaluate('window.stayed')).toBe(true);

  bench.stub.dropStreams();
  await page.getByText(/Reconnecting since/).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 60_000);

test('P05 P06 P07 P08 the host page: figures, alerts, rules, panels that fold, and an address that remembers', async () => {
  const { page, context, watch } = await bench.open('hosts/web1');
  await page.getByRole('heading', { name: 'web1', exact: true }).waitFor();
  expect(await page.locator('.tile').allInnerTexts()).toHaveLength(5);
  expect(await page.locator('.tile', { hasText: 'CPU' }).innerText()).toContain('97');
  const alerts = page.getByRole('region', { name: 'Alerts' });
  expect(await alerts.locator('.alert-row').count()).toBe(2);
  expect(await alerts.locator('[data-state=bad]').first().innerText()).toBe('Critical');
  const rules = page.getByRole('region', { name: 'Rules' });
  expect(await rules.getByText('Firing').count()).toBe(2);
  await page.getByText('A damaged model was set aside and is learned again.').waitFor();

  await page.locator('[data-panel=cpu] canvas').waitFor();
  await page.getByRole('button', { name: 'Minimise CPU busy' }).click();
  await page.locator('[data-panel=cpu] canvas').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Expand Memory used' }).click();
  await page.getByText('24h', { exact: true }).click();
  await page.waitForURL(/range=24h/);
  await page.reload();
  await page.locator('[data-panel=memory][data-wide=true] canvas').waitFor();
  await page.getByRole('button', { name: 'Show CPU busy' }).waitFor();
  expect(await page.getByRole('radio', { name: '24h' }).isChecked()).toBe(true);

  bench.stub.use('calm');
  await page.reload();
  const none = alerts.getByText('No alerts');
  await none.waitFor();
  expect(await alerts.locator('[data-state=ok]').count()).toBe(1);
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 60_000);

test('an incident shows its features, takes a note and a silence; a viewer is told what is missing', async () => {
  const { page, context, watch } = await bench.open('incidents/12');
  const first = page.locator('.feature-row:not(.feature-head)').first();
  expect((await first.innerText()).replaceAll(/\s+/g, ' ').replaceAll('\u2060', '')).toMatch(/^CPU busy 97 % .*2–15 % 58 %$/);
  await page.getByRole('textbox', { name: 'Note' }).fill('<b>stress test</b>');
  await page.getByRole('button', { name: 'Add the note' }).click();
  await page.getByText('<b>stress test</b>').waitFor();
  await page.getByRole('button', { name: '8 hours' }).click();
  await page.getByText('Messages are silenced.').waitFor();
  expect(bench.stub.changes).toEqual([
    'POST incidents/12/notes {"text":"<b>stress test</b>"}',
    'POST incidents/12/silence {"minutes":480,"comment":""}',
  ]);

  const { account } = bench.stub.scene.session;
  if (account) account.role = 'viewer';
  await page.reload();
  const silence = page.getByRole('button', { name: '1 hour' });
  expect(await silence.getAttribute('title')).toBe('Needs the role “Operator”.');
  await silence.click({ force: true });
  expect(bench.stub.changes).toHaveLength(2);
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 40_000);

test('P15–P22 the AI page: each button shows what came of it, the threshold counts at once, the switch has a light', async () => {
  const { page, context, watch } = await bench.open('ai?entity=web1');
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  await press('Update data');
  await page.getByText(/7,200 steps from/).waitFor();
  await press('Train');
  await page.getByText(/Version 5 learned from/).waitFor();
  await press('Evaluate');
  await page.getByText('not known: no labels').first().waitFor();
  await press('Detect now');
  await page.getByText('2 findings in 7,200 steps.').waitFor();

  const count = page.getByTestId('past-count');
  const before = Number.parseInt(await count.innerText(), 10);
  const slider = page.getByRole('slider');
  await slider.focus();
  for (let step = 0; step < 20; step++) await slider.press('ArrowRight');
  const after = Number.parseInt(await count.innerText(), 10);
  expect(after).toBeLessThan(before);
  await press('Save the threshold');
  await page.getByText('set by a person').waitFor();
  expect(bench.stub.changes.at(-1)).toMatch(/^PUT ai\/threshold .*"threshold":0.72/);
  await press('Back to the learned one');
  await page.getByText('learned from the data').waitFor();

  const light = page.locator('[data-light=entity]');
  expect(await light.getAttribute('data-on')).toBe('true');
  await page.getByRole('switch', { name: 'Only web1' }).click();
  await page.locator('[data-light=entity][data-on=false]').waitFor();
  expect(bench.stub.changes.at(-1)).toBe('PUT ai/realtime {"profile":"linux-host","entity":"web1","on":false}');

  await page.getByRole('button', { name: 'Next' }).click();
  await page.waitForURL(/page=2/);
  expect(await page.getByRole('link', { name: 'Features as CSV' }).getAttribute('href')).toContain(
    '/watch/api/ai/features.csv?profile=linux-host&entity=web1&hours=10',
  );
  expect(await page.getByRole('link', { name: 'JSON' }).getAttribute('href')).toContain('/watch/api/ai/findings.json?');
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 60_000);

test('versions are compared and rolled back to; a backtest runs, is cancelled, and shows two settings side by side', async () => {
  bench.stub.use('calm');
  bench.stub.scene.backtest = null;
  const { page, context, watch } = await bench.open('ai?entity=web1');
  const versions = page.locator('#versions');
  const compare = versions.getByRole('button', { name: 'Compare the two' });
  await versions.getByRole('checkbox', { name: 'Compare version 4' }).check();
  expect(await compare.isDisabled()).toBe(true);
  expect(await versions.getByRole('checkbox', { name: 'Compare version 3' }).isDisabled()).toBe(true);
  for (const version of [2, 1]) await versions.getByRole('checkbox', { name: `Compare version ${version}` }).check();
  // The third choice took the place of the first.
  expect(await versions.getByRole('checkbox', { name: 'Compare version 4' }).isChecked()).toBe(false);
  await compare.click();
  await page.getByTestId('comparison').getByText('0.93', { exact: true }).waitFor();
  await page.getByTestId('comparison').getByRole('heading', { name: 'Version 2' }).waitFor();
  expect(await axe(page)).toEqual([]);
  await versions.getByRole('button', { name: 'Roll back to version 2' }).click();
  await page.getByRole('dialog').getByText('is not renewed until somebody trains').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
  await versions.getByText('Somebody rolled back to version 2.').waitFor();
  expect(bench.stub.changes.at(-1)).toBe('POST ai/models/roll-back {"profile":"linux-host","entity":"web1","version":2}');

  const backtest = page.locator('#backtest');
  const run = backtest.getByRole('button', { name: 'Run' });
  await backtest.getByLabel('Against').selectOption('robust-z');
  await backtest.getByLabel('Its threshold').fill('0.8');
  await backtest.getByLabel('Days back').fill('14');
  await run.click();
  await backtest.getByRole('progressbar', { name: 'Progress of the backtest' }).waitFor();
  expect(bench.stub.changes.at(-1)).toBe(
    'POST ai/backtest {"profile":"linux-host","entity":"web1","days":14,"settings":[{"detector":"isolation-forest","threshold":null},{"detector":"robust-z","threshold":0.8}]}',
  );
  expect(await run.isDisabled()).toBe(true);
  await backtest.getByRole('button', { name: 'Cancel' }).click();
  await backtest.getByText('Cancelled at').waitFor();
  await backtest.getByLabel('Targets').selectOption('all');
  await run.click();
  const result = page.getByTestId('backtest-result');
  await result.getByRole('columnheader', { name: 'robust-z from 0.80 on' }).waitFor();
  expect(await result.locator('[data-week]').count()).toBe(2);
  await result.getByText('4 targets').waitFor();
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 60_000);

test('a target is tested, refused at its field, added, and removed after a question', async () => {
  bench.stub.use('calm');
  const { page, context, watch } = await bench.open('targets', {}, refused);
  await page.getByRole('button', { name: 'Add a target' }).click();
  const form = page.getByRole('dialog');
  expect(await axe(page)).toEqual([]);
  await form.getByLabel('Name').fill('mail');
  await form.getByLabel('Address').fill('10.0.0.9:9100');
  await form.getByRole('button', { name: 'Test now' }).click();
  await form.getByText('It does not answer: connection refused').waitFor();
  await form.getByLabel('Address').fill('10.0.0.9');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.locator('.mantine-InputWrapper-error', { hasText: 'HOST:PORT' }).waitFor();
  await form.getByLabel('Address').fill('10.0.0.9:9100');
  await form.getByLabel('Labels').fill('rack');
  await form.getByText('Line 1 is not “name=value”.').waitFor();
  await form.getByLabel('Labels').fill('rack=a3');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByText('mail was saved.').waitFor();
  await page.locator('.own-row', { hasText: 'rack=a3' }).nth(1).waitFor();
  await page.getByRole('button', { name: 'Remove mail' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  expect(bench.stub.scene.overview.targets).toHaveLength(4);
  await page.getByRole('button', { name: 'Remove mail' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('mail was removed.').waitFor();
  expect(bench.stub.scene.overview.targets).toHaveLength(3);
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 60_000);

test('receivers send a test and say how it went; masked secrets go back as they came', async () => {
  const { page, context, watch } = await bench.open('settings/receivers');
  const row = (name: string) => page.locator('.entry', { hasText: name });
  await row('night-watch').getByRole('button', { name: 'Send test' }).click();
  await page.getByText('Sent: 200').waitFor();
  await row('ops@example.org').getByRole('button', { name: 'Send test' }).click();
  await page.getByText('Not sent: connection refused (127.0.0.1:25)').waitFor();
  await page.getByRole('button', { name: 'Edit night-watch' }).click();
  expect(await axe(page)).toEqual([]);
  await page.getByLabel('Chat id').fill('-100777');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(JSON.parse(bench.stub.changes.at(-1)?.split('night-watch ')[1] ?? '')).toMatchObject({
    botToken: '***',
    chatId: '-100777',
    kind: 'telegram',
  });
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 40_000);

test('everything is reached by keyboard: skip link first, menus by arrow, focus seen and moved on', async () => {
  const { page, context, watch } = await bench.open('');
  await page.getByRole('heading', { name: /web1 behaves/ }).waitFor();
  const focused = () => page.evaluate("document.activeElement.textContent.trim() || document.activeElement.getAttribute('aria-label')");
  const walked: unknown[] = [];
  for (let step = 0; step < 14; step++) {
    await page.keyboard.press('Tab');
    walked.push(await focused());
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline, `focus on "${String(walked.at(-1))}" is seen`).not.toBe('none');
  }
  expect(walked).toEqual([
    'Skip to the content',
    'Vigía',
    'Overview',
    'Containers',
    'Incidents',
    'AI',
    'Targets',
    'Settings',
    'Help',
    'Dashboards',
    'Switch to dark',
    'EN',
    'Ana García',
    expect.stringContaining('web1 behaves'),
  ]);

  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'web1: Unusual behaviour' }).waitFor();
  expect(await page.evaluate('document.activeElement.id')).toBe('content');

  await page.reload();
  await page.getByRole('heading', { name: 'web1: Unusual behaviour' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.id')).toBe('content');

  await page.getByRole('button', { name: 'Dashboards' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: /web1/ }).waitFor();
  // Energy, the explorer and the wall come before the first target.
  for (let step = 0; step < 4; step++) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/watch/hosts/**');
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 60_000);
