import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineRoute, type Policy, type Route } from '../../src/server/door/route.ts';
import { visibleKinds } from '../../src/server/door/scope.ts';
import { build, type House, MACHINE_TOKEN } from './house.ts';

/** Written down once more, by hand: a route that is missing here, or whose policy changed, fails the test. */
const expected: Record<string, Policy> = {
  'GET /api/session': 'public',
  'POST /api/setup': 'public',
  'POST /api/session': 'public',
  'DELETE /api/session': 'person',
  'PUT /api/session/preferences': 'person',
  'PUT /api/session/password': 'person',
  'GET /api/accounts': 'administrator',
  'POST /api/accounts': 'administrator',
  'PUT /api/accounts/:id': 'administrator',
  'DELETE /api/accounts/:id': 'administrator',
  'GET /api/tokens': 'administrator',
  'POST /api/tokens': 'administrator',
  'DELETE /api/tokens/:id': 'administrator',
  'GET /api/audit': 'administrator',
  'GET /api/openapi.json': 'public',
  'GET /test/viewer': 'signed-in',
  'GET /test/operator': 'operator',
  'GET /test/machine': 'machine',
  'POST /test/machine': 'machine',
};

const answer = z.object({ kinds: z.array(z.string()) });
const testRoutes: Route[] = [
  defineRoute({
    method: 'GET',
    path: '/test/operator',
    policy: 'operator',
    rate: 'read',
    summary: 'x',
    schema: { response: answer },
    handler: ({ principal }) => ({ kinds: [...visibleKinds(principal)] }),
  }),
  defineRoute({ method: 'GET', path: '/test/viewer', policy: 'signed-in', rate: 'read', summary: 'x', handler: () => ({}) }),
  defineRoute({ method: 'GET', path: '/test/machine', policy: 'machine', rate: 'machine', summary: 'x', handler: () => ({}) }),
  defineRoute({
    method: 'POST',
    path: '/test/machine',
    policy: 'machine',
    rate: 'machine',
    audit: null,
    summary: 'x',
    handler: () => ({}),
  }),
];

type Caller = {
  readonly name: string;
  readonly as: (house: House) => Promise<{ cookie?: string; bearer?: string }>;
  readonly may: readonly string[];
};

const callers: readonly Caller[] = [
  { name: 'anonymous', as: async () => ({}), may: ['public'] },
  { name: 'a viewer', as: (it) => it.person('viewer'), may: ['public', 'person', 'signed-in'] },
  { name: 'an operator', as: (it) => it.person('operator'), may: ['public', 'person', 'signed-in', 'operator'] },
  { name: 'an administrator', as: (it) => it.person('administrator'), may: ['public', 'person', 'signed-in', 'operator', 'administrator'] },
  { name: 'a disabled administrator', as: (it) => it.person('administrator', { disabled: true }), may: ['public'] },
  { name: 'an expired session', as: expired, may: ['public'] },
  { name: 'an invented cookie', as: async () => ({ cookie: 'vigia=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }), may: ['public'] },
  { name: "a viewer's token", as: async (it) => ({ bearer: await it.token('viewer') }), may: ['public', 'signed-in', 'machine GET'] },
  {
    name: "an operator's token",
    as: async (it) => ({ bearer: await it.token('operator') }),
    may: ['public', 'signed-in', 'operator', 'machine GET', 'machine POST'],
  },
  {
    name: 'a token that sees only hosts',
    as: async (it) => ({ bearer: await it.token('operator', { scope: { hosts: true, containers: false } }) }),
    may: ['public', 'signed-in', 'operator'],
  },
  {
    name: 'an expired token',
    as: async (it) => ({ bearer: await it.token('administrator', { expiresMs: it.clock.nowMs }) }),
    may: ['public'],
  },
  { name: 'an invented token', as: async () => ({ bearer: 'vigia_AAAAAAAAAAAAAAAAAAAAAAAAAA' }), may: ['public'] },
  { name: 'a bad token beside a good cookie', as: async (it) => ({ ...(await it.person('administrator')), bearer: 'x' }), may: ['public'] },
  { name: "Vigía's own children", as: async () => ({ bearer: MACHINE_TOKEN }), may: ['public', 'machine GET', 'machine POST'] },
];

async function expired(house: House): Promise<{ cookie: string }> {
  const person = await house.person('administrator');
  house.clock.nowMs += 31 * 86_400_000;
  return person;
}

it.each(callers)('$name gets through every route that it may call, and no other', async ({ as, may }) => {
  const house = await build({ routes: testRoutes, rates: { signin: { limit: 1000, windowMs: 1000 } } });
  const table = house.door.routes.map((route) => [`${route.method} ${route.path}`, route.policy] as const);
  expect(Object.fromEntries(table)).toEqual(expected);
  for (const [index, [name, policy]] of table.entries()) {
    const route = house.door.routes[index] as Route;
    // Each with a session of its own, because one of the routes ends it.
    const caller = await as(house);
    const body = route.schema?.body === undefined ? {} : { body: {} };
    const { status, json } = await house.ask(route.method, route.path.replace(':id', '999999'), { ...caller, ...body });
    const allowed = may.includes(policy) || may.includes(`${policy} ${route.method}`);
    if (allowed) {
      expect([200, 204, 400, 404, 409], `${name} answered ${status}`).toContain(status);
    } else {
      const known = may.length > 1;
      expect([name, status, json['code']]).toEqual([name, known ? 403 : 401, known ? 'forbidden' : 'signin-required']);
    }
  }
});

it('tells a handler what the caller may see', async () => {
  const house = await build({ routes: testRoutes });
  const seen = async (scope: { hosts: boolean; containers: boolean }) => {
    const { cookie } = await house.person('operator', { scope });
    return (await house.ask('GET', '/test/operator', { cookie })).json['kinds'];
  };
  expect(await seen({ hosts: true, containers: true })).toEqual(['host', 'container', 'device', 'service']);
  expect(await seen({ hosts: true, containers: false })).toEqual(['host', 'device', 'service']);
  expect(await seen({ hosts: false, containers: true })).toEqual(['container']);
  expect(await seen({ hosts: false, containers: false })).toEqual([]);
});

it('opens no route without a policy, an audit action or strict schemas', async () => {
  const { door } = await build();
  const good = { method: 'POST', path: '/x', policy: 'operator', rate: 'write', audit: 'x', summary: 'x', handler: () => ({}) } as const;
  // @ts-expect-error the compiler wants a policy
  expect(() => door.register(defineRoute({ ...good, policy: undefined }))).toThrow(/no policy/);
  // @ts-expect-error and one that exists
  expect(() => door.register(defineRoute({ ...good, policy: 'everybody' }))).toThrow(/no policy/);
  // @ts-expect-error a rate class
  expect(() => door.register(defineRoute({ ...good, rate: 'slow' }))).toThrow(/rate class/);
  const { audit: _, ...unaudited } = good;
  // @ts-expect-error an audit action for what changes something
  expect(() => door.register(defineRoute(unaudited))).toThrow(/names no audit action/);
  expect(() => door.register(defineRoute({ ...good, schema: { body: z.object({ a: z.string() }) } }))).toThrow(/strictObject/);
  const union = z.union([z.strictObject({ a: z.string() }), z.object({ b: z.string() })]);
  expect(() => door.register(defineRoute({ ...good, schema: { body: union } }))).toThrow(/strictObject/);
  expect(() => door.fastify.get('/aside', () => ({}))).toThrow(/did not come through the door/);
  await expect(door.fastify.register(async (inner) => inner.get('/aside', () => ({})))).rejects.toThrow(/did not come through the door/);
  expect(door.routes.some((route) => route.path === '/x' || route.path === '/aside')).toBe(false);
});
