import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';

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
