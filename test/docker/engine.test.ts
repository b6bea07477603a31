import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createDockerClient, type DockerClient } from '../../src/clients/docker.ts';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { type EngineWatch, watchEngine } from '../../src/server/docker/watch.ts';
import { run } from '../../src/tools/run.ts';
import { type RecordedEngine, recording, startRecordedEngine } from '../stand-ins/docker-recorded.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, scratch } from '../stand-ins/real.ts';

/** What the real engine answered (recorded by test/walk/docker.test.ts), and what a broken one would. */
const open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;
const fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });

async function recorded(from = recording()): Promise<{ engine: RecordedEngine; client: DockerClient }> {
  const place = scratch();
  const engine = await startRecordedEngine(join(place.dir, 'docker.sock'), from);
  const client = createDockerClient({ name: 'lab', socket: engine.socket, fetch });
  open.push(place, engine, { stop: () => client.close() });
  return { engine, client };
}

/** Watches it until it has been seen once. */
async function watched(engine: RecordedEngine): Promise<EngineWatch> {
  const client = createDockerClient({ name: 'lab', socket: engine.socket, fetch });
  const watch = watchEngine({
    name: 'lab',
    client,
    scrapeIntervalMs: 1000,
    now: Date.now,
    log,
    onChange: () => {},
    onHealth: () => {},
  });
  open.push(watch);
  await eventually('a first look', () => watch.fresh());
  return watch;
}

const idOf = (name: string): string => recording().list.find(({ Names }) => Names[0] === `/${name}`)?.Id ?? '';
const called = (watch: EngineWatch, name: string) => watch.containers().find((each) => each.name === name);
/** The value of the only sample of a metric with this name label. */
function sample(text: string, metric: string, name: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${metric}{name="${name}"`));
  return line === undefined ? undefined : Number(/\} (\S+)/.exec(line)?.[1]);
}

describe('the client', () => {
  test('speaks the newest version that both know', async () => {
    const { engine, client } = await recorded();
    expect(await client.engine()).toMatchObject({ release: recording().version.Version, api: '1.41' });
    await client.list();
    expect(engine.asked.at(-1)).toBe('GET /v1.41/containers/json?all=true');
    engine.recording = { ...recording(), version: { Version: '99', ApiVersion: '1.60', MinAPIVersion: '1.44' } };
    expect((await client.engine()).api).toBe('1.51');
    engine.recording = { ...recording(), version: { Version: '1.13', ApiVersion: '1.25' } };
    expect((await client.engine()).api).toBe('1.25');
    expect(await client.stats(idOf('api-2'))).not.toBeNull();
    expect(engine.asked.at(-1)).toMatch(/stats\?stream=false$/);
  });

  test('says who is too old, and what is no Docker engine', async () => {
    const { engine, client } = await recorded();
    engine.recording = { ...recording(), version: { Version: '1.9', ApiVersion: '1.21' } };
    await expect(client.engine()).rejects.toThrow('its API 1.21 is older than 1.24');
    engine.recording = { ...recording(), version: { Version: '99', ApiVersion: '1.70', MinAPIVersion: '1.52' } };
    await expect(client.engine()).rejects.toThrow('it speaks no API older than 1.52, and 1.51 is the newest that is known here');
    engine.recording = { ...recording(), version: { Version: '1', ApiVersion: 'new' } };
    await expect(client.list()).rejects.toMatchObject({ code: 'far-garbage' });
    engine.refuse = () => ({ status: 404, body: 'nothing here' });
    await expect(client.engine()).rejects.toThrow('is this a Docker engine?');
    engine.refuse = () => ({ status: 500, body: '{"message":"the disk is full"}' });
    await expect(client.engine()).rejects.toThrow('Docker engine lab answered 500: the disk is full.');
    engine.refuse = () => ({ status: 200, body: '{"Version":' });
    await expect(client.engine()).rejects.toMatchObject({ code: 'far-garbage' });
    engine.refuse = null;
    engine.recording = recording();
    // It was down and comes back as another release: nothing of before is kept.
    await expect(client.list()).resolves.toMatchObject({ ids: recording().list.map(({ Id }) => Id) });
  });

  test('gives up an answer that never ends or is too large', async () => {
    const { engine, client } = await recorded();
    engine.hang = /\/info$/;
    await expect(client.engine()).rejects.toMatchObject({ code: 'far-timeout' });
    engine.hang = null;
    engine.refuse = (path) => (path.endsWith('/json') ? { status: 200, body: 'x'.repeat(5 * 1024 * 1024) } : null);
    await expect(client.inspect(idOf('api-2'))).rejects.toMatchObject({ code: 'far-too-large' });
  }, 20_000);

  test('a container that is gone is null, and one that does not run has no figures', async () => {
    const { engine, client } = await recorded();
    expect(await client.inspect('0'.repeat(64))).toBeNull();
    expect(await client.stats('0'.repeat(64))).toBeNull();
    engine.refuse = (path) =>
      path.endsWith('/stats') ? { status: 200, body: '{"read":"0001-01-01T00:00:00Z","cpu_stats":{"cpu_usage":{"total_usage":0}}}' } : null;
    expect(await client.stats(idOf('gamma'))).toBeNull();
  });

  test('names what is wrong with a socket', async () => {
    const { dir, stop } = scratch();
    open.push({ stop });
    const at = (socket: string) => createDockerClient({ name: 'lab', socket, fetch }).engine();
    await expect(at(`unix://${dir}/none.sock`)).rejects.toThrow('there is no such socket');
    await run({ file: 'touch', args: [join(dir, 'plain')] }, { timeoutMs: 5_000, maxBytes: 100 });
    await expect(at(`unix://${dir}/plain`)).rejects.toThrow('nothing listens there');
  });

  test('goes over the network by the guarded door', async () => {
    const far = await startHttp((_, response) => response.end(JSON.stringify(recording().version)));
    open.push(far);
    const client = createDockerClient({ name: 'lab', socket: `tcp://127.0.0.1:${far.port}`, fetch });
    await expect(client.engine()).rejects.toMatchObject({ code: 'far-garbage' }); // the second answer is no /info
    const forbidden = createGuardedFetch({ forbiddenPorts: () => new Set([far.port]) });
    const own = createDockerClient({ name: 'lab', socket: `tcp://127.0.0.1:${far.port}`, fetch: forbidden });
    await expect(own.engine()).rejects.toMatchObject({ code: 'far-forbidden' });
  });
});

describe('the watch', () => {
  test('sees states, limits and applications as they were', async () => {
    const { engine } = await recorded();
    const watch = await watched(engine);
    expect(called(watch, 'shop-web-2')).toMatchObject({
      application: 'shop/web',
      replica: '2',
      state: 'running',
      running: true,
      health: null,
      memoryLimitBytes: 33_554_432,
      cpuQuotaUs: 10_000,
      cpuPeriodUs: 100_000,
    });
    expect(called(watch, 'eater')).toMatchObject({ state: 'exited', oomKilled: true, exitCode: 137 });
    expect(called(watch, 'looper')?.restarts).toBeGreaterThanOrEqual(3);
    expect(called(watch, 'sick')).toMatchObject({ health: 'unhealthy', running: true });
    // A job that ended well is missed by nobody, at any age; what was stopped is not for ever.
    expect(called(watch, 'job')).toMatchObject({ state: 'ended', running: null });
    expect(called(watch, 'gamma')).toMatchObject({ state: 'exited', running: false });
  });

  test("exposes the engine's figures under cAdvisor's names and units, which promtool takes", async () => {
    const { engine } = await recorded();
    const watch = await watched(engine);
    const text = await eventually('figures', () => {
      const found = watch.exposition();
      return found !== null && sample(found, 'container_memory_working_set_bytes', 'sick') !== undefined && found;
    });
    const { cpu_stats } = recording().stats[idOf('api-2')] ?? { cpu_stats: { cpu_usage: { total_usage: -1 } } };
    expect(sample(text, 'container_cpu_usage_seconds_total', 'api-2')).toBeCloseTo(cpu_stats.cpu_usage.total_usage / 1e9, 9);
    expect(sample(text, 'container_memory_working_set_bytes', 'shop-web-2')).toBeGreaterThan(0.75 * 33_554_432);
    expect(sample(text, 'container_memory_working_set_bytes', 'shop-web-2')).toBeLessThanOrEqual(33_554_432);
    expect(sample(text, 'container_spec_cpu_quota', 'api-2')).toBe(10_000);
    expect(sample(text, 'container_running', 'gamma')).toBe(0);
    expect(sample(text, 'container_running', 'job')).toBeUndefined();
    expect(sample(text, 'container_oom_killed', 'eater')).toBe(1);
    expect(sample(text, 'container_oom_events_total', 'eater')).toBe(1);
    expect(sample(text, 'container_unhealthy', 'sick')).toBe(1);
    expect(sample(text, 'container_start_time_seconds', 'gamma')).toBeUndefined();
    expect(text).toMatch(/^container_last_seen\{name="shop-web-2",.*container_label_com_docker_compose_service="web"/m);
    const told = await run({ file: 'promtool', args: ['check', 'metrics'] }, { timeoutMs: 20_000, maxBytes: 20_000, input: text });
    // cAdvisor's own names break its advice on names; whatever else it says is an error.
    const complaints = `${told.stdout}${told.stderr}`
      .split('\n')
      .filter((line) => line !== '' && !/non-counter|counter metrics should|use base unit|no help/i.test(line));
    expect(complaints).toEqual([]);
  });

  test('counts a kill once, however often the engine tells it', async () => {
    const { engine } = await recorded();
    const watch = await watched(engine);
    await eventually('more looks', () => engine.asked.filter((path) => path.includes('/events')).length > 3);
    expect(sample(watch.exposition() ?? '', 'container_oom_events_total', 'eater')).toBe(1);
  });

  test('sees a new container, a changed one and one that is gone', async () => {
    const { engine } = await recorded();
    const watch = await watched(engine);
    const id = '1'.repeat(64);
    const before = recording();
    const sick = before.inspect[idOf('sick')];
    if (sick === undefined) throw new Error('the recording has it');
    engine.recording = {
      ...before,
      list: [...before.list.filter(({ Id }) => Id !== idOf('gamma')), { Id: id, Names: ['/late'] }],
      inspect: {
        ...before.inspect,
        [id]: { ...sick, Id: id, Name: '/late' },
        [sick.Id]: { ...sick, State: { ...sick.State, Health: { Status: 'healthy' } } },
      },
    };
    await eventually('the change', () => called(watch, 'late') !== undefined);
    expect(called(watch, 'sick')?.health).toBe('healthy');
    expect(called(watch, 'gamma')).toBeUndefined();
  });

  test('one container over which the engine hangs holds up neither the others nor a scrape', async () => {
    const { engine } = await recorded();
    engine.hang = new RegExp(`${idOf('sick')}/stats`);
    const watch = await watched(engine);
    await eventually('figures of the rest', () => sample(watch.exposition() ?? '', 'container_threads', 'api-2') !== undefined);
    await eventually('a word about it', () => sample(watch.exposition() ?? '', 'container_scrape_error', 'sick') === 1);
    expect(sample(watch.exposition() ?? '', 'container_running', 'sick')).toBe(1);
    expect(watch.health().state).toBe('ok');
  }, 20_000);

  test('an engine that hangs is a reason, and its old answers are no longer told', async () => {
    const { engine } = await recorded();
    let nowMs = Date.now();
    const client = createDockerClient({ name: 'lab', socket: engine.socket, fetch });
    const watch = watchEngine({
      name: 'lab',
      client,
      scrapeIntervalMs: 1000,
      now: () => nowMs,
      log,
      onChange: () => {},
      onHealth: () => {},
    });
    open.push(watch);
    await eventually('a first look', () => watch.fresh());
    engine.hang = /./;
    await eventually('a reason', () => watch.health().reason.includes('did not finish its answer'));
    expect(watch.exposition()).not.toBeNull();
    nowMs += 20_000;
    expect(watch.fresh()).toBe(false);
    expect(watch.exposition()).toBeNull();
    // It knows what it knew, for the page to show under the reason.
    expect(called(watch, 'sick')).toBeDefined();
    engine.hang = null;
    await eventually('an answer again', () => watch.fresh());
  }, 30_000);
});
