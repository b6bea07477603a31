import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AiState, Host } from '../../src/model/api.ts';
import type { Container, Containers } from '../../src/model/docker.ts';
import { startEngine, whyNoEngine, type RealEngine } from '../stand-ins/docker-engine.ts';
import { eventually } from '../stand-ins/real.ts';
import { place, startVigia, type Vigia } from './vigia.ts';

/**
 * A real Docker engine: three applications of three replicas each. It starts after Vigía, which says so until then; every container
 * appears by itself. Where no engine can run, this is skipped with the reason, and test/docker goes over the recorded answers.
 */
let why = await whyNoEngine();
let vigia: Vigia;
let engine: RealEngine;
const cleanUps: (() => unknown)[] = [];
/** What stops, is killed or fails is a finding within this time. */
const findingMs = 30_000;

const containers = () => vigia.api<Containers>('GET', '/api/containers');
const replicas = async (): Promise<Map<string, Container>> =>
  new Map((await containers()).applications.flatMap((application) => application.containers.map((each) => [each.name, each])));
/** `ALERT name` of all that fires, from the applications under which it is shown. */
const firing = async (): Promise<string[]> =>
  (await containers()).applications.flatMap(({ alerts }) => alerts.map(({ name, labels }) => `${name} ${labels['name']}`)).sort();
/** Those who wait at the same time ask together: the API answers nobody without end. */
let asked = { atMs: 0, answer: Promise.resolve<string[]>([]) };
const firingLately = (): Promise<string[]> => {
  if (Date.now() - asked.atMs > 400) asked = { atMs: Date.now(), answer: firing() };
  return asked.answer;
};
const fires = (alert: string, ms = findingMs) => eventually(alert, async () => (await firingLately()).includes(alert), ms);

const applications = {
  'shop/web': ['shop-web-1', 'shop-web-2', 'shop-web-3'],
  api: ['api-1', 'api-2', 'api-3'],
  busybox: ['alpha', 'beta', 'gamma'],
};

const socketDir = async (): Promise<{ dir: string; socket: string }> => {
  const at = await place();
  cleanUps.push(at.remove);
  const dir = join(at.dir, 'docker');
  mkdirSync(dir);
  chmodSync(dir, 0o755);
  return { dir, socket: join(dir, 'docker.sock') };
};

beforeAll(async () => {
  if (why !== null) return;
  const { dir, socket } = await socketDir();
  const at = await place();
  cleanUps.push(at.remove);
  vigia = await startVigia(at, { prometheus: { scrapeInterval: '2s' }, parts: { nodeExporter: false }, docker: [{ name: 'lab', socket }] });
  cleanUps.push(vigia.stop);
  const [lab] = (await eventually('a reason', async () => {
    const { engines } = await containers();
    return engines[0]?.reason !== '' && engines[0]?.reason !== 'has not run yet' && engines;
  })) as Containers['engines'];
  expect(lab).toMatchObject({ id: 'lab', from: 'file', containers: 0 });
  expect(lab?.reason).toContain('there is no such socket');
  try {
    // Vigía has become a user of its own by now: its group may open the socket.
    engine = await startEngine(dir, socket, 'vigia');
    cleanUps.push(engine.stop);
  } catch (thrown) {
    why = thrown instanceof Error ? thrown.message : String(thrown);
  }
}, 120_000);

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail' || vigia === undefined) return;
  console.log(JSON.stringify(await containers(), null, 1), vigia.output(), vigia.journal());
});

afterAll(async () => {
  for (const each of cleanUps.toReversed()) await each();
}, 60_000);

describe('a real Docker engine', () => {
  it('brings its containers by name, application and limits, without a restart of anything', { timeout: 90_000 }, async ({ skip }) => {
    if (why !== null) skip(why);
    // So little CPU that also a busy machine can give it.
    const limits = { memoryMb: 32, cpus: 0.02 };
    const compose = (number: number) => ({
      'com.docker.compose.project': 'shop',
      'com.docker.compose.service': 'web',
      'com.docker.compose.container-number': String(number),
    });
    const wanted = [
      ...applications['shop/web'].map((name, at) => engine.run(name, { ...limits, labels: compose(at + 1) })),
      ...applications.api.map((name) => engine.run(name, limits)),
      ...applications.busybox.map((name) => engine.run(name, limits)),
    ];
    await Promise.all(wanted);
    const found = await eventually(
      'figures of all nine',
      async () => {
        const { applications: all } = await containers();
        const every = all.flatMap((each) => each.containers);
        return every.length === 9 && every.every(({ figures }) => figures['memory'] !== null && figures['cpu'] !== null) && all;
      },
      45_000,
    );
    expect(Object.fromEntries(found.map(({ name, containers: each }) => [name, each.map((one) => one.name)]))).toEqual(applications);
    for (const each of found.flatMap((one) => one.containers)) {
      expect(each).toMatchObject({ engine: 'lab', state: 'running', memoryLimitBytes: 32 * 1024 * 1024, cpuLimitCores: 0.02, restarts: 0 });
      expect(each).toMatchObject({ verdict: 'ok', health: null, image: 'vigia/busybox:1' });
      expect(each.figures['memory_of_limit']).toBeLessThan(0.3);
    }
    expect(await firing()).toEqual([]);
  });

  it('shows load in the column of the replica that has it, and its kills, loops, failures and stops as alerts under it', {
    timeout: 240_000,
  }, async ({ skip }) => {
    if (why !== null) skip(why);
    await engine.exec('api-2', '/bin/sh', '-c', 'while :; do :; done');
    await engine.exec('shop-web-2', '/bin/dd', 'if=/dev/zero', 'of=/dev/shm/full', 'bs=1M', 'count=27');
    const loaded = await eventually('the load', async () => {
      const all = await replicas();
      return (all.get('api-2')?.figures['cpu'] ?? 0) > 0.016 && (all.get('shop-web-2')?.figures['memory_of_limit'] ?? 0) > 0.75 && all;
    });
    for (const name of Object.values(applications).flat()) {
      if (name !== 'api-2' && name !== 'shop-web-2') expect(loaded.get(name)?.figures['cpu'], name).toBeLessThan(0.01);
      if (name !== 'shop-web-2') expect(loaded.get(name)?.figures['memory_of_limit'], name).toBeLessThan(0.3);
    }

    // All new: no container was there when Vigía started.
    await Promise.all([
      // Not at once: an engine that has not noted the start yet forgets why it ended.
      engine.run('eater', {
        memoryMb: 8,
        argv: ['/bin/sh', '-c', 'sleep 1; exec /bin/dd if=/dev/zero of=/dev/shm/full bs=1M count=32'],
      }),
      engine.run('looper', { memoryMb: 16, restart: 'always', argv: ['/bin/false'] }),
      engine.run('sick', { memoryMb: 16, healthy: ['/bin/false'] }),
      engine.run('job', { memoryMb: 16, argv: ['/bin/true'] }),
      engine.call('POST', '/containers/gamma/stop?t=1'),
    ]);
    await Promise.all(
      ['ContainerOomKilled eater', 'ContainerRestartLoop looper', 'ContainerUnhealthy sick', 'ContainerStopped gamma'].map((alert) =>
        fires(alert),
      ),
    );
    const now = await replicas();
    expect(now.get('eater')).toMatchObject({ state: 'exited', oomKilled: true, exitCode: 137, verdict: 'bad' });
    expect(now.get('sick')).toMatchObject({ state: 'running', health: 'unhealthy', verdict: 'bad' });
    expect(now.get('gamma')).toMatchObject({ state: 'exited', verdict: 'bad' });
    // A job that came to its end is no news.
    expect(now.get('job')).toMatchObject({ state: 'ended', exitCode: 0, verdict: 'ok', reason: '' });

    if (process.env['VIGIA_REWRITE'] === '1') await record();

    // The mean of a minute, for a minute.
    await Promise.all(
      ['ContainerCpuHigh api-2', 'ContainerMemoryHigh shop-web-2', 'ContainerDown gamma'].map((alert) => fires(alert, 150_000)),
    );
    const names = await firing();
    expect(names.filter((name) => /High/.test(name))).toEqual(['ContainerCpuHigh api-2', 'ContainerMemoryHigh shop-web-2']);
    expect(names.filter((name) => / (alpha|beta|api-[13]|shop-web-[13]|job)$/.test(name))).toEqual([]);
    const { applications: all } = await containers();
    expect(all.find(({ name }) => name === 'api')?.alerts.map(({ name }) => name)).toEqual(['ContainerCpuHigh']);

    const { rules } = await vigia.api<{ rules: { name: string; state: string }[] }>('GET', '/api/containers/rules?application=api');
    expect(rules.find(({ name }) => name === 'ContainerCpuHigh')?.state).toBe('firing');
    expect(rules.find(({ name }) => name === 'ContainerDown')?.state).toBe('inactive');
    const range = `fromMs=${Date.now() - 60_000}&toMs=${Date.now()}`;
    const panel = await vigia.api<{ series: { legend: string }[] }>('GET', `/api/containers/panels/cpu?application=api&${range}`);
    expect(panel.series.map(({ legend }) => legend).sort()).toEqual(applications.api);
    // Each container is an entity: with a page and, in time, a model of its own.
    const { features, target } = await vigia.api<Host>('GET', '/api/hosts/lab%2Fapi-2');
    expect(target).toMatchObject({ id: 'lab/api-2', profile: 'container', state: 'bad' });
    expect(features.find(({ feature }) => feature === 'threads')?.value).toBeGreaterThan(0);
    const { profiles } = await vigia.api<AiState>('GET', '/api/ai');
    const entities = profiles.find(({ profile }) => profile === 'container')?.entities.map(({ entity }) => entity) ?? [];
    expect(entities).toEqual(expect.arrayContaining(['lab/api-1', 'lab/shop-web-3', 'lab/beta']));
    expect(entities).not.toContain('lab');
  });

  it('says when the engine is gone, and knows no more of its containers', { timeout: 60_000 }, async ({ skip }) => {
    if (why !== null) skip(why);
    await engine.stop();
    await eventually('an engine that is gone', async () => {
      const { engines, applications: all } = await containers();
      return engines[0]?.state === 'bad' && all.every((each) => each.containers.every(({ verdict }) => verdict === 'unknown'));
    });
    await eventually(
      'a scrape that fails',
      async () => (await vigia.query('up{target="lab",job="container",profile="container"} == 0')).length === 1,
    );
  });
});

/** Keeps what the engine says now for machines that have none: test/recordings/docker-20.10.json. */
async function record(): Promise<void> {
  const names = ['shop-web-2', 'api-2', 'eater', 'looper', 'sick', 'gamma', 'job'];
  const all = await engine.call<{ Id: string; Names: string[] }[]>('GET', '/containers/json?all=true');
  const list = all.filter((each) => names.includes(each.Names[0]?.slice(1) ?? ''));
  const one = async (id: string, what: string): Promise<unknown> => engine.call('GET', `/containers/${id}/${what}`);
  const inspect: Record<string, unknown> = {};
  const stats: Record<string, unknown> = {};
  for (const { Id } of list) {
    inspect[Id] = await one(Id, 'json');
    if ((inspect[Id] as { State: { Status: string } }).State.Status === 'running') stats[Id] = await one(Id, 'stats?stream=false');
  }
  const { NCPU, MemTotal, ServerVersion, CgroupVersion } = await engine.call<Record<string, unknown>>('GET', '/info');
  const { Version, ApiVersion, MinAPIVersion } = await engine.call<Record<string, unknown>>('GET', '/version');
  const now = Math.floor(Date.now() / 1000);
  const events = (await engine.text(`/events?since=${now - 3600}&until=${now - 1}`))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { Type: string; Action: string; Actor: { ID: string } })
    .filter(
      ({ Type, Action, Actor }) => Type === 'container' && ['start', 'die', 'oom', 'kill', 'stop'].includes(Action) && Actor.ID in inspect,
    )
    // Those of the loop are many and alike.
    .slice(-60);
  const kept = {
    version: { Version, ApiVersion, MinAPIVersion },
    info: { NCPU, MemTotal, ServerVersion, CgroupVersion },
    list,
    inspect,
    stats,
    events,
  };
  writeFileSync(new URL('../recordings/docker-20.10.json', import.meta.url), `${JSON.stringify(kept)}\n`);
}
