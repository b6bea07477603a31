import { createHash, timingSafeEqual } from 'node:crypto';
import fastify, { type FastifyInstance } from 'fastify';
import type { Alert } from '../model/incident.ts';
import { reasonOf } from '../model/errors.ts';
import { alertsOfWebhook, webhookSchema } from './alerts.ts';
import type { Log } from './log.ts';

/**
 * The listener for Vigía's own children, on a loopback port of its own: discovery, metrics, webhook.
 * Apart from the page's, so that TLS, base path and proxies never stand between Vigía and its children.
 */
export function createInternalListener(options: {
  token: string;
  targetsOf: (profile: string) => Promise<{ targets: string[]; labels: Record<string, string> }[]>;
  /** Null until the board is restored. */
  metrics: () => string | null;
  take: (alerts: readonly Alert[]) => Promise<void>;
  status: () => Promise<unknown>;
  log: Log;
}): FastifyInstance {
  const app = fastify({ bodyLimit: 32 * 1024 * 1024 });
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${options.token}`);

  app.addHook('onRequest', async (request, reply) => {
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) return reply.code(401).send('a bearer token is needed\n');
  });
  app.get<{ Params: { profile: string } }>('/internal/sd/:profile', (request) => options.targetsOf(request.params.profile));
  app.get('/metrics', (_, reply) => {
    const text = options.metrics();
    return text === null ? reply.code(503).send('the board is not restored yet\n') : reply.type('text/plain; version=0.0.4').send(text);
  });
  app.get('/internal/status', () => options.status());
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
