import { z } from 'zod';
import { unitSchema } from './profile.ts';

/** Answers that explain an incident: what else moved around its start, and which earlier ones looked like it. */

export const movedRowSchema = z.object({
  entity: z.string(),
  /** The entity's name as people call it. */
  name: z.string(),
  /** Null for a row that stands for a whole entity, most of whose series ended. */
  metric: z.string().nullable(),
  /** Labels that tell this series from the entity's others. */
  labels: z.record(z.string(), z.string()),
  /** The series as PromQL; a counter as its rate. */
  expr: z.string(),
  unit: unitSchema,
  kind: z.enum(['up', 'down', 'wider', 'narrower', 'appeared', 'vanished']),
  /** How far, in scales of what was usual before: 3 is hardly, 200 is all there is. */
  size: z.number(),
  /** Medians before and after; null where there was no sample. */
  before: z.number().nullable(),
  after: z.number().nullable(),
  movedMs: z.number(),
  /** Further series of this metric and entity that moved the same way. */
  alike: z.number(),
  /** The incident's feature that reads this metric, where one of weight does. */
  feature: z.string().nullable(),
  points: z.array(z.tuple([z.number(), z.number().nullable()])),
});
export type MovedRow = z.infer<typeof movedRowSchema>;

export const movedSchema = z.object({
  /** What was read: (fromMs, toMs], with the incident's start in it. */
  fromMs: z.number(),
  toMs: z.number(),
  startMs: z.number(),
  stepMs: z.number(),
  /** Nothing later can change the answer. */
  complete: z.boolean(),
  /** Furthest first. */
  rows: z.array(movedRowSchema),
  compared: z.object({ series: z.number(), entities: z.number() }),
  /** Series that moved, shown or not. */
  movedSeries: z.number(),
  /** What a bound left out: series and entities that were not compared. */
  left: z.object({ series: z.number(), entities: z.number() }),
  tookMs: z.number(),
});
export type Moved = z.infer<typeof movedSchema>;

export const similarIncidentSchema = z.object({
  id: z.number(),
  entity: z.string(),
  name: z.string(),
  title: z.string(),
  openedMs: z.number(),
  closedMs: z.number().nullable(),
  /** In [0, 1]: the same features, the same way, in the same proportions. */
  similarity: z.number(),
  /** The last note that somebody left on it. */
  note: z.object({ text: z.string(), by: z.string().nullable() }).nullable(),
});
export type SimilarIncident = z.infer<typeof similarIncidentSchema>;
