import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Door } from './door.ts';
import { defineRoute } from './route.ts';

/** Collects the routes that are registered after it. */
export async function describeApi(app: FastifyInstance, version: string, basePath: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Vigía', version, description: 'Errors are {code, message, field?}; the codes are in docs/errors.md.' },
      servers: [{ url: basePath === '' ? '/' : basePath }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: 'vigia' },
        },
      },
    },
    transform: (document) => {
      const { schema, url } = jsonSchemaTransform(document);
      const { route } = document.route.config ?? {};
      const hide = !url.startsWith('/api/');
      return { schema: { ...schema, hide, ...(route?.policy === 'public' ? { security: [] } : {}) }, url };
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) throw new TypeError('an OpenAPI document was expected');
      return { ...document.openapiObject, security: [{ token: [] }, { session: [] }] };
    },
  });
}

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
