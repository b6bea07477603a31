import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Secret } from '../../src/clients/secret.ts';
import { configSchema } from '../../src/model/config.ts';
import type { PartHealth } from '../../src/model/api.ts';
import { clusterSchema, kubernetesSchema } from '../../src/model/kubernetes.ts';
import { startKubernetes as startCluster } from '../../src/server/kubernetes/start.ts';
import { clusterView, createUse } from '../../src/server/views/kubernetes.ts';
import { fillCluster } from '../kubernetes/cluster-of-states.ts';
import { startKubernetes } from '../stand-ins/kubernetes.ts';
import { eventually } from '../stand-ins/real.ts';
import { axe, type Bench, startBench } from './browser.ts';
import { madeUpCluster } from './cluster.ts';

let bench: Bench;
const open: { stop(): Promise<unknown> }[] = [];
beforeAll(async () => {
  bench = await startBench();
}, 60_000);
afterAll(async () => {
  for (const each of open.toReversed()) await each.stop();
  await bench.stop();
});

const part: PartHealth = { part: 'Kubernetes', state: 'ok', phase: 'ready', reason: '', sinceMs: 0 };
const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** What the server says of the stand-in of an API server, without a Prometheus: state, and no figure. */
async function realAnswer() {
  const api = await startKubernetes({ token: 'right' });
  open.push(api);
  fillCluster(api);
  const kubernetes = startCluster({
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
  open.push(kubernetes);
  await eventually('the cluster', () => (kubernetes.health().state === 'ok' && kubernetes.cluster.workloads().length === 3) || undefined);
  const house = { source: {}, profiles: new Map(), now: Date.now, board: { get: () => null }, config: configSchema.parse({}) };
  const around = house as unknown as Parameters<typeof createUse>[0];
  return clusterSchema.parse(clusterView(around, kubernetes, await createUse(around)(), { hosts: true, containers: true }, {}));
}

test('P12 the page shows pods Running, Pending, CrashLoopBackOff and OOMKilled as the API server has them', {
  timeout: 60_000,
}, async () => {
  bench.stub.use('calm');
  bench.stub.scene.cluster = await realAnswer();
  const { page, context, watch } = await bench.open('kubernetes');
  await page.locator('[data-pod="default/crash"]').waitFor();
  const states = await page
    .locator('[data-pod]')
    .evaluateAll((rows) =>
      rows.map((row) => [
        row.getAttribute('data-pod'),
        row.querySelector('.state')?.getAttribute('data-state'),
        row.querySelector('.state')?.textContent,
      ]),
    );
  expect(states).toEqual([
    ['default/crash', 'bad', 'CrashLoopBackOff'],
    ['default/oom', 'bad', 'OOMKilled'],
    ['default/starting', 'unknown', 'Pending'],
    ['default/burn', 'ok', 'Running'],
    ['default/web-5c7d8b77c8-grb6j', 'ok', 'Running'],
    ['default/web-5c7d8b77c8-xn42k', 'ok', 'Running'],
  ]);
  const text = async (id: string) => plain(await page.locator(`[data-pod="default/${id}"]`).innerText());
  expect(await text('crash')).toMatch(/back-off 1m20s restarting failed container.*last exit: Error \(exit code 1\), \d+ (sec|min)/);
  expect(await text('oom')).toMatch(/last exit: OOMKilled \(exit code 137\), \d+ (sec|min)/);
  expect(await text('starting')).toMatch(/no node yet.*0\/1 nodes are available: 1 Insufficient cpu/);
  expect(plain(await page.locator('[data-workload="default/web"]').innerText())).toMatch(/Deployment · default 2 of 3 available/);
  expect(plain(await page.locator('[data-node=vm]').innerText())).toMatch(/^vm v1\.20\.2 Charts OK .*5 pods 2 in trouble/);
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('P12 the way down from the cluster to a node, a namespace and a pod, and back up', { timeout: 60_000 }, async () => {
  bench.stub.use('calm');
  bench.stub.scene.overview.parts.push(part);
  const { page, context, watch } = await bench.open('');
  await page.getByRole('navigation').getByRole('link', { name: 'Kubernetes' }).click();
  await page.getByRole('heading', { name: 'Cluster home' }).waitFor();
  const pods = page.locator('[data-pod]');
  expect(await pods.count()).toBe(6);
  await page.getByRole('link', { name: 'vm', exact: true }).first().click();
  await page.getByRole('navigation', { name: 'Where' }).getByText('Node vm').waitFor();
  await expect.poll(() => pods.count()).toBe(3);
  expect(await page.locator('[data-node]').count()).toBe(1);
  await page.getByRole('link', { name: 'default', exact: true }).click();
  await page.waitForURL('**/kubernetes?node=vm&namespace=default');
  await page.getByRole('link', { name: 'Whole cluster' }).click();
  await expect.poll(() => pods.count()).toBe(6);
  await page.getByLabel('Only what needs attention').check();
  await expect.poll(() => pods.count()).toBe(3);
  await page.reload();
  await pods.first().waitFor();
  expect(await pods.count()).toBe(3);
  expect(await page.getByRole('link', { name: 'crash', exact: true }).getAttribute('href')).toBe('/hosts/default%2Fcrash');
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('what changes in the cluster appears by itself; a connection that is lost is told with its reason', { timeout: 60_000 }, async () => {
  bench.stub.use('calm');
  const { page, context, watch } = await bench.open('kubernetes', { locale: 'es', viewport: { width: 360, height: 800 } });
  await page.getByText('Al día desde').waitFor();
  await page.locator('.live[data-live=true]').waitFor();
  const cluster = madeUpCluster();
  bench.stub.scene.cluster = {
    ...cluster,
    state: 'bad',
    reason: 'The Kubernetes API server does not answer.',
    pods: cluster.pods.slice(0, 1),
  };
  bench.stub.emit({ kind: 'kubernetes' });
  await page.getByText('No está al día desde').waitFor();
  await expect.poll(() => page.locator('[data-pod]').count()).toBe(1);
  expect(plain(await page.locator('[data-pod]').innerText())).toContain('última salida: Error (código de salida 1), hace 1 min');
  expect(Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'))).toBeLessThanOrEqual(0);
  expect(await axe(page)).toEqual([]);
  expect(watch.wrongs).toEqual([]);
  await context.close();
});

test('a node without pods says that, and not that the account may see none', { timeout: 60_000 }, async () => {
  bench.stub.use('calm');
  const cluster = madeUpCluster();
  const [node] = cluster.nodes;
  if (node) cluster.nodes.push({ ...node, id: 'home:fresh', name: 'fresh' });
  bench.stub.scene.cluster = cluster;
  const { account } = bench.stub.scene.session;
  const { page, context } = await bench.open('kubernetes?node=fresh');
  await page.getByText('No pod here.').waitFor();
  if (account) account.scope.containers = false;
  await page.reload();
  await page.getByText('Your account may not see containers').waitFor();
  await context.close();
});

test('without a cluster the page says how to have one, and is not among the pages', { timeout: 60_000 }, async () => {
  bench.stub.use('calm');
  const cluster = madeUpCluster();
  bench.stub.scene.cluster = { ...cluster, configured: false };
  const { page, context } = await bench.open('kubernetes');
  await page.getByText('Write a section “kubernetes:” into vigia.yml').waitFor();
  expect(await page.getByRole('navigation').getByRole('link', { name: 'Kubernetes' }).count()).toBe(0);
  await context.close();
});
