import { z } from 'zod';
import { stateSchema } from './target.ts';

/** What may be watched of a cluster. The section itself is the consent: without it nothing of a cluster is read. */
export const kubernetesSchema = z.strictObject({
  kubeconfig: z
    .string()
    .optional()
    .describe('A kubeconfig file with a token or a client certificate. Default: the service account of the pod that Vigía runs in.'),
  context: z.string().optional().describe('Which of its contexts. Default: the current one.'),
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'at most 32 lower-case letters, digits and "-"')
    .default('k8s')
    .describe('What the cluster is called. A node is the target NAME:NODE.'),
  kubelets: z
    .enum(['proxy', 'direct', 'off'])
    .default('proxy')
    .describe('How Prometheus reaches the kubelets: through the API server, or each at its own address with the same token.'),
  stateMetrics: z
    .enum(['auto', 'own', 'exporter'])
    .default('auto')
    .describe(
      'Where the state of objects comes from: Vigía itself (own), or kube-state-metrics as soon as it runs (exporter); auto takes that only where Vigía runs inside the cluster and so reaches it.',
    ),
  annotatedPods: z
    .boolean()
    .default(false)
    .describe('Also scrape pods that ask for it by the annotation prometheus.io/scrape. They are reached at their own addresses.'),
});
export type KubernetesConfig = z.infer<typeof kubernetesSchema>;

/** Answers of the API. Times are Unix milliseconds; null is "no data", or what the account may not see. */
const opinion = { score: z.number().nullable(), threshold: z.number().nullable() };
const verdict = { state: stateSchema, reason: z.string() };

export const clusterNodeSchema = z.object({
  /** The target's id. */
  id: z.string(),
  name: z.string(),
  ...verdict,
  sinceMs: z.number().nullable(),
  /** False while it takes no new pods. */
  schedulable: z.boolean(),
  version: z.string(),
  pods: z.number(),
  badPods: z.number(),
  cpuRatio: z.number().nullable(),
  memoryRatio: z.number().nullable(),
  ...opinion,
});
export type ClusterNode = z.infer<typeof clusterNodeSchema>;

export const clusterNamespaceSchema = z.object({
  name: z.string(),
  state: stateSchema,
  pods: z.number(),
  badPods: z.number(),
  unknownPods: z.number(),
  cpuCores: z.number().nullable(),
  memoryBytes: z.number().nullable(),
});
export type ClusterNamespace = z.infer<typeof clusterNamespaceSchema>;

export const clusterWorkloadSchema = z.object({
  /** NAMESPACE/NAME: the entity of the profile k8s-workload. */
  id: z.string(),
  namespace: z.string(),
  kind: z.enum(['Deployment', 'StatefulSet', 'DaemonSet']),
  name: z.string(),
  ...verdict,
  desired: z.number(),
  available: z.number(),
  ...opinion,
});
export type ClusterWorkload = z.infer<typeof clusterWorkloadSchema>;

export const clusterPodSchema = z.object({
  /** NAMESPACE/NAME: the entity of the profile k8s-pod. */
  id: z.string(),
  namespace: z.string(),
  name: z.string(),
  node: z.string().nullable(),
  /** KIND/NAME of what made it. */
  owner: z.string().nullable(),
  /** The word that kubectl has for it: `Running`, `Pending`, `CrashLoopBackOff`, `OOMKilled`. */
  status: z.string(),
  ...verdict,
  sinceMs: z.number().nullable(),
  createdMs: z.number(),
  ready: z.number(),
  containers: z.number(),
  restarts: z.number(),
  /** How a container of it ended last. */
  lastEnd: z.object({ reason: z.string(), exitCode: z.number(), atMs: z.number().nullable() }).nullable(),
  cpuCores: z.number().nullable(),
  cpuLimitCores: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  memoryLimitBytes: z.number().nullable(),
  ...opinion,
});
export type ClusterPod = z.infer<typeof clusterPodSchema>;

export const clusterSchema = z.object({
  configured: z.boolean(),
  name: z.string(),
  server: z.string(),
  /** Of the connection to the API server: bad and unknown say why. */
  ...verdict,
  sinceMs: z.number(),
  /** Where the state metrics come from at present. */
  stateMetrics: z.enum(['own', 'exporter']),
  nodes: z.array(clusterNodeSchema),
  namespaces: z.array(clusterNamespaceSchema),
  workloads: z.array(clusterWorkloadSchema),
  /** Those of the node and namespace that were asked for, what is wrong first, at most 500. */
  pods: z.array(clusterPodSchema),
  podsTotal: z.number(),
});
export type Cluster = z.infer<typeof clusterSchema>;
