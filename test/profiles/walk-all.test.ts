import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dashboards } from '../../dashboards/index.ts';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient, type PrometheusClient } from '../../src/clients/prometheus.ts';
import { configSchema } from '../../src/model/config.ts';
import type { Profile } from '../../src/model/profile.ts';
import { grafanaDashboard } from '../../src/server/derive/grafana.ts';
import { prometheusFiles } from '../../src/server/derive/prometheus-files.ts';
import { discoveryOf } from '../../src/server/discovery.ts';
import { queriesOf } from '../../src/server/panels.ts';
import { bind, loadProfiles } from '../../src/server/profiles.ts';
import { bindingOfTarget, completeUntil, readWindow, sortedFeatures, type Source, type Window } from '../../src/server/reader.ts';
import { prometheus, rules, target } from '../derive/house.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../stand-ins/real.ts';
import { recorded } from '../stand-ins/recorded.ts';

/**
 * The real Prometheus, with the scrape configuration of all profiles, scrapes every recorded exporter; then every feature of every
 * profile and every panel must have a value.
 */
const profiles = loadProfiles(join(import.meta.dirname, '../../profiles'));
const profileOf = (slug: string): Profile => profiles.get(slug) as Profile;

/** Profile, target, fixture. Two endpoints of one target are told apart by the label `endpoint`. */
const exporters: readonly (readonly [profile: string, target: string, file: string])[] = [
  ...['linux-host', 'energy-device', 'snmp-switch', 'http-endpoint', 'ping', 'postgres', 'redis', 'nginx', 'container'].map(
    (slug) => [slug, `${slug}-1`, `${slug}.txt`] as const,
  ),
  ['windows-host', 'windows-new', 'windows-host.txt'],
  ['windows-host', 'windows-old', 'windows-host-0.22.txt'],
  ['k8s-node', 'node-1', 'k8s-node-cadvisor.txt'],
  ['k8s-node', 'node-1', 'k8s-node-kubelet.txt'],
  ['k8s-pod', 'kubelet-1', 'k8s-pod-cadvisor.txt'],
  ['k8s-pod', 'kubelet-2', 'k8s-pod-containerd.txt'],
  ['k8s-pod', 'state-metrics', 'k8s-pod-state.txt'],
  ['k8s-workload', 'cluster', 'k8s-workload.txt'],
];

/** What exporters that are asked about others answer, by path and module. */
const moduleFiles = new Map([
  ['/probe http_2xx', '/http-endpoint.txt'],
  ['/probe icmp', '/ping.txt'],
  ['/snmp if_mib', '/snmp-switch.txt'],
]);
const probes: string[] = [];

const stepMs = 1_000;
const credential = { username: 'vigia', password: 'pass word' };
const open: { stop(): Promise<void> }[] = [];
let client: PrometheusClient;
let source: Source;
let nowMs: number;
const windows = new Map<string, Window>();

beforeAll(async () => {
  const { dir, stop } = scratch();
  open.push({ stop });
  const startedMs = performance.now();
  const answers = new Map(exporters.map(([, , file]) => [`/${file}`, recorded(file)]));
  const far = await startHttp((request, response) => {
    const { pathname: path, searchParams: asked } = new URL(request.url ?? '', 'http://far');
    const slug = path.replace('/internal/sd/', '');
    if (slug !== path) {
      const here = `127.0.0.1:${far.port}`;
      const entries = exporters
        .filter(([profile]) => profile === slug)
        .map(([profile, id, file]) => {
          const address = profileOf(profile).through === undefined ? here : `${id}:443`;
          const found = target(id, { profile, address, scheme: 'http', metricsPath: `/${file}`, labels: { endpoint: file } });
          return discoveryOf(found, profileOf(profile), { blackbox: here, snmp: here });
        });
      response.setHeader('content-type', 'application/json').end(JSON.stringify(entries));
      return;
    }
    const module = asked.get('module');
    if (module !== null) probes.push(`${path}?module=${module}&target=${asked.get('target')}`);
    const text = answers.get(module === null ? path : (moduleFiles.get(`${path} ${module}`) ?? ''))?.(
      (performance.now() - startedMs) / 1000,
    );
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(text ?? '');
  });
  open.push(far);
  const port = await freePort();
  const input = prometheus({
    scrapeIntervalMs: stepMs,
    internal: { port: far.port, token: 'token' },
    rules: rules({ scrapeIntervalMs: stepMs, profiles: [...profiles.values()] }),
  });
  write(dir, prometheusFiles(input));
  open.push(await startPrometheus(dir, port, [`--web.config.file=${join(dir, 'web.yml')}`, '--query.lookback-delta=2s']));
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set([port]) });
  open.push({ stop: () => fetch.close() });
  client = createPrometheusClient({ name: 'Prometheus', baseUrl: `http://127.0.0.1:${port}`, fetch, ownChild: true, ...credential });
  source = {
    client,
    stepMs,
    watermarkMs: 2 * stepMs,
    rateMs: 4 * stepMs,
    selector: (profile) => profile.selector,
    identity: (profile) => profile.identity,
  };
  await eventually('five scrapes of every exporter', async () => {
    const found = await client.query('count_over_time(up{target!=""}[1m]) >= 5');
    return found.length === exporters.length;
  });
  nowMs = await client.nowMs();
  const toMs = completeUntil(nowMs, source);
  for (const profile of profiles.values())
    windows.set(profile.slug, await readWindow(source, profile, { fromMs: toMs - 2 * stepMs, toMs }));
}, 60_000);
afterAll(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

/** The newest finite value of each feature of an entity; null where there is none. */
function figures(slug: string, entity: string): Record<string, number | null> {
  const features = sortedFeatures(profileOf(slug));
  const rows = windows.get(slug)?.entities.find((each) => each.entity === entity)?.rows ?? new Float64Array(0);
  return Object.fromEntries(
    features.map(({ name }, column) => {
      const values = Array.from({ length: rows.length / features.length }, (_, step) => rows[step * features.length + column] as number);
      return [name, values.findLast((value) => Number.isFinite(value)) ?? null];
    }),
  );
}
const silent = (values: Record<string, number | null>): string[] => Object.keys(values).filter((name) => values[name] === null);
const entitiesOf = (slug: string): string[] => (windows.get(slug)?.entities.map((each) => each.entity) ?? []).sort();

test('every exporter is scraped, and recognised by its profile', async () => {
  expect((await client.query('up == 0')).map((each) => each.labels['endpoint'])).toEqual([]);
  const named = new Set(exporters.map(([slug]) => slug));
  expect([...profiles.keys()].filter((slug) => !named.has(slug))).toEqual([]);
  const strangers = exporters.filter(([slug, , file]) => {
    const lines = recorded(file)(0).split('\n');
    return !profileOf(slug).recognise.some((start) => lines.some((line) => line.startsWith(start)));
  });
  expect(strangers).toEqual([]);
});

test('exporters that are asked about others are told whom, as each of them wants it', () => {
  expect([...new Set(probes)].sort()).toEqual([
    '/probe?module=http_2xx&target=http://http-endpoint-1:443/http-endpoint.txt',
    '/probe?module=icmp&target=ping-1',
    '/snmp?module=if_mib&target=snmp-switch-1:443',
  ]);
});

describe('every feature has a value', () => {
  const whole = exporters.filter(([slug]) => profileOf(slug).identity.length === 1);

  test.each([...new Set(whole.map(([slug, id]) => `${slug} ${id}`))])('%s', (name) => {
    const [slug = '', id = ''] = name.split(' ');
    expect(entitiesOf(slug)).toContain(id);
    expect(silent(figures(slug, id))).toEqual([]);
  });

  test('container: of each by its name; a container without limits has no share of them', () => {
    expect(entitiesOf('container')).toEqual(['container-1/shop-db-1', 'container-1/shop-web-1', 'container-1/shop-web-2']);
    expect(silent(figures('container', 'container-1/shop-web-1'))).toEqual([]);
    expect(silent(figures('container', 'container-1/shop-db-1'))).toEqual(['cpu_throttled', 'memory_of_limit']);
  });

  test('k8s-pod: of each pod, use and state side by side though they come from different targets', () => {
    const pods = ['burn', 'crash', 'oom', 'web-5c7d8b77c8-grb6j', 'web-5c7d8b77c8-xn42k'];
    expect(entitiesOf('k8s-pod')).toEqual([...pods.map((pod) => `default/${pod}`), 'shop/web-0']);
    // This kubelet says nothing of the network of a pod; another does.
    expect(silent(figures('k8s-pod', 'default/burn'))).toEqual(['network_receive', 'network_transmit']);
    expect(figures('k8s-pod', 'default/crash')).toMatchObject({ waiting: 1, not_ready: 1 });
    expect(figures('k8s-pod', 'default/burn')).toMatchObject({ waiting: 0, not_ready: 0 });
    expect(figures('k8s-pod', 'shop/web-0')).toMatchObject({ memory: 4e7, threads: 5, memory_of_limit: 0.5 });
    const seen = new Set(
      entitiesOf('k8s-pod').flatMap((pod) =>
        Object.entries(figures('k8s-pod', pod)).flatMap(([name, value]) => (value === null ? [] : [name])),
      ),
    );
    expect(profileOf('k8s-pod').features.filter(({ name }) => !seen.has(name))).toEqual([]);
  });

  test('k8s-workload: of each workload, what its pods do, by the owner that they name', () => {
    expect(entitiesOf('k8s-workload')).toEqual(['kube-system/agent', 'shop/db', 'shop/web']);
    for (const entity of entitiesOf('k8s-workload')) expect(silent(figures('k8s-workload', entity)), entity).toEqual([]);
    expect(figures('k8s-workload', 'shop/web')).toMatchObject({ replicas_missing: 2, pods: 2, memory: 3e7, waiting: 1, not_ready: 0.5 });
    expect(figures('k8s-workload', 'shop/db')).toMatchObject({ replicas_missing: 0, pods: 1, memory: 3e7, waiting: 0, not_ready: 0 });
    // Two pods to one, and all count alike.
    expect(figures('k8s-workload', 'shop/web')['cpu']).toBeCloseTo(2 * (figures('k8s-workload', 'shop/db')['cpu'] ?? 0), 6);
  });
});

test('P09 old and new releases of windows_exporter give the same figures', () => {
  const fresh = figures('windows-host', 'windows-new');
  const old = figures('windows-host', 'windows-old');
  expect(fresh).toMatchObject({ memory: 0.46875, commit: 0.5, processes: 143, threads: 1688, processor_queue: 0.5 });
  expect(fresh['disk_space']).toBeCloseTo(2 / 3, 6);
  for (const name of ['memory', 'commit', 'processes', 'threads', 'processor_queue', 'disk_space'])
    expect(old[name], name).toBe(fresh[name]);
});

test('P14 an energy device counts as the sum of its pins', () => {
  expect(figures('energy-device', 'energy-device-1')).toEqual({ power: 402.6, current: 2.06 });
});

test('one entity of several labels is read alone', async () => {
  const { times } = windows.get('k8s-pod') as Window;
  const range = { fromMs: (times[0] as number) - stepMs, toMs: times.at(-1) as number };
  const alone = await readWindow(source, profileOf('k8s-pod'), { ...range, entities: ['default/burn'] });
  expect(alone.entities.map((each) => each.entity)).toEqual(['default/burn']);
  expect(alone.entities[0]?.rows).toEqual(windows.get('k8s-pod')?.entities.find((each) => each.entity === 'default/burn')?.rows);
});

describe('every panel draws something', () => {
  const panels = dashboards.flatMap((dashboard) =>
    dashboard.panels.map((panel) => ({ dashboard, panel, name: `${dashboard.slug} ${panel.id}` })),
  );

  test.each(panels)('$name', async ({ dashboard, panel }) => {
    const profile = profileOf(dashboard.profile);
    const targets = [...new Set(exporters.filter(([slug]) => slug === profile.slug).map(([, id]) => id))];
    const queries = queriesOf(panel, profile);
    expect(queries.length).toBeGreaterThan(0);
    for (const { expr, legend } of queries) {
      const drawn: Record<string, string>[] = [];
      for (const id of targets) {
        const found = await client.queryRange(bind(expr, bindingOfTarget(source, profile, id)), {
          fromMs: nowMs - 4_000,
          toMs: nowMs,
          stepMs,
        });
        drawn.push(...found.filter((each) => each.values.some((value) => Number.isFinite(value))).map((each) => ({ ...each.labels })));
        // All targets of a profile whose entities are targets show each of its panels.
        if (profile.identity.length === 1) expect(found.length, id).toBeGreaterThan(0);
      }
      expect(drawn.length, expr).toBeGreaterThan(0);
      const unnamed = [...legend.matchAll(/\{\{(\w+)\}\}/g)].filter(([, label = '']) => !drawn.some((labels) => label in labels));
      expect(unnamed.map(([whole]) => whole)).toEqual([]);
    }
  });
});

test.each(dashboards.flatMap(({ profile, starts }) => (starts === undefined ? [] : [[profile, starts] as const])))(
  'when each of %s began is a time in Unix seconds, named as its chart names it',
  async (slug, { expr, legend }) => {
    const profile = profileOf(slug);
    const ids = [...new Set(exporters.filter(([each]) => each === slug).map(([, id]) => id))];
    const found = (await Promise.all(ids.map((id) => client.query(bind(expr, bindingOfTarget(source, profile, id)))))).flat();
    expect(found.length).toBeGreaterThan(0);
    for (const { value, labels } of found) {
      expect(value).toBeGreaterThan(1.7e9);
      expect(value).toBeLessThan(2e9);
      for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g)) expect(labels[label]).toBeTruthy();
    }
  },
);

test.each(dashboards.map((dashboard) => [dashboard.slug, dashboard] as const))(
  'what Grafana asks besides the panels of %s is PromQL, and finds its targets',
  async (_, dashboard) => {
    const profile = profileOf(dashboard.profile);
    const { templating, annotations, panels } = grafanaDashboard(dashboard, profile, configSchema.parse({})) as {
      templating: { list: [{ definition: string }] };
      annotations: { list: [{ expr: string }] };
      panels: { type: string; title: string; targets: [{ expr: string }] }[];
    };
    const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(templating.list[0].definition) ?? [];
    const targets = exporters.filter(([slug]) => slug === profile.slug).map(([, id]) => id);
    const found = (await client.query(series)).map(({ labels }) => labels[label] ?? '');
    expect(targets).toEqual(expect.arrayContaining([...new Set(found)]));
    expect(found.length).toBeGreaterThan(0);
    const of = (expr: string) => client.query(expr.replaceAll('${target:regex}', targets[0] ?? ''));
    expect(await of(annotations.list[0].expr)).toEqual([]);
    const stats = panels.filter(({ type }) => type === 'stat');
    const values = await Promise.all(
      stats.map(async ({ title, targets: [{ expr }] }) => [title, (await of(expr)).map(({ value }) => value)]),
    );
    expect(Object.fromEntries(values)).toEqual({ 'Exporter answers': [1], 'Anomaly score / threshold': [], 'Alerts firing': [0] });
  },
);

test('every profile has a dashboard, and a panel of a feature has its unit', () => {
  expect(dashboards.map((dashboard) => dashboard.profile).sort()).toEqual([...profiles.keys()].sort());
  const wrong = dashboards.flatMap(({ profile, panels }) =>
    panels.filter((panel) => {
      const feature = profileOf(profile).features.find((each) => each.name === panel.feature);
      return panel.feature !== undefined && feature?.unit !== panel.unit;
    }),
  );
  expect(wrong).toEqual([]);
  for (const { panels } of dashboards) expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
});
