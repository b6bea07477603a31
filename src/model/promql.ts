import { z } from 'zod';
import { pointsSchema } from './api.ts';

/** An answer to a query that a person wrote. */
export const explorationSchema = z.object({
  stepMs: z.number(),
  /** All that the query found; of them the first are in `series`. */
  total: z.number(),
  series: z.array(z.object({ labels: z.record(z.string(), z.string()), points: pointsSchema })),
});
export type Exploration = z.infer<typeof explorationSchema>;

/** Names that complete what was typed: the first of `total`. */
export const completionsSchema = z.object({ names: z.array(z.string()), total: z.number() });
export type Completions = z.infer<typeof completionsSchema>;
