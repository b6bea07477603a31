import { z } from 'zod';

const cost = { series: z.number(), samples: z.number(), seconds: z.number() };

/** An adopted source: the pace at which it is read, and what that costs it per minute. */
export const sourceStateSchema = z.object({
  scrapeMs: z.number(),
  stepMs: z.number(),
  /** So many steps are read at once. */
  everySteps: z.number(),
  /** Why it is not read at every scrape, or why the cost is not known; empty otherwise. */
  reason: z.string(),
  budget: z.object({ series: z.number().nullable(), samples: z.number().nullable(), seconds: z.number().nullable() }).nullable(),
  /** Estimated, per minute at this pace. */
  profiles: z.array(z.object({ profile: z.string(), entities: z.number(), queries: z.number(), ...cost })),
  /** What reading used in the last minute. */
  used: z.object(cost),
  /** Queries that are held back right now. */
  waiting: z.number(),
});
export type SourceState = z.infer<typeof sourceStateSchema>;
