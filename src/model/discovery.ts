import { z } from 'zod';
import { labelsSchema, stateSchema, targetInputSchema } from './target.ts';
import { parseDuration } from './time.ts';

/** Where targets are named besides the page: DNS records and files. The section itself is the consent. */
const sourceName = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'at most 32 lower-case letters, digits and "-"');
const dnsName = z
  .string()
  .trim()
  .max(254)
  .regex(/^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/, 'a DNS name, like _node._tcp.example.org');

/** An IP address, with a port where it is not 53; IPv6 in brackets. */
const serverSchema = z.string().refine((text) => {
  const [, v6, v4, port = '53'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const isAddress = v6 === undefined ? z.ipv4().safeParse(v4).success : z.ipv6().safeParse(v6).success;
  return isAddress && Number(port) >= 1 && Number(port) <= 65_535;
}, 'an IP address, with or without a port: 192.168.1.1, 192.168.1.1:5353, [fd00::1]:53');

const refreshSchema = z.string({ error: 'a duration like 30s, or ttl' }).transform((text, context): number | 'ttl' => {
  if (text === 'ttl') return 'ttl';
  const ms = parseDuration(text);
  if (ms !== null && ms >= 1_000 && ms <= 3_600_000) return ms;
  context.addIssue({ code: 'custom', message: `"${text}" is neither ttl nor a duration between 1s and 1h, like 30s` });
  return z.NEVER;
});

const { scheme, metricsPath } = targetInputSchema.shape;

const dnsSourceSchema = z
  .strictObject({
    name: sourceName,
    names: z.array(dnsName).min(1).max(50),
    type: z.enum(['SRV', 'A', 'AAAA']).default('SRV'),
    port: z.number().int().min(1).max(65_535).optional(),
    profile: z.string(),
    scheme,
    metricsPath,
    labels: labelsSchema.default({}),
    refresh: refreshSchema.optional(),
    server: serverSchema.optional(),
  })
  .superRefine(({ type, port, refresh }, context) => {
    const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (type === 'SRV' && port !== undefined) refuse('port', 'an SRV record says the port itself: leave it out');
    if (type !== 'SRV' && port === undefined) refuse('port', `an ${type} record says no port: add one, for example 9100`);
    // The resolver tells how long addresses hold, but not how long an SRV record does.
    if (type === 'SRV' && refresh === 'ttl') refuse('refresh', 'only of A and AAAA records the TTL is known: write a duration, like 30s');
  });
export type DnsSource = z.infer<typeof dnsSourceSchema>;

const fileSourceSchema = z.strictObject({
  name: sourceName,
  paths: z
    .array(
      z
        .string()
        .regex(
          /^\/[^*]*(\*[^/]*)?\.(json|ya?ml|JSON|YA?ML)$/,
          'a whole path that ends in .json, .yml or .yaml, with "*" in its last part at most: /etc/vigia/targets/*.yml',
        ),
    )
    .min(1)
    .max(50),
  profile: z.string(),
  labels: labelsSchema.default({}),
});
export type FileSource = z.infer<typeof fileSourceSchema>;

const onceEach = <T extends { readonly name: string }>(sources: readonly T[], context: z.core.$RefinementCtx): void => {
  const seen = new Set<string>();
  for (const [at, { name }] of sources.entries()) {
    if (seen.has(name)) context.addIssue({ code: 'custom', path: [at, 'name'], message: `there are two sources "${name}"` });
    seen.add(name);
  }
};

/** Ports at which the exporters of the profiles listen where nobody moved them; 80 is that of energy devices. */
const usualPorts = [9100, 9182, 9187, 9121, 9113, 8080, 80];

export const discoverySchema = z.strictObject({
  dns: z
    .array(dnsSourceSchema)
    .max(50)
    .superRefine(onceEach)
    .default([])
    .describe(
      'DNS names whose records are targets: `name` (what people call the source), `names`, `type` (SRV, A or AAAA; default SRV), `port` (of A and AAAA), `profile`, `scheme`, `metricsPath`, `labels`, `refresh` (`ttl`, or a duration; default ttl for A and AAAA, 30s for SRV), `server` (default: those of this machine).',
    ),
  files: z
    .array(fileSourceSchema)
    .max(50)
    .superRefine(onceEach)
    .default([])
    .describe(
      "Files of targets in the format of Prometheus's file_sd: `name`, `paths` (with `*` in the last part of each), `profile` (of groups without a label `profile`), `labels` (of all of them).",
    ),
  ports: z
    .array(z.number().int().min(1).max(65_535))
    .min(1)
    .max(20)
    .default(usualPorts)
    .describe('The ports that a search of the network asks for /metrics. Nothing is searched before a person says so.'),
});
export type DiscoveryConfig = z.infer<typeof discoverySchema>;

/** Without the section nobody is named, and a search asks the usual ports. */
export const noDiscovery: DiscoveryConfig = { dns: [], files: [], ports: usualPorts };

/** Answers of the API. Times are Unix milliseconds; null is "not yet". */
export const discoverySourceSchema = z.object({
  kind: z.enum(['dns', 'file']),
  name: z.string(),
  state: stateSchema,
  /** What is wrong, with the place; empty when all is well. */
  reason: z.string(),
  lookedMs: z.number().nullable(),
  /** How many of its targets are in the inventory. */
  targets: z.number(),
  /** Named by it, but watched already for somebody else. */
  skipped: z.number(),
  places: z.array(z.object({ place: z.string(), targets: z.number().nullable(), problem: z.string() })),
});
export type DiscoverySource = z.infer<typeof discoverySourceSchema>;

export const searchInputSchema = z.strictObject({ network: z.string().trim().min(1).max(64).optional() });

export const searchSchema = z.object({
  id: z.number(),
  /** The network that was named; null for the neighbours of this machine. */
  network: z.string().nullable(),
  state: z.enum(['running', 'done', 'cancelled']),
  by: z.string(),
  startedMs: z.number(),
  endedMs: z.number().nullable(),
  addresses: z.number(),
  /** Connections tried, of `total`. */
  tried: z.number(),
  total: z.number(),
  /** How many answered with metrics. */
  answered: z.number(),
});
export type Search = z.infer<typeof searchSchema>;

/** Something that could be watched and is not. */
export const suggestionSchema = z.object({
  /** HOST:PORT. */
  address: z.string(),
  profile: z.string(),
  /** What it calls itself, or made of profile and address. */
  name: z.string(),
  /** Why this profile: so many of its samples begin so. */
  begins: z.string(),
  matching: z.number(),
  samples: z.number(),
});
export type Suggestion = z.infer<typeof suggestionSchema>;

export const foundSchema = z.object({
  search: searchSchema.nullable(),
  suggestions: z.array(suggestionSchema),
  /** How many were dismissed, and are not suggested again. */
  dismissed: z.number(),
  /** Networks that this machine is in and that are small enough to be searched. */
  networks: z.array(z.string()),
});
export type Found = z.infer<typeof foundSchema>;

export const suggestionKeySchema = z.strictObject({ address: z.string().min(1).max(300), profile: z.string().min(1).max(64) });
export type SuggestionKey = z.infer<typeof suggestionKeySchema>;

export const foundAddressSchema = suggestionKeySchema.pick({ address: true });
