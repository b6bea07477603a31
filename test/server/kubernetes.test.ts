import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Secret } from '../../src/clients/secret.ts';
import type { AiState, Host, Overview } from '../../src/model/api.ts';
import { type Cluster, kubernetesSchema } from '../../src/model/kubernetes.ts';
import { type Profile, profileSchema } from '../../src/model/profile.ts';
import { type Kubernetes, startKubernetes as watch } from '../../src/server/kubernetes/start.ts';
import { fillCluster } from '../kubernetes/cluster-of-states.ts';
import { profiles as realProfiles } from '../kubernetes/house.ts';
import { kubeNode } from '../stand-ins/kubernetes-objects.ts';
import { type KubernetesStandIn, startKubernetes } from '../stand-ins/kubernetes.ts';
import { eventually } from '../stand-ins/real.ts';
import { type FakeHouse, fakeHouse } from './fake-house.ts';
import type { World } from './fake-source.ts';

/** The API over a watched cluster: what of it is where a person looks. */
const world: World = { nowMs: Date.now(), down: false, queries: 0, entities: new Map() };
const viewer = { role: 'viewer' } as const;
const onlyHosts = { role: 'viewer', scope: { hosts: true, containers: false } } as const;
let api: KubernetesStandIn;
let kubernetes: Kubernetes;
let fake: FakeHouse;

beforeAll(async () => {
  api = await startKubernetes({ token: 'right' });
  fillCluster(api);
  kubernetes = watch({
    config: kubernetesSchema.parse({}),
    access: {
      server: api.url,
      token: new Secret('right'),
      caPem: undefined,
      certPem: undefined,
      keyPem: undefined,
      serverName: undefined,
      inCluster: false,
    },
    accessOptions: { env: {} },
    fetchOptions: { proxy: undefined, noProxy: [], caPem: undefined, forbiddenPorts: () => new Set<number>() },
    now: Date.now,
    log: pino({ level: 'silent' }),
    onChange: () => {},
    onDerive: async () => {},
  });
  await eventually('the cluster', () => kubernetes.health().state === 'ok' || undefined);
  fake = await fakeHouse(world);
  Object.assign(fake.house, { kubernetes });
  for (const slug of ['k8s-node', 'k8s-pod', 'k8s-workload'])
    (fake.house.profiles as Map<string, Profile>).set(slug, profileSchema.parse(realProfiles.get(slug)));
});
afterAll(async () => {
  await fake.stop();
  await kubernetes.stop();
  await api.stop();
});

test('P12 GET /api/kubernetes answers the cluster, narrowed as asked, and no more than the account may see', async () => {
  const whole = (await fake.ask(viewer, 'GET', '/api/kubernetes')).json<Cluster>();
  expect(whole).toMatchObject({ configured: true, name: 'k8s', state: 'ok', podsTotal: 6, stateMetrics: 'own' });
  expect(whole.nodes.map(({ name }) => name)).toEqual(['vm']);
  const narrow = (await fake.ask(viewer, 'GET', '/api/kubernetes?node=vm&namespace=default')).json<Cluster>();
  expect(narrow.podsTotal).toBe(5);
  const less = (await fake.ask(onlyHosts, 'GET', '/api/kubernetes')).json<Cluster>();
  expect([less.nodes.length, less.pods, less.namespaces, less.workloads]).toEqual([1, [], [], []]);
  expect((await fake.ask(null, 'GET', '/api/kubernetes')).status).toBe(401);
  expect((await fake.ask(viewer, 'GET', '/api/kubernetes?pod=x')).status).toBe(400);
});

test('nodes are targets on the overview and on the AI page, and no target of the inventory', async () => {
  const { targets } = (await fake.ask(viewer, 'GET', '/api/overview')).json<Overview>();
  expect(targets.map(({ id, profile, managedBy }) => [id, profile, managedBy])).toEqual([['k8s:vm', 'k8s-node', 'kubernetes']]);
  const { profiles } = (await fake.ask(viewer, 'GET', '/api/ai')).json<AiState>();
  expect(profiles.find(({ profile }) => profile === 'k8s-node')?.entities.map(({ entity }) => entity)).toEqual(['k8s:vm']);
  expect((await fake.ask(viewer, 'GET', '/api/targets')).json<{ targets: unknown[] }>().targets).toEqual([]);
  expect((await fake.ask(viewer, 'GET', `/api/hosts/${encodeURIComponent('k8s:vm')}`)).json<Host>().target.name).toBe('vm');
});

test('a pod has a page of its own, before it has a sample; not for those who may not see containers', async () => {
  const page = async (name: string) => (await fake.ask(viewer, 'GET', `/api/hosts/${encodeURIComponent(`default/${name}`)}`)).json<Host>();
  expect((await page('crash')).target).toMatchObject({
    id: 'default/crash',
    name: 'crash',
    profile: 'k8s-pod',
    address: 'vm',
    state: 'bad',
    reason: expect.stringMatching(/^CrashLoopBackOff: back-off/),
  });
  expect((await page('burn')).target).toMatchObject({ state: 'ok', reason: '' });
  expect((await page('starting')).target).toMatchObject({ state: 'unknown', reason: expect.stringContaining('Insufficient cpu') });
  expect((await fake.ask(onlyHosts, 'GET', '/api/hosts/default%2Fcrash')).status).toBe(404);
  expect((await fake.ask(viewer, 'GET', '/api/hosts/default%2Fgone')).status).toBe(404);
});

test('what was scored of pods is listed on the AI page', async () => {
  const toMs = world.nowMs;
  const seen = [{ entity: 'default/burn', job: 'k8s-pod', instance: '192.168.1.20:10250', lastSeenMs: toMs, scored: 0 }];
  const tick = { profile: 'k8s-pod', fromMs: null, toMs, present: 0, missing: 0, late: false, board: [], seen, findings: [] };
  await fake.house.store.pipeline.commitTick(tick);
  const { profiles } = (await fake.ask(viewer, 'GET', '/api/ai')).json<AiState>();
  expect(profiles.find(({ profile }) => profile === 'k8s-pod')?.entities.map(({ entity }) => entity)).toEqual(['default/burn']);
});

test('a node that the cluster has lost is no longer a target', async () => {
  api.set('nodes', kubeNode('other'));
  await eventually('another node', () => kubernetes.targets().length === 2 || undefined);
  api.remove('nodes', 'other');
  await eventually('one node', () => kubernetes.targets().length === 1 || undefined);
});

test('of two endpoints of a node the one that does not answer counts, in either order', async () => {
  const sample = (endpoint: string, value: number) => ({ labels: { target: 'k8s:vm', endpoint }, value, tsMs: world.nowMs });
  const scrape = (endpoint: string, health: string, lastError: string) => ({ labels: { target: 'k8s:vm', endpoint }, health, lastError });
  const before = fake.house.prometheus;
  for (const turn of [(each: unknown[]) => each, (each: unknown[]) => each.toReversed()]) {
    const prometheus = {
      ...before,
      query: async () => turn([sample('cadvisor', 1), sample('kubelet', 0)]),
      targets: async () => turn([scrape('cadvisor', 'up', ''), scrape('kubelet', 'down', 'server returned HTTP status 403 Forbidden')]),
      queryRange: async () => [],
    };
    Object.assign(fake.house, { prometheus });
    const { targets } = (await fake.ask(viewer, 'GET', '/api/overview')).json<Overview>();
    expect(targets[0]).toMatchObject({ id: 'k8s:vm', state: 'bad', reason: expect.stringContaining('403') });
  }
  Object.assign(fake.house, { prometheus: before });
});
