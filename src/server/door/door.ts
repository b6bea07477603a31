import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { reasonOf, VigiaError } from '../../model/errors.ts';
import type { Principal, Store } from '../../store/contract.ts';
import type { Log } from '../log.ts';
import { securityHeaders } from './headers.ts';
import { identify } from './identity.ts';
import { addressKey, type Limit, Limiter } from './limiter.ts';
import { describeApi } from './openapi.ts';
import { refuseForeign } from './origin.ts';
import { answerProblem } from './problem.ts';
import { type AuditNote, type Call, checkRoute, type RateClass, rateClasses, type Route } from './route.ts';
import { mayDo } from './scope.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null is nobody. */
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** Set by the door alone: without it nothing registers. */
    route?: Route;
  }
}

export interface DoorOptions {
  readonly store: Store;
  readonly log: Log;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly version: string;
  /** The configuration's `server` section, with the certificate's text in place of its file. */
  readonly server: {
    readonly basePath: string;
    readonly publicUrl?: string | undefined;
    readonly trustedProxies: readonly string[];
    readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  };
  /** What Vigía's own children send as a bearer token. */
  readonly machineTokens?: readonly string[];
  readonly rates?: Partial<Record<RateClass, Limit>>;
}

export interface Door {
  readonly fastify: FastifyInstance;
  readonly store: Store;
  readonly now: () => number;
  readonly publicUrl: string | undefined;
  /** All that is open, in the order it was opened. */
  readonly routes: readonly Route[];
  register(route: Route): void;
}

const BODY_LIMIT = 64 * 1024;
const MINUTE_MS = 60_000;
export const SIGNIN_LIMIT: Limit = { limit: 10, windowMs: 15 * MINUTE_MS };

const defaultRates: Readonly<Record<RateClass, Limit>> = {
  read: { limit: 1200, windowMs: MINUTE_MS },
  write: { limit: 120, windowMs: MINUTE_MS },
  signin: SIGNIN_LIMIT,
  machine: { limit: 6000, windowMs: MINUTE_MS },
};

/**
 * The one way in: every route passes here and carries its policy. What each request meets, in order: foreign pages are
 * refused, the caller is identified, counted and allowed, the body is read and checked; then the handler, then the audit.
 */
export async function createDoor(options: DoorOptions): Promise<Door> {
  const { store, log, now, server } = options;
  const app = createServer(server);
  const limiters = Object.fromEntries(
    rateClasses.map((rate) => [rate, new Limiter(options.rates?.[rate] ?? defaultRates[rate], now)]),
  ) as Record<RateClass, Limiter>;
  const routes: Route[] = [];

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((thrown, request, reply) => answerProblem(thrown, request, reply, log));
  app.setNotFoundHandler((request, reply) =>
    answerProblem(new VigiaError('not-found', { thing: 'page', id: request.url.slice(0, 200) }), request, reply, log),
  );
  app.addHook('onRoute', ({ config, method, url }) => {
    if (config?.route === undefined) throw new Error(`route ${String(method)} ${url} did not come through the door: it has no policy`);
  });
  app.decorateRequest('principal', null);
  readOnlyJson(app);
  await app.register(helmet, securityHeaders(server.tls !== undefined || server.publicUrl?.startsWith('https:') === true));
  await app.register(cookie);
  await describeApi(app, options.version, server.basePath);

  app.addHook('onRequest', async (request, reply) => {
    const { route } = request.routeOptions.config;
    if (route === undefined) return;
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
    if (route.method !== 'GET') refuseForeign(request, server.publicUrl);
    request.principal = await identify(request, store, options.machineTokens ?? [], now());
    const seconds = limiters[route.rate].take(rateKey(route, request));
    if (seconds > 0) throw new VigiaError(route.rate === 'signin' ? 'signin-limited' : 'too-many', { seconds });
    authorize(route, request.principal);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { route } = request.routeOptions.config;
    // Only a refused password or code is a try; 429 was never counted.
    const refused = [401, 403, 429].includes(reply.statusCode);
    if (route?.rate === 'signin' && !refused) limiters.signin.giveBack(rateKey(route, request));
  });

  const door: Door = {
    fastify: app,
    store,
    now,
    publicUrl: server.publicUrl,
    routes,
    register(route) {
      checkRoute(route);
      routes.push(route);
      const { params, query, body, response } = route.schema ?? {};
      app.route({
        method: route.method,
        url: route.path,
        bodyLimit: route.bodyLimit ?? BODY_LIMIT,
        config: { route },
        schema: {
          summary: route.summary,
          ...(params === undefined ? {} : { params }),
          ...(query === undefined ? {} : { querystring: query }),
          ...(body === undefined ? {} : { body }),
          ...(response === undefined ? {} : { response: { 200: response } }),
        },
        handler: (request, reply) => answer(route, request, reply, door),
      });
    },
  };
  return door;
}

async function answer(route: Route, request: FastifyRequest, reply: FastifyReply, { store, now }: Door): Promise<unknown> {
  const { query, body } = route.schema ?? {};
  if (body === undefined && request.body !== undefined && request.body !== null) {
    throw new VigiaError('input-invalid', { problems: 'This takes no body.' });
  }
  const unasked = query === undefined ? Object.keys(request.query as object)[0] : undefined;
  if (unasked !== undefined) throw new VigiaError('input-invalid', { problems: `${unasked.slice(0, 100)}: this takes no parameters` });
  const note: AuditNote = { subject: '', detail: '' };
  const { params, principal } = request;
  const call = { params, query: request.query, body: request.body, principal, note, request, reply } as Call<never, never, never, never>;
  const result: unknown = await route.handler(call);
  if (route.audit) {
    const who = note.who ?? principal?.name ?? 'nobody';
    await store.audit.add({ tsMs: now(), who, address: request.ip, action: route.audit, subject: note.subject, detail: note.detail });
  }
  if (reply.sent || result !== undefined) return result;
  return reply.code(204).send();
}

/** @throws VigiaError `signin-required`, `forbidden`. */
function authorize(route: Route, principal: Principal | null): void {
  const { policy } = route;
  if (policy === 'public') return;
  if (principal === null) throw new VigiaError('signin-required');
  if (policy === 'machine') {
    if (principal.kind === 'machine') return;
    const seesAll = principal.scope.hosts && principal.scope.containers;
    const needed = route.method === 'GET' ? 'viewer' : 'operator';
    if (principal.kind === 'token' && seesAll && mayDo(principal, needed)) return;
    throw new VigiaError('forbidden', { needed: `of a token that sees everything (${needed})`, role: principal.role });
  }
  if (policy === 'person') {
    if (principal.account !== null) return;
    throw new VigiaError('forbidden', { needed: 'of a signed-in person', role: `of a token (${principal.role})` });
  }
  const needed = policy === 'signed-in' ? 'viewer' : policy;
  // Vigía's children have their own routes and no business at any other.
  if (principal.kind === 'machine' || !mayDo(principal, needed)) throw new VigiaError('forbidden', { needed, role: principal.role });
}

function rateKey(route: Route, request: FastifyRequest): string {
  const { principal } = request;
  return principal === null || route.rate === 'signin' ? addressKey(request.ip) : `${principal.kind} ${principal.id}`;
}

function createServer(server: DoorOptions['server']): FastifyInstance {
  const { basePath, trustedProxies, tls } = server;
  try {
    return fastify({
      // Proxies may cut the base path off or leave it: both are right.
      rewriteUrl: ({ url = '/' }) => withoutBase(url, basePath),
      trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
      exposeHeadRoutes: false,
      requestTimeout: 30_000,
      forceCloseConnections: true,
      routerOptions: { maxParamLength: 500 },
      ...(tls === undefined ? {} : { https: tls }),
    }) as FastifyInstance;
  } catch (thrown) {
    throw new VigiaError('config-invalid', { count: 1, problems: `server: ${reasonOf(thrown)}` }, { cause: thrown });
  }
}

function withoutBase(url: string, basePath: string): string {
  if (basePath === '' || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest.startsWith('/')) return rest;
  return rest === '' || rest.startsWith('?') ? `/${rest}` : url;
}

/** JSON is all that a body may be; one that would poison a prototype, or that PostgreSQL cannot keep, is refused. */
function readOnlyJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '') return done(null, undefined);
    if (text.includes('\\u0000')) return done(new VigiaError('input-invalid', { problems: 'Text with a NUL character cannot be kept.' }));
    return parse(request, text as string, done);
  });
}
