import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGuardedFetch, type GuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient } from '../../src/clients/prometheus.ts';
import { VigiaError } from '../../src/model/errors.ts';
import type { Target } from '../../src/model/target.ts';
import { snmpIsSplit } from '../../src/server/derive/exporter-files.ts';
import { prometheusFiles } from '../../src/server/derive/prometheus-files.ts';
import { discoveryOf } from '../../src/server/discovery.ts';
import { createExporters, type Exporters, type ExportersOptions } from '../../src/server/exporters.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { completeUntil, readWindow, sortedFeatures, type Source } from '../../src/server/reader.ts';
import { findPart } from '../../src/tools/parts.ts';
import { start } from '../../src/tools/run.ts';
import { prometheus, rules, target } from '../derive/house.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../stand-ins/real.ts';

/** The real exporters as Vigía's children, a real snmpd, a web server and this machine's loopback, through the real Prometheus. */
const profiles = loadProfiles(join(import.meta.dirname, '../../profiles'));
const credential = { username: 'vigia', password: 'pass word' };
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;
const stepMs = 1_000;
const open: { stop(): Promise<unknown> }[] = [];
let fetch: GuardedFetch;
let dir = '';
const inventory: Target[] = [];

async function exportersWith(more: Partial<ExportersOptions> = {}): Promise<Exporters> {
  const made = createExporters({
    config: {},
    profiles,
    targets: async () => inventory,
    dataDir: dir,
    ports: { blackbox: await freePort(), snmp: await freePort() },
    credential,
    find: (name) => findPart(name, { partsDir: join(dir, 'none') }),
    install: async (name) => {
      throw new VigiaError('part-missing', { part: name, reason: 'not here', help: 'apt-get install' });
    },
    fetch,
    start,
    log,
    now: Date.now,
    onChange: () => {},
    ...more,
  });
  open.push(made);
  return made;
}

beforeAll(() => {
  const room = scratch();
  ({ dir } = room);
  open.push(room);
  fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });
  open.push({ stop: () => fetch.close() });
});
afterAll(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

test.each([
  ['snmp_exporter, version 0.21.0+ds (branch: debian/sid)', false],
  ['snmp_exporter, version 0.22.0 (branch: HEAD)', false],
  ['snmp_exporter, version 0.23.0 (branch: HEAD)', true],
  ['snmp_exporter, version 1.0.0', true],
])('%s: credentials apart from modules: %s', (printed, wanted) => {
  expect(snmpIsSplit(printed)).toBe(wanted);
});

describe('exporters that are asked about others', () => {
  test('run while a target needs them, give every feature of their profiles, and ask for a credential', async () => {
    const exporters = await exportersWith();
    expect(exporters.own).toEqual(new Set(['blackbox', 'snmp']));
    await exporters.sync();
    expect(exporters.health()).toEqual([]);

    const web = await startHttp((_, response) => response.end('well'));
    open.push(web);
    const agent = await startSnmpd();
    open.push(agent);
    inventory.push(
      target('switch', { profile: 'snmp-switch', address: `127.0.0.1:${agent.port}` }),
      target('shop', { profile: 'http-endpoint', address: `127.0.0.1:${web.port}`, metricsPath: '/' }),
      target('router', { profile: 'ping', address: '127.0.0.1:1' }),
    );
    await exporters.sync();
    await eventually('both exporters', () => exporters.health().length === 2 && exporters.health().every(({ phase }) => phase === 'ready'));
    // Nobody else on this machine may have them ask for him.
    const stranger = await fetch(`http://${exporters.addresses.blackbox}/probe?target=127.0.0.1`, {
      deadlineMs: 3_000,
      maxBytes: 100_000,
      allowLoopback: true,
    });
    expect(stranger.status).toBe(401);

    const far = await startHttp((request, response) => {
      const slug = (request.url ?? '').split('/').at(-1) ?? '';
      const entries = inventory
        .filter(({ profile }) => profile === slug)
        .map((each) => discoveryOf(each, profiles.get(slug), exporters.addresses));
      response.setHeader('content-type', 'application/json').end(JSON.stringify(entries));
    });
    open.push(far);
    const port = await freePort();
    const input = prometheus({
      scrapeIntervalMs: stepMs,
      internal: { port: far.port, token: 'token' },
      rules: rules({ scrapeIntervalMs: stepMs, profiles: [...profiles.values()] }),
      exporters: { ...credential, names: exporters.own },
    });
    write(dir, prometheusFiles(input));
    open.push(await startPrometheus(dir, port, [`--web.config.file=${join(dir, 'web.yml')}`, '--query.lookback-delta=2s']));
    const client = createPrometheusClient({
      name: 'Prometheus',
      baseUrl: `http://127.0.0.1:${port}`,
      fetch,
      ownChild: true,
      ...credential,
    });
    const source: Source = {
      client,
      stepMs,
      watermarkMs: 2 * stepMs,
      rateMs: 4 * stepMs,
      selector: (profile) => profile.selector,
      identity: (profile) => profile.identity,
    };
    await eventually(
      'five good scrapes of each',
      async () => (await client.query('sum_over_time(up{target!=""}[1m]) >= 5')).length === 3,
      60_000,
    );
    const toMs = completeUntil(await client.nowMs(), source);
    const silent: string[] = [];
    for (const slug of ['snmp-switch', 'http-endpoint', 'ping']) {
      const profile = profiles.get(slug);
      if (profile === undefined) throw new Error(slug);
      const window = await readWindow(source, profile, { fromMs: toMs - 3 * stepMs, toMs });
      expect(window.entities.map(({ entity }) => entity)).toEqual(inventory.filter((each) => each.profile === slug).map(({ id }) => id));
      const rows = window.entities[0]?.rows ?? new Float64Array();
      for (const [column, { name }] of sortedFeatures(profile).entries()) {
        const values = rows.filter((value, at) => at % profile.features.length === column && Number.isFinite(value));
        if (values.length === 0) silent.push(`${slug} ${name}`);
      }
    }
    // The web server speaks plain HTTP.
    expect(silent).toEqual(['http-endpoint certificate_left']);
    expect((await client.query('probe_success')).map(({ value }) => value)).toEqual([1, 1]);
    expect((await client.query('ifHCInOctets{ifName="lo"}'))[0]?.labels).toMatchObject({ target: 'switch', ifDescr: 'lo', ifIndex: '1' });

    // With its last target an exporter goes.
    inventory.splice(0, 1);
    await exporters.sync();
    expect(exporters.health().map(({ part }) => part)).toEqual(['blackbox_exporter']);
    inventory.length = 0;
    await exporters.sync();
    expect(exporters.health()).toEqual([]);
  }, 120_000);

  test('that the configuration names are asked where they are, and not started', async () => {
    inventory.push(target('router', { profile: 'ping', address: '10.0.0.1:1' }));
    const exporters = await exportersWith({ config: { blackbox: '10.0.0.9:9115' } });
    await exporters.sync();
    expect(exporters.addresses.blackbox).toBe('10.0.0.9:9115');
    expect(exporters.own).toEqual(new Set(['snmp']));
    expect(exporters.health()).toEqual([]);
  });

  test('that are missing say what helps, and are not downloaded again at each try', async () => {
    inventory.push(target('router', { profile: 'ping', address: '10.0.0.1:1' }));
    let tries = 0;
    const exporters = await exportersWith({
      find: () => null,
      install: async (name) => {
        tries++;
        throw new VigiaError('part-missing', { part: name, reason: 'nothing may be installed', help: 'sudo apt-get install it' });
      },
    });
    await exporters.sync();
    const told = await eventually('two tries', () => {
      const [part] = exporters.health();
      return part?.reason.includes('starts again in 1 s') ? part : false;
    });
    expect(told).toMatchObject({ part: 'blackbox_exporter', state: 'bad', reason: expect.stringContaining('sudo apt-get install it') });
    expect(tries).toBe(1);
  });
});

/** An agent that says what this machine's interfaces do, to the community that everybody knows, on loopback. */
async function startSnmpd(): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freeUdpPort();
  write(dir, { 'snmpd.conf': 'rocommunity public 127.0.0.1\n', 'snmp/snmp.conf': '' });
  const state = join(dir, 'snmp');
  const child = start({
    file: 'snmpd',
    args: ['-f', '-Lo', '-C', '-c', join(dir, 'snmpd.conf'), '-p', join(dir, 'snmpd.pid'), '-I', '-smux', `udp:127.0.0.1:${port}`],
    env: { SNMP_PERSISTENT_DIR: state, SNMPCONFPATH: state, MIBS: '', HOME: state },
  });
  return {
    port,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await child.exited;
      clearTimeout(timer);
    },
  };
}

function freeUdpPort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
