import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DiscoverySource } from '../../src/model/discovery.ts';
import type { Target } from '../../src/model/target.ts';
import { configSchema } from '../../src/model/config.ts';
import { sourcesInWords } from '../../src/cli/sources.ts';
import { discoveriesOf } from '../../src/server/discovery.ts';
import { pauseFor } from '../../src/server/inventory/look.ts';
import { createSources, type Sources } from '../../src/server/inventory/sources.ts';
import { alone } from '../../src/server/shares.ts';
import { type FakeHouse, fakeHouse } from '../server/fake-house.ts';
import type { World } from '../server/fake-source.ts';
import { type DnsStandIn, startDns } from '../stand-ins/dns.ts';
import { eventually, scratch } from '../stand-ins/real.ts';

/** DNS names and files that name targets, under a running server: a name server on loopback, and files that change. */
const world: World = { nowMs: Date.UTC(2026, 0, 1), down: false, queries: 0, entities: new Map() };
const operator = { role: 'operator' } as const;
const exporters = { blackbox: '127.0.0.1:9115', snmp: '127.0.0.1:9116' };
const service = '_node._tcp.example.org';

const place = scratch();
const folder = join(place.dir, 'targets');
const fixed = join(place.dir, 'fixed.json');
const file = (name: string): string => join(folder, name);
/** As an editor does it: never half of it. */
const put = (path: string, text: string): void => {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
};

let dns: DnsStandIn;
let fake: FakeHouse;
let settings: object;
beforeAll(async () => {
  dns = await startDns();
  dns.said.set(`SRV ${service}`, { ttl: 60, records: [{ host: 'Web1.example.org', port: 9100 }] });
  dns.said.set('A hosts.example.org', { ttl: 7, records: ['10.0.0.1', '10.0.0.2'] });
  dns.said.set('AAAA hosts.example.org', { ttl: 7, records: ['fd00::7'] });
  mkdirSync(folder);
  put(file('a.yml'), '- targets: [a1.lan:9100, a2.lan:9100]\n  labels: { rack: a }\n');
  put(file('b.json'), '[{"targets": ["b1.lan:9100"]}]');
  put(fixed, '[{"targets": ["fixed.lan:9100"], "labels": {"instance": "The fixed one"}}]');
  const server = dns.server;
  const common = { profile: 'linux-host', server, refresh: '1s' };
  settings = {
    discovery: {
      dns: [
        { ...common, name: 'service', names: [service], labels: { from: 'dns' } },
        { ...common, name: 'v4', names: ['hosts.example.org'], type: 'A', port: 9100, scheme: 'https', metricsPath: '/m' },
        { ...common, name: 'v6', names: ['hosts.example.org'], type: 'AAAA', port: 9100 },
      ],
      files: [
        { name: 'lab', paths: [join(folder, '*.yml'), join(folder, '*.json')], profile: 'linux-host' },
        { name: 'fixed', paths: [fixed], profile: 'linux-host' },
      ],
    },
  };
  fake = await fakeHouse(world, settings);
});
afterAll(async () => {
  await fake.stop();
  await dns.stop();
  await place.stop();
});
beforeEach(() => {
  dns.asked.length = 0;
});

const targetsOf = async (source: string): Promise<Target[]> =>
  (await fake.ask(operator, 'GET', '/api/targets')).json<{ targets: Target[] }>().targets.filter((target) => target.source === source);
const sourceOf = async (name: string): Promise<DiscoverySource> => {
  const { sources } = (await fake.ask(operator, 'GET', '/api/discovery/sources')).json<{ sources: DiscoverySource[] }>();
  return sources.find((source) => source.name === name) as DiscoverySource;
};
/** Until a source's targets are these, by address. */
const become = (source: string, addresses: readonly string[]): Promise<unknown> =>
  eventually(`${source} is ${addresses.join(', ')}`, async () => {
    fake.house.sources.wake();
    return (
      (await targetsOf(source))
        .map(({ address }) => address)
        .sort()
        .join() === addresses.join()
    );
  });
const complain = (source: string, word: string): Promise<unknown> =>
  eventually(`${source} says "${word}"`, async () => {
    fake.house.sources.wake();
    return (await sourceOf(source)).reason.includes(word);
  });

describe('DNS', () => {
  it('names targets by SRV records with their ports, and by addresses with the port of the configuration', async () => {
    await become('service', ['web1.example.org:9100']);
    await become('v4', ['10.0.0.1:9100', '10.0.0.2:9100']);
    await become('v6', ['[fd00::7]:9100']);
    expect(await targetsOf('service')).toMatchObject([
      {
        id: 'web1-example-org',
        name: 'web1.example.org',
        managedBy: 'dns',
        source: 'service',
        labels: { from: 'dns' },
        profile: 'linux-host',
      },
    ]);
    const { house } = fake;
    const served = await discoveriesOf('linux-host', house.store, house.profiles, exporters);
    expect(served.find(({ targets }) => targets[0] === '10.0.0.1:9100')?.labels).toMatchObject({
      __scheme__: 'https',
      __metrics_path__: '/m',
      target: '10-0-0-1',
      profile: 'linux-host',
      instance: '10.0.0.1:9100',
    });
  });

  it('is followed: what comes is watched, what goes is not', async () => {
    dns.said.set(`SRV ${service}`, {
      ttl: 60,
      records: [
        { host: 'web1.example.org', port: 9200 },
        { host: 'web2.example.org', port: 9100 },
        { host: '.', port: 9 },
      ],
    });
    await become('service', ['web1.example.org:9200', 'web2.example.org:9100']);
    expect(dns.asked).toContain(`SRV ${service}`);
  });

  it('that fails leaves everything as it is, and says why', async () => {
    dns.said.set(`SRV ${service}`, { code: 2 });
    await complain('service', `${service}: The name server ${dns.server} answered SERVFAIL: it could not find out`);
    expect(await targetsOf('service')).toHaveLength(2);
    expect((await sourceOf('service')).state).not.toBe('ok');
    expect(fake.house.sources.health().find(({ part }) => part === 'dns service')?.state).not.toBe('ok');
  });

  it('that says that there is nothing is believed, and is not called well', async () => {
    dns.said.set(`SRV ${service}`, { code: 3 });
    await become('service', []);
    await complain('service', 'there is no such name (NXDOMAIN)');
    dns.said.delete('AAAA hosts.example.org');
    await become('v6', []);
    await complain('v6', 'it has no AAAA records');
  });

  it('never leads to where clouds give out credentials', async () => {
    dns.said.set('A hosts.example.org', { ttl: 7, records: ['10.0.0.1', '169.254.169.254'] });
    await become('v4', ['10.0.0.1:9100']);
    await complain('v4', '169.254.169.254:9100 is not taken');
  });

  it('is asked again when the shortest answer ends, within bounds, or as the configuration says', () => {
    expect(pauseFor({ type: 'A', refresh: undefined }, [60_000, 9_000, null])).toBe(9_000);
    expect(pauseFor({ type: 'AAAA', refresh: 'ttl' }, [0])).toBe(5_000);
    expect(pauseFor({ type: 'A', refresh: 'ttl' }, [9e9])).toBe(3_600_000);
    expect(pauseFor({ type: 'A', refresh: 'ttl' }, [null])).toBe(30_000);
    expect(pauseFor({ type: 'A', refresh: 60_000 }, [9_000])).toBe(60_000);
    expect(pauseFor({ type: 'SRV', refresh: undefined }, [null])).toBe(30_000);
  });
});

describe('files', () => {
  it('name targets, and are followed while they change', async () => {
    await become('lab', ['a1.lan:9100', 'a2.lan:9100', 'b1.lan:9100']);
    expect((await targetsOf('fixed')).map(({ name }) => name)).toEqual(['The fixed one']);
    put(file('c.yml'), '- targets: [c1.lan:9100]\n');
    put(file('a.yml'), '- targets: [a2.lan:9100]\n  labels: { rack: b }\n');
    await become('lab', ['a2.lan:9100', 'b1.lan:9100', 'c1.lan:9100']);
    expect((await targetsOf('lab')).find(({ address }) => address.startsWith('a2'))?.labels).toEqual({ rack: 'b' });
    rmSync(file('b.json'));
    await become('lab', ['a2.lan:9100', 'c1.lan:9100']);
  });

  it('that are broken keep their last good state, say file, line and reason, and hold up no other', async () => {
    put(file('a.yml'), '- targets:\n  - a2.lan:9100\n  - a3.lan\n');
    put(file('c.yml'), '- targets: [c2.lan:9100]\n');
    await become('lab', ['a2.lan:9100', 'c2.lan:9100']);
    await complain('lab', `${file('a.yml')}, line 3: "a3.lan" is no target: HOST:PORT, for example 192.168.1.10:9100`);
    const { places } = await sourceOf('lab');
    expect(places.map(({ place, targets, problem }) => [place, targets, problem !== ''])).toEqual([
      [file('a.yml'), 1, true],
      [file('c.yml'), 1, false],
    ]);
    put(file('a.yml'), '');
    await complain('lab', 'line 1: it is empty');
    expect(await targetsOf('lab')).toHaveLength(2);
  });

  it('that are broken when Vigía starts keep what was known before', async () => {
    const { house } = fake;
    const options = {
      config: configSchema.parse(settings).discovery,
      store: house.store,
      profiles: house.profiles,
      board: house.board,
      events: house.events,
      shares: alone,
      inventoryChanged: async () => {},
      now: house.now,
      log: house.log,
    };
    let again: Sources | null = null;
    try {
      again = await createSources(options);
      again.begin();
      const { length } = await targetsOf('lab');
      await eventually('a look', async () => (await again?.list())?.find(({ name }) => name === 'lab')?.reason.includes('it is empty'));
      expect((await targetsOf('lab')).length).toBe(length);
    } finally {
      await again?.stop();
    }
  });

  it('whose folder or whole path is away leave everything as it is', async () => {
    renameSync(folder, `${folder}-away`);
    rmSync(fixed);
    await complain('lab', `${join(folder, '*.yml')}: ENOENT: no such file or directory`);
    await complain('fixed', `${fixed}: ENOENT: no such file or directory`);
    expect((await targetsOf('lab')).map(({ address }) => address)).toEqual(['a2.lan:9100', 'c2.lan:9100']);
    expect(await targetsOf('fixed')).toHaveLength(1);
    renameSync(`${folder}-away`, folder);
    put(file('a.yml'), '[]');
    await become('lab', ['c2.lan:9100']);
  });

  it('are said by "vigia check" with all that is wrong', async () => {
    put(file('a.yml'), '- targets: [a1.lan]');
    const config = configSchema.parse({ discovery: { files: (settings as { discovery: { files: object[] } }).discovery.files } });
    const { lines, problems } = await sourcesInWords(config, fake.house.profiles);
    expect({ lines, problems }).toEqual({
      problems: 2,
      lines: [
        'files lab: 1 target(s)',
        `  ${file('a.yml')}, line 1: "a1.lan" is no target: HOST:PORT, for example 192.168.1.10:9100`,
        'files fixed: 0 target(s)',
        `  ${fixed}: ENOENT: no such file or directory`,
      ],
    });
  });
});

describe('a target that a source names', () => {
  it('is neither changed nor removed on the page, but for its switch', async () => {
    const [target] = await targetsOf('lab');
    const { id, name, profile, address } = target as Target;
    const refused = await fake.ask(operator, 'DELETE', `/api/targets/${id}`);
    expect([refused.status, refused.text]).toEqual([
      409,
      expect.stringContaining(`${name} is named by the source \\"lab\\" of discovery.files: take it out there, or switch it off here`),
    ]);
    const change = { name: 'Mine', profile, address, labels: { a: 'b' }, enabled: false };
    expect((await fake.ask(operator, 'PUT', `/api/targets/${id}`, change)).json<Target>()).toEqual({ ...target, enabled: false });
    const { house } = fake;
    const served = await discoveriesOf('linux-host', house.store, house.profiles, exporters);
    expect(served.flatMap(({ targets }) => targets)).not.toContain(address);
  });

  it('goes with the source that the configuration no longer names', async () => {
    const { house } = fake;
    // It would name them again.
    await house.sources.stop();
    let told = 0;
    const rest = { store: house.store, profiles: house.profiles, board: house.board, events: house.events, shares: alone };
    const none = await createSources({
      ...rest,
      config: undefined,
      inventoryChanged: async () => void told++,
      now: house.now,
      log: house.log,
    });
    none.begin();
    await eventually('the files for Prometheus', () => told > 0);
    expect((await house.store.targets.list()).filter(({ source }) => source !== undefined)).toEqual([]);
    await none.stop();
  });
});
