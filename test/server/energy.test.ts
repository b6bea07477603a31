import { assert, constantFrom, date, property } from 'fast-check';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient } from '../../src/clients/prometheus.ts';
import { configSchema } from '../../src/model/config.ts';
import type { Profile } from '../../src/model/profile.ts';
import { prometheusFiles } from '../../src/server/derive/prometheus-files.ts';
import { discoveryOf } from '../../src/server/discovery.ts';
import type { House } from '../../src/server/house.ts';
import { alone } from '../../src/server/shares.ts';
import { loadProfiles, withEnergyLevels } from '../../src/server/profiles.ts';
import { ownSource } from '../../src/server/source.ts';
import { energyPower, energyView, startOfDay } from '../../src/server/views/energy.ts';
import { prometheus, rules, target } from '../derive/house.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../stand-ins/real.ts';

describe('midnight', () => {
  const zones = ['UTC', 'Europe/Madrid', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia', 'America/Sao_Paulo', 'Australia/Lord_Howe'];
  test('law: it is of the same day, and the moment before is of the day before', () => {
    const range = { min: new Date('2011-01-01'), max: new Date('2030-01-01'), noInvalidDate: true };
    assert(
      property(date(range), constantFrom(...zones), (now, timeZone) => {
        const day = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
        const startMs = startOfDay(now.getTime(), timeZone);
        expect(startMs).toBeLessThanOrEqual(now.getTime());
        expect(now.getTime() - startMs).toBeLessThan(26 * 3_600_000);
        expect(day.format(startMs)).toBe(day.format(now));
        expect(day.format(startMs - 1)).not.toBe(day.format(now));
      }),
      { numRuns: 300 },
    );
  });
  test('moves with the clocks of summer', () => {
    expect(startOfDay(Date.parse('2026-03-29T12:00:00Z'), 'Europe/Madrid')).toBe(Date.parse('2026-03-28T23:00:00Z'));
    expect(startOfDay(Date.parse('2026-10-25T12:00:00Z'), 'Europe/Madrid')).toBe(Date.parse('2026-10-24T22:00:00Z'));
  });
});

test('P13 the bounds of watts are settings; without them those of the profile stand', () => {
  const profiles = loadProfiles(join(import.meta.dirname, '../../profiles'));
  const levels = (of: ReadonlyMap<string, Profile>) => of.get('energy-device')?.features.map((feature) => feature.levels ?? null);
  expect(levels(withEnergyLevels(profiles, undefined))).toEqual([{ raised: 400, high: 500 }, null]);
  const { energy } = configSchema.parse({ energy: { raisedWatts: 1_000, highWatts: 2_000 } });
  expect(levels(withEnergyLevels(profiles, energy))).toEqual([{ raised: 1_000, high: 2_000 }, null]);
  expect(configSchema.safeParse({ energy: { raisedWatts: 3, highWatts: 2 } }).success).toBe(false);
});

describe('energy devices on a real Prometheus', () => {
  const profiles = loadProfiles(join(import.meta.dirname, '../../profiles'));
  const stepMs = 1_000;
  const open: { stop(): Promise<void> }[] = [];
  let appeared = false;
  const asked = new Map<string, number>();
  const inventory: string[] = ['plug-1'];
  let house: House;

  beforeAll(async () => {
    const { dir, stop } = scratch();
    open.push({ stop });
    const far = await startHttp((request, response) => {
      const { pathname: path } = new URL(request.url ?? '', 'http://far');
      if (path === '/internal/sd/energy-device') {
        const entries = targets().map((each) => discoveryOf(each, profiles.get('energy-device'), { blackbox: 'x:1', snmp: 'x:1' }));
        response.setHeader('content-type', 'application/json').end(JSON.stringify(entries));
        return;
      }
      if (path.startsWith('/internal/')) {
        response.setHeader('content-type', 'application/json').end('[]');
        return;
      }
      const id = path.slice(1);
      asked.set(id, (asked.get(id) ?? 0) + 1);
      // Of this one there is no third scrape until it has appeared.
      if (id === 'plug-2' && !appeared && (asked.get(id) ?? 0) > 2) return;
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      // Of two pins the sum counts.
      response.end(
        ['simulated', 'b'].map((pin) => `energy_power_watts{pin="${pin}"} 180\nenergy_current_amperes{pin="${pin}"} 0.9\n`).join(''),
      );
    });
    open.push(far);
    const targets = () =>
      inventory.map((id) =>
        target(id, { name: `The ${id}`, profile: 'energy-device', address: `127.0.0.1:${far.port}`, metricsPath: `/${id}` }),
      );
    const port = await freePort();
    const input = prometheus({
      scrapeIntervalMs: stepMs,
      internal: { port: far.port, token: 'token' },
      rules: rules({ scrapeIntervalMs: stepMs, profiles: [...profiles.values()] }),
    });
    write(dir, prometheusFiles(input));
    open.push(await startPrometheus(dir, port, [`--web.config.file=${join(dir, 'web.yml')}`, '--query.lookback-delta=2s']));
    const fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });
    open.push({ stop: () => fetch.close() });
    const own = { username: 'vigia', password: 'pass word' };
    const client = createPrometheusClient({ name: 'Prometheus', baseUrl: `http://127.0.0.1:${port}`, fetch, ownChild: true, ...own });
    const config = configSchema.parse({ prometheus: { scrapeInterval: '1s' }, detection: { timeZone: 'Europe/Madrid' } });
    const nothing = async () => [];
    // As much of a house as the views look at.
    house = {
      config,
      profiles,
      prometheus: client,
      source: ownSource(client, config),
      now: Date.now,
      board: { get: () => null },
      learner: { of: () => ({ learningUntilMs: null }) },
      shares: alone,
      store: {
        targets: { list: async () => targets() },
        pipeline: { entities: nothing, profileRealtime: async () => new Map() },
        incidents: { liveAlerts: nothing },
      },
    } as unknown as House;
  }, 60_000);
  afterAll(async () => {
    for (const each of open.splice(0).toReversed()) await each.stop();
  });

  const everything = { hosts: true, containers: true };
  const view = () => energyView(house, everything);

  test('P13 each says its watts, amperes and kWh of today; who may not see it sees none', async () => {
    const device = await eventually('a device with samples', async () => {
      const [first] = (await view()).devices;
      return first?.watts != null && first.kilowattHours !== null && first.state === 'ok' ? first : false;
    });
    expect(device).toMatchObject({ id: 'plug-1', name: 'The plug-1', watts: 360, amperes: 1.8 });
    // Each second of 360 W is 0.0001 kWh.
    await eventually('ten seconds of energy', async () => ((await view()).devices[0]?.kilowattHours ?? 0) >= 0.001);
    const kilowattHours = (await view()).devices[0]?.kilowattHours ?? 0;
    // No more than the scrapes there were, and one that is under way.
    expect(kilowattHours).toBeLessThanOrEqual((((asked.get('plug-1') ?? 0) + 2) * 360) / 3_600_000 + 1e-9);
    expect((await view()).levels).toEqual({ raised: 400, high: 500 });
    expect((await energyView(house, { hosts: false, containers: true })).devices).toEqual([]);
  }, 60_000);

  test('P14 a device that answers appears within two scrapes of it', async () => {
    inventory.push('plug-2');
    const found = await eventually('the second device', async () =>
      (await view()).devices.find(({ id, watts }) => id === 'plug-2' && watts !== null),
    );
    appeared = true;
    expect(found.watts).toBe(360);
    // A chart has a point per step: the first of the new device comes with the next one.
    await eventually('both in the chart', async () => {
      const nowMs = Date.now();
      const { series } = await energyPower(house, everything, { fromMs: nowMs - 1_800_000, toMs: nowMs });
      return series.map(({ legend }) => legend).join() === 'The plug-1,The plug-2';
    });
  }, 60_000);

  test('a device without samples has no watts, never 0; and without Prometheus none has', async () => {
    inventory.push('gone');
    house.store.targets.list = async () => [target('gone', { profile: 'energy-device', address: '127.0.0.1:9', metricsPath: '/gone' })];
    expect((await view()).devices).toMatchObject([{ id: 'gone', watts: null, amperes: null, kilowattHours: null }]);
    await open.find((each) => 'kill' in each)?.stop();
    expect((await view()).devices).toMatchObject([{ id: 'gone', watts: null, state: 'unknown' }]);
  }, 60_000);
});
