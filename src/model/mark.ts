import { z } from 'zod';

/** The entity of a mark that is about all of a profile, also about what comes later. */
export const wholeProfile = '';

/**
 * What is known of a stretch of one entity's time: a `fault` or `maintenance` is never learned; a level shift that was `accepted`
 * is, although it was called anomalous.
 */
export const markSchema = z.object({
  id: z.number(),
  profile: z.string(),
  /** Empty for all of the profile. */
  entity: z.string(),
  kind: z.enum(['fault', 'maintenance', 'accepted']),
  fromMs: z.number(),
  /** Null while it lasts; that of an incident ends with it. The times from `fromMs` on and before this belong to it. */
  toMs: z.number().nullable(),
  text: z.string(),
  by: z.string(),
  incidentId: z.number().nullable(),
  createdMs: z.number(),
});
export type Mark = z.infer<typeof markSchema>;

export const markListSchema = z.object({ marks: z.array(markSchema) });

const time = z.number().int().min(0).max(8.64e15);
export const markInputSchema = z
  .strictObject({
    profile: z.string().max(64),
    entity: z.string().min(1).max(200),
    kind: z.enum(['fault', 'maintenance']),
    fromMs: time,
    toMs: time.nullable().default(null),
    text: z.string().trim().max(500).default(''),
  })
  .refine(({ fromMs, toMs }) => toMs === null || toMs > fromMs, { path: ['toMs'], message: 'it ends before it begins' });
