import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient, type PrometheusClient } from '../../src/clients/prometheus.ts';
import type { Moved } from '../../src/model/explanation.ts';
import { compareMoved } from '../../src/server/moved/compare.ts';
import type { Source } from '../../src/server/reader.ts';
import { manySeries, type ManySeriesExporter, startManySeries } from '../stand-ins/many-series.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../stand-ins/real.ts';
import { profile } from './fake-source.ts';

/** Two targets of 1,050 series each, scraped by the real Prometheus; 14 and 6 of them move. */
const stepMs = 500;
const own = manySeries(1_050, 14, 1);
const peer = manySeries(1_050, 6, 2);
const stops: (() => Promise<unknown>)[] = [];
let client: PrometheusClient;
let exporters: ManySeriesExporter[];
let openedMs = 0;

const sourceOf = (): Source => ({
  client,
  stepMs,
  watermarkMs: 2 * stepMs,
  rateMs: 4 * stepMs,
  selector: (each) => each.selector,
  identity: (each) => each.identity,
});
const entities = [
  { entity: 'web1', name: 'Web 1' },
  { entity: 'web2', name: 'Web 2' },
];
const shares = [{ feature: 'cpu', value: 1, share: 1, expectedLow: 0, expectedHigh: 0.1 }];
const compare = (): Promise<Moved> =>
  compareMoved(
    sourceOf(),
    { ...profile, features: profile.features.map((each) => ({ ...each, expr: `rate(${own.movers[0]}[1m])` })) },
    { startMs: openedMs, endMs: null, shares },
    entities,
  );

/** Waits for this many further scrapes of every exporter that is there: a busy machine is slower. */
async function scraped(times: number): Promise<void> {
  const until = exporters.map((each) => each.scrapes() + times);
  await eventually(`${times} scrapes`, () => exporters.every((each, index) => each.scrapes() >= (until[index] ?? 0)), 100_000);
}

beforeAll(async () => {
  const { dir, stop } = scratch();
  stops.push(stop);
  exporters = await Promise.all([own, peer].map(startManySeries));
  const jobs = exporters.map(({ address }, index) => ({
    targets: [address],
    labels: { target: `web${index + 1}`, profile: 'linux-host', group: 'web' },
  }));
  const config = {
    global: { scrape_interval: '500ms', scrape_timeout: '400ms' },
    scrape_configs: [{ job_name: 'linux-host', static_configs: jobs }],
  };
  write(dir, { 'prometheus.yml': JSON.stringify(config) });
  const server = await startPrometheus(dir, await freePort(), ['--query.lookback-delta=1s']);
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });
  client = createPrometheusClient({ name: 'Prometheus', baseUrl: server.url, fetch });
  stops.push(...exporters.map((each) => each.stop), server.stop, () => fetch.close());
  // Of the time before, ten seconds are looked through for the change and not compared.
  await scraped(50);
  for (const each of exporters) each.move();
  await scraped(3);
  openedMs = Date.now();
  await scraped(14);
}, 240_000);
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

describe('what else moved, over the real Prometheus', () => {
  it('ranks the 20 series that moved before 2,080 that did not, of the entity and its peer', async () => {
    const moved = await compare();
    process.stdout.write(`${moved.compared.series} series compared in ${moved.tookMs} ms\n`);
    expect(moved.compared).toEqual({ series: expect.any(Number) as number, entities: 2 });
    expect(moved.compared.series).toBeGreaterThanOrEqual(2_100);
    expect(moved.left).toEqual({ series: 0, entities: 0 });
    const first = moved.rows.slice(0, 20).map((row) => `${row.entity} ${row.metric} ${row.kind}`);
    const wanted = [...own.movers.map((metric) => `web1 ${metric} up`), ...peer.movers.map((metric) => `web2 ${metric} up`)];
    expect(first.sort()).toEqual(wanted.sort());
    for (const row of moved.rows.slice(0, 20)) {
      expect(row.labels).toEqual({ part: '0' });
      expect((row.after ?? 0) / (row.before ?? 1)).toBeGreaterThan(2.5);
      expect(Math.abs(row.movedMs - openedMs)).toBeLessThan(5_000);
      expect(row.points.length).toBeGreaterThan(30);
    }
  });

  it('says names, units, rates, and which feature reads a metric; leaves out scores and buckets', async () => {
    const { rows } = await compare();
    expect(rows.filter(({ metric }) => metric === null || /^vigia_|_bucket$|clock/.test(metric))).toEqual([]);
    const row = (metric: string | undefined) => rows.find((each) => each.metric === metric && each.entity === 'web1');
    const [level] = own.movers;
    const work = own.movers.find((metric) => metric.endsWith('_work_total'));
    expect(row(level)).toMatchObject({ name: 'Web 1', feature: 'cpu', unit: 'count' });
    expect(row(work)).toMatchObject({ feature: null, unit: 'per_second' });
    expect(row(work)?.expr).toMatch(/^rate\(demo_\d+_work_total\{.*part="0".*\}\[2s\]\)$/);
    for (const each of rows.slice(0, 5)) expect(await client.query(`last_over_time((${each.expr})[1m:1s])`)).toHaveLength(1);
  });

  it('is one row for a target that is gone, and up says so', async () => {
    await exporters[1]?.stop();
    openedMs = Date.now() + 1_000;
    await sleep(9_000);
    const { rows } = await compare();
    const gone = rows.filter(({ entity, kind }) => entity === 'web2' && kind === 'vanished');
    expect(gone).toEqual([expect.objectContaining({ metric: null, labels: {}, points: [], after: null })]);
    expect(gone[0]?.alike).toBeGreaterThan(1_000);
    expect(rows.find(({ metric, entity }) => metric === 'up' && entity === 'web2')).toMatchObject({ kind: 'down', before: 1, after: 0 });
  });

  it('tells why when the source does not answer', async () => {
    const broken = { ...sourceOf(), selector: () => 'no matcher' };
    await expect(compareMoved(broken, profile, { startMs: openedMs, endMs: null, shares }, entities)).rejects.toThrow(
      /Prometheus answered 400/,
    );
  });
});
