import { createPublicKey, verify } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import type { GrafanaState } from '../../src/model/grafana.ts';
import { createGrafanaProxy, USER_HEADER } from '../../src/server/grafana-proxy.ts';
import { startHttp } from '../stand-ins/http.ts';
import { scratch } from '../stand-ins/real.ts';
import { type FakeHouse, fakeHouse } from './fake-house.ts';

/** A strict stand-in of Grafana: it answers only whom a good token names, and remembers what it was asked. */
const open: { stop(): Promise<void> }[] = [];
const asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
const operator = { role: 'operator' } as const;
const world = { nowMs: Date.UTC(2026, 0, 1), down: false, queries: 0, entities: new Map() };
let dir = '';
let fake: FakeHouse;
let far: Awaited<ReturnType<typeof startHttp>>;
const panels = [{ profile: 'linux-host', panel: 'cpu', dashboard: 'abc', id: 7, variable: 'target' }];

function claimsOf(request: IncomingMessage): Record<string, unknown> | null {
  const [head = '', body = '', signature = ''] = String(request.headers[USER_HEADER.toLowerCase()] ?? '').split('.');
  const key = createPublicKey(readFileSync(join(dir, 'grafana-key.public.pem')));
  const good = verify('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg: string };
  return good && alg === 'ES256' ? (JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>) : null;
}

beforeAll(async () => {
  const room = scratch();
  ({ dir } = room);
  open.push(room);
  far = await startHttp((request, response, body) => {
    if (request.url === '/grafana/api/health') return void response.end('{}');
    asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    if (claimsOf(request) === null) return void response.writeHead(401).end();
    const bad = { 'set-cookie': 'grafana_session=1', 'content-security-policy': "default-src 'none'", 'x-frame-options': 'deny' };
    response.writeHead(200, { 'content-type': 'text/html', ...bad }).end('<h1>panel</h1>');
  });
  open.push(far);
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });
  open.push({ stop: () => fetch.close() });
  const grafana = createGrafanaProxy({ config: { url: `${far.url}/grafana/`, panels }, fetch, dataDir: dir, now: () => world.nowMs });
  fake = await fakeHouse(world, {}, { grafana });
  open.push(fake);
});
afterAll(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

describe('a panel of Grafana', () => {
  it('is asked for with a signed word about who asks, and without any credential of the browser', async () => {
    const answer = await fake.ask(operator, 'GET', '/grafana/d-solo/abc/vigia?panelId=7&var-target=web1');
    expect([answer.status, answer.text]).toEqual([200, '<h1>panel</h1>']);
    const last = asked.at(-1);
    expect(last?.url).toBe('/grafana/d-solo/abc/vigia?panelId=7&var-target=web1');
    expect(last?.headers.cookie).toBeUndefined();
    expect(last?.headers.authorization).toBeUndefined();
    const claims = claimsOf({ headers: last?.headers } as IncomingMessage);
    const seconds = world.nowMs / 1_000;
    expect(claims).toMatchObject({ iss: 'vigia', name: 'operator', role: 'Viewer', iat: seconds, exp: seconds + 60 });
    expect(String(claims?.['email'])).toMatch(/^operator-\d+@example\.org$/);
    expect(statSync(join(dir, 'grafana-key.pem')).mode & 0o777).toBe(0o600);
  });

  it('may be framed by this page alone, runs under a policy of its own, and sets no cookie', async () => {
    const { headers } = await fake.ask(operator, 'GET', '/grafana/public/build/a.js');
    expect(headers['content-security-policy']).toContain("frame-ancestors 'self'");
    expect(headers['content-security-policy']).toContain("object-src 'none'");
    expect(headers['x-frame-options']).toBe('SAMEORIGIN');
    expect(headers['set-cookie']).toBeUndefined();
    expect((await fake.ask(operator, 'GET', '/')).headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });

  it('asks its data sources by POST', async () => {
    const answer = await fake.ask(operator, 'POST', '/grafana/api/ds/query?ds_type=prometheus', { queries: [{ expr: 'up' }] });
    expect(answer.status).toBe(200);
    expect(asked.at(-1)).toMatchObject({ method: 'POST', body: '{"queries":[{"expr":"up"}]}' });
  });

  it.each([
    ['GET', '/grafana/'],
    ['GET', '/grafana/login'],
    ['GET', '/grafana/d/abc/vigia'],
    ['GET', '/grafana/api/admin/settings'],
    ['GET', '/grafana/api/users'],
    ['GET', '/grafana/public/%2e%2e/api/admin/settings'],
    ['GET', '/grafana/public/..%2fapi/users'],
    ['GET', '/grafana/public/%5c..%5c'],
    ['POST', '/grafana/api/datasources'],
    ['POST', '/grafana/d-solo/abc'],
    ['PUT', '/grafana/api/ds/query'],
    ['DELETE', '/grafana/api/dashboards/uid/abc'],
  ] as const)('is all there is: %s %s is nothing', async (method, url) => {
    const before = asked.length;
    expect((await fake.ask(operator, method, url, method === 'GET' ? undefined : {})).status).toBe(404);
    expect(asked.length).toBe(before);
  });

  it('is for people who may see everything', async () => {
    const before = asked.length;
    expect((await fake.ask(null, 'GET', '/grafana/d-solo/abc/vigia')).status).toBe(401);
    const half = { role: 'administrator', scope: { hosts: true, containers: false } } as const;
    expect((await fake.ask(half, 'GET', '/grafana/d-solo/abc/vigia')).status).toBe(403);
    expect((await fake.ask(half, 'GET', '/api/grafana')).json<GrafanaState>().panels).toEqual([]);
    expect((await fake.ask({ role: 'viewer' }, 'GET', '/grafana/d-solo/abc/vigia')).status).toBe(200);
    expect(asked.length).toBe(before + 1);
  });

  it('is named while Grafana answers, and said to be away when it does not', async () => {
    const state = async () => (await fake.ask({ role: 'viewer' }, 'GET', '/api/grafana')).json<GrafanaState>();
    expect(await state()).toEqual({ answers: true, reason: '', panels });
    await far.stop();
    world.nowMs += 60_000;
    expect(await state()).toMatchObject({ answers: false, reason: expect.stringContaining('Grafana'), panels });
    expect((await fake.ask(operator, 'GET', '/grafana/d-solo/abc/vigia')).status).toBe(502);
  });
});
