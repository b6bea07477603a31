import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rule } from '../../src/model/api.ts';
import type { Application, Containers, EngineTest } from '../../src/model/docker.ts';
import type { Alert } from '../../src/model/incident.ts';
import type { Target } from '../../src/model/target.ts';
import { type RecordedEngine, startRecordedEngine } from '../stand-ins/docker-recorded.ts';
import { eventually, scratch } from '../stand-ins/real.ts';
import { type FakeHouse, fakeHouse } from './fake-house.ts';
import type { World } from './fake-source.ts';

/** What the API says of containers: a recorded engine, everything else but Prometheus real. */
const nowMs = Date.UTC(2026, 0, 1);
const world: World = {
  nowMs,
  down: false,
  queries: 0,
  entities: new Map([['lab/api-2', { present: () => true, value: (feature: string) => (feature === 'cpu' ? 0.09 : 12) }]]),
};
const administrator = { role: 'administrator' } as const;
const viewer = { role: 'viewer' } as const;
const onlyHosts = { role: 'administrator', scope: { hosts: true, containers: false } } as const;
const high: Alert = {
  fingerprint: 'c1',
  name: 'ContainerCpuHigh',
  severity: 'warning',
  entity: 'lab/api-2',
  profile: 'container',
  labels: { name: 'api-2' },
  annotations: { summary: 'Container api-2 uses much CPU' },
  startsMs: nowMs,
  endsMs: null,
  state: 'firing',
  silenced: false,
};

const place = scratch();
let fake: FakeHouse;
let engine: RecordedEngine;
beforeAll(async () => {
  engine = await startRecordedEngine(join(place.dir, 'one.sock'));
  fake = await fakeHouse(world, { docker: [{ name: 'Lab', socket: join(place.dir, 'one.sock') }] });
  await eventually('a first look', () => fake.house.engines.list()[0]?.watch.fresh());
  await fake.house.incidents.take([high]);
});
afterAll(async () => {
  await fake.stop();
  await engine.stop();
  await place.stop();
});

const all = async (): Promise<Containers> => (await fake.ask(viewer, 'GET', '/api/containers')).json<Containers>();
const named = async (name: string): Promise<Application | undefined> => (await all()).applications.find((each) => each.name === name);

describe('containers', () => {
  it('P04 refuses whoever may not see containers, on every route', async () => {
    const body = { name: 'x', socket: '/tmp/x.sock' };
    const asked = [
      await fake.ask(onlyHosts, 'GET', '/api/containers'),
      await fake.ask(onlyHosts, 'GET', '/api/containers/rules?application=api'),
      await fake.ask(onlyHosts, 'GET', '/api/containers/panels/cpu?application=api&fromMs=0&toMs=1000'),
      await fake.ask(onlyHosts, 'POST', '/api/engines', body),
      await fake.ask(onlyHosts, 'POST', '/api/engines/test', body),
      await fake.ask(onlyHosts, 'DELETE', '/api/engines/lab'),
    ];
    expect(asked.map(({ status }) => status)).toEqual(asked.map(() => 403));
    expect(asked[0]?.json<{ code: string }>().code).toBe('out-of-scope');
  });

  it('P10 come by application, each with figures, state and what fires under it', async () => {
    const { engines, applications } = await all();
    expect(engines).toMatchObject([
      { id: 'lab', name: 'Lab', from: 'file', state: 'ok', reason: '', version: 'Docker 20.10.24+dfsg1, API 1.41' },
    ]);
    expect(applications.map(({ name }) => name)).toEqual(['api', 'busybox', 'shop/web']);
    const api = await named('api');
    expect(api?.containers).toMatchObject([
      {
        entity: 'lab/api-2',
        name: 'api-2',
        state: 'running',
        cpuLimitCores: 0.1,
        verdict: 'bad',
        reason: 'Container api-2 uses much CPU',
        figures: { cpu: 0.09, memory: 12, network_receive: null },
      },
    ]);
    expect(api?.alerts.map(({ name }) => name)).toEqual(['ContainerCpuHigh']);
    const shop = await named('shop/web');
    expect(shop?.alerts).toEqual([]);
    expect(shop?.containers).toMatchObject([{ verdict: 'ok', figures: { cpu: null } }]);
  });

  it('P08 rules and charts are of one application alone', async () => {
    const { rules } = (await fake.ask(viewer, 'GET', '/api/containers/rules?application=api')).json<{ rules: Rule[] }>();
    expect(rules.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['ContainerCpuHigh', 'ContainerDown', 'EngineDown', 'EngineMissing']),
    );
    expect((await fake.ask(viewer, 'GET', '/api/containers/rules?application=none')).status).toBe(404);
    const panel = (query: string) => fake.ask(viewer, 'GET', `/api/containers/panels/cpu?${query}`);
    expect((await panel(`application=api&fromMs=${nowMs - 60_000}&toMs=${nowMs}`)).json<{ series: unknown[] }>().series).toHaveLength(1);
    expect((await panel(`application=api&fromMs=${nowMs}&toMs=${nowMs}`)).status).toBe(400);
    expect((await panel(`application=none&fromMs=0&toMs=1000`)).status).toBe(404);
  });

  it('an engine is a target of its profile, which Prometheus finds at Vigía itself', async () => {
    const { targets } = (await fake.ask(viewer, 'GET', '/api/targets')).json<{ targets: Target[] }>();
    expect(targets).toMatchObject([
      { id: 'lab', profile: 'container', managedBy: 'docker', address: `unix://${join(place.dir, 'one.sock')}` },
    ]);
    expect(await fake.house.engines.discovery()).toMatchObject([
      {
        targets: ['127.0.0.1:1'],
        labels: { __metrics_path__: '/internal/docker/lab', job: 'container', target: 'lab', profile: 'container' },
      },
    ]);
    expect(fake.house.engines.metrics('lab')).toMatchObject({ status: 200 });
    expect(fake.house.engines.metrics('none')).toMatchObject({ status: 404 });
    for (const [method, path] of [
      ['DELETE', '/api/engines/lab'],
      ['DELETE', '/api/targets/lab'],
    ] as const) {
      expect((await fake.ask(administrator, method, path)).status).toBe(409);
    }
  });

  it('an engine is added and removed by an administrator alone, and nothing before somebody says so', async () => {
    const socket = join(place.dir, 'two.sock');
    const second = await startRecordedEngine(socket);
    try {
      expect((await fake.ask({ role: 'operator' }, 'POST', '/api/engines', { name: 'Two', socket })).status).toBe(403);
      const tested = (await fake.ask(administrator, 'POST', '/api/engines/test', { name: 'Two', socket })).json<EngineTest>();
      expect(tested).toMatchObject({ ok: true, message: expect.stringContaining('answers with') });
      expect((await fake.ask(administrator, 'POST', '/api/engines/test', { name: 'x', socket: '/none.sock' })).json<EngineTest>().ok).toBe(
        false,
      );
      expect((await all()).engines).toHaveLength(1);
      expect((await fake.ask(administrator, 'POST', '/api/engines', { name: 'Two', socket: 'docker.sock' })).status).toBe(400);

      expect((await fake.ask(administrator, 'POST', '/api/engines', { name: 'Two', socket })).json<Target>()).toMatchObject({ id: 'two' });
      expect((await fake.ask(administrator, 'POST', '/api/engines', { name: 'Again', socket: `unix://${socket}` })).status).toBe(409);
      await eventually('its containers', async () => (await named('api'))?.containers.length === 2);
      expect((await all()).engines).toMatchObject([{ id: 'lab' }, { id: 'two', from: 'page' }]);
      expect((await fake.ask(administrator, 'DELETE', '/api/engines/two')).status).toBe(204);
      expect((await all()).engines).toHaveLength(1);
      expect((await fake.ask(administrator, 'DELETE', '/api/engines/two')).status).toBe(404);
    } finally {
      await second.stop();
    }
  });

  it('an engine that does not answer is unknown with its reason, and so are its containers', async () => {
    engine.refuse = () => ({ status: 500, body: '{"message":"it hurts"}' });
    await eventually('a reason', async () => (await all()).engines[0]?.reason.includes('it hurts'));
    world.nowMs += 60_000;
    const { engines, applications } = await all();
    expect(engines[0]?.state).not.toBe('ok');
    for (const { containers } of applications) {
      for (const each of containers) {
        expect(each).toMatchObject({ state: 'unknown', verdict: 'unknown' });
        expect(each.reason).toContain('it hurts');
      }
    }
    expect(fake.house.engines.metrics('lab')).toMatchObject({ status: 503, text: expect.stringContaining('it hurts') });
    engine.refuse = null;
    world.nowMs = nowMs;
  });
});

it('a cAdvisor that knows ids alone shows its containers by name, with what a watched engine says of them, else with what it says itself', async () => {
  const socket = join(place.dir, 'three.sock');
  const third = await startRecordedEngine(socket);
  const idOf = (name: string) => third.recording.list.find(({ Names }) => Names[0] === `/${name}`)?.Id ?? '';
  const sample = (labels: Record<string, string>, value: number) => ({ labels: { target: 'box', ...labels }, value, tsMs: nowMs });
  const named = { name: 'sick', image: 'busybox', application: 'busybox', id: `/system.slice/docker-${idOf('sick')}.scope` };
  const lonely = { name: '0123456789ab', image: '', id: `/docker/${'0'.repeat(64)}` };
  const answers: Record<string, unknown[]> = {
    // Made anew just now: its old self is still told of.
    container_start_time_seconds: [sample(lonely, 90), sample(named, 1), sample({ ...lonely, id: '/docker/old' }, 80)],
    container_spec_memory_limit_bytes: [sample({ name: lonely.name }, 64)],
    container_spec_cpu_quota: [sample({ name: lonely.name }, 0.5)],
  };
  const asked: string[] = [];
  const query = async (expr: string) => {
    asked.push(expr);
    return Object.entries(answers).find(([metric]) => expr.includes(`${metric}{`))?.[1] ?? [];
  };
  const prometheus = { query, queryRange: async () => [], targets: async () => [], nowMs: async () => nowMs };
  const second = await fakeHouse(world, { docker: [{ name: 'Lab', socket }] }, { prometheus: prometheus as never });
  try {
    await eventually('a first look', () => second.house.engines.list()[0]?.watch.fresh());
    await second.ask(administrator, 'POST', '/api/targets', { name: 'box', profile: 'container', address: '10.0.0.9:8080' });
    const { applications, engines } = (await second.ask(viewer, 'GET', '/api/containers')).json<Containers>();
    const box = applications.flatMap(({ name, containers }) =>
      containers.filter(({ engine: of }) => of === 'box').map((each) => ({ ...each, application: name })),
    );
    expect(box).toHaveLength(2);
    expect(box.find(({ entity }) => entity === 'box/sick')).toMatchObject({
      application: 'busybox',
      state: 'running',
      health: 'unhealthy',
      restarts: 0,
      verdict: 'bad',
      memoryLimitBytes: 16 * 1024 * 1024,
    });
    expect(box.find(({ entity }) => entity === 'box/0123456789ab')).toMatchObject({
      application: '0123456789ab',
      state: 'running',
      health: null,
      restarts: null,
      startedMs: 90_000,
      memoryLimitBytes: 64,
      cpuLimitCores: 0.5,
    });
    expect(engines.find(({ id }) => id === 'box')).toMatchObject({ from: 'target', containers: 2 });
    expect(asked.filter((expr) => expr.includes('target=~"box"')).length).toBeGreaterThanOrEqual(3);
  } finally {
    await second.stop();
    await third.stop();
  }
});
