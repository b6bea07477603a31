import '@fastify/helmet';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createDoor } from '../../src/server/door/door.ts';
import { addressKey, Limiter } from '../../src/server/door/limiter.ts';
import { defineRoute } from '../../src/server/door/route.ts';
import { build } from './house.ts';

const echo = defineRoute({
  method: 'POST',
  path: '/api/echo/:name',
  policy: 'public',
  rate: 'write',
  audit: null,
  bodyLimit: 2000,
  summary: 'x',
  schema: {
    params: z.strictObject({ name: z.string().max(8) }),
    query: z.strictObject({ n: z.coerce.number().optional() }),
    body: z.strictObject({ text: z.string().min(2), deep: z.strictObject({ a: z.number() }).optional() }),
    response: z.object({ text: z.string() }),
  },
  handler: ({ body }) => ({ text: body.text, secret: 'not in the schema' }),
});
const failing = defineRoute({
  method: 'GET',
  path: '/api/failing',
  policy: 'public',
  rate: 'read',
  summary: 'x',
  schema: { query: z.strictObject({ how: z.string() }), response: z.object({ n: z.number() }) },
  handler: ({ query }) => {
    if (query.how === 'throw') throw new Error('the password is hunter2');
    return { n: 'wrong' as never };
  },
});

describe('input', () => {
  it.each([
    ['a missing field', {}, 'text'],
    ['a wrong type', { text: 7 }, 'text'],
    ['a value out of bounds', { text: 'x' }, 'text'],
    ['an unknown field', { text: 'xx', role: 'administrator' }, 'role'],
    ['an unknown field further in', { text: 'xx', deep: { a: 1, b: 2 } }, 'deep.b'],
  ])('with %s is refused, naming the field', async (_, body, field) => {
    const house = await build({ routes: [echo] });
    const answer = await house.ask('POST', '/api/echo/x', { body });
    expect([answer.status, answer.json['code'], answer.json['field']]).toEqual([400, 'input-invalid', field]);
    expect(answer.json['message']).toContain(`${field.split('.').at(-1)}`);
  });

  it.each([
    ['broken JSON', '{"text":', 'application/json', 400],
    ['a polluted prototype', '{"text":"xx","__proto__":{"role":"administrator"}}', 'application/json', 400],
    ['a polluted constructor', '{"text":"xx","constructor":{"prototype":{"role":"x"}}}', 'application/json', 400],
    ['a prototype polluted further in', '{"text":"xx","deep":{"a":1,"__proto__":{"b":1}}}', 'application/json', 400],
    ['a NUL that PostgreSQL cannot keep', '{"text":"a\\u0000b"}', 'application/json', 400],
    ['a form', 'text=xx', 'application/x-www-form-urlencoded', 400],
    ['plain text that is JSON', '{"text":"xx"}', 'text/plain', 400],
    ['a multipart form', '--x--', 'multipart/form-data; boundary=x', 400],
    ['too many bytes', JSON.stringify({ text: 'x'.repeat(3000) }), 'application/json', 413],
    ['nothing', '', 'application/json', 400],
  ])('that is %s is refused', async (_, body, type, status) => {
    const house = await build({ routes: [echo] });
    const answer = await house.ask('POST', '/api/echo/x', { body, headers: { 'content-type': type } });
    expect(answer.status).toBe(status);
    expect(answer.json['code']).toBe(status === 413 ? 'too-large' : 'input-invalid');
    expect(({} as Record<string, unknown>)['role']).toBeUndefined();
  });

  it('in the path and the query is checked too', async () => {
    const house = await build({ routes: [echo] });
    const body = { text: 'xx' };
    expect((await house.ask('POST', '/api/echo/much-too-long', { body })).json['field']).toBe('name');
    expect((await house.ask('POST', '/api/echo/x?n=seven', { body })).json['field']).toBe('n');
    expect((await house.ask('POST', '/api/echo/x?admin=1', { body })).json['field']).toBe('admin');
    expect((await house.ask('GET', '/api/session?admin=1')).status).toBe(400);
    expect((await house.ask('POST', '/api/echo/x?n=7', { body })).json).toEqual({ text: 'xx' });
  });

  it('for a route that takes none is refused', async () => {
    const house = await build();
    const { cookie } = await house.person('viewer');
    expect((await house.ask('DELETE', '/api/session', { cookie, body: { all: true } })).status).toBe(400);
    expect((await house.ask('DELETE', '/api/session', { cookie })).status).toBe(204);
  });
});

describe('errors', () => {
  it('of our own are logged under a number and show nothing', async () => {
    const house = await build({ routes: [failing] });
    for (const how of ['throw', 'answer']) {
      const answer = await house.ask('GET', `/api/failing?how=${how}`);
      expect([answer.status, answer.json['code']]).toEqual([500, 'internal']);
      expect(answer.text).not.toMatch(/hunter2|schema|stack/);
      const { data } = house.logged.at(-1) as { data: { id: string } };
      expect(answer.json['message']).toContain(data.id);
    }
    expect(house.logged).toHaveLength(2);
  });

  it('of unknown paths have the one shape', async () => {
    const house = await build();
    const answer = await house.ask('GET', '/api/nothing');
    expect(answer.json).toEqual({ code: 'not-found', message: 'There is no page "/api/nothing".' });
    expect(answer.status).toBe(404);
  });
});

describe('another site', () => {
  it.each([
    ['names its origin', { origin: 'https://evil.example' }],
    ['hides its origin', { origin: 'null' }],
    ['has our name and another port', { origin: 'http://localhost:81' }],
    ['has our name and another scheme', { origin: 'https://localhost:80' }],
    ['is told by the browser', { 'sec-fetch-site': 'cross-site' }],
    ['is a sibling host', { 'sec-fetch-site': 'same-site' }],
  ])('is refused when it %s', async (_, headers) => {
    const house = await build();
    const { cookie } = await house.person('administrator');
    const answer = await house.ask('DELETE', '/api/session', { cookie, headers });
    expect([answer.status, answer.json['code']]).toEqual([403, 'cross-site']);
    expect((await house.ask('GET', '/api/session', { cookie })).json['account']).not.toBeNull();
  });

  it('is not what a script with a token is, nor the page at its public address', async () => {
    const house = await build({ server: { publicUrl: 'https://vigia.example/watch' } });
    const { cookie } = await house.person('viewer');
    const body = { theme: 'dark' };
    const headers = { origin: 'https://vigia.example' };
    expect((await house.ask('PUT', '/api/session/preferences', { cookie, body, headers })).status).toBe(200);
    const plain = await house.door.fastify.inject({
      method: 'DELETE',
      url: '/api/tokens/999',
      headers: { authorization: `Bearer ${await house.token('administrator')}` },
    });
    expect(plain.statusCode).toBe(404);
  });
});

describe('rates', () => {
  it('are counted per caller', async () => {
    const house = await build({ rates: { read: { limit: 3, windowMs: 60_000 } } });
    const [one, other] = [await house.person('viewer'), await house.person('viewer')];
    for (let count = 0; count < 3; count += 1) expect((await house.ask('GET', '/api/session', one)).status).toBe(200);
    const refused = await house.ask('GET', '/api/session', one);
    expect([refused.status, refused.json['code'], refused.headers['retry-after']]).toEqual([429, 'too-many', '60']);
    expect((await house.ask('GET', '/api/session', other)).status).toBe(200);
    house.clock.nowMs += 60_000;
    expect((await house.ask('GET', '/api/session', one)).status).toBe(200);
  });

  it('keep a bounded memory under a flood of callers', () => {
    let nowMs = 0;
    const limiter = new Limiter({ limit: 1, windowMs: 1000 }, () => nowMs);
    for (let key = 0; key < 50_000; key += 1) limiter.take(`key ${key}`);
    expect(limiter.size).toBeLessThanOrEqual(20_000);
    expect(limiter.take('key 49999')).toBe(1);
    nowMs = 1000;
    expect(limiter.take('key 49999')).toBe(0);
    expect(limiter.size).toBe(1);
  });

  it('see the customer behind an address', () => {
    expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe(addressKey('2001:db8:1:2::9'));
    expect(addressKey('2001:db8:1:2::9')).not.toBe(addressKey('2001:db8:1:3::9'));
    expect(addressKey('::ffff:192.0.2.7')).toBe('192.0.2.7');
  });
});

describe('where it is served', () => {
  const whoami = defineRoute({
    method: 'GET',
    path: '/api/whoami',
    policy: 'public',
    rate: 'read',
    summary: 'x',
    schema: { response: z.object({ address: z.string(), protocol: z.string() }) },
    handler: ({ request }) => ({ address: request.ip, protocol: request.protocol }),
  });
  const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };

  it('believes only proxies that it was told of', async () => {
    const house = await build({ routes: [whoami], server: { trustedProxies: ['10.0.0.0/8'] } });
    const ask = (remoteAddress: string) => house.ask('GET', '/api/whoami', { headers, remoteAddress });
    expect((await ask('10.1.2.3')).json).toEqual({ address: '203.0.113.9', protocol: 'https' });
    expect((await ask('192.0.2.1')).json).toEqual({ address: '192.0.2.1', protocol: 'http' });
    const trusting = await build({ routes: [whoami] });
    expect((await trusting.ask('GET', '/api/whoami', { headers })).json).toEqual({ address: '127.0.0.1', protocol: 'http' });
  });

  it('says which proxy setting is wrong', async () => {
    const { door } = await build();
    const opened = createDoor({
      store: door.store,
      now: door.now,
      version: 'x',
      log: { debug() {}, info() {}, warn() {}, error() {} },
      server: { basePath: '', trustedProxies: ['not an address'] },
    });
    await expect(opened).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('not an address') });
  });

  it('answers under the base path, whether the proxy cuts it off or not', async () => {
    const house = await build({ server: { basePath: '/vigia' } });
    for (const url of ['/vigia/api/session', '/api/session']) expect((await house.ask('GET', url)).status).toBe(200);
    expect((await house.ask('GET', '/vigiapi/session')).status).toBe(404);
  });

  it('sends strict headers', async () => {
    const { headers } = await (await build()).ask('GET', '/api/session');
    const policy = String(headers['content-security-policy']);
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "connect-src 'self'", "base-uri 'self'"])
      expect(policy).toContain(part);
    expect(policy).not.toMatch(/unsafe-eval|(script|style)-src [^;]*unsafe-inline|\*/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' });
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['strict-transport-security']).toBeUndefined();
    const secure = await build({ server: { publicUrl: 'https://vigia.example' } });
    expect((await secure.ask('GET', '/api/session')).headers['strict-transport-security']).toMatch(/^max-age=\d+$/);
  });

  it('gives each page a nonce of its own, and lets its address carry anything', async () => {
    const page = defineRoute({
      method: 'GET',
      path: '/*',
      policy: 'public',
      rate: 'read',
      summary: 'x',
      schema: { params: z.strictObject({ '*': z.string() }), query: z.unknown() },
      handler: ({ reply }) => reply.type('text/html').send(reply.cspNonce.style),
    });
    const house = await build({ routes: [page], server: { basePath: '/vigia' } });
    const nonces = new Set<string>();
    for (const url of ['/', '/vigia', '/vigia/incidents?state=open&a=1', '/vigia?x=']) {
      const answer = await house.ask('GET', url);
      expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/html']);
      expect(String(answer.headers['content-security-policy'])).toMatch(new RegExp(`style-src [^;]*'nonce-${answer.text}'`));
      nonces.add(answer.text);
    }
    expect(nonces.size).toBe(4);
  });

  it('describes every route of the API', async () => {
    const house = await build({ routes: [echo] });
    const { json } = await house.ask('GET', '/api/openapi.json');
    const document = json as unknown as {
      openapi: string;
      paths: Record<string, Record<string, { summary: string; requestBody?: unknown }>>;
    };
    expect(document.openapi).toBe('3.1.0');
    for (const { method, path, summary } of house.door.routes) {
      expect(document.paths[path.replace(/:(\w+)/, '{$1}')]?.[method.toLowerCase()]?.summary).toBe(summary);
    }
    expect(JSON.stringify(document.paths['/api/session']?.['post']?.requestBody)).toContain('"additionalProperties":false');
  });
});
