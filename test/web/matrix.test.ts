import { afterAll, beforeAll, expect, test } from 'vitest';
import { axe, type Bench, startBench } from './browser.ts';
import { hostileName, type SceneName } from './scenes.ts';

interface Visit {
  readonly path: string;
  readonly signedOut?: true;
  /** Is there when the page is, and on no page before it: a step within the page has no other sign that it has come. */
  readonly ready: string;
}

/** Every page, by what the server answers. */
const visits: readonly (readonly [SceneName, readonly Visit[]])[] = [
  [
    'calm',
    [
      { path: '', ready: '.target-row:not(.target-head)' },
      { path: 'containers', ready: '.engine-found' },
      { path: 'ai', ready: '#threshold canvas' },
      { path: 'energy', ready: '[aria-labelledby=power] canvas' },
      { path: 'explore', ready: '.query-input' },
      { path: 'explore?expr=node_load1', ready: '.explore-table td' },
      { path: 'wall', ready: '.wall-tile' },
      { path: 'targets', ready: '#source' },
      { path: 'settings/preferences', ready: '.settings-body select' },
      { path: 'settings/receivers', ready: '.entry:has-text("night-watch")' },
      { path: 'settings/maintenance', ready: '.entry[data-state=coming]' },
      { path: 'settings/silences', ready: '.entry code' },
      { path: 'settings/archive', ready: '.settings-body table' },
      { path: 'settings/accounts', ready: '.entry .badge' },
      { path: 'settings/tokens', ready: '.entry:has-text("grafana")' },
      { path: 'settings/audit', ready: '.settings-body table' },
      { path: 'help', ready: '.help dl' },
      { path: 'no-such-page', ready: '.page .lead + p > a' },
      { path: 'login', signedOut: true, ready: 'form' },
    ],
  ],
  [
    'incident',
    [
      { path: '', ready: '.incident-row' },
      { path: 'hosts/web1', ready: '[data-panel=processes-blocked] canvas' },
      { path: 'incidents/12', ready: '.moved-row:not(.moved-head)' },
      { path: 'incidents', ready: '.incident-row' },
      { path: 'kubernetes', ready: '.k8s-row:not(.k8s-columns)' },
      { path: 'kubernetes?node=vm&namespace=default', ready: '.k8s-where' },
      { path: 'wall', ready: '.wall-tile' },
    ],
  ],
  [
    'containers',
    [
      { path: 'containers', ready: '.replicas' },
      { path: 'containers?application=shop%2Fweb', ready: '[data-panel=threads] canvas' },
    ],
  ],
  ['empty', [{ path: 'setup', ready: 'form' }]],
];

/** `typed`: every address is loaded anew; otherwise only where the server's answers change, and the rest are steps within the page. */
const looks = [
  { width: 1440, language: 'en', typed: false },
  { width: 1440, language: 'es', typed: true },
  { width: 360, language: 'en', typed: false },
  { width: 360, language: 'es', typed: false },
] as const;

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
}, 60_000);
afterAll(() => bench.stop());

test.concurrent.for(looks)(
  'no page errs, leaves the machine, scrolls sideways or shuts anybody out at $width px in $language',
  // Seconds on an idle machine; a busy one must not fail for being slow.
  { timeout: 240_000 },
  async ({ width, language, typed }, { expect }) => {
    const stub = await bench.another();
    const { page, context, watch } = await bench.open('help', { viewport: { width, height: 800 }, locale: language }, undefined, stub);
    const found: string[] = [];
    for (const [scene, pages] of visits) {
      for (const [nth, { path, signedOut, ready }] of pages.entries()) {
        if (nth === 0) stub.use(scene);
        if (signedOut) stub.scene.session.account = null;
        await page.emulateMedia({ colorScheme: 'light' });
        if (typed || signedOut || nth === 0) await page.goto(stub.url + path);
        else {
          expect(await page.locator(ready).count(), `${ready} must not be there before ${path}`).toBe(0);
          // The router hears of it.
          await page.evaluate(`history.pushState({}, '', ${JSON.stringify(stub.url + path)})`);
        }
        await page.locator(ready).first().waitFor();
        expect(await page.locator('html').getAttribute('lang')).toBe(language);
        const sideways = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
        if (sideways > 0) found.push(`${path}: scrolls ${sideways} px sideways`);
        // A language changes neither the structure nor a colour, and the dark changes only colours.
        if (language !== 'en') continue;
        found.push(...(await axe(page)).map((line) => `${path}: ${line}`));
        await page.emulateMedia({ colorScheme: 'dark' });
        await page.locator('html[data-mantine-color-scheme=dark]').waitFor();
        found.push(...(await axe(page, ['color-contrast'])).map((line) => `${path} (dark): ${line}`));
      }
    }
    found.push(...watch.wrongs);
    await context.close();
    expect(found).toEqual([]);
  },
);

test('a name full of markup is only ever text', async () => {
  bench.stub.use('calm');
  const { page, context, watch } = await bench.open('');
  await page.getByRole('link', { name: hostileName, exact: true }).waitFor();
  expect(await page.locator('main img').count()).toBe(0);
  expect(watch.wrongs).toEqual([]);
  await context.close();
}, 30_000);

test('P01 P03 the overview leads on, and every answer of the help ends at its control', { timeout: 120_000 }, async () => {
  bench.stub.use('incident');
  const { page, context, watch } = await bench.open('');
  await page.locator('.target-name a', { hasText: 'web1' }).click();
  await page.waitForURL('**/hosts/web1');
  await page.goBack();
  for (const name of ['Containers', 'AI']) {
    await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
    await page.getByRole('heading', { name, exact: true, level: 1 }).waitFor();
  }
  await page.getByRole('button', { name: 'Dashboards' }).click();
  await page.getByRole('menuitem', { name: 'Energy' }).click();
  await page.getByRole('heading', { name: 'Energy', exact: true, level: 1 }).waitFor();

  const controls = [
    page.getByText('Live', { exact: true }),
    page.getByRole('link', { name: 'Features as CSV' }),
    page.getByRole('slider', { name: 'Threshold' }),
    page.locator('.incident-row').first(),
    page.getByRole('button', { name: 'Add a target' }),
    page.getByRole('button', { name: 'Send test' }).first(),
    page.getByRole('switch', { name: /All of/ }),
  ];
  const answers = page.locator('.help dd a');
  for (const [index, control] of controls.entries()) {
    await page.goto(`${bench.stub.url}help`);
    await answers.nth(index).click();
    await page.locator('.help').waitFor({ state: 'detached' });
    await control.waitFor();
  }
  await page.goto(`${bench.stub.url}help`);
  await answers.first().waitFor();
  expect(await answers.count()).toBe(controls.length);
  expect(watch.wrongs).toEqual([]);
  await context.close();
});
