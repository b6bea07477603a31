import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient } from '../../src/clients/prometheus.ts';
import type { Profile } from '../../src/model/profile.ts';
import { containerNameRules } from '../../src/server/derive/container-names.ts';
import { prometheusFiles } from '../../src/server/derive/prometheus-files.ts';
import { ruleFiles } from '../../src/server/derive/rules.ts';
import { discoveryOf } from '../../src/server/discovery.ts';
import { dockerExposition } from '../../src/server/docker/exposition.ts';
import type { SeenContainer } from '../../src/server/docker/snapshot.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { completeUntil, readWindow, sortedFeatures, type Source } from '../../src/server/reader.ts';
import { run } from '../../src/tools/run.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../stand-ins/real.ts';
import { recorded } from '../stand-ins/recorded.ts';
import { prometheus, rules, target } from './house.ts';

/** A cAdvisor that has no names, only ids: who else knows them gives them. */
const profile = loadProfiles(join(import.meta.dirname, '../../profiles')).get('container') as Profile;
const cadvisor = target('box', { profile: 'container' });
const lab = target('lab', { profile: 'container', managedBy: 'docker', address: 'unix:///var/run/docker.sock' });
const idOf = (digit: string): string => digit.repeat(64);
const open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

test('there are no such rules where every container has a name already', () => {
  const of = (...targets: (typeof lab)[]) => containerNameRules(rules({ profiles: [profile], targets })).length;
  expect([of(), of(lab), of({ ...cadvisor, enabled: false })]).toEqual([0, 0, 0]);
  expect(of(lab, cadvisor)).toBeGreaterThan(10);
});

test('the engine and the cluster give names, which outlive them; who is known to nobody is called by its id after a while', async () => {
  const { dir, stop } = scratch();
  open.push({ stop });
  const files = ruleFiles(rules({ profiles: [profile], targets: [cadvisor, lab] }));
  const own = 'target="box",profile="container",job="container",instance="box:9100"';
  const groups = {
    engine: `/system.slice/docker-${idOf('a')}.scope`,
    nested: `/docker/${idOf('f')}/docker/${idOf('b')}`,
    cluster: `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${idOf('c')}.scope`,
    nobody: `/docker/${idOf('d')}`,
    conmon: `/machine.slice/libpod-conmon-${idOf('e')}.scope`,
    service: '/system.slice/ssh.service',
    inside: `/docker/${idOf('a')}/init.scope`,
  };
  const known = (name: string, id: string, values: string) => ({
    series: `container_last_seen{target="lab",profile="container",name="${name}",image="nginx:1",application="shop",replica="1",id="/docker/${id}"}`,
    values,
  });
  const suite = {
    rule_files: Object.keys(files),
    evaluation_interval: '15s',
    tests: [
      {
        interval: '15s',
        input_series: [
          ...Object.values(groups).flatMap((id) => [
            { series: `container_start_time_seconds{${own},id="${id}"}`, values: '1700000000+0x60' },
            { series: `container_cpu_usage_seconds_total{${own},id="${id}",cpu="total"}`, values: '0+30x60' },
          ]),
          // The engine is away after a minute; one container was renamed, which is two names for an id for a while.
          known('shop-1', idOf('a'), '1+1x4 stale'),
          known('old', idOf('b'), '1+1x7 stale'),
          known('new', idOf('b'), '_x4 60+1x7 stale'),
          // The engine calls it by the long name of its kind; the cluster knows better.
          known('k8s_app_web-0_shop_1_0', idOf('c'), '1+1x60'),
          {
            series: `kube_pod_container_info{profile="k8s-pod",namespace="shop",pod="web-0",container="app",container_id="containerd://${idOf('c')}"}`,
            values: '1+0x60',
          },
        ],
        promql_expr_test: (
          [
            ['1m', 120],
            ['10m', 1200],
          ] as const
        ).map(([eval_time, value]) => ({
          expr: 'sum by (target, name, image, application) (container_cpu_usage_seconds_total{profile="container",name!=""})',
          eval_time,
          exp_samples: [
            { labels: '{target="box",name="shop-1",image="nginx:1",application="shop"}', value },
            { labels: '{target="box",name="new",image="nginx:1",application="shop"}', value },
            { labels: '{target="box",name="shop/web-0/app"}', value },
            ...(eval_time === '1m' ? [] : [{ labels: `{target="box",name="${'d'.repeat(12)}"}`, value }]),
          ],
        })),
      },
    ],
  };
  write(dir, { ...files, 'tests.yml': stringify(suite, { aliasDuplicateObjects: false }) });
  const limits = { timeoutMs: 60_000, maxBytes: 100_000 };
  const checked = await run({ file: 'promtool', args: ['check', 'rules', '--lint-fatal', ...Object.keys(files)], cwd: dir }, limits);
  expect(checked.exitCode, checked.stdout + checked.stderr).toBe(0);
  const told = await run({ file: 'promtool', args: ['test', 'rules', 'tests.yml'], cwd: dir }, limits);
  expect(told.exitCode, told.stdout + told.stderr).toBe(0);
});

test('a cAdvisor without names beside an engine: the real Prometheus has every feature of each container by its name', async () => {
  const { dir, stop } = scratch();
  open.push({ stop });
  const stepMs = 1_000;
  const ids = { 'shop-web-1': idOf('1'), 'shop-web-2': idOf('2'), 'shop-db-1': idOf('3') };
  const seen = Object.entries(ids).map(([name, id]): SeenContainer => {
    const [application, replica] = [name.slice(0, -2), name.slice(-1)];
    const states = { state: 'running', health: null, running: true, restarts: 0, exitCode: 0, oomKilled: false } as const;
    const limits = { memoryLimitBytes: 0, cpuQuotaUs: 0, cpuPeriodUs: 100_000 };
    return { id, name, image: 'nginx:1.27', labels: {}, application, replica, ...states, ...limits, startedMs: 1, finishedMs: null };
  });
  const stats = { read: '', cpu_stats: { cpu_usage: { total_usage: 1, usage_in_kernelmode: 0, usage_in_usermode: 0 } } };
  const engine = () =>
    dockerExposition({
      facts: null,
      containers: seen,
      readings: new Map(
        seen.map(({ id }) => [id, { atMs: Date.now(), stats: { ...stats, memory_stats: {}, blkio_stats: {}, pids_stats: {} } }]),
      ),
      oomEvents: new Map(),
      unread: new Set(),
    });
  const startedMs = performance.now();
  /** As on a machine whose engine cAdvisor may not ask: no labels, no images, and names only where the runtime gives ids as such. */
  const nameless = (seconds: number): string =>
    Object.entries(ids).reduce(
      (text, [name, id]) =>
        text.replace(new RegExp(`\\{([^}\\n]*)id="/docker/[^"]*",([^}\\n]*)name="${name}"\\}`, 'g'), (_, before: string, after: string) => {
          const rest = `${before}${after}`.replace(/(container_label_\w+|image)="[^"]*",/g, '');
          const called = name === 'shop-db-1' ? id : '';
          return `{${rest}id="/system.slice/docker-${id}.scope",image="",name="${called}"}`;
        }),
      recorded('container.txt')(seconds),
    );
  const far = await startHttp((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    const json = (value: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
    const here = `127.0.0.1:${far.port}`;
    const metrics = (text: string) => response.setHeader('content-type', 'text/plain; version=0.0.4').end(text);
    if (path === '/internal/sd/container') return json([discoveryOf({ ...cadvisor, address: here }, profile, { blackbox: '', snmp: '' })]);
    if (path === '/internal/docker') {
      const labels = { __metrics_path__: '/engine', job: 'container', target: 'lab', profile: 'container', instance: lab.address };
      return json([{ targets: [here], labels }]);
    }
    if (path === '/engine') return metrics(engine());
    if (path === '/metrics') return metrics(nameless((performance.now() - startedMs) / 1000));
    return json([]);
  });
  open.push(far);
  const port = await freePort();
  const credential = { username: 'vigia', password: 'pass word' };
  const files = prometheusFiles(
    prometheus({
      scrapeIntervalMs: stepMs,
      internal: { port: far.port, token: 'token' },
      rules: rules({ scrapeIntervalMs: stepMs, profiles: [profile], targets: [cadvisor, lab] }),
    }),
  );
  write(dir, files);
  open.push(await startPrometheus(dir, port, [`--web.config.file=${join(dir, 'web.yml')}`, '--query.lookback-delta=2s']));
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set([port]) });
  open.push({ stop: () => fetch.close() });
  const client = createPrometheusClient({ name: 'Prometheus', baseUrl: `http://127.0.0.1:${port}`, fetch, ownChild: true, ...credential });
  const source: Source = {
    client,
    stepMs,
    watermarkMs: 2 * stepMs,
    rateMs: 4 * stepMs,
    selector: (each) => each.selector,
    identity: (each) => each.identity,
  };
  const features = sortedFeatures(profile);
  const silent = await eventually('every feature of all three', async () => {
    const toMs = completeUntil(await client.nowMs(), source);
    const { entities } = await readWindow(source, profile, { fromMs: toMs - stepMs, toMs });
    const ours = entities.filter(({ entity }) => entity.startsWith('box/'));
    const lacks = ours.map(({ entity, rows }) => [entity, features.filter((_, at) => Number.isNaN(rows[at])).map(({ name }) => name)]);
    const known = Object.fromEntries(lacks) as Record<string, string[]>;
    return known['box/shop-web-1']?.length === 0 && known['box/shop-web-2']?.length === 0 && 'box/shop-db-1' in known && known;
  });
  // It has no limits, and so no share of them.
  expect(silent).toEqual({ 'box/shop-web-1': [], 'box/shop-web-2': [], 'box/shop-db-1': ['cpu_throttled', 'memory_of_limit'] });
  const [web] = await client.query('container_memory_working_set_bytes{target="box",name="shop-web-1"}');
  expect(web).toMatchObject({ value: 1e8, labels: { image: 'nginx:1.27', application: 'shop-web', container_id: ids['shop-web-1'] } });
}, 60_000);
