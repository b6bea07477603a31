import { beforeAll, describe, expect, it } from 'vitest';
import type { AccountInput, Role } from '../../src/model/account.ts';
import { SESSION_IDLE_MS, type Store } from '../../src/store/contract.ts';
import { NOW, onBoth } from './both.ts';

const DAY_MS = 86_400_000;
const all = { hosts: true, containers: true };
const input = (name: string, role: Role, change: Partial<AccountInput> = {}): AccountInput => ({
  name,
  email: `${name}@example.org`,
  role,
  scope: all,
  disabled: false,
  ...change,
});

onBoth('accounts', (bench) => {
  let store: Store;
  beforeAll(async () => {
    store = await bench.open();
  }, 60_000);

  it('makes the first account once, however many ask at once', async () => {
    const made = await Promise.all(
      ['ana', 'eva', 'leo', 'max'].map((name) => store.accounts.insertFirst(input(name, 'administrator'), 'hash', NOW)),
    );
    const first = made.filter((account) => account !== null);
    expect(first).toHaveLength(1);
    expect(await store.accounts.count()).toBe(1);
    await store.accounts.update(first[0]?.id ?? 0, input('root', 'administrator'), null);
  });

  describe('the last enabled administrator', () => {
    const root = async () => (await store.accounts.passwordHash('root@example.org'))!.account.id;

    it('cannot be demoted, disabled or removed', async () => {
      const id = await root();
      await store.accounts.insert(input('off', 'administrator', { disabled: true }), 'hash', NOW);
      for (const change of [input('root', 'operator'), input('root', 'administrator', { disabled: true })]) {
        await expect(store.accounts.update(id, change, null)).rejects.toMatchObject({ code: 'conflict' });
      }
      await expect(store.accounts.remove(id)).rejects.toMatchObject({ code: 'conflict' });
      expect(await store.accounts.get(id)).toMatchObject({ role: 'administrator', disabled: false });
      expect(
        (await store.accounts.update(id, input('root', 'administrator', { scope: { hosts: true, containers: false } }), null)).scope
          .containers,
      ).toBe(false);
    });

    it('stays when two administrators demote each other at once', async () => {
      const second = await store.accounts.insert(input('second', 'administrator'), 'hash', NOW);
      const id = await root();
      const outcome = await Promise.allSettled([
        store.accounts.update(id, input('root', 'viewer'), null),
        store.accounts.update(second.id, input('second', 'viewer'), null),
      ]);
      expect(outcome.map((it) => it.status).sort()).toEqual(['fulfilled', 'rejected']);
      const left = (await store.accounts.list()).filter((account) => account.role === 'administrator' && !account.disabled);
      expect(left).toHaveLength(1);
    });
  });

  it('refuses a second account with the same e-mail', async () => {
    const account = await store.accounts.insert(input('twin', 'viewer'), 'hash', NOW);
    await expect(store.accounts.insert(input('twin', 'viewer'), 'hash', NOW)).rejects.toMatchObject({ code: 'conflict' });
    const other = await store.accounts.insert(input('other', 'viewer'), 'hash', NOW);
    await expect(store.accounts.update(other.id, input('twin', 'viewer'), null)).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.accounts.update(9999, input('nobody', 'viewer'), null)).rejects.toMatchObject({ code: 'not-found' });
    expect([await store.accounts.remove(account.id), await store.accounts.remove(account.id)]).toEqual([true, false]);
  });

  it('never shows a password hash', async () => {
    await store.accounts.insert(input('secret', 'viewer'), 'the-hash', NOW);
    expect(await store.accounts.passwordHash('secret@example.org')).toMatchObject({ passwordHash: 'the-hash' });
    expect(await store.accounts.passwordHash('none@example.org')).toBeNull();
    expect(JSON.stringify(await store.accounts.list())).not.toContain('hash');
  });

  it('keeps preferences through changes of the account', async () => {
    const account = await store.accounts.insert(input('prefs', 'viewer'), 'hash', NOW);
    expect(account.preferences).toEqual({ theme: 'auto', language: 'auto', timeZone: 'auto' });
    const preferences = { theme: 'dark' as const, language: 'es' as const, timeZone: 'Europe/Madrid' };
    await store.accounts.setPreferences(account.id, preferences);
    expect((await store.accounts.update(account.id, input('prefs', 'operator'), null)).preferences).toEqual(preferences);
  });

  describe('sessions', () => {
    let serial = 0;
    async function signedIn(role: Role = 'viewer') {
      const name = `session${(serial += 1)}`;
      const account = await store.accounts.insert(input(name, role), 'hash', NOW);
      const idHash = `${name}-id`;
      await store.accounts.addSession({
        idHash,
        accountId: account.id,
        createdMs: NOW,
        expiresMs: NOW + 30 * DAY_MS,
        address: '127.0.0.1',
      });
      return { account, idHash, again: input(name, role) };
    }

    it('name who asks', async () => {
      const { account, idHash } = await signedIn('operator');
      expect(await store.accounts.session(idHash, NOW)).toEqual({
        kind: 'account',
        id: account.id,
        name: account.name,
        role: 'operator',
        scope: all,
        account,
      });
      expect(await store.accounts.session('unknown', NOW)).toBeNull();
    });

    it('end at their absolute end, used or not', async () => {
      const { idHash } = await signedIn();
      for (let day = 0; day < 30; day += 5) expect(await store.accounts.session(idHash, NOW + day * DAY_MS)).not.toBeNull();
      expect(await store.accounts.session(idHash, NOW + 30 * DAY_MS - 1)).not.toBeNull();
      expect(await store.accounts.session(idHash, NOW + 30 * DAY_MS)).toBeNull();
    });

    it('end when nobody uses them, and pruning removes them', async () => {
      const { idHash } = await signedIn();
      expect(await store.accounts.session(idHash, NOW + SESSION_IDLE_MS)).toBeNull();
      expect(await store.accounts.session(idHash, NOW + SESSION_IDLE_MS - 1)).not.toBeNull();
      const idle = await signedIn();
      const removed = await store.prune({ incidentsMs: 0, findingsMs: 0, auditMs: 0, rangesMs: 0, sessionsMs: NOW + SESSION_IDLE_MS + 1 });
      expect(removed['session']).toBeGreaterThan(0);
      expect(await store.accounts.session(idle.idHash, NOW)).toBeNull();
      expect(await store.accounts.session(idHash, NOW + SESSION_IDLE_MS)).not.toBeNull();
    });

    it.each([
      ['role', { role: 'operator' as const }, null],
      ['scope', { scope: { hosts: true, containers: false } }, null],
      ['disabled', { disabled: true }, null],
      ['password', {}, 'another hash'],
    ])('end when the %s changes', async (_, change, hash) => {
      const { account, idHash, again } = await signedIn();
      await store.accounts.update(account.id, { ...again, ...change }, hash);
      expect(await store.accounts.session(idHash, NOW)).toBeNull();
    });

    it('go on when only the name changes, and end with the account', async () => {
      const { account, idHash, again } = await signedIn();
      await store.accounts.update(account.id, { ...again, name: 'New name' }, null);
      expect((await store.accounts.session(idHash, NOW))?.name).toBe('New name');
      await store.accounts.remove(account.id);
      expect(await store.accounts.session(idHash, NOW)).toBeNull();
    });

    it('end by signing out', async () => {
      const { account, idHash } = await signedIn();
      await store.accounts.removeSession(idHash);
      expect(await store.accounts.session(idHash, NOW)).toBeNull();
      await store.accounts.addSession({ idHash, accountId: account.id, createdMs: NOW, expiresMs: NOW + 1, address: '' });
      await store.accounts.removeSessionsOf(account.id);
      expect(await store.accounts.session(idHash, NOW)).toBeNull();
    });
  });

  it('keeps tokens until they end or are removed', async () => {
    const scope = { hosts: true, containers: false };
    const token = { name: 'grafana', role: 'viewer' as const, scope, tokenHash: 'h1', createdMs: NOW, expiresMs: NOW + 100 };
    const made = await store.accounts.addToken(token);
    await expect(store.accounts.addToken({ ...token, tokenHash: 'h2' })).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.accounts.token('h1', NOW + 1)).toEqual({
      kind: 'token',
      id: made.id,
      name: 'grafana',
      role: 'viewer',
      scope,
      account: null,
    });
    expect((await store.accounts.tokens())[0]).toEqual({ ...made, lastUsedMs: NOW + 1 });
    expect(await store.accounts.token('h1', NOW + 100)).toBeNull();
    expect(await store.accounts.token('h2', NOW)).toBeNull();
    const forever = await store.accounts.addToken({ ...token, name: 'forever', tokenHash: 'h3', expiresMs: null });
    expect(await store.accounts.token('h3', NOW + 1e12)).not.toBeNull();
    expect([await store.accounts.removeToken(forever.id), await store.accounts.removeToken(forever.id)]).toEqual([true, false]);
    expect(await store.accounts.token('h3', NOW)).toBeNull();
  });
});
