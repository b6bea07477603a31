import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient } from '../../src/clients/prometheus.ts';
import { prometheusFiles } from '../../src/server/derive/prometheus-files.ts';
import { discoveriesOf } from '../../src/server/discovery.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { prometheus, rules } from '../derive/house.ts';
import { fakeHouse } from '../server/fake-house.ts';
import { startDns } from '../stand-ins/dns.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../stand-ins/real.ts';

const root = join(import.meta.dirname, '../..');
const profiles = loadProfiles(join(root, 'profiles'));
const credential = { username: 'vigia', password: 'pass word' };
const open: { stop(): Promise<unknown> }[] = [];
afterAll(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});
const opened = <T extends { stop(): Promise<unknown> }>(thing: T): T => {
  open.push(thing);
  return thing;
};

test('what DNS and files name is scraped by the real Prometheus within seconds, and what they no longer name is not', {
  timeout: 90_000,
}, async () => {
  const { dir } = opened(scratch());
  const exporter = opened(
    await startHttp((_, response) => response.end(readFileSync(join(root, 'test/fixtures/exporters/linux-host.txt'), 'utf8'))),
  );
  const silent = await freePort();
  const dns = opened(await startDns());
  dns.said.set('A hosts.example.org', { ttl: 60, records: ['127.0.0.1'] });
  const file = join(dir, 'targets.yml');
  const put = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  put(`- targets: ['127.0.0.1:${silent}']\n  labels: { instance: silent }\n`);
  const common = { profile: 'linux-host' };
  const world = { nowMs: Date.UTC(2026, 0, 1), down: false, queries: 0, entities: new Map() };
  const { house } = opened(
    await fakeHouse(world, {
      discovery: {
        dns: [
          {
            ...common,
            name: 'web',
            names: ['hosts.example.org'],
            type: 'A',
            port: exporter.port,
            server: dns.server,
            labels: { site: 'x' },
          },
        ],
        files: [{ ...common, name: 'lab', paths: [file] }],
      },
    }),
  );
  const far = opened(
    await startHttp(async (request, response) => {
      const slug = (request.url ?? '').split('/').at(-1) ?? '';
      const found = await discoveriesOf(slug, house.store, profiles, house.exporters.addresses);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(found));
    }),
  );
  const port = await freePort();
  const profile = profiles.get('linux-host');
  const input = prometheus({
    scrapeIntervalMs: 1_000,
    internal: { port: far.port, token: 'token' },
    rules: rules({ scrapeIntervalMs: 1_000, profiles: profile === undefined ? [] : [profile] }),
  });
  write(dir, prometheusFiles(input));
  opened(await startPrometheus(dir, port, [`--web.config.file=${join(dir, 'web.yml')}`]));
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set<number>() });
  opened({ stop: () => fetch.close() });
  const client = createPrometheusClient({ name: 'Prometheus', baseUrl: `http://127.0.0.1:${port}`, fetch, ownChild: true, ...credential });

  const up = async () =>
    new Map((await client.query('up{profile="linux-host"}')).map(({ labels, value }) => [labels['target'], { labels, value }]));
  const both = await eventually('both targets', async () => {
    const found = await up();
    return found.get('127-0-0-1')?.value === 1 && found.get('silent')?.value === 0 && found;
  });
  expect(both.get('127-0-0-1')?.labels).toMatchObject({ site: 'x', instance: `127.0.0.1:${exporter.port}`, job: 'linux-host' });

  put('[]');
  house.sources.wake();
  await eventually('its end', async () => (await client.targets()).every(({ labels }) => labels['target'] !== 'silent'));
});
