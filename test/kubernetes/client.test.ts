import { afterEach, describe, expect, test } from 'vitest';
import type { KubernetesAccess } from '../../src/clients/kubernetes/access.ts';
import { createKubernetesClient, type KubernetesClient } from '../../src/clients/kubernetes/client.ts';
import { follow } from '../../src/clients/kubernetes/follow.ts';
import type { KubernetesPod } from '../../src/clients/kubernetes/objects.ts';
import { createGuardedFetch, type GuardedFetchOptions } from '../../src/clients/guarded.ts';
import { Secret } from '../../src/clients/secret.ts';
import { resources } from '../../src/server/kubernetes/resources.ts';
import { executableIn } from '../../src/tools/executable.ts';
import { run } from '../../src/tools/run.ts';
import { startHttp } from '../stand-ins/http.ts';
import { kubePod } from '../stand-ins/kubernetes-objects.ts';
import { type KubernetesStandIn, startKubernetes } from '../stand-ins/kubernetes.ts';
import { eventually, scratch } from '../stand-ins/real.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

const pauses = { firstMs: 10, mostMs: 50 };
const usual = { caPem: undefined, serverName: undefined, certPem: undefined, keyPem: undefined, inCluster: false };

function clientOf(access: Partial<KubernetesAccess> & { server: string }, tls?: GuardedFetchOptions['tls']): KubernetesClient {
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set(), tls });
  open.push({ stop: () => fetch.close() });
  return createKubernetesClient({ access: () => ({ ...usual, token: new Secret('right'), ...access }), fetch });
}

async function standIn(options: Parameters<typeof startKubernetes>[0] = {}): Promise<KubernetesStandIn> {
  const api = await startKubernetes({ token: 'right', ...options });
  open.push(api);
  return api;
}

/** Follows the pods of a stand-in; `names` is what is known at the moment, `told` what was said of troubles. */
function followPods(client: KubernetesClient) {
  const held = new Map<string, KubernetesPod>();
  const told: (string | null)[] = [];
  let lists = 0;
  const follower = follow({
    client,
    resource: resources.pods,
    pauses,
    replace(items) {
      lists++;
      held.clear();
      for (const item of items) held.set(item.name, item);
    },
    change: ({ kind, item }) => void (kind === 'delete' ? held.delete(item.name) : held.set(item.name, item)),
    tell: (problem) => void told.push(problem),
  });
  open.push(follower);
  const names = () => [...held.keys()].sort();
  const becomes = (...wanted: string[]) =>
    eventually(`pods ${wanted.join()}`, () => names().join() === wanted.join() || undefined).catch((thrown: unknown) => {
      throw new Error(`they are ${names().join()}, told ${told.join(' | ')}`, { cause: thrown });
    });
  return { names, becomes, told, held, lists: () => lists };
}

test('lists in pages, then watches from there: what comes, changes and goes is known', async () => {
  const api = await standIn({ pageSize: 2 });
  for (const name of ['a', 'b', 'c', 'd', 'e']) api.set('pods', kubePod(name, 'running'));
  const pods = followPods(clientOf({ server: api.url }));
  await pods.becomes('a', 'b', 'c', 'd', 'e');
  expect(api.calls.filter(({ what }) => what === 'list pods').map(({ query }) => query['limit'])).toEqual(['500', '500', '500']);
  await eventually('a watch', () => api.watches('pods') === 1 || undefined);
  api.set('pods', kubePod('f', 'crashing'));
  api.remove('pods', 'b', 'default');
  await pods.becomes('a', 'c', 'd', 'e', 'f');
  api.set('pods', kubePod('f', 'running'));
  await eventually('f runs', () => pods.held.get('f')?.statuses[0]?.running === true || undefined);
  expect(api.calls.find(({ what }) => what === 'watch pods')?.query).toMatchObject({ allowWatchBookmarks: 'true', resourceVersion: '105' });
  expect(api.refused).toEqual([]);
  expect(pods.lists()).toBe(1);
});

test('after a broken line it watches on from the newest version, which bookmarks move; nothing is listed again', async () => {
  const api = await standIn();
  api.set('pods', kubePod('a', 'running'));
  const pods = followPods(clientOf({ server: api.url }));
  await eventually('a watch', () => api.watches('pods') === 1 || undefined);
  // Other kinds move the version on; only a bookmark tells the watch of pods.
  for (let nth = 0; nth < 5; nth++) api.set('nodes', { metadata: { name: `n${nth}` } });
  api.bookmark();
  await eventually('the bookmark', () => new Promise<true>((resolve) => setTimeout(() => resolve(true), 50)));
  api.cut();
  await eventually('a watch again', () => api.watches('pods') === 1 || undefined);
  api.set('pods', kubePod('b', 'running'));
  await pods.becomes('a', 'b');
  const from = api.calls.filter(({ what }) => what === 'watch pods').map(({ query }) => query['resourceVersion']);
  expect(from).toEqual(['101', '106']);
  expect(pods.lists()).toBe(1);
  expect(pods.told.at(-1)).toBeNull();
});

test.each(['event', 'status'] as const)('410 Gone by %s: all is listed again, and what went meanwhile is gone', async (gone) => {
  const api = await standIn();
  api.gone = gone;
  for (const name of ['a', 'b']) api.set('pods', kubePod(name, 'running'));
  const pods = followPods(clientOf({ server: api.url }));
  await eventually('a watch', () => api.watches('pods') === 1 || undefined);
  api.statuses.push(500, 503);
  api.cut();
  api.remove('pods', 'a', 'default');
  api.set('pods', kubePod('c', 'running'));
  api.compact();
  await pods.becomes('b', 'c');
  expect(pods.lists()).toBe(2);
});

test('pages that expire while they are listed are begun anew', async () => {
  const api = await standIn({ pageSize: 1 });
  for (const name of ['a', 'b', 'c']) api.set('pods', kubePod(name, 'running'));
  const client = clientOf({ server: api.url });
  let pages = 0;
  const kept = resources.pods.keep;
  const { items } = await client.list({
    ...resources.pods,
    keep: (what, value) => {
      if (++pages === 2) api.compact();
      return kept(what, value);
    },
  });
  expect(items.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(pages).toBeGreaterThan(3);
});

test('a wrong token and a missing right are told with what to do, and tried again until they are put right', async () => {
  const api = await standIn();
  api.set('pods', kubePod('a', 'running'));
  const wrong = clientOf({ server: api.url, token: new Secret('wrong') });
  await expect(wrong.list(resources.pods)).rejects.toMatchObject({ code: 'far-status', params: { status: 401 } });
  api.denied.add('list pods');
  const pods = followPods(clientOf({ server: api.url }));
  await eventually('a word', () => pods.told.length > 1 || undefined);
  expect(pods.told[0]).toMatch(
    /answered 403: pods is forbidden: .*cannot list resource "pods".*verbs list and watch on pods \(docs\/kubernetes\.md\)/,
  );
  api.denied.clear();
  await pods.becomes('a');
  expect(pods.told.at(-1)).toBeNull();
});

test('nothing but lists and watches of seven kinds is ever asked for', async () => {
  const api = await standIn();
  const client = clientOf({ server: api.url });
  for (const resource of Object.values(resources)) await client.list<unknown>(resource);
  expect(api.calls.map(({ what }) => what).sort()).toEqual(
    ['daemonsets', 'deployments', 'namespaces', 'nodes', 'pods', 'replicasets', 'statefulsets'].map((kind) => `list ${kind}`),
  );
  expect(api.refused).toEqual([]);
  const secrets = { name: 'secrets', path: '/api/v1/secrets', keep: () => null };
  await expect(client.list(secrets)).rejects.toMatchObject({ params: { status: 403 } });
  const one = { name: 'pods', path: '/api/v1/namespaces/default/pods/a', keep: () => null };
  await expect(client.list(one)).rejects.toMatchObject({ params: { status: 403 } });
});

describe('a stream gone wild', () => {
  test('garbage in a watch lists again; a line without end is cut off at its bound', async () => {
    const api = await standIn();
    api.set('pods', kubePod('a', 'running'));
    const pods = followPods(clientOf({ server: api.url }));
    for (const line of ['no json\n', '{"type":"NEW","object":{}}\n', '{"type":"ADDED","object":{"metadata":{}}}\n']) {
      await eventually('a watch', () => api.watches('pods') === 1 || undefined);
      const before = pods.lists();
      api.say('pods', line);
      await eventually('a list', () => pods.lists() > before || undefined);
    }
    await eventually('a watch', () => api.watches('pods') === 1 || undefined);
    const before = pods.lists();
    api.say('pods', 'x'.repeat(5 * 1024 * 1024));
    await eventually('a list', () => pods.lists() > before || undefined);
    expect(pods.told.filter((each) => each !== null).at(-1)).toContain('4194304 bytes');
    expect(pods.names()).toEqual(['a']);
  });

  test('something else than an API server is told as such', async () => {
    const other = await startHttp((_, response) => response.setHeader('content-type', 'text/html').end('<h1>Hello</h1>'));
    open.push(other);
    await expect(clientOf({ server: other.url }).list(resources.pods)).rejects.toMatchObject({ code: 'far-garbage' });
  });

  test('a follower stops while a watch is open', async () => {
    const api = await standIn();
    const follower = follow({
      client: clientOf({ server: api.url }),
      resource: resources.pods,
      pauses,
      replace() {},
      change() {},
      tell() {},
    });
    await eventually('a watch', () => api.watches('pods') === 1 || undefined);
    await follower.stop();
    await eventually('no watch', () => api.watches('pods') === 0 || undefined);
  });
});

/** A certificate of its own making, for a name or for a person. */
async function certificate(name: string, subject: string): Promise<{ key: string; cert: string }> {
  const { dir, stop } = scratch();
  open.push({ stop });
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const made = ['req', '-x509', '-config', '/dev/null', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const args = [...made, '-keyout', key, '-out', cert, '-subj', `/CN=${name}`, '-addext', `subjectAltName=${subject}`];
  const { exitCode } = await run({ file: 'openssl', args }, { timeoutMs: 30_000, maxBytes: 10_000 });
  expect(exitCode).toBe(0);
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

test.skipIf(executableIn('openssl', process.env['PATH'] ?? '') === null)(
  "TLS: the cluster's own authority is trusted and no other, its certificate may bear another name, and a client certificate is shown",
  async () => {
    const server = await certificate('kubernetes', 'DNS:kubernetes.default');
    const person = await certificate('vigia', 'DNS:vigia');
    const api = await startKubernetes({ tls: { ...server, clientCa: person.cert } });
    open.push(api);
    api.set('pods', kubePod('a', 'running'));
    const access = { server: api.url, token: undefined };
    const tls = { ca: server.cert, cert: person.cert, key: person.key, servername: 'kubernetes.default' };
    expect((await clientOf(access, tls).list(resources.pods)).items).toHaveLength(1);
    await expect(clientOf(access, { ...tls, servername: undefined }).list(resources.pods)).rejects.toThrow(/another name/);
    await expect(clientOf(access, { ...tls, ca: person.cert }).list(resources.pods)).rejects.toMatchObject({ code: 'far-unreachable' });
    await expect(clientOf(access, { ...tls, cert: undefined, key: undefined }).list(resources.pods)).rejects.toMatchObject({
      params: { status: 401 },
    });
  },
);
