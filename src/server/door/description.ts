import { z } from 'zod';
import type { Door } from './door.ts';
import { defineRoute } from './route.ts';

/** Registered last by whoever opens the door. */
export function registerApiDescription(door: Door): void {
  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/openapi.json',
      policy: 'public',
      rate: 'read',
      summary: 'This description (OpenAPI 3.1)',
      schema: { response: z.record(z.string(), z.unknown()) },
      handler: () => door.fastify.swagger() as unknown as Record<string, unknown>,
    }),
  );
}
