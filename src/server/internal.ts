import { createHash, timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import { selectorSchema } from '../model/archive.ts';
import type { Alert } from '../model/incident.ts';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { alertsOfWebhook, webhookSchema } from './alerts.ts';
import type { ExportRange } from './archive/export.ts';
import type { Commands } from './commands.ts';
import type { Discovered } from './discovery.ts';
import type { Log } from './log.ts';

const exportRange = z.object({ match: selectorSchema, fromMs: z.coerce.number().int(), toMs: z.coerce.number().int() });

/**
 * The listener for Vigía's own children and its command line, on a loopback port of its own: discovery, metrics, webhook, commands.
 * Apart from the page's, so that TLS, base path and proxies never stand between Vigía and its children.
 */
export function createInternalListener(options: {
  token: string;
  targetsOf: (profile: string) => Promise<Discovered[]>;
  /** Docker engines: who is to be scraped, and the metrics of one. */
  docker?: { discovery: () => Promise<Discovered[]>; metrics: (id: string) => { status: number; text: string } };
  /** The state of a cluster's objects. Null while nobody knows it, or without a cluster. */
  kubernetes?: () => string | null;
  /** Null until the board is restored. */
  metrics: () => string | null;
  take: (alerts: readonly Alert[]) => Promise<void>;
  status: () => Promise<unknown>;
  /** Samples as CSV. */
  exportCsv: (range: ExportRange) => AsyncGenerator<string>;
  /** Answers Prometheus's remote_read; null without an archive. */
  read: ((body: Uint8Array) => Promise<Uint8Array>) | null;
  commands: Commands;
  log: Log;
}): FastifyInstance {
  const app = fastify({ bodyLimit: 32 * 1024 * 1024 });
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${options.token}`);

  app.addHook('onRequest', async (request, reply) => {
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) return reply.code(401).send('a bearer token is needed\n');
  });
  app.get<{ Params: { profile: string } }>('/internal/sd/:profile', (request) => options.targetsOf(request.params.profile));
  app.get('/internal/docker', () => options.docker?.discovery() ?? []);
  app.get<{ Params: { id: string } }>('/internal/docker/:id', (request, reply) => {
    const { status, text } = options.docker?.metrics(request.params.id) ?? { status: 404, text: 'no engine is watched\n' };
    return reply.code(status).type('text/plain; version=0.0.4').send(text);
  });
  app.get('/metrics', (_, reply) => {
    const text = options.metrics();
    return text === null ? reply.code(503).send('the board is not restored yet\n') : reply.type('text/plain; version=0.0.4').send(text);
  });
  app.get('/internal/kubernetes/metrics', (_, reply) => {
    const text = options.kubernetes?.() ?? null;
    return text === null ? reply.code(503).send('the cluster is not known\n') : reply.type('text/plain; version=0.0.4').send(text);
  });
  app.get('/internal/status', () => options.status());
  app.get<{ Querystring: Record<string, unknown> }>('/internal/export', async (request, reply) => {
    const range = exportRange.safeParse(request.query);
    if (!range.success) return reply.code(400).send(`${range.error.issues[0]?.path.join('.')}: ${range.error.issues[0]?.message}\n`);
    const pieces = options.exportCsv(range.data);
    try {
      // What is wrong at once is said with a status; what fails later cuts the answer off.
      const first = [await pieces.next(), await pieces.next()];
      const rest = async function* () {
        for (const { done, value } of first) if (done !== true) yield value;
        yield* pieces;
      };
      return reply.type('text/csv; charset=utf-8').send(Readable.from(rest()));
    } catch (thrown) {
      return reply.code(thrown instanceof VigiaError ? thrown.status : 500).send(`${reasonOf(thrown)}\n`);
    }
  });
  app.addContentTypeParser('application/x-protobuf', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.post('/internal/read', async (request, reply) => {
    if (options.read === null || !(request.body instanceof Uint8Array)) return reply.code(404).send('no archive is configured\n');
    try {
      const answer = await options.read(request.body);
      return reply.headers({ 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }).send(answer);
    } catch (thrown) {
      // Prometheus shows it as a warning beside what it holds itself.
      return reply.code(thrown instanceof VigiaError ? thrown.status : 500).send(`${reasonOf(thrown)}\n`);
    }
  });
  const { commands } = options;
  app.setErrorHandler((thrown, _, reply) => {
    if (!(thrown instanceof VigiaError)) throw thrown;
    return reply.code(thrown.status).send({ code: thrown.code, message: thrown.message });
  });
  app.post('/internal/backtest', (request) => commands.startBacktest(request.body));
  app.get('/internal/backtest', () => ({ backtest: commands.lastBacktest() }));
  app.delete('/internal/backtest', () => ({ cancelled: commands.cancelBacktest() }));
  app.post('/internal/incidents/accept', (request) => commands.accept(request.body));
  app.get('/internal/maintenance', async () => ({ windows: await commands.listMaintenance() }));
  app.post('/internal/maintenance', (request) => commands.addMaintenance(request.body));
  app.post('/internal/maintenance/end', (request) => commands.endMaintenance(request.body));
  app.post('/internal/models/roll-back', (request) => commands.rollBack(request.body));
  app.post('/internal/discovery/search', (request) => commands.startSearch(request.body));
  app.delete('/internal/discovery/search', () => ({ cancelled: commands.cancelSearch() }));
  app.get('/internal/discovery/found', () => commands.found());
  app.post('/internal/discovery/add', (request) => commands.addFound(request.body));
  app.post('/internal/discovery/dismiss', (request) => commands.dismissFound(request.body));
  app.post('/internal/webhook', async (request, reply) => {
    const body = webhookSchema.safeParse(request.body);
    if (!body.success) return reply.code(400).send({ message: body.error.issues[0]?.message ?? '' });
    try {
      await options.take(alertsOfWebhook(body.data));
      return { ok: true };
    } catch (thrown) {
      // Alertmanager retries a 5xx: nothing is lost while the store is away.
      options.log.error({ reason: reasonOf(thrown) }, 'the webhook could not be taken');
      return reply.code(503).send({ message: 'try again' });
    }
  });
  return app;
}
