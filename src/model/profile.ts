import { z } from 'zod';

/** Prometheus base units, and the few ratios the page shows as percent. */
export const unitSchema = z.enum(['ratio', 'bytes', 'bytes_per_second', 'seconds', 'per_second', 'count', 'watts', 'amperes', 'celsius']);
export type Unit = z.infer<typeof unitSchema>;

const slug = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'a slug: lower-case words joined by "-"');
const labelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'a label name: letters, digits and "_"');
const featureName = z.string().regex(/^[a-z][a-z0-9_]*$/, 'lower-case words joined by "_"');

/**
 * One number per entity and step, as PromQL. `$selector` becomes the profile's label matchers, `$rate` the rate window
 * (4 x the job's scrape interval) and `$by` the identity labels.
 */
export const featureSchema = z.strictObject({
  name: featureName,
  title: z.strictObject({ en: z.string(), es: z.string() }),
  expr: z.string().min(1),
  unit: unitSchema,
  direction: z.enum(['up', 'down', 'both']),
  /** In the feature's unit: a smaller deviation from normal is never called anomalous. */
  minimumChange: z.number().nonnegative(),
  /** Values that cannot be: what is expected never goes beyond them. */
  lowest: z.number().default(0),
  highest: z.number().optional(),
  /** For the eye alone: from `raised` on the page shows the value as raised, above `high` as high. */
  levels: z.strictObject({ raised: z.number(), high: z.number() }).optional(),
});
export type Feature = z.infer<typeof featureSchema>;

/** Services are databases, web servers, addresses that answer: no machine of their own, and seen by those who see hosts. */
export const kindSchema = z.enum(['host', 'container', 'device', 'service']);
export type Kind = z.infer<typeof kindSchema>;

/** An exporter that is asked about a target: which, at what path, with which of its modules, and what the target is to it. */
const throughSchema = z.strictObject({
  exporter: z.enum(['blackbox', 'snmp']),
  path: z.string().startsWith('/'),
  module: z.string().min(1),
  asks: z.enum(['url', 'address', 'host']),
});

export const profileSchema = z.strictObject({
  slug,
  version: z.number().int().positive(),
  kind: kindSchema,
  title: z.strictObject({ en: z.string(), es: z.string() }),
  /** Matchers that every series of this profile carries in Vigía's own Prometheus. */
  selector: z.string(),
  /** Labels that say which entity a series belongs to; only the value of the last may hold a "/". */
  identity: z.array(labelName).min(1).max(4),
  /** Those of the identity labels that all series carry, by which a question about one entity is narrowed; all unless given. */
  narrow: z.array(labelName).optional(),
  /** A series for each entity that had a real sample within `$step`; a step without one is missing, never scored. */
  presence: z.string().min(1),
  /** Beginnings of metric names: a target that answers with none of them has another exporter. */
  recognise: z.array(z.string().min(1)).default([]),
  /** Most samples of one scrape; a target that has more is refused whole. */
  sampleLimit: z.number().int().positive().default(5_000),
  /** Absent where targets answer for themselves. */
  through: throughSchema.optional(),
  features: z.array(featureSchema).min(1).max(64),
});
export type Profile = z.infer<typeof profileSchema>;
