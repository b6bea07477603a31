import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createInfluxClient } from '../../src/clients/influxdb.ts';
import type { ArchiveState } from '../../src/model/archive.ts';
import { eventually, freePort, type RealServer, scratch, startInfluxdb } from '../stand-ins/real.ts';
import { type Place, place, startVigia, type Vigia } from './vigia.ts';

/** The archive as a person sets it up: three lines of configuration beside a real InfluxDB. */
const room = scratch();
const fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });
let influxd: RealServer;
let ports: readonly [number, number];
let at: Place;
let vigia: Vigia;

beforeAll(async () => {
  ports = [await freePort(), await freePort()];
  influxd = await startInfluxdb(room.dir, ...ports);
  at = await place();
  const rules = [{ name: 'hosts', match: '{job="linux-host"}' }];
  const archive = { url: influxd.url, version: 1, rules };
  vigia = await startVigia(at, { prometheus: { scrapeInterval: '1s', retention: '1d' }, archive }, 100_000);
});
afterAll(async () => {
  await vigia?.stop();
  await influxd?.stop();
  await fetch.close();
  await room.stop();
  at?.remove();
});

const archiveState = () => vigia.api<ArchiveState>('GET', '/api/archive');
const part = async () => (await vigia.status()).parts.find((each) => each.part === 'archive');

describe('an archive', () => {
  test('follows Prometheus, says how far it is, waits while InfluxDB is dead, and then has every sample (P36)', async () => {
    await eventually('the first samples', async () => ((await archiveState()).rules[0]?.points ?? 0) > 1_000, 60_000);
    await eventually('health', async () => (await part())?.state === 'ok');
    await eventually('its metric', async () => Number((await vigia.query('vigia_archive_points_total{rule="hosts"}'))[0]?.value[1]) > 0);

    influxd.kill();
    await eventually('a failure that is said', async () => (await part())?.reason.includes('InfluxDB') ?? false);
    expect((await archiveState()).rules[0]?.error).toContain('InfluxDB');
    const deadMs = Date.now();
    influxd = await startInfluxdb(room.dir, ...ports);
    await eventually('what was missed', async () => ((await archiveState()).rules[0]?.untilMs ?? 0) > deadMs + 2_000);

    // As of 5 s ago: a scrape that is under way belongs to neither count.
    const [nowS = 0, counted = 0] = ((await vigia.query('count_over_time(node_time_seconds[10m] offset 5s)'))[0]?.value ?? []).map(Number);
    expect(counted).toBeGreaterThan(5);
    await eventually('the newest', async () => ((await archiveState()).rules[0]?.untilMs ?? 0) >= nowS * 1_000);
    const influx = createInfluxClient({ name: 'InfluxDB', baseUrl: influxd.url, version: 1, fetch });
    const until = `time <= ${Math.floor(nowS * 1_000) - 5_000}ms`;
    const [series = []] = await influx.select('vigia', [`SELECT "value" FROM "vigia_hosts"."node_time_seconds" WHERE ${until} GROUP BY *`]);
    expect(series.map(({ values }) => values.length)).toEqual([counted]);
  });
});
