import { z } from 'zod';
import { alertSchema } from './incident.ts';
import { stateSchema } from './target.ts';

/** Where an engine listens: a Unix socket by its path, or an address over the network. */
export const socketSchema = z
  .string()
  .trim()
  .max(300)
  .regex(
    /^((unix:\/\/)?\/[^\s?#]+|(tcp|https?):\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*):[0-9]{1,5}\/?)$/,
    'a path like /var/run/docker.sock, or tcp://HOST:PORT',
  )
  // One way to write each, so that one engine is one target.
  .transform((text) => (text.startsWith('/') ? `unix://${text}` : text.replace(/\/$/, '')));

/** A Docker engine whose containers are watched; the name is what people call it. */
export const engineInputSchema = z.strictObject({ name: z.string().trim().min(1).max(64), socket: socketSchema });
export type EngineInput = z.infer<typeof engineInputSchema>;

/** Certificates of an engine that listens with TLS: PEM files, in a folder as DOCKER_CERT_PATH names one, or one by one. */
const engineTlsSchema = z
  .strictObject({
    certPath: z.string().min(1).optional(),
    caFile: z.string().min(1).optional(),
    certFile: z.string().min(1).optional(),
    keyFile: z.string().min(1).optional(),
  })
  .refine(({ certPath, caFile, certFile }) => (certPath ?? caFile ?? certFile) !== undefined, 'certPath, or caFile, certFile and keyFile')
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), 'certFile and keyFile belong together');
export type EngineTls = z.infer<typeof engineTlsSchema>;

/** An engine of the configuration file, which alone may name files. */
export const configuredEngineSchema = engineInputSchema
  .extend({ tls: engineTlsSchema.optional() })
  .refine(({ socket, tls }) => tls === undefined || /^(tcp|https):/.test(socket), {
    path: ['tls'],
    message: 'TLS is for tcp://HOST:PORT, not for a socket of this machine',
  });

/** `ended`: it came to its end by itself and without an error, as a job does. */
export const containerStateSchema = z.enum([
  'running',
  'paused',
  'restarting',
  'created',
  'exited',
  'ended',
  'dead',
  'removing',
  'unknown',
]);
export type ContainerState = z.infer<typeof containerStateSchema>;

export const containerSchema = z.object({
  /** The name of the entity: engine and container. */
  entity: z.string(),
  engine: z.string(),
  name: z.string(),
  image: z.string(),
  labels: z.record(z.string(), z.string()),
  state: containerStateSchema,
  /** Of its health check; null where it has none. */
  health: z.enum(['starting', 'healthy', 'unhealthy']).nullable(),
  /** How often the engine started it again by itself. */
  restarts: z.number().nullable(),
  exitCode: z.number().nullable(),
  oomKilled: z.boolean(),
  startedMs: z.number().nullable(),
  finishedMs: z.number().nullable(),
  /** Null is "no limit", or "not known". */
  memoryLimitBytes: z.number().nullable(),
  cpuLimitCores: z.number().nullable(),
  /** Features of the newest step by name; null is "no data". */
  figures: z.record(z.string(), z.number().nullable()),
  /** What the page shows at its head: bad while something fires or it is not as it should be. */
  verdict: stateSchema,
  /** Why, in a sentence; empty when it is well. */
  reason: z.string(),
  score: z.number().nullable(),
  threshold: z.number().nullable(),
});
export type Container = z.infer<typeof containerSchema>;

export const applicationSchema = z.object({
  name: z.string(),
  containers: z.array(containerSchema),
  alerts: z.array(alertSchema),
});
export type Application = z.infer<typeof applicationSchema>;

export const engineSchema = z.object({
  id: z.string(),
  name: z.string(),
  socket: z.string(),
  /** `file`: from the configuration, and changed there. `target`: a cAdvisor of the inventory. */
  from: z.enum(['file', 'page', 'target']),
  state: stateSchema,
  reason: z.string(),
  /** Its release and the version of its interface; empty until it has answered. */
  version: z.string(),
  containers: z.number(),
});
export type Engine = z.infer<typeof engineSchema>;

export const containersSchema = z.object({
  engines: z.array(engineSchema),
  /** A socket that was found on this machine and is not watched; it is not opened before somebody says so. */
  suggestion: z.string().nullable(),
  applications: z.array(applicationSchema),
});
export type Containers = z.infer<typeof containersSchema>;

export const engineTestSchema = z.object({ ok: z.boolean(), message: z.string() });
export type EngineTest = z.infer<typeof engineTestSchema>;
