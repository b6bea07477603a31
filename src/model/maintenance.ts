import { z } from 'zod';
import { minuteText } from './time.ts';

/**
 * A time of work on entities of one profile: nothing is learned of it, and nobody is messaged about them. `id` is that of its
 * first mark.
 */
export const maintenanceSchema = z.object({
  id: z.number(),
  profile: z.string(),
  /** Empty for all of the profile, also for what comes later. */
  entities: z.array(z.object({ entity: z.string(), name: z.string() })),
  fromMs: z.number(),
  /** Null until somebody ends it. */
  toMs: z.number().nullable(),
  state: z.enum(['coming', 'running', 'past']),
  text: z.string(),
  by: z.string(),
});
export type Maintenance = z.infer<typeof maintenanceSchema>;

/** Of what, and from when to when. */
export function windowInWords({ profile, entities, fromMs, toMs }: Maintenance): string {
  const who = entities.length === 0 ? `all of ${profile}` : entities.map(({ entity }) => entity).join(', ');
  return `${who}, from ${minuteText(fromMs)} ${toMs === null ? 'until it is ended' : `to ${minuteText(toMs)}`}`;
}

/** Those that run and come, the next to begin first, then the newest of those that are over. */
export const maintenanceListSchema = z.object({ windows: z.array(maintenanceSchema) });

const time = z.number().int().min(0).max(8.64e15);
/** Of what: of some entities, of the targets whose label `group` says so now, or, with neither, of all of the profile. */
export const maintenanceInputSchema = z
  .strictObject({
    profile: z.string().max(64),
    entities: z.array(z.string().min(1).max(200)).max(500).default([]),
    group: z.string().min(1).max(128).optional(),
    fromMs: time,
    toMs: time.nullable().default(null),
    text: z.string().trim().max(500).default(''),
  })
  .refine(({ fromMs, toMs }) => toMs === null || toMs > fromMs, { path: ['toMs'], message: 'it ends before it begins' })
  .refine(({ entities, group }) => entities.length === 0 || group === undefined, {
    path: ['group'],
    message: 'either a group or entities, not both',
  });
export type MaintenanceInput = z.output<typeof maintenanceInputSchema>;
