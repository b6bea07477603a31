import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal, Store } from '../../store/contract.ts';

export const SESSION_MS = 30 * 86_400_000;
const TOKEN_PREFIX = 'vigia_';
const RANDOM_BYTES = 32;

/** 256 random bits, so that the fast SHA-256 is enough to keep them by. */
export function newSecret(prefix: '' | typeof TOKEN_PREFIX = ''): string {
  return prefix + randomBytes(RANDOM_BYTES).toString('base64url');
}

export const newToken = (): string => newSecret(TOKEN_PREFIX);

export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Compares without telling by its duration how much was right. */
export function sameSecret(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(secretHash(one)), Buffer.from(secretHash(other)));
}

const machine: Principal = {
  kind: 'machine',
  id: 0,
  name: 'vigia',
  role: 'operator',
  scope: { hosts: true, containers: true },
  account: null,
};

/** Who asks: by `Authorization: Bearer`, which then alone counts, or by the session cookie. Null is nobody. */
export async function identify(
  request: FastifyRequest,
  store: Store,
  machineTokens: readonly string[],
  nowMs: number,
): Promise<Principal | null> {
  const authorization = request.headers.authorization;
  if (authorization !== undefined) {
    const secret = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (secret === undefined) return null;
    if (machineTokens.some((token) => sameSecret(token, secret))) return machine;
    return secret.startsWith(TOKEN_PREFIX) ? store.accounts.token(secretHash(secret), nowMs) : null;
  }
  const id = sessionOf(request);
  return id === null ? null : store.accounts.session(secretHash(id), nowMs);
}

/** `__Host-`: a browser takes such a cookie only over HTTPS, for this host and from it. */
function cookieName(request: FastifyRequest): string {
  return request.protocol === 'https' ? '__Host-vigia' : 'vigia';
}

export function sessionOf(request: FastifyRequest): string | null {
  return request.cookies[cookieName(request)] ?? null;
}

/** Starts a session under a new id; the one that the browser had before ends. */
export async function beginSession(
  store: Store,
  request: FastifyRequest,
  reply: FastifyReply,
  accountId: number,
  nowMs: number,
): Promise<void> {
  await dropSession(store, request);
  const id = newSecret();
  await store.accounts.addSession({
    idHash: secretHash(id),
    accountId,
    createdMs: nowMs,
    expiresMs: nowMs + SESSION_MS,
    address: request.ip,
  });
  reply.setCookie(cookieName(request), id, { ...cookieOptions(request), maxAge: SESSION_MS / 1000 });
}

export async function endSession(store: Store, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await dropSession(store, request);
  reply.clearCookie(cookieName(request), cookieOptions(request));
}

async function dropSession(store: Store, request: FastifyRequest): Promise<void> {
  const id = sessionOf(request);
  if (id !== null) await store.accounts.removeSession(secretHash(id));
}

function cookieOptions(request: FastifyRequest) {
  return { httpOnly: true, sameSite: 'strict', path: '/', secure: request.protocol === 'https' } as const;
}
