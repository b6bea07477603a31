import { z } from 'zod';

/**
 * What is drawn into charts beside the samples: when a score was at or above its threshold, incidents, silences, marked
 * times, when something began anew (a boot, a container), and from when to when another version took the place of one.
 */
export const annotationSchema = z.object({
  kind: z.enum(['anomaly', 'incident', 'silence', 'maintenance', 'fault', 'start', 'deployment']),
  fromMs: z.number(),
  /** Null while it goes on; the same as `fromMs` for a moment. */
  toMs: z.number().nullable(),
  text: z.string(),
  /** The number of an incident. */
  incident: z.number().nullable(),
});
export type Annotation = z.infer<typeof annotationSchema>;

export const annotationsSchema = z.object({ marks: z.array(annotationSchema) });
