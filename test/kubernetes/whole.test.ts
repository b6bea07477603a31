import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/clients/secret.ts';
import { configSchema } from '../../src/model/config.ts';
import type { ClusterPod } from '../../src/model/kubernetes.ts';
import type { ModelInfo } from '../../src/model/score.ts';
import { createLearner } from '../../src/server/learner.ts';
import { completeUntil, readWindow, sortedFeatures } from '../../src/server/reader.ts';
import { clusterView, createUse } from '../../src/server/views/kubernetes.ts';
import { openStore } from '../../src/store/open.ts';
import { kubeNode, kubePod } from '../stand-ins/kubernetes-objects.ts';
import { type KubernetesStandIn, startKubernetes } from '../stand-ins/kubernetes.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, scratch } from '../stand-ins/real.ts';
import { fillCluster } from './cluster-of-states.ts';
import { type ClusterHouse, clusterHouse, profiles } from './house.ts';

/** A recorded kubelet behind a strict API server, discovered by Vigía, scraped by the real Prometheus, shown as the page is told. */
const stepMs = 500;
const open: { stop(): Promise<unknown> }[] = [];
let api: KubernetesStandIn;
let house: ClusterHouse;
/** What a pod that asks to be scraped was sent. */
const annotated: (string | undefined)[] = [];

beforeAll(async () => {
  api = await startKubernetes({ token: 'right' });
  open.push(api);
  fillCluster(api);
  const own = await startHttp((request, response) => {
    annotated.push(request.headers.authorization);
    response.setHeader('content-type', 'text/plain').end(`shop_orders_total{path="${request.url}"} 7\n`);
  });
  open.push(own);
  const annotations = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(own.port), 'prometheus.io/path': '/stats' };
  api.set('pods', kubePod('shop', 'running', { ip: '127.0.0.1', annotations }));
  house = await clusterHouse({
    access: {
      server: api.url,
      token: new Secret('right'),
      caPem: undefined,
      certPem: undefined,
      keyPem: undefined,
      serverName: undefined,
      inCluster: false,
    },
    config: { annotatedPods: true },
    stepMs,
  });
  open.push(house);
  await eventually('four scrapes of both endpoints and of the state', async () => {
    const found = await house.client.query('count_over_time(up[1m]) >= 4');
    return found.filter(({ labels }) => labels['target']?.startsWith('k8s:') === true).length === 3 || undefined;
  });
}, 60_000);
afterAll(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

const ask = async (expr: string): Promise<Record<string, string | number>[]> =>
  (await house.client.query(expr)).map(({ labels, value }) => ({ ...labels, value }));

test('kubelets are discovered by http_sd and scraped through the API server, with a token that nobody else gets', async () => {
  expect(await ask('up{target!=""}')).toEqual(
    expect.arrayContaining([
      {
        __name__: 'up',
        target: 'k8s:vm',
        profile: 'k8s-node',
        job: 'k8s-node',
        instance: '192.168.1.20:10250',
        node: 'vm',
        endpoint: 'cadvisor',
        value: 1,
      },
      {
        __name__: 'up',
        target: 'k8s:vm',
        profile: 'k8s-node',
        job: 'k8s-node',
        instance: '192.168.1.20:10250',
        node: 'vm',
        endpoint: 'kubelet',
        value: 1,
      },
      { __name__: 'up', target: 'k8s:state', profile: 'k8s-pod', job: 'k8s-pod', instance: 'vigia', value: 1 },
    ]),
  );
  expect(new Set(api.calls.map(({ what }) => what).filter((what) => what.includes('proxy')))).toEqual(
    new Set(['get nodes/vm/proxy/metrics', 'get nodes/vm/proxy/metrics/cadvisor']),
  );
  // Everything that was ever asked for was within the least rights.
  expect(api.refused).toEqual([]);
  await eventually('the pod that asks for it', async () => (await ask('shop_orders_total')).length === 1 || undefined);
  expect(await ask('shop_orders_total')).toMatchObject([{ namespace: 'default', pod: 'shop', path: '/stats', value: 7 }]);
  expect(new Set(annotated)).toEqual(new Set([undefined]));
});

test('credentials lie in files of their own, for their owner alone', () => {
  const modes = readdirSync(house.configDir)
    .filter((name) => name.includes('kubernetes'))
    .map((name) => [name, (statSync(join(house.configDir, name)).mode & 0o777).toString(8)]);
  expect(modes).toEqual([['kubernetes-token', '600']]);
});

test('of control groups those of the node and of pods are kept, each for its profile', async () => {
  const found = await ask('count by (profile, job) (container_memory_working_set_bytes)');
  expect(found.map((each) => `${each['profile']} ${each['job']}`).sort()).toEqual(['k8s-node k8s-node', 'k8s-pod k8s-pod']);
  expect(await ask('container_memory_working_set_bytes{profile="k8s-node",id!="/"}')).toEqual([]);
});

describe('the state of objects, under the names of kube-state-metrics', () => {
  test.each<[string, object[]]>([
    ['kube_pod_status_phase{pod="starting"} == 1', [{ phase: 'Pending', namespace: 'default', profile: 'k8s-pod', job: 'k8s-pod' }]],
    ['kube_pod_status_phase{pod="burn"} == 1', [{ phase: 'Running' }]],
    ['kube_pod_container_status_waiting_reason', [{ pod: 'crash', reason: 'CrashLoopBackOff', container: 'c' }]],
    ['kube_pod_container_status_last_terminated_reason{pod="oom"}', [{ reason: 'OOMKilled' }]],
    ['kube_pod_container_status_terminated_reason', [{ pod: 'oom', reason: 'OOMKilled' }]],
    ['kube_pod_container_status_restarts_total{pod="crash"}', [{ value: 4 }]],
    ['kube_node_status_condition{condition="Ready"} == 1', [{ node: 'vm', status: 'true', target: 'k8s:vm', profile: 'k8s-node' }]],
    ['kube_deployment_status_replicas_available', [{ namespace: 'default', deployment: 'web', value: 2, profile: 'k8s-workload' }]],
    ['kube_pod_container_resource_limits{pod="oom",resource="memory"}', [{ unit: 'byte', value: 16 * 2 ** 20 }]],
  ])('%s', async (expr, wanted) => {
    const found = await ask(expr);
    expect(found).toHaveLength(wanted.length);
    expect(found).toMatchObject(wanted);
  });

  test('agrees with promtool, and follows what changes', async () => {
    api.set('pods', kubePod('late', 'crashing', { restarts: 1 }));
    await eventually(
      'its state',
      async () => (await ask('kube_pod_container_status_waiting_reason{pod="late"}')).length === 1 || undefined,
    );
    api.remove('pods', 'late', 'default');
    await eventually('its end', async () => (await ask('kube_pod_status_phase{pod="late"}')).length === 0 || undefined);
  });
});

/** The newest finite value of each feature of an entity. */
async function figures(slug: string, entity: string): Promise<Record<string, number | null>> {
  const profile = profiles.get(slug);
  if (profile === undefined) throw new Error(slug);
  const toMs = completeUntil(await house.client.nowMs(), house.source);
  const { entities } = await readWindow(house.source, profile, { fromMs: toMs - 4 * stepMs, toMs, entities: [entity] });
  const rows = entities.find((each) => each.entity === entity)?.rows ?? new Float64Array(0);
  const features = sortedFeatures(profile);
  return Object.fromEntries(
    features.map(({ name }, column) => [
      name,
      [...rows].filter((_, at) => at % features.length === column).findLast(Number.isFinite) ?? null,
    ]),
  );
}

test('features of the node, of a pod, and of a workload meet whatever scrape they come from', async () => {
  const node = await figures('k8s-node', 'k8s:vm');
  expect(Object.keys(node).filter((name) => node[name] === null)).toEqual([]);
  expect(node).toMatchObject({ pods: 5 });
  expect(await figures('k8s-pod', 'default/crash')).toMatchObject({ waiting: 1, not_ready: 1, memory: 425_984 });
  expect(await figures('k8s-pod', 'default/burn')).toMatchObject({ waiting: 0, not_ready: 0, memory: 577_536 });
  expect(await figures('k8s-workload', 'default/web')).toMatchObject({
    replicas_missing: 1,
    pods: 2,
    memory: 954_368 + 851_968,
    not_ready: 0,
  });
  expect(await figures('k8s-workload', 'kube-system/agent')).toMatchObject({ replicas_missing: 0 });
});

/** What the page is told, to those who may see all of it. */
async function view(asked: { node?: string; namespace?: string } = {}, scope = { hosts: true, containers: true }) {
  const around = { source: house.source, profiles, now: Date.now, board: { get: () => null }, config: configSchema.parse({}) };
  const part = around as unknown as Parameters<typeof createUse>[0];
  return clusterView(part, house.kubernetes, await createUse(part)(), scope, asked);
}

test('P12 nodes, namespaces and pods with their state and use: Running, Pending, CrashLoopBackOff, OOMKilled', async () => {
  const { nodes, namespaces, pods, workloads, state, podsTotal } = await view();
  expect(state).toBe('ok');
  expect(nodes).toMatchObject([{ id: 'k8s:vm', name: 'vm', state: 'ok', pods: 6, badPods: 2, version: 'v1.20.2', schedulable: true }]);
  expect(nodes[0]?.cpuRatio).toBeGreaterThan(0);
  expect(nodes[0]?.memoryRatio).toBeGreaterThan(0);
  expect(namespaces.map(({ name, pods: count, badPods, unknownPods, state: of }) => [name, of, count, badPods, unknownPods])).toEqual([
    ['default', 'bad', 7, 2, 1],
    ['empty', 'ok', 0, 0, 0],
    ['kube-system', 'ok', 0, 0, 0],
  ]);
  expect(namespaces[0]?.memoryBytes).toBe(425_984 + 339_968 + 954_368 + 577_536 + 851_968);
  expect(podsTotal).toBe(7);
  expect(pods.map(({ name, status, state: of, ready, restarts }) => [name, status, of, ready, restarts])).toEqual([
    ['crash', 'CrashLoopBackOff', 'bad', 0, 4],
    ['oom', 'OOMKilled', 'bad', 0, 2],
    ['starting', 'Pending', 'unknown', 0, 0],
    ['burn', 'Running', 'ok', 1, 0],
    ['shop', 'Running', 'ok', 1, 0],
    ['web-5c7d8b77c8-grb6j', 'Running', 'ok', 1, 0],
    ['web-5c7d8b77c8-xn42k', 'Running', 'ok', 1, 0],
  ]);
  const web = pods.find(({ name }) => name === 'web-5c7d8b77c8-grb6j') as ClusterPod;
  expect(web).toMatchObject({
    owner: 'Deployment/web',
    memoryBytes: 954_368,
    memoryLimitBytes: 33_554_432,
    cpuLimitCores: 0.5,
    node: 'vm',
  });
  expect(web.cpuCores).toBeGreaterThan(0);
  expect(workloads.map(({ id, state: of, desired, available }) => [id, of, desired, available])).toEqual([
    ['default/web', 'bad', 3, 2],
    ['kube-system/agent', 'ok', 1, 1],
    ['kube-system/db', 'ok', 1, 1],
  ]);
});

test('P04 P12 the way down, and what an account may not see', async () => {
  expect((await view({ node: 'vm' })).pods.map(({ name }) => name)).not.toContain('starting');
  expect((await view({ namespace: 'kube-system' })).podsTotal).toBe(0);
  const hostsOnly = await view({}, { hosts: true, containers: false });
  expect([hostsOnly.nodes.length, hostsOnly.namespaces, hostsOnly.workloads, hostsOnly.pods, hostsOnly.podsTotal]).toEqual([
    1,
    [],
    [],
    [],
    0,
  ]);
  const containersOnly = await view({}, { hosts: false, containers: true });
  expect([containersOnly.nodes, containersOnly.pods.length]).toEqual([[], 7]);
});

test('a node that comes is scraped without a restart, one that goes is forgotten', { timeout: 40_000 }, async () => {
  const before = house.derived();
  api.set('nodes', kubeNode('vm2', { address: '192.168.1.21' }));
  await eventually('the second node', async () => (await ask('up{target="k8s:vm2"} == 1')).length === 2 || undefined);
  // Rules name each node: the files were made anew.
  await eventually('new files', () => house.derived() > before || undefined);
  api.remove('nodes', 'vm2');
  await eventually('its end', async () => (await ask('up{target="k8s:vm2"}')).length === 0 || undefined);
});

test('P23 a node and a pod get a model of their own', { timeout: 60_000 }, async () => {
  const { dir, stop } = scratch();
  const store = await openStore({ file: join(dir, 'vigia.sqlite') }, { now: Date.now });
  open.push({ stop }, { stop: () => store.close() });
  const config = { ...configSchema.parse({}).detection, minimumSteps: 12, window: 60_000 };
  const learner = createLearner({ store, source: () => house.source, config, log: pino({ level: 'silent' }), onChange: () => {} });
  const models: ModelInfo[] = [];
  for (const [slug, entity] of [
    ['k8s-node', 'k8s:vm'],
    ['k8s-pod', 'default/burn'],
    ['k8s-workload', 'default/web'],
  ] as const) {
    const profile = profiles.get(slug);
    if (profile === undefined) throw new Error(slug);
    models.push(await eventually(`a model of ${entity}`, async () => learner.train(profile, entity, await house.client.nowMs(), 60_000)));
  }
  expect(models.map(({ profile, entity, state }) => `${profile} ${entity} ${state}`)).toEqual([
    'k8s-node k8s:vm active',
    'k8s-pod default/burn active',
    'k8s-workload default/web active',
  ]);
});

test('a token that is no longer taken is told, and what is old is not told as new', { timeout: 40_000 }, async () => {
  for (const kind of ['nodes', 'pods']) {
    api.denied.add(`list ${kind}`);
    api.denied.add(`watch ${kind}`);
  }
  api.cut();
  await eventually('a word', () => /403.*verbs list and watch/.test(house.kubernetes.health().reason) || undefined);
  expect(house.kubernetes.health().state).not.toBe('ok');
  // For a minute what was known may stand in for what is.
  expect(house.kubernetes.exposition()).not.toBeNull();
  api.denied.clear();
  await eventually('well again', () => house.kubernetes.health().state === 'ok' || undefined);
});
