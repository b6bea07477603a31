import { z } from 'zod';
import { type Cluster, clusterSchema } from '../../model/kubernetes.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';
import { clusterView, createUse } from '../views/kubernetes.ts';

const name = z.string().min(1).max(253).optional();

/** The cluster: what it runs, and how that is. It is set up in the configuration file alone. */
export function registerKubernetesRoutes(door: Door, house: House): void {
  const use = createUse(house);
  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/kubernetes',
      policy: 'signed-in',
      rate: 'read',
      summary: 'Nodes, namespaces, workloads and pods of the cluster, with their state and use',
      schema: { query: z.strictObject({ node: name, namespace: name }), response: clusterSchema },
      handler: async ({ query, principal }) =>
        house.kubernetes === null ? none(house.now()) : clusterView(house, house.kubernetes, await use(), principal.scope, query),
    }),
  );
}

const none = (sinceMs: number): Cluster => ({
  configured: false,
  name: '',
  server: '',
  state: 'unknown',
  reason: '',
  sinceMs,
  stateMetrics: 'own',
  nodes: [],
  namespaces: [],
  workloads: [],
  pods: [],
  podsTotal: 0,
});
