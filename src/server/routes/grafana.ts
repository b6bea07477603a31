import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { GuardedAnswer } from '../../clients/guarded.ts';
import { VigiaError } from '../../model/errors.ts';
import { grafanaStateSchema } from '../../model/grafana.ts';
import type { Principal } from '../../store/contract.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { mustSeeEverything } from '../views/promql.ts';

/** What Grafana's own page needs, and that only this page may frame it. */
const policy =
  "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'self'";
const params = z.strictObject({ '*': z.string().max(2_000) });
/** Headers of Grafana that a browser needs. */
const passed = ['content-type', 'cache-control', 'etag', 'last-modified'];

/** Panels of a configured Grafana under Vigía's own address. */
export function registerGrafanaRoutes(door: Door, house: House): void {
  const { grafana } = house;

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/grafana',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Which panels Grafana has, and whether it answers',
      schema: { response: grafanaStateSchema },
      handler: ({ principal: { scope } }) =>
        grafana === null || !scope.hosts || !scope.containers ? { answers: false, reason: '', panels: [] } : grafana.state(),
    }),
  );
  if (grafana === null) return;

  const pass = async (
    asked: { method: 'GET' | 'POST'; path: string; url: string; body?: unknown },
    principal: Principal,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    // Grafana's queries see every series.
    mustSeeEverything(principal);
    if (principal.account === null) throw new VigiaError('forbidden', { needed: 'of a signed-in person', role: 'of a token' });
    const at = asked.url.indexOf('?');
    const answer = await grafana.ask({ ...asked, query: at < 0 ? '' : asked.url.slice(at) }, principal);
    return told(answer, reply);
  };

  door.register(
    defineRoute({
      method: 'GET',
      path: '/grafana/*',
      policy: 'person',
      rate: 'machine',
      summary: 'A panel of Grafana, with a header that says who asks',
      schema: { params, query: z.unknown() },
      handler: ({ params: { '*': path }, request, principal, reply }) => pass({ method: 'GET', path, url: request.url }, principal, reply),
    }),
  );

  door.register(
    defineRoute({
      method: 'POST',
      path: '/grafana/*',
      policy: 'person',
      rate: 'machine',
      // A panel asks for its samples by POST.
      audit: null,
      summary: 'What a panel of Grafana asks its data sources',
      bodyLimit: 512 * 1024,
      schema: { params, query: z.unknown(), body: z.unknown() },
      handler: ({ params: { '*': path }, body, request, principal, reply }) =>
        pass({ method: 'POST', path, url: request.url, body }, principal, reply),
    }),
  );
}

function told(answer: GuardedAnswer, reply: FastifyReply): FastifyReply {
  for (const name of passed) {
    const value = answer.headers[name];
    if (value !== undefined) reply.header(name, value);
  }
  reply.header('content-security-policy', policy).header('x-frame-options', 'SAMEORIGIN');
  return reply.code(answer.status).send(answer.body);
}
