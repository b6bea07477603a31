import { afterAll, beforeAll, expect, test } from 'vitest';
import { axe, type Bench, startBench } from './browser.ts';
import { hostileName, type SceneName } from './scenes.ts';

/** Every page, in both languages, both themes, on a phone and on a desk. */
const pages: readonly { readonly path: string; readonly scene: SceneName; readonly signedOut?: true; readonly ready: string }[] = [
  { path: '', scene: 'calm', ready: '.target-row:not(.target-head)' },
  { path: '', scene: 'incident', ready: '.incident-row' },
  { path: 'hosts/web1', scene: 'incident', ready: '[data-panel=processes-blocked] canvas' },
  { path: 'containers', scene: 'containers', ready: '.replicas' },
  { path: 'containers', scene: 'calm', ready: '.engine-found' },
  { path: 'containers?application=shop%2Fweb', scene: 'containers', ready: '[data-panel=threads] canvas' },
  { path: 'incidents', scene: 'incident', ready: '.incident-row' },
  { path: 'incidents/12', scene: 'incident', ready: '.moved-row:not(.moved-head)' },
  { path: 'ai', scene: 'calm', ready: '#threshold canvas' },
  { path: 'kubernetes', scene: 'incident', ready: '.k8s-row:not(.k8s-columns)' },
  { path: 'kubernetes?node=vm&namespace=default', scene: 'incident', ready: '.k8s-row:not(.k8s-columns)' },
  { path: 'energy', scene: 'calm', ready: 'canvas' },
  { path: 'explore', scene: 'calm', ready: '.query-input' },
  { path: 'explore?expr=node_load1', scene: 'calm', ready: '.explore-table td' },
  { path: 'wall', scene: 'calm', ready: '.wall-tile' },
  { path: 'wall', scene: 'incident', ready: '.wall-tile' },
  { path: 'targets', scene: 'calm', ready: '#source' },
  { path: 'settings/preferences', scene: 'calm', ready: '.settings-body select' },
  { path: 'settings/receivers', scene: 'calm', ready: '.entry' },
  { path: 'settings/silences', scene: 'calm', ready: '.entry' },
  { path: 'settings/archive', scene: 'calm', ready: 'table' },
  { path: 'settings/accounts', scene: 'calm', ready: '.entry' },
  { path: 'settings/tokens', scene: 'calm', ready: '.entry' },
  { path: 'settings/audit', scene: 'calm', ready: 'table' },
  { path: 'help', scene: 'calm', ready: '.help dl' },
  { path: 'no-such-page', scene: 'calm', ready: 'h1' },
  { path: 'login', scene: 'calm', signedOut: true, ready: 'form' },
  { path: 'setup', scene: 'empty', ready: 'form' },
];

const looks = [
  { width: 1440, language: 'en' },
  { width: 1440, language: 'es' },
  { width: 360, language: 'en' },
  { width: 360, language: 'es' },
] as const;

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
}, 60_000);
afterAll(() => bench.stop());

test.concurrent.for(looks)(
  'no page errs, leaves the machine, scrolls sideways or shuts anybody out at $width px in $language, light and dark',
  // Seconds on an idle machine; a busy one must not fail for being slow.
  { timeout: 240_000 },
  async ({ width, language }, { expect }) => {
    const stub = await bench.another();
    const { page, context, watch } = await bench.open('help', { viewport: { width, height: 800 }, locale: language }, undefined, stub);
    const found: string[] = [];
    for (const { path, scene, signedOut, ready } of pages) {
      stub.use(scene);
      if (signedOut) stub.scene.session.account = null;
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(stub.url + path);
      await page.locator(ready).first().waitFor();
      expect(await page.locator('html').getAttribute('lang')).toBe(language);
      const sideways = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      if (sideways > 0) found.push(`${path}: scrolls ${sideways} px sideways`);
      found.push(...(await axe(page)).map((line) => `${path}: ${line}`));
      // The structure is the same in the dark; only colours change.
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.locator('html[data-mantine-color-scheme=dark]').waitFor();
      // Nor does the language change a colour.
      if (language === 'en') found.push(...(await axe(page, ['color-contrast'])).map((line) => `${path} (dark): ${line}`));
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

test('P01 P03 the overview leads on, and every answer of the help ends at its control', { timeout: 60_000 }, async () => {
  bench.stub.use('incident');
  const { page, context, watch } = await bench.open('');
  await page.locator('.target-name a', { hasText: 'web1' }).click();
  await page.waitForURL('**/hosts/web1');
  await page.goBack();
  await page.getByRole('navigation').getByRole('link', { name: 'AI', exact: true }).click();
  await page.getByRole('heading', { name: 'AI' }).waitFor();

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
