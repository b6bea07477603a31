import { z } from 'zod';
import { healthSchema, overviewSchema, targetPageSchema } from '../../model/api.ts';
import { standingSchema } from '../../model/fleet.ts';
import { profileSchema } from '../../model/profile.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { metricsOf } from '../metrics.ts';
import { inScope, overview, overviewTargets, worst } from '../views/overview.ts';

const atMost = (most: number) => z.coerce.number().int().min(0).max(most);

/** How everything is: for people, for probes, for Prometheus. */
export function registerHealthRoutes(door: Door, house: House): void {
  const startedMs = house.now();

  door.register(
    defineRoute({
      method: 'GET',
      path: '/health',
      policy: 'public',
      rate: 'read',
      summary: 'Whether Vigía and its parts are well: 503 when one is bad',
      schema: { response: healthSchema },
      handler: ({ reply, principal }) => {
        const parts = house.health();
        const state = worst(parts.map((part) => part.state));
        reply.code(state === 'bad' ? 503 : 200);
        // Reasons may name addresses: strangers see states only.
        const shown = principal === null ? parts.map((part) => ({ ...part, reason: '' })) : parts;
        return { state, nowMs: house.now(), parts: shown };
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/metrics',
      policy: 'machine',
      rate: 'machine',
      summary: 'Scores, thresholds and contributions as Prometheus metrics',
      handler: ({ reply }) => {
        if (!house.board.restored) return reply.code(503).send('the board is not restored yet\n');
        return reply
          .type('text/plain; version=0.0.4')
          .send(house.board.exposition(house.now()) + metricsOf({ startedMs, work: undefined }));
      },
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/overview',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Is anything wrong, where, since when, why; `targets` and `incidents` say how many of each are wanted',
      schema: {
        query: z.strictObject({ targets: atMost(100_000).optional(), incidents: atMost(400).optional() }),
        response: overviewSchema,
      },
      handler: ({ principal, query }) => overview(house, principal.scope, query),
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/overview/targets',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Targets, the worst first: those that `find` fits, of one standing, or of these ids, separated by commas',
      schema: {
        query: z.strictObject({
          find: z.string().max(200).default(''),
          standing: standingSchema.optional(),
          ids: z.string().max(8_000).optional(),
          limit: atMost(1_000).default(50),
          offset: atMost(100_000).default(0),
        }),
        response: targetPageSchema,
      },
      handler: ({ principal, query: { ids, ...asked } }) => overviewTargets(house, principal.scope, { ...asked, ids: ids?.split(',') }),
    }),
  );

  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/profiles',
      policy: 'signed-in',
      rate: 'read',
      summary: 'What can be watched, and by which features',
      schema: { response: z.object({ profiles: z.array(profileSchema) }) },
      handler: ({ principal }) => ({ profiles: [...house.profiles.values()].filter((profile) => inScope(principal.scope, profile.kind)) }),
    }),
  );
}
