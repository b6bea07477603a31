import { z } from 'zod';
import { stateSchema } from './target.ts';

/** The profile of devices that measure their own consumption. */
export const ENERGY_PROFILE = 'energy-device';

/** Null is "no data". Energy is in kWh, since midnight where Vigía is. */
const energyDeviceSchema = z.object({
  id: z.string(),
  name: z.string(),
  address: z.string(),
  state: stateSchema,
  reason: z.string(),
  watts: z.number().nullable(),
  amperes: z.number().nullable(),
  kilowattHours: z.number().nullable(),
});
export type EnergyDevice = z.infer<typeof energyDeviceSchema>;

export const energySchema = z.object({
  /** Midnight. */
  sinceMs: z.number(),
  /** The page shows watts from `raised` on in amber, above `high` in red. */
  levels: z.object({ raised: z.number(), high: z.number() }).optional(),
  devices: z.array(energyDeviceSchema),
});
export type Energy = z.infer<typeof energySchema>;
