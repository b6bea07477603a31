import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { VigiaError } from '../model/errors.ts';
import { registerAccountRoutes } from './accounts/register.ts';
import type { ConfigFiles } from './config.ts';
import { createDoor, type Door } from './door/door.ts';
import { registerApiDescription } from './door/description.ts';
import { defineRoute } from './door/route.ts';
import type { House } from './house.ts';
import { registerAiRoutes } from './routes/ai.ts';
import { registerArchiveRoutes } from './routes/archive.ts';
import { registerContainerRoutes } from './routes/containers.ts';
import { registerDiscoveryRoutes } from './routes/discovery.ts';
import { registerEnergyRoutes } from './routes/energy.ts';
import { registerEventRoutes } from './routes/events.ts';
import { registerGrafanaRoutes } from './routes/grafana.ts';
import { registerHealthRoutes } from './routes/health.ts';
import { registerHostRoutes } from './routes/hosts.ts';
import { registerIncidentRoutes } from './routes/incidents.ts';
import { registerKubernetesRoutes } from './routes/kubernetes.ts';
import { registerMaintenanceRoutes } from './routes/maintenance.ts';
import { registerMarkRoutes } from './routes/marks.ts';
import { registerModelRoutes } from './routes/models.ts';
import { registerPromqlRoutes } from './routes/promql.ts';
import { registerSettingRoutes } from './routes/settings.ts';
import { registerSourceRoutes } from './routes/source.ts';
import { registerTargetRoutes } from './routes/targets.ts';

/** The page and the API, ready to listen. */
export async function openApp(
  house: House,
  options: { pageDir: string; tls: ConfigFiles['tls']; internalToken: string; setupCode: string | null },
): Promise<FastifyInstance> {
  const { server } = house.config;
  const door = await createDoor({
    store: house.store,
    log: house.log,
    now: house.now,
    version: house.version,
    server: {
      basePath: server.basePath,
      publicUrl: server.publicUrl,
      trustedProxies: server.trustedProxies,
      tls: options.tls,
    },
    machineTokens: [options.internalToken],
  });
  registerAccountRoutes(door, { setupCode: options.setupCode, version: house.version });
  registerHealthRoutes(door, house);
  registerHostRoutes(door, house);
  registerContainerRoutes(door, house);
  registerEnergyRoutes(door, house);
  registerPromqlRoutes(door, house);
  registerGrafanaRoutes(door, house);
  registerTargetRoutes(door, house);
  registerDiscoveryRoutes(door, house);
  registerIncidentRoutes(door, house);
  registerMarkRoutes(door, house);
  registerMaintenanceRoutes(door, house);
  registerAiRoutes(door, house);
  registerModelRoutes(door, house);
  registerSettingRoutes(door, house);
  registerArchiveRoutes(door, house);
  registerSourceRoutes(door, house);
  registerKubernetesRoutes(door, house);
  registerEventRoutes(door, house);
  registerApiDescription(door);
  await servePage(door, options.pageDir, server.basePath);
  return door.fastify;
}

/** Built files as they are; every other path is the page itself, which finds its way by the URL. */
async function servePage(door: Door, pageDir: string, basePath: string): Promise<void> {
  const indexFile = join(pageDir, 'index.html');
  if (!existsSync(indexFile)) throw new VigiaError('config-unreadable', { file: indexFile, reason: 'the page was not built' });
  const index = readFileSync(indexFile, 'utf8').replace('<base href="/"', `<base href="${basePath}/"`);
  // Only these can be asked for, whatever a path says.
  const files = new Set(globSync('**/*.*', { cwd: pageDir }).filter((name) => name !== 'index.html'));
  await door.fastify.register(fastifyStatic, { root: pageDir, serve: false, cacheControl: false, preCompressed: true });

  door.register(
    defineRoute({
      method: 'GET',
      path: '/*',
      policy: 'public',
      rate: 'read',
      summary: 'The page',
      schema: { params: z.strictObject({ '*': z.string().max(2000) }), query: z.unknown() },
      handler: ({ params, reply }) => {
        const path = params['*'];
        if (files.has(path)) {
          // Names in assets/ carry a hash of what is in them.
          reply.header('cache-control', path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
          return reply.sendFile(path);
        }
        if (path.startsWith('api/') || /\.[a-z0-9]+$/.test(path))
          throw new VigiaError('not-found', { thing: 'page', id: `/${path.slice(0, 100)}` });
        // The page's own style elements are let in by the nonce of this answer.
        const html = index.replaceAll('__CSP_NONCE__', reply.cspNonce.style);
        return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(html);
      },
    }),
  );
}
