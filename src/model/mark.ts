import { z } from 'zod';

/**
 * What is drawn into charts beside the samples: when a score was at or above its threshold, incidents, silences, and when
 * something began anew (a boot, a container of a new deployment).
 */
export const markSchema = z.object({
  kind: z.enum(['anomaly', 'incident', 'maintenance', 'start']),
  fromMs: z.number(),
  /** Null while it goes on; the same as `fromMs` for a moment. */
  toMs: z.number().nullable(),
  text: z.string(),
  /** The number of an incident. */
  incident: z.number().nullable(),
});
export type Mark = z.infer<typeof markSchema>;

export const marksSchema = z.object({ marks: z.array(markSchema) });
