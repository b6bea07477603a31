import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { type KubernetesAccess, readAccess } from '../../src/clients/kubernetes/access.ts';
import { reveal, Secret } from '../../src/clients/secret.ts';
import { type KubernetesConfig, kubernetesSchema } from '../../src/model/kubernetes.ts';
import { type Kubernetes, startKubernetes as watch } from '../../src/server/kubernetes/start.ts';
import { run } from '../../src/tools/run.ts';
import { kubeNode, kubePod } from '../stand-ins/kubernetes-objects.ts';
import { type KubernetesStandIn, startKubernetes } from '../stand-ins/kubernetes.ts';
import { eventually, scratch, write } from '../stand-ins/real.ts';
import { fillCluster } from './cluster-of-states.ts';

const open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

const usual = { caPem: undefined, certPem: undefined, keyPem: undefined, serverName: undefined, inCluster: false };

async function watched(
  config: Partial<KubernetesConfig> = {},
  access: Partial<KubernetesAccess> = {},
  fill: (api: KubernetesStandIn) => void = fillCluster,
): Promise<{ api: KubernetesStandIn; kubernetes: Kubernetes }> {
  const api = await startKubernetes({ token: 'right' });
  open.push(api);
  fill(api);
  const kubernetes = watch({
    config: kubernetesSchema.parse(config),
    access: { ...usual, server: api.url, token: new Secret('right'), ...access },
    accessOptions: { env: {} },
    fetchOptions: { proxy: undefined, noProxy: [], caPem: undefined, forbiddenPorts: () => new Set<number>() },
    now: Date.now,
    log: pino({ level: 'silent' }),
    onChange: () => {},
    onDerive: async () => {},
    pauses: { firstMs: 20, mostMs: 100 },
  });
  open.push(kubernetes);
  await eventually('the cluster', () => (kubernetes.cluster.synced() && kubernetes.health().state === 'ok') || undefined);
  return { api, kubernetes };
}

const kubelets = 'kubernetes-kubelets';

test('kubelets at their own addresses', async () => {
  const { kubernetes } = await watched({ kubelets: 'direct', name: 'home' }, {}, (api) =>
    api.set('nodes', kubeNode('six', { address: 'fd00::2', port: 10_251 })),
  );
  expect(kubernetes.discover(kubelets)).toEqual(
    ['cadvisor', 'kubelet'].map((endpoint) => ({
      targets: ['[fd00::2]:10251'],
      labels: {
        __scheme__: 'https',
        __metrics_path__: endpoint === 'cadvisor' ? '/metrics/cadvisor' : '/metrics',
        target: 'home:six',
        profile: 'k8s-node',
        job: 'k8s-node',
        instance: '[fd00::2]:10251',
        node: 'six',
        endpoint,
      },
    })),
  );
  expect(kubernetes.targets().map(({ id }) => id)).toEqual(['home:six']);
});

test('switched off, kubelets are neither scraped nor targets, and the cluster is still followed', async () => {
  const { kubernetes } = await watched({ kubelets: 'off' });
  expect([kubernetes.discover(kubelets), kubernetes.targets()]).toEqual([[], []]);
  expect(kubernetes.exposition()).toContain('kube_node_status_condition{node="vm",condition="Ready",status="true"} 1');
  expect(kubernetes.discover('linux-host')).toBeNull();
});

test('before the first answer discovery fails, so that Prometheus keeps what it knows', async () => {
  const refused = { ...usual, server: 'http://127.0.0.1:9', token: new Secret('x') };
  const kubernetes = watch({
    config: kubernetesSchema.parse({}),
    access: refused,
    accessOptions: { env: {} },
    fetchOptions: { proxy: undefined, noProxy: [], caPem: undefined, forbiddenPorts: () => new Set<number>() },
    now: Date.now,
    log: pino({ level: 'silent' }),
    onChange: () => {},
    onDerive: async () => {},
  });
  open.push(kubernetes);
  expect(() => kubernetes.discover(kubelets)).toThrow(/Kubernetes at http:\/\/127\.0\.0\.1:9 does not answer/);
  expect(kubernetes.exposition()).toBeNull();
  await eventually('a reason', () => /connection refused/.test(kubernetes.health().reason) || undefined);
});

const exporter = (ready: 'running' | 'crashing') =>
  kubePod('kube-state-metrics-0', ready, {
    namespace: 'kube-system',
    ip: '10.244.0.9',
    labels: { 'app.kubernetes.io/name': 'kube-state-metrics' },
    ports: [
      { name: 'http-metrics', containerPort: 8081 },
      { name: 'telemetry', containerPort: 8082 },
    ],
  });

test('kube-state-metrics is taken where it runs and is reached, and Vigía speaks again when it is gone', async () => {
  const { api, kubernetes } = await watched({}, { inCluster: true });
  expect([kubernetes.stateMetrics(), kubernetes.discover('kubernetes-state-metrics')]).toEqual(['own', []]);
  api.set('pods', exporter('running'));
  await eventually('the exporter', () => kubernetes.stateMetrics() === 'exporter' || undefined);
  expect(kubernetes.exposition()).toBe('');
  expect(kubernetes.discover('kubernetes-state-metrics')).toEqual([
    { targets: ['10.244.0.9:8081'], labels: { target: 'k8s:state', profile: 'k8s-pod', job: 'k8s-pod', instance: '10.244.0.9:8081' } },
  ]);
  api.set('pods', exporter('crashing'));
  await eventually('its end', () => kubernetes.stateMetrics() === 'own' || undefined);
  expect(kubernetes.exposition()).toContain('kube_pod_status_phase');
});

test.each<[Partial<KubernetesConfig>, boolean, string]>([
  [{ stateMetrics: 'auto' }, false, 'own'],
  [{ stateMetrics: 'exporter' }, false, 'exporter'],
  [{ stateMetrics: 'own' }, true, 'own'],
])('%o, inside of the cluster: %s → %s', async (config, inCluster, wanted) => {
  const { kubernetes } = await watched(config, { inCluster }, (api) => {
    fillCluster(api);
    api.set('pods', exporter('running'));
  });
  expect(kubernetes.stateMetrics()).toBe(wanted);
});

test('pods that ask to be scraped are asked only with consent, and only as they may ask', async () => {
  const ask = (name: string, annotations: Readonly<Record<string, string>>, part: object = {}) =>
    kubePod(name, 'running', { annotations: { 'prometheus.io/scrape': 'true', ...annotations }, ip: '10.0.0.5', ...part });
  const fill = (api: KubernetesStandIn): void => {
    fillCluster(api);
    api.set('pods', ask('plain', { 'prometheus.io/port': '9100' }));
    api.set(
      'pods',
      ask('told', { 'prometheus.io/port': '9443', 'prometheus.io/path': 'stats', 'prometheus.io/scheme': 'https' }, { ip: 'fd00::5' }),
    );
    api.set('pods', ask('declared', {}, { ports: [{ containerPort: 8080 }] }));
    for (const port of ['0', '70000', 'x', '80@evil:1']) api.set('pods', ask(`bad-${port.length}`, { 'prometheus.io/port': port }));
    api.set('pods', kubePod('not-asked', 'running', { annotations: { 'prometheus.io/port': '1' } }));
    api.set('pods', { ...ask('ended', { 'prometheus.io/port': '1' }), status: { phase: 'Succeeded', podIP: '10.0.0.5' } });
  };
  const jobs = 'kubernetes-pods';
  expect((await watched({}, {}, fill)).kubernetes.discover(jobs)).toEqual([]);
  const found = (await watched({ annotatedPods: true }, {}, fill)).kubernetes.discover(jobs) ?? [];
  expect(
    found.map(({ targets, labels }) => `${labels['pod']} ${labels['__scheme__']}://${targets[0]}${labels['__metrics_path__']}`),
  ).toEqual(['plain http://10.0.0.5:9100/metrics', 'told https://[fd00::5]:9443/stats', 'declared http://10.0.0.5:8080/metrics']);
});

test('a gateway has a path of its own before that of the API', async () => {
  const { api, kubernetes } = await watched();
  const behind = watch({
    config: kubernetes.config,
    access: { ...usual, server: `${api.url}/k8s/clusters/c-1`, token: new Secret('right') },
    accessOptions: { env: {} },
    fetchOptions: { proxy: undefined, noProxy: [], caPem: undefined, forbiddenPorts: () => new Set<number>() },
    now: Date.now,
    log: pino({ level: 'silent' }),
    onChange: () => {},
    onDerive: async () => {},
  });
  open.push(behind);
  await eventually(
    'a refusal of the path',
    () => api.refused.some((each) => each.startsWith('GET /k8s/clusters/c-1/api/v1/nodes:')) || undefined,
  );
});

test('what is said of a cluster agrees with promtool, and each name is one of kube-state-metrics', async () => {
  const { kubernetes } = await watched({}, {}, (api) => {
    fillCluster(api);
    api.set('pods', kubePod('odd"name\\', 'running'));
  });
  const text = kubernetes.exposition() ?? '';
  const names = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  expect(names.length).toBeGreaterThan(30);
  for (const [, name, type] of names) expect(type, name).toBe(name?.endsWith('_restarts_total') === true ? 'counter' : 'gauge');
  const { stdout, stderr } = await run(
    { file: 'promtool', args: ['check', 'metrics'] },
    { timeoutMs: 30_000, maxBytes: 100_000, input: text },
  );
  expect(`${stdout}${stderr}`).toBe('');
});

test('a token that was exchanged is used from then on, by Vigía and by Prometheus', async () => {
  const { dir, stop } = scratch();
  open.push({ stop });
  const api = await startKubernetes({ token: 'first' });
  open.push(api);
  fillCluster(api);
  const config = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: api.url } }],
    users: [{ name: 'u', user: { tokenFile: 'token' } }],
  };
  write(dir, { config: JSON.stringify(config), token: 'first' });
  const accessOptions = { kubeconfig: join(dir, 'config'), env: {} };
  let derived = 0;
  const kubernetes = watch({
    config: kubernetesSchema.parse({}),
    access: readAccess(accessOptions),
    accessOptions,
    fetchOptions: { proxy: undefined, noProxy: [], caPem: undefined, forbiddenPorts: () => new Set<number>() },
    now: Date.now,
    log: pino({ level: 'silent' }),
    onChange: () => {},
    onDerive: async () => void derived++,
    pauses: { firstMs: 20, mostMs: 100 },
    rereadMs: 50,
  });
  open.push(kubernetes);
  await eventually('the cluster', () => kubernetes.health().state === 'ok' || undefined);
  api.token = 'second';
  api.cut();
  await eventually('a refusal', () => kubernetes.health().state !== 'ok' || undefined);
  write(dir, { token: 'second' });
  await eventually('well again', () => kubernetes.health().state === 'ok' || undefined);
  expect(reveal(kubernetes.scrapeInput().token ?? '')).toBe('second');
  expect(derived).toBeGreaterThan(0);
});
