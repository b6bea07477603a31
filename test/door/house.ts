import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions } from 'fastify';
import { onTestFinished } from 'vitest';
import type { Role, Scope } from '../../src/model/account.ts';
import { createDoor, type Door, type DoorOptions } from '../../src/server/door/door.ts';
import { newSecret, newToken, secretHash, SESSION_MS } from '../../src/server/door/identity.ts';
import { registerApiDescription } from '../../src/server/door/description.ts';
import { registerAccountRoutes } from '../../src/server/accounts/register.ts';
import type { Route } from '../../src/server/door/route.ts';
import { openStore } from '../../src/store/open.ts';

export const ORIGIN = 'http://localhost:80';
export const MACHINE_TOKEN = 'machine-token';
const all: Scope = { hosts: true, containers: true };

export interface House {
  readonly door: Door;
  /** Moves on by hand. */
  readonly clock: { nowMs: number };
  readonly logged: { data: unknown; words: unknown }[];
  /** A new account with a session. */
  person(role: Role, options?: { scope?: Scope; disabled?: boolean }): Promise<{ id: number; email: string; cookie: string }>;
  token(role: Role, options?: { scope?: Scope; expiresMs?: number }): Promise<string>;
  /** A request as the page sends it. */
  ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, options?: Ask): Promise<Answer>;
}

export interface Ask {
  readonly cookie?: string;
  readonly bearer?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly remoteAddress?: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Record<string, unknown>;
  // Bodies are read as the tests know them.
  readonly json: Record<string, never>;
}

/** The door with the account routes on a database of its own; closed when the test ends. */
export async function build(
  options: Partial<Omit<DoorOptions, 'server'>> & { server?: Partial<DoorOptions['server']>; setupCode?: string; routes?: Route[] } = {},
): Promise<House> {
  const dir = mkdtempSync(join(tmpdir(), 'vigia-door-'));
  const clock = { nowMs: Date.UTC(2026, 0, 15, 12) };
  const logged: House['logged'] = [];
  const note = (data: unknown, words?: unknown) => void logged.push({ data, words });
  const store = await openStore({ file: join(dir, 'vigia.db') }, { now: () => clock.nowMs });
  const door = await createDoor({
    store,
    now: () => clock.nowMs,
    version: '1.2.3',
    log: { debug: note, info: note, warn: note, error: note },
    machineTokens: [MACHINE_TOKEN],
    ...options,
    server: { basePath: '', trustedProxies: [], ...options.server },
  });
  registerAccountRoutes(door, { setupCode: options.setupCode ?? null, version: '1.2.3' });
  registerApiDescription(door);
  for (const route of options.routes ?? []) door.register(route);
  onTestFinished(async () => {
    await door.fastify.close();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  let serial = 0;
  return {
    door,
    clock,
    logged,
    async person(role, { scope = all, disabled = false } = {}) {
      const name = `${role}${(serial += 1)}`;
      const email = `${name}@example.org`;
      const { id } = await store.accounts.insert({ name, email, role, scope, disabled }, 'no hash', clock.nowMs);
      const secret = newSecret();
      const session = { createdMs: clock.nowMs, expiresMs: clock.nowMs + SESSION_MS, address: '127.0.0.1' };
      await store.accounts.addSession({ ...session, idHash: secretHash(secret), accountId: id });
      return { id, email, cookie: `vigia=${secret}` };
    },
    async token(role, { scope = all, expiresMs } = {}) {
      const token = newToken();
      const name = `token${(serial += 1)}`;
      await store.accounts.addToken({
        name,
        role,
        scope,
        tokenHash: secretHash(token),
        createdMs: clock.nowMs,
        expiresMs: expiresMs ?? null,
      });
      return token;
    },
    async ask(method, url, { cookie, bearer, body, headers, remoteAddress } = {}) {
      const request: InjectOptions = {
        method,
        url,
        headers: {
          ...(method === 'GET' ? {} : { origin: ORIGIN, 'sec-fetch-site': 'same-origin' }),
          ...(cookie === undefined ? {} : { cookie }),
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
        ...(remoteAddress === undefined ? {} : { remoteAddress }),
      };
      const answer = await door.fastify.inject(request);
      const json = answer.body.startsWith('{') ? answer.json<Answer['json']>() : {};
      return { status: answer.statusCode, text: answer.body, headers: answer.headers, json };
    },
  };
}

/** The cookie that an answer sets, as the browser sends it back. */
export function cookieOf(answer: Answer): string {
  const [first] = [answer.headers['set-cookie']].flat();
  return String(first).split(';')[0] ?? '';
}
