import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { costInWords } from '../../src/cli/cost.ts';
import { configSchema } from '../../src/model/config.ts';
import { readConfigFiles } from '../../src/server/config.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { type PrometheusApi, startPrometheusApi } from '../stand-ins/prometheus-api.ts';

const profiles = loadProfiles(join(import.meta.dirname, '..', '..', 'profiles'));
let far: PrometheusApi | undefined;
afterEach(() => far?.stop());

async function words(source: object): Promise<string> {
  far = await startPrometheusApi({ entities: Array.from({ length: 500 }, (_, index) => `node${index}`), tenant: 'home' });
  const config = configSchema.parse({ prometheus: { source: { url: far.url, tenant: 'home', ...source } } });
  return costInWords(config, readConfigFiles(config), profiles);
}

test('what reading a source costs is said before anything is read', async () => {
  const said = await words({});
  expect(said).toMatch(
    /^Reading the source costs it per minute, at a step of 15s:\n {2}linux-host +500 entities +\d+,\d+ series +\d+,\d+ samples +[\d.]+ seconds$/,
  );
  // Only counts, and never the series themselves.
  expect(
    far?.asked.filter(({ path }) => path === '/api/v1/query').every(({ form }) => form.get('query')?.startsWith('count(') === true),
  ).toBe(true);
  expect(far?.asked.some(({ path }) => path === '/api/v1/query_range')).toBe(false);
});

test('a budget that is too small lengthens the step, and no entity is left out', async () => {
  const said = await words({ budget: { samples: 30_000 } });
  expect(said).toMatch(/at a step of (30s|45s|1m[\ds]*|[2-9]m[\ds]*)/);
  expect(said).toMatch(/ 500 entities /);
  expect(said).toMatch(
    /the budget is 30,000 samples\n {2}to keep within the query budget, the step is .* instead of 15s: every scrape would cost .* of 30,000\n {2}Every entity is still read\.$/,
  );
});

test('a source that refuses is said, and nothing else is', async () => {
  expect(await words({ tenant: 'other' })).toMatch(
    /^What reading the source costs is not known: The source answered 403: unknown tenant\.$/,
  );
});
