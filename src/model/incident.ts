import { z } from 'zod';
import { kindSchema } from './profile.ts';
import { basisField, featureShareSchema } from './score.ts';

export const severitySchema = z.enum(['critical', 'warning', 'info']);
export type Severity = z.infer<typeof severitySchema>;

/** One alert as Alertmanager and Prometheus know it; `fingerprint` is Alertmanager's. */
export const alertSchema = z.object({
  fingerprint: z.string(),
  name: z.string(),
  severity: severitySchema,
  entity: z.string(),
  profile: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  startsMs: z.number(),
  /** Null while it fires. */
  endsMs: z.number().nullable(),
  /** `unknown`: the far side that would know does not answer. */
  state: z.enum(['firing', 'resolved', 'unknown']),
  silenced: z.boolean(),
});
export type Alert = z.infer<typeof alertSchema>;

export const incidentEventSchema = z.object({
  tsMs: z.number(),
  kind: z.enum(['opened', 'alert-firing', 'alert-resolved', 'score', 'silenced', 'unsilenced', 'note', 'unknown', 'accepted', 'closed']),
  text: z.string(),
  /** Who, for what a person did. */
  by: z.string().nullable(),
});
export type IncidentEvent = z.infer<typeof incidentEventSchema>;

/** Everything that is wrong with one entity between its first firing alert and its last resolved one. */
export const incidentSummarySchema = z.object({
  id: z.number(),
  entity: z.string(),
  profile: z.string(),
  kind: kindSchema,
  name: z.string(),
  severity: severitySchema,
  state: z.enum(['open', 'closed', 'unknown']),
  title: z.string(),
  openedMs: z.number(),
  closedMs: z.number().nullable(),
  /** The two or three features that carried the score when it opened (or at its peak), largest share first. */
  top: z.array(featureShareSchema),
});
export type IncidentSummary = z.infer<typeof incidentSummarySchema>;

export const incidentSchema = incidentSummarySchema.extend({
  peakScore: z.number().nullable(),
  threshold: z.number().nullable(),
  /** Why that threshold. */
  basis: basisField,
  /** All features at the peak, largest share first. */
  shares: z.array(featureShareSchema),
  alerts: z.array(alertSchema),
  timeline: z.array(incidentEventSchema),
});
export type Incident = z.infer<typeof incidentSchema>;

export const silenceSchema = z.object({
  id: z.string(),
  matchers: z.array(z.object({ name: z.string(), value: z.string(), isRegex: z.boolean(), isEqual: z.boolean() })),
  startsMs: z.number(),
  endsMs: z.number(),
  createdBy: z.string(),
  comment: z.string(),
});
export type Silence = z.infer<typeof silenceSchema>;
