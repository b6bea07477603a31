import { z } from 'zod';
import type { State } from './target.ts';

/** How a target stands, the worst first: its state, or that it has no opinion yet (`learning`), or that nobody asks it (`off`). */
export const standingSchema = z.enum(['bad', 'unknown', 'learning', 'ok', 'off']);
export type Standing = z.infer<typeof standingSchema>;

/** What a standing is made of. */
export interface Stands {
  readonly enabled: boolean;
  readonly state: State;
  readonly learningUntilMs: number | null;
}

export function standingOf({ enabled, state, learningUntilMs }: Stands): Standing {
  if (!enabled) return 'off';
  return state === 'ok' && learningUntilMs !== null ? 'learning' : state;
}

/** All targets in a few figures, so that nobody has to read two thousand of them to know whether anything is wrong. */
export const fleetSummarySchema = z.object({
  /** Targets by how they stand. */
  counts: z.record(standingSchema, z.number()),
  /** When the last one that learns will have an opinion. */
  learningUntilMs: z.number().nullable(),
  /** What is abnormal, by its state or by an open incident: how many, the first three names, and since when. */
  wrong: z.object({ count: z.number(), names: z.array(z.string()), sinceMs: z.number().nullable() }),
});
export type FleetSummary = z.infer<typeof fleetSummarySchema>;
