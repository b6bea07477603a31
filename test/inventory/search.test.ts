import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noDiscovery, type Found, type Search } from '../../src/model/discovery.ts';
import type { Target } from '../../src/model/target.ts';
import { createSearch, type NetworkSearch } from '../../src/server/inventory/search.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { type FakeHouse, fakeHouse } from '../server/fake-house.ts';
import type { World } from '../server/fake-source.ts';
import { type HttpStandIn, startHttp } from '../stand-ins/http.ts';
import { eventually, freePort } from '../stand-ins/real.ts';

/** A search of loopback, where three exporters and a web page answer. No other machine is ever asked. */
const root = join(import.meta.dirname, '../..');
const profiles = loadProfiles(join(root, 'profiles'));
const world: World = { nowMs: Date.UTC(2026, 0, 1), down: false, queries: 0, entities: new Map() };
const operator = { role: 'operator' } as const;
const viewer = { role: 'viewer' } as const;
const onlyContainers = { role: 'operator', scope: { hosts: false, containers: true } } as const;

const asked: string[] = [];
let hang = false;
/** Addresses of this machine; nobody is ever asked at them. */
let faces = [{ address: '192.168.7.5', cidr: '192.168.7.5/24', family: 'IPv4', internal: false }];
const exporter = (file: string): Promise<HttpStandIn> =>
  startHttp((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (!hang) response.end(readFileSync(join(root, 'test/fixtures/exporters', file), 'utf8'));
  });

let node: HttpStandIn;
let redis: HttpStandIn;
let cadvisor: HttpStandIn;
let page: HttpStandIn;
let fake: FakeHouse;
let search: NetworkSearch;
/** A port of Vigía itself, where an exporter would answer. */
let own: HttpStandIn;
beforeAll(async () => {
  node = await exporter('linux-host.txt');
  redis = await exporter('redis.txt');
  cadvisor = await exporter('container.txt');
  own = await exporter('linux-host.txt');
  page = await startHttp((request, response) => {
    asked.push(`${request.method} ${request.url} of the page`);
    response.writeHead(request.url === '/metrics' ? 302 : 200, { location: `${node.url}/metrics` }).end('<html>node_load1 1</html>');
  });
  const ports = [node, redis, cadvisor, page, own].map(({ port }) => port);
  // The store is that of the house, which is built with this search in it.
  const store = {
    get targets() {
      return fake.house.store.targets;
    },
    get settings() {
      return fake.house.store.settings;
    },
  };
  search = createSearch({
    config: { ...noDiscovery, ports: [...ports, await freePort()] },
    store,
    profiles,
    ownPorts: { prometheus: own.port },
    kubernetes: null,
    now: () => world.nowMs,
    interfaces: () => faces,
    arp: () => '',
  });
  fake = await fakeHouse(world, {}, { search });
});
afterAll(async () => {
  await fake.stop();
  await Promise.all([node, redis, cadvisor, page, own].map((each) => each.stop()));
});

const found = async (who: Parameters<FakeHouse['ask']>[0] = operator): Promise<Found> =>
  (await fake.ask(who, 'GET', '/api/discovery/found')).json<Found>();
const searchFor = async (network: string): Promise<Found> => {
  const started = (await fake.ask(operator, 'POST', '/api/discovery/search', { network })).json<Search>();
  expect(started).toMatchObject({ network, state: 'running', by: 'operator', tried: 0 });
  return eventually('the end', async () => {
    const now = await found();
    return now.search?.id === started.id && now.search.state === 'done' && now;
  });
};

describe('a search of the network', () => {
  it('is made by nobody but those who may, and not before they say so', async () => {
    expect(await found()).toEqual({ search: null, suggestions: [], dismissed: 0, networks: ['192.168.7.0/24'] });
    const refused = [
      await fake.ask(viewer, 'GET', '/api/discovery/found'),
      await fake.ask(viewer, 'GET', '/api/discovery/sources'),
      await fake.ask(viewer, 'POST', '/api/discovery/search', {}),
      await fake.ask(viewer, 'DELETE', '/api/discovery/search'),
      await fake.ask(viewer, 'POST', '/api/discovery/dismissed', { address: 'a:1', profile: 'redis' }),
      await fake.ask(viewer, 'DELETE', '/api/discovery/dismissed'),
    ];
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 403));
    expect(asked).toEqual([]);
  });

  it('leads nowhere that is public, and says so in a sentence', async () => {
    const public_ = await fake.ask(operator, 'POST', '/api/discovery/search', { network: '8.8.8.0/24' });
    expect([public_.status, public_.json<{ message: string }>().message]).toEqual([
      403,
      'Vigía does not connect to 8.8.8.0/24: only private networks (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16) and this machine itself are searched.',
    ]);
    const large = await fake.ask(operator, 'POST', '/api/discovery/search', { network: '10.0.0.0/8' });
    expect([large.status, large.json<{ field: string }>().field]).toEqual([400, 'network']);
    expect((await found()).search).toBeNull();
    expect(asked).toEqual([]);
  });

  it('asks for /metrics and nothing else, follows nobody elsewhere, and tells each exporter by what it says', async () => {
    const { search: done, suggestions } = await searchFor('127.0.0.1/32');
    expect(done).toMatchObject({ addresses: 1, tried: 6, total: 6, answered: 3 });
    const by = (profile: string) => suggestions.find((each) => each.profile === profile);
    expect(suggestions).toHaveLength(3);
    expect(by('linux-host')).toMatchObject({ address: `127.0.0.1:${node.port}`, begins: 'node_' });
    expect(by('redis')).toMatchObject({ address: `127.0.0.1:${redis.port}`, name: 'redis 127.0.0.1', begins: 'redis_' });
    expect(by('container')).toMatchObject({ address: `127.0.0.1:${cadvisor.port}`, begins: 'container_' });
    // Once each; the page's redirection was not followed, and Vigía's own port was never asked.
    expect(asked.toSorted()).toEqual(['GET /metrics', 'GET /metrics', 'GET /metrics', 'GET /metrics of the page']);
    expect((await fake.house.store.targets.list()).map(({ address }) => address)).toEqual([]);
    expect((await found(onlyContainers)).suggestions.map(({ profile }) => profile)).toEqual(['container']);
  });

  it('suggests nothing that is watched, by whichever of its addresses', async () => {
    const suggestion = (await found()).suggestions.find(({ profile }) => profile === 'linux-host');
    const { name, profile } = suggestion as Found['suggestions'][number];
    const made = await fake.ask(operator, 'POST', '/api/targets', { name, profile, address: `192.168.7.5:${node.port}` });
    expect(made.status).toBe(200);
    expect((await found()).suggestions.map((each) => each.profile).sort()).toEqual(['container', 'redis']);
    await fake.ask(operator, 'DELETE', `/api/targets/${made.json<Target>().id}`);
    expect((await found()).suggestions).toHaveLength(3);
    await fake.ask(operator, 'POST', '/api/targets', { name, profile, address: `localhost:${node.port}` });
    expect((await found()).suggestions).toHaveLength(2);
  });

  it('suggests nothing again that was dismissed, until somebody wants it back', async () => {
    const key = { address: `127.0.0.1:${redis.port}`, profile: 'redis' };
    expect((await fake.ask(operator, 'POST', '/api/discovery/dismissed', key)).status).toBe(204);
    expect((await fake.ask(operator, 'POST', '/api/discovery/dismissed', key)).status).toBe(404);
    expect(await found()).toMatchObject({ dismissed: 1, suggestions: [{ profile: 'container' }] });
    expect((await searchFor('127.0.0.1/32')).suggestions.map(({ profile }) => profile)).toEqual(['container']);
    await fake.ask(operator, 'DELETE', '/api/discovery/dismissed');
    expect((await found()).suggestions).toHaveLength(2);
  });

  it('forgets what no longer answers, and is there once at a time', async () => {
    await cadvisor.stop();
    [hang, faces] = [true, []];
    const first = await fake.ask(operator, 'POST', '/api/discovery/search', {});
    const second = await fake.ask(operator, 'POST', '/api/discovery/search', { network: '127.0.0.1/32' });
    // It has no neighbours here, so only itself is asked.
    expect([first.status, first.json<Search>()]).toEqual([200, expect.objectContaining({ network: null, addresses: 1 })]);
    expect([second.status, second.text]).toEqual([409, expect.stringContaining('A search is running already')]);
    expect((await fake.ask(operator, 'DELETE', '/api/discovery/search')).status).toBe(204);
    await eventually('the end', async () => (await found()).search?.state === 'cancelled');
    hang = false;
    expect((await searchFor('127.0.0.1/32')).suggestions.map(({ profile }) => profile)).toEqual(['redis']);
    const audit = await fake.house.store.audit.list({ limit: 100, offset: 0 });
    expect(audit.entries.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['network.search', 'network.search-cancel', 'suggestion.dismiss', 'suggestion.restore']),
    );
  });
});
