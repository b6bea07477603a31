import { describe, expect, it } from 'vitest';
import { hashPassword, verifyPassword } from '../../src/server/accounts/passwords.ts';
import { type Answer, build, cookieOf, type House } from './house.ts';

const PASSWORD = 'correct horse battery';
const first = { name: 'Ana', email: 'Ana@Example.org', password: PASSWORD };
const MINUTE_MS = 60_000;

async function withAdministrator(options: Parameters<typeof build>[0] = {}): Promise<House & { cookie: string }> {
  const house = await build(options);
  const answer = await house.ask('POST', '/api/setup', { body: first });
  expect(answer.status).toBe(200);
  return { ...house, cookie: cookieOf(answer) };
}

const signIn = (house: House, password = PASSWORD, more: { email?: string; remoteAddress?: string } = {}) =>
  house.ask('POST', '/api/session', {
    body: { email: more.email ?? 'ana@example.org', password },
    ...(more.remoteAddress === undefined ? {} : { remoteAddress: more.remoteAddress }),
  });

const audit = async (house: House) => (await house.door.store.audit.list({ limit: 1000, offset: 0 })).entries;
const accountOf = (answer: Answer) => answer.json['account'] as unknown as { id: number; email: string; role: string } | null;

describe('set-up', () => {
  it('makes the first administrator and signs in', async () => {
    const house = await build();
    expect((await house.ask('GET', '/api/session')).json).toEqual({
      account: null,
      setupNeeded: true,
      setupCodeNeeded: false,
      version: '1.2.3',
    });
    const answer = await house.ask('POST', '/api/setup', { body: first });
    expect(accountOf(answer)).toMatchObject({ email: 'ana@example.org', role: 'administrator' });
    expect(answer.text).not.toContain('argon2');
    const session = await house.ask('GET', '/api/session', { cookie: cookieOf(answer) });
    expect(accountOf(session)?.email).toBe('ana@example.org');
    expect(session.json['setupNeeded']).toBe(false);
    expect((await house.ask('GET', '/api/session')).json['setupNeeded']).toBe(false);
    expect((await house.ask('POST', '/api/setup', { body: first })).json['code']).toBe('setup-done');
  });

  it('is won by one of two who try at once', async () => {
    const house = await build();
    const answers = await Promise.all(
      ['a', 'b'].map((name) => house.ask('POST', '/api/setup', { body: { ...first, email: `${name}@example.org` } })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
    expect(await house.door.store.accounts.count()).toBe(1);
    expect(answers.find((answer) => answer.status === 409)?.headers['set-cookie']).toBeUndefined();
    expect(await audit(house)).toHaveLength(1);
  });

  it('wants the printed code where other machines reach the page, and few guesses', async () => {
    const house = await build({ setupCode: 'K7QX-M2PA' });
    expect((await house.ask('GET', '/api/session')).json['setupCodeNeeded']).toBe(true);
    for (let guess = 0; guess < 10; guess += 1) {
      const answer = await house.ask('POST', '/api/setup', { body: guess === 0 ? first : { ...first, code: `guess ${guess}` } });
      expect([answer.status, answer.json['code']]).toEqual([403, 'setup-code']);
    }
    const right = { body: { ...first, code: 'K7QX-M2PA' } };
    expect((await house.ask('POST', '/api/setup', right)).status).toBe(429);
    house.clock.nowMs += 15 * MINUTE_MS;
    expect((await house.ask('POST', '/api/setup', right)).status).toBe(200);
  });

  it('without a code is not open to a foreign name that points here', async () => {
    const house = await build();
    const headers = { host: 'evil.example', origin: 'http://evil.example' };
    expect((await house.ask('POST', '/api/setup', { body: first, headers })).json['code']).toBe('cross-site');
    for (const host of ['127.0.0.1:8080', '[::1]:8080', 'localhost:8080']) {
      const fresh = await build();
      const own = { host, origin: `http://${host}` };
      expect((await fresh.ask('POST', '/api/setup', { body: first, headers: own })).status).toBe(200);
    }
  });
});

describe('signing in', () => {
  it('sets a cookie that scripts and other sites never see, and keeps only its hash', async () => {
    const house = await withAdministrator();
    const answer = await signIn(house);
    const cookie = String([answer.headers['set-cookie']].flat()[0]);
    expect(cookie).toMatch(/^vigia=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/);
    const dump: string[] = [];
    await house.door.store.dump(async (line) => void dump.push(line));
    const id = cookieOf(answer).slice('vigia='.length);
    expect(dump.join('\n')).not.toContain(id);
    expect(await house.door.store.accounts.session(id, house.clock.nowMs)).toBeNull();
  });

  it('over HTTPS sets a __Host- cookie, and takes no other', async () => {
    const house = await withAdministrator({ server: { trustedProxies: ['127.0.0.1'] } });
    const headers = { 'x-forwarded-proto': 'https', origin: 'https://localhost:80' };
    const answer = await house.ask('POST', '/api/session', { body: { email: first.email, password: PASSWORD }, headers });
    expect(String(answer.headers['set-cookie'])).toMatch(
      /^__Host-vigia=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(accountOf(await house.ask('GET', '/api/session', { cookie: cookieOf(answer), headers }))).not.toBeNull();
    expect(accountOf(await house.ask('GET', '/api/session', { cookie: house.cookie, headers }))).toBeNull();
  });

  it('ends the session that the browser had before', async () => {
    const house = await withAdministrator();
    const answer = await house.ask('POST', '/api/session', { body: { email: first.email, password: PASSWORD }, cookie: house.cookie });
    expect(accountOf(await house.ask('GET', '/api/session', { cookie: house.cookie }))).toBeNull();
    expect(accountOf(await house.ask('GET', '/api/session', { cookie: cookieOf(answer) }))).not.toBeNull();
  });

  it('answers the same to a wrong password, an unknown e-mail and a disabled account, and audits each', async () => {
    const house = await withAdministrator();
    const passwordHash = await hashPassword(PASSWORD);
    const scope = { hosts: true, containers: true };
    await house.door.store.accounts.insert(
      { name: 'off', email: 'off@example.org', role: 'viewer', scope, disabled: true },
      passwordHash,
      0,
    );
    const answers = [
      await signIn(house, 'wrong'),
      await signIn(house, 'x', { email: 'no@example.org' }),
      await signIn(house, PASSWORD, { email: 'off@example.org' }),
    ];
    for (const answer of answers) expect([answer.status, answer.text]).toEqual([401, answers[0]?.text]);
    const refused = (await audit(house)).filter((entry) => entry.action === 'session.refused');
    expect(refused.map((entry) => entry.subject).sort()).toEqual(['ana@example.org', 'no@example.org', 'off@example.org']);
    expect(JSON.stringify(refused)).not.toContain('wrong"');
  });

  it('is limited per account, whatever the address, and leaves live sessions alone', async () => {
    const house = await withAdministrator();
    for (let guess = 0; guess < 10; guess += 1)
      expect((await signIn(house, 'wrong', { remoteAddress: `192.0.2.${guess}` })).status).toBe(401);
    const limited = await signIn(house, PASSWORD, { remoteAddress: '192.0.2.99' });
    expect([limited.status, limited.json['code'], limited.headers['retry-after']]).toEqual([429, 'signin-limited', '900']);
    expect(accountOf(await house.ask('GET', '/api/session', { cookie: house.cookie }))).not.toBeNull();
    house.clock.nowMs += 15 * MINUTE_MS;
    expect((await signIn(house)).status).toBe(200);
  });

  it('is limited per address, whatever the account', async () => {
    const house = await withAdministrator();
    for (let guess = 0; guess < 10; guess += 1) expect((await signIn(house, 'x', { email: `guess${guess}@example.org` })).status).toBe(401);
    expect((await signIn(house)).status).toBe(429);
    expect((await signIn(house, PASSWORD, { remoteAddress: '192.0.2.1' })).status).toBe(200);
  });

  it('does not count what succeeds, also of many at once', async () => {
    const house = await withAdministrator();
    for (let time = 0; time < 12; time += 1) expect((await signIn(house)).status).toBe(200);
    const many = await Promise.all(Array.from({ length: 15 }, () => signIn(house, 'wrong')));
    expect(many.filter((answer) => answer.status === 401)).toHaveLength(10);
    expect(many.filter((answer) => answer.status === 429)).toHaveLength(5);
  });
});

describe('a session', () => {
  it('ends with the password, for everybody but the one who changed it', async () => {
    const house = await withAdministrator();
    const other = cookieOf(await signIn(house));
    const body = { current: PASSWORD, password: 'another horse battery' };
    const wrong = await house.ask('PUT', '/api/session/password', { cookie: house.cookie, body: { ...body, current: 'wrong' } });
    expect([wrong.status, wrong.json['field']]).toEqual([400, 'current']);
    const changed = await house.ask('PUT', '/api/session/password', { cookie: house.cookie, body });
    expect(changed.status).toBe(204);
    for (const cookie of [house.cookie, other]) expect(accountOf(await house.ask('GET', '/api/session', { cookie }))).toBeNull();
    expect(accountOf(await house.ask('GET', '/api/session', { cookie: cookieOf(changed) }))).not.toBeNull();
    expect((await signIn(house)).status).toBe(401);
    expect((await signIn(house, body.password)).status).toBe(200);
  });

  it('ends when an administrator changes role or disables the account', async () => {
    const house = await withAdministrator();
    for (const change of [{ role: 'operator' }, { disabled: true }, { password: 'a new password' }]) {
      const person = await house.person('viewer');
      const body = { name: 'x', email: person.email, role: 'viewer', scope: { hosts: true, containers: true }, ...change };
      expect((await house.ask('PUT', `/api/accounts/${person.id}`, { cookie: house.cookie, body })).status).toBe(200);
      expect((await house.ask('GET', '/api/session', person)).json['account']).toBeNull();
    }
  });

  it('cannot be used to guess the password', async () => {
    const house = await withAdministrator();
    const body = { current: 'wrong', password: 'another horse battery' };
    for (let guess = 0; guess < 10; guess += 1)
      expect((await house.ask('PUT', '/api/session/password', { cookie: house.cookie, body })).status).toBe(400);
    expect((await house.ask('PUT', '/api/session/password', { cookie: house.cookie, body })).status).toBe(429);
  });
});

it('writes exactly one audit row for each change, without secrets, and none for one that fails', async () => {
  const house = await withAdministrator();
  const { cookie } = house;
  const account = {
    name: 'Eva',
    email: 'eva@example.org',
    role: 'operator',
    scope: { hosts: true, containers: false },
    password: 'the secret of Eva',
  };
  let id = 0;
  let tokenId = 0;
  const seen: string[] = [];
  const changes: [string, () => Promise<Answer>][] = [
    ['account.create', () => house.ask('POST', '/api/accounts', { cookie, body: account })],
    ['account.update', () => house.ask('PUT', `/api/accounts/${id}`, { cookie, body: { ...account, role: 'viewer' } })],
    ['account.remove', () => house.ask('DELETE', `/api/accounts/${id}`, { cookie })],
    ['token.create', () => house.ask('POST', '/api/tokens', { cookie, body: { name: 'grafana', role: 'viewer', scope: account.scope } })],
    ['token.remove', () => house.ask('DELETE', `/api/tokens/${tokenId}`, { cookie })],
    ['account.preferences', () => house.ask('PUT', '/api/session/preferences', { cookie, body: { theme: 'dark', language: 'es' } })],
    ['session.begin', () => signIn(house)],
    ['session.end', () => house.ask('DELETE', '/api/session', { cookie })],
    [
      'account.password',
      async () =>
        house.ask('PUT', '/api/session/password', {
          cookie: cookieOf(await signIn(house)),
          body: { current: PASSWORD, password: 'the new secret' },
        }),
    ],
  ];
  for (const [action, change] of changes) {
    const before = await audit(house);
    const answer = await change();
    expect([action, Math.floor(answer.status / 100)]).toEqual([action, 2]);
    const added = (await audit(house)).slice(0, -before.length).filter((entry) => action === entry.action);
    expect(added.map((entry) => [entry.action, entry.who, entry.address])).toEqual([[action, 'Ana', '127.0.0.1']]);
    expect((await audit(house)).length - before.length).toBe(action === 'account.password' ? 2 : 1);
    expect(added[0]?.subject).not.toBe('');
    seen.push(action);
    if (action === 'account.create') id = Number(answer.json['id']);
    if (action === 'token.create') tokenId = (answer.json['info'] as unknown as { id: number }).id;
  }
  const named = house.door.routes.flatMap((route) => route.audit ?? []);
  expect([...seen, 'setup'].sort()).toEqual(named.sort());
  expect(JSON.stringify(await audit(house))).not.toMatch(/secret|vigia_|argon2|horse/);

  const before = (await audit(house)).length;
  const again = cookieOf(await signIn(house, 'the new secret'));
  expect((await house.ask('DELETE', '/api/accounts/999', { cookie: again })).status).toBe(404);
  expect((await house.ask('POST', '/api/tokens', { cookie: again, body: { name: '' } })).status).toBe(400);
  expect((await house.ask('DELETE', '/api/accounts/1', { cookie: again })).json['code']).toBe('conflict');
  expect(await audit(house)).toHaveLength(before + 1);
});

describe('a token', () => {
  it('is shown once, works, and ends with its removal', async () => {
    const house = await withAdministrator();
    const { cookie } = house;
    const body = {
      name: 'script',
      role: 'administrator',
      scope: { hosts: true, containers: true },
      expiresMs: house.clock.nowMs + MINUTE_MS,
    };
    const made = await house.ask('POST', '/api/tokens', { cookie, body });
    const bearer = String(made.json['token']);
    expect(bearer).toMatch(/^vigia_[\w-]{43}$/);
    const listed = await house.ask('GET', '/api/tokens', { bearer });
    expect(listed.status).toBe(200);
    expect(listed.text).not.toContain(bearer);
    expect((await house.ask('POST', '/api/tokens', { cookie, body })).json['code']).toBe('conflict');
    expect((await house.ask('POST', '/api/tokens', { cookie, body: { ...body, name: 'late', expiresMs: 1 } })).json['field']).toBe(
      'expiresMs',
    );
    house.clock.nowMs += MINUTE_MS;
    expect((await house.ask('GET', '/api/tokens', { bearer })).status).toBe(401);
  });
});

describe('a password', () => {
  it('is kept as argon2id and verified, however it was composed', async () => {
    const hash = await hashPassword('contraseña larga');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(await hashPassword('contraseña larga')).not.toBe(hash);
    expect(await verifyPassword('contraseña larga'.normalize('NFD'), hash)).toBe(true);
    expect(await verifyPassword('contrasena larga', hash)).toBe(false);
    expect(await verifyPassword('contraseña larga', null)).toBe(false);
  });

  it('is worked on two at a time, and a crowd is sent away', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => verifyPassword('x', null)));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(8);
    expect(refused[0]?.reason).toMatchObject({ code: 'too-many' });
    expect(await verifyPassword('x', null)).toBe(false);
  }, 30_000);
});
