import { z } from 'zod';

/** `host:port`, with IPv6 in brackets. */
export const addressSchema = z
  .string()
  .trim()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?):([0-9]{1,5})$/, 'HOST:PORT, for example 192.168.1.10:9100')
  .refine((text) => {
    const port = Number(text.slice(text.lastIndexOf(':') + 1));
    return port >= 1 && port <= 65535;
  }, 'a port between 1 and 65535');

/** Labels that Vigía sets itself. */
const reserved: ReadonlySet<string> = new Set(['target', 'profile', 'job', 'instance', 'entity']);

/** Labels that a person adds to every series of a target. */
export const labelsSchema = z.record(z.string(), z.string().max(128)).superRefine((labels, context) => {
  for (const name of Object.keys(labels)) {
    const isName = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !name.startsWith('__');
    if (!isName) context.addIssue({ code: 'custom', message: `"${name}" is no label name: letters, digits and "_" only` });
    else if (reserved.has(name)) context.addIssue({ code: 'custom', message: `"${name}" is a label that Vigía sets itself` });
  }
});

export const targetInputSchema = z.strictObject({
  name: z.string().trim().min(1).max(64),
  profile: z.string(),
  address: addressSchema,
  scheme: z.enum(['http', 'https']).default('http'),
  metricsPath: z
    .string()
    .regex(/^\/[^\s?#]*$/)
    .default('/metrics'),
  labels: labelsSchema.default({}),
  enabled: z.boolean().default(true),
});
export type TargetInput = z.infer<typeof targetInputSchema>;

/** `id` is a slug made from the first name and never changes: it is the identity label `target` of every series. */
export const targetSchema = targetInputSchema.extend({
  id: z.string(),
  /** HOST:PORT; of a Docker engine its socket; of what is no address of its own, where it is. */
  address: z.string(),
  /**
   * `vigia` for the host Vigía runs on (its own node_exporter child), `docker` for an engine, `kubernetes` for a cluster's node, `dns` and
   * `file` for what such a source of the configuration names, `user` for what a person added.
   */
  managedBy: z.enum(['vigia', 'docker', 'user', 'kubernetes', 'dns', 'file']),
  /** Which source of `discovery` named it; absent for all others. */
  source: z.string().optional(),
  createdMs: z.number(),
});
export type Target = z.infer<typeof targetSchema>;

/** Whether a source of the configuration named it, and not a person. */
export const isDiscovered = ({ managedBy }: Pick<Target, 'managedBy'>): boolean => managedBy === 'dns' || managedBy === 'file';

/** Whether Prometheus finds it at its address, among the others of its profile. */
export const isAtAddress = (target: Pick<Target, 'managedBy'>): boolean => target.managedBy === 'user' || isDiscovered(target);

/** Three values, everywhere: no data is never ok. */
export const stateSchema = z.enum(['ok', 'bad', 'unknown']);
export type State = z.infer<typeof stateSchema>;
