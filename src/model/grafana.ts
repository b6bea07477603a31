import { z } from 'zod';

const uid = z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, "a dashboard's uid: letters, digits, - and _");

/** A panel of somebody's Grafana in the place of one of the page's own. */
export const grafanaPanelSchema = z.strictObject({
  /** The profile and the panel of its dashboard here. */
  profile: z.string(),
  panel: z.string().regex(/^[a-z0-9-]{1,64}$/),
  dashboard: uid,
  id: z.number().int().min(1).max(1_000_000),
  /** The dashboard's variable that takes the name of a target. */
  variable: z
    .string()
    .regex(/^[A-Za-z0-9_]{1,40}$/)
    .default('target'),
});
export type GrafanaPanel = z.infer<typeof grafanaPanelSchema>;

/** Which panels Grafana has, and whether it answers; while it does not, the page's own stand in. */
export const grafanaStateSchema = z.object({ answers: z.boolean(), reason: z.string(), panels: z.array(grafanaPanelSchema) });
export type GrafanaState = z.infer<typeof grafanaStateSchema>;
