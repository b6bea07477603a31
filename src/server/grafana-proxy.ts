import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GuardedAnswer, GuardedFetch } from '../clients/guarded.ts';
import type { Config } from '../model/config.ts';
import { reasonOf, VigiaError } from '../model/errors.ts';
import type { GrafanaState } from '../model/grafana.ts';
import type { Principal } from '../store/contract.ts';

/** The header by which Grafana's `auth.jwt` learns who asks. */
export const USER_HEADER = 'X-Vigia-User';
const tokenLivesMs = 60_000;
/** Whether it answers is asked no more often than this. */
const aliveForMs = 5_000;
const maxBytes = 32 * 1024 * 1024;

/** What a single panel of Grafana needs of it, and nothing else: no other page, no setting, no user. */
const mayGet = [
  /^d-solo\//,
  /^public\//,
  /^api\/dashboards\/uid\//,
  /^api\/(frontend|datasources|plugins|annotations|access-control|user|org|prometheus|folders)\b/,
  /^apis\/dashboard\./,
];
const mayPost = [/^api\/ds\/query$/, /^api\/frontend-metrics$/];

export interface GrafanaProxy {
  state(): Promise<GrafanaState>;
  /** One request of a panel, on behalf of somebody. @throws VigiaError `not-found` for what no panel needs, `far-…`. */
  ask(
    asked: { readonly method: 'GET' | 'POST'; readonly path: string; readonly query: string; readonly body?: unknown },
    who: Principal,
  ): Promise<GuardedAnswer>;
}

/**
 * Grafana under Vigía's own address: it sees a header that says who asks, signed by a key of this installation (ES256, RFC
 * 7519), so that nobody else can say so. Cookies and credentials of the browser never reach it.
 */
export function createGrafanaProxy(options: {
  config: NonNullable<Config['grafana']>;
  fetch: GuardedFetch;
  dataDir: string;
  now: () => number;
}): GrafanaProxy {
  const { config, fetch, now } = options;
  const base = config.url.replace(/\/+$/, '');
  const key = keptKey(options.dataDir);
  const far = { maxBytes, allowLoopback: true, what: 'Grafana' } as const;
  let known: { readonly atMs: number; readonly state: Promise<GrafanaState> } | null = null;

  const asked = async (): Promise<GrafanaState> => {
    const { panels } = config;
    try {
      const { status } = await fetch(`${base}/api/health`, { ...far, deadlineMs: 3_000 });
      return status === 200
        ? { answers: true, reason: '', panels }
        : { answers: false, reason: `Grafana answered ${status} to /api/health.`, panels };
    } catch (thrown) {
      return { answers: false, reason: reasonOf(thrown), panels };
    }
  };

  return {
    state() {
      if (known === null || now() - known.atMs >= aliveForMs) known = { atMs: now(), state: asked() };
      return known.state;
    },
    async ask({ method, path, query, body }, who) {
      const allowed = method === 'GET' ? mayGet : mayPost;
      // As the far side would read it: no way up, however it is written.
      const plain = decoded(path);
      if (plain === null || /(^|\/)\.\.?(\/|$)|\\|\0/.test(plain) || !allowed.some((each) => each.test(plain)))
        throw new VigiaError('not-found', { thing: 'page of Grafana', id: path.slice(0, 100) });
      const exact = path.split('/').map(encodeURIComponent).join('/');
      return fetch(`${base}/${exact}${query}`, {
        ...far,
        method,
        deadlineMs: 30_000,
        headers: {
          [USER_HEADER.toLowerCase()]: userToken(key, who, now()),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    },
  };
}

function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

/** A JSON Web Token about somebody: who, with which of Grafana's roles, for a minute. */
function userToken(key: KeyObject, who: Principal, nowMs: number): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const seconds = Math.floor(nowMs / 1_000);
  const claims = {
    iss: 'vigia',
    sub: `${who.kind}-${who.id}`,
    name: who.name,
    email: who.account?.email ?? `${who.kind}-${who.id}@vigia.invalid`,
    // A panel is looked at; whoever runs Vigía does not run Grafana by that.
    role: 'Viewer',
    iat: seconds,
    exp: seconds + tokenLivesMs / 1_000,
    jti: randomUUID(),
  };
  const text = `${part({ alg: 'ES256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** The private key of this installation; beside it the public one, which Grafana's `key_file` names. */
function keptKey(dataDir: string): KeyObject {
  const file = join(dataDir, 'grafana-key.pem');
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  const key = createPrivateKey(readFileSync(file));
  writeFileSync(join(dataDir, 'grafana-key.public.pem'), createPublicKey(key).export({ type: 'spki', format: 'pem' }), { mode: 0o644 });
  return key;
}
