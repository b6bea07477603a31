import { array, assert, property, string } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient } from '../../src/clients/prometheus.ts';
import type { Completions, Exploration } from '../../src/model/promql.ts';
import { chosen } from '../../src/server/views/promql.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../stand-ins/real.ts';
import { type FakeHouse, fakeHouse } from './fake-house.ts';

const operator = { role: 'operator' } as const;
const open: { stop(): Promise<void> }[] = [];
let fake: FakeHouse;

beforeAll(async () => {
  const { dir, stop } = scratch();
  open.push({ stop });
  const many = Array.from({ length: 130 }, (_, at) => `crowd{nth="${at}"} ${at}\n`).join('');
  const exporter = await startHttp((_, response) =>
    response
      .writeHead(200, { 'content-type': 'text/plain' })
      .end(`room_celsius{room="north"} 21.5\nroom_celsius{room="só\\"uth"} NaN\n${many}`),
  );
  open.push(exporter);
  write(dir, {
    'prometheus.yml': JSON.stringify({
      global: { scrape_interval: '1s' },
      scrape_configs: [{ job_name: 'rooms', static_configs: [{ targets: [`127.0.0.1:${exporter.port}`] }] }],
    }),
  });
  const prometheus = await startPrometheus(dir, await freePort());
  open.push(prometheus);
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });
  open.push({ stop: () => fetch.close() });
  const client = createPrometheusClient({ name: 'Prometheus', baseUrl: prometheus.url, fetch });
  const world = { nowMs: Date.now(), down: false, queries: 0, entities: new Map() };
  fake = await fakeHouse(world);
  open.push(fake);
  Object.assign(fake.house, { prometheus: client });
  await eventually('two scrapes', async () => (await client.query('count_over_time(room_celsius{room="north"}[1m]) >= 2')).length === 1);
  world.nowMs = Date.now();
}, 60_000);
afterAll(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

const get = async (path: string, query: Record<string, string | number>, who: Parameters<FakeHouse['ask']>[0] = operator) =>
  fake.ask(
    who,
    'GET',
    `/api/promql/${path}?${new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])).toString()}`,
  );
const range = () => ({ fromMs: Date.now() - 60_000, toMs: Date.now() + 5_000 });

describe('a query that a person wrote', () => {
  it('is answered with labels and samples; what is no number is a hole', async () => {
    const found = (await get('range', { ...range(), expr: ' room_celsius ' })).json<Exploration>();
    expect(found.total).toBe(2);
    expect(found.series.map(({ labels }) => labels['room']).toSorted()).toEqual(['north', 'só"uth']);
    const values = (room: string) => found.series.find(({ labels }) => labels['room'] === room)?.points.map(([, value]) => value) ?? [];
    expect(new Set(values('north'))).toEqual(new Set([21.5]));
    expect(new Set(values('só"uth'))).toEqual(new Set([null]));
  });

  it('brings no more than can be read, and says how much there is', async () => {
    const found = (await get('range', { ...range(), expr: 'crowd' })).json<Exploration>();
    expect([found.total, found.series.length]).toEqual([130, 100]);
  });

  it.each([
    ['rate(', 'parse error'],
    ['up[5m]', 'invalid expression type'],
    ['sum(rate(up))', 'expected type range vector'],
  ])('that is wrong (%s) is told in the words of Prometheus, as the fault of the query', async (expr, words) => {
    const answer = await get('range', { ...range(), expr });
    expect(answer.status).toBe(400);
    expect(answer.json<{ message: string }>().message).toContain(words);
  });

  it('is refused without an expression, with one without end, and for no range', async () => {
    expect((await get('range', { ...range(), expr: ' ' })).status).toBe(400);
    expect((await get('range', { ...range(), expr: 'x'.repeat(2_001) })).status).toBe(400);
    expect((await get('range', { fromMs: 5, toMs: 5, expr: 'up' })).status).toBe(400);
  });

  it('needs an operator who may see everything', async () => {
    const query = { ...range(), expr: 'up' };
    const everywhere = ['range', 'metrics', 'labels', 'values'] as const;
    for (const path of everywhere) {
      const asked = path === 'range' ? query : path === 'values' ? { label: 'room' } : {};
      expect((await get(path, asked, null)).status, path).toBe(401);
      expect((await get(path, asked, { role: 'viewer' })).status, path).toBe(403);
      expect((await get(path, asked, { role: 'operator', scope: { hosts: true, containers: false } })).status, path).toBe(403);
      expect((await get(path, asked, { role: 'administrator', scope: { hosts: false, containers: true } })).status, path).toBe(403);
      expect((await get(path, asked)).status, path).toBe(200);
    }
  });
});

describe('completions', () => {
  it('are what the source has: metrics, labels of a metric, values of a label', async () => {
    expect((await get('metrics', { like: 'cels' })).json<Completions>()).toEqual({ names: ['room_celsius'], total: 1 });
    expect((await get('labels', { metric: 'room_celsius' })).json<Completions>().names).toEqual(['__name__', 'instance', 'job', 'room']);
    expect((await get('values', { label: 'room', metric: 'room_celsius' })).json<Completions>().names).toEqual(['north', 'só"uth']);
    const crowd = (await get('values', { label: 'nth' })).json<Completions>();
    expect([crowd.total, crowd.names.length]).toEqual([130, 100]);
  });

  it('are asked for by names alone: a selector in their place is refused', async () => {
    expect((await get('labels', { metric: 'up{a="b"}' })).status).toBe(400);
    expect((await get('values', { label: '../labels' })).status).toBe(400);
  });

  it('law: of many, those that begin with what was typed come first, and all hold it', () => {
    assert(
      property(array(string({ maxLength: 6 })), string({ maxLength: 2 }), (names, like) => {
        const found = chosen(names, like);
        const typed = like.toLowerCase();
        expect(found.total).toBe(names.filter((name) => name.toLowerCase().includes(typed)).length);
        const begins = found.names.map((name) => name.toLowerCase().startsWith(typed));
        expect(begins).toEqual(begins.toSorted((a, b) => Number(b) - Number(a)));
      }),
    );
  });
});
