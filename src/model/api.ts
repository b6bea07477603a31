import { z } from 'zod';
import { accountSchema, apiTokenSchema, auditSchema, emailSchema, passwordSchema, roleSchema, scopeSchema } from './account.ts';
import { alertSchema, incidentSchema, incidentSummarySchema, severitySchema } from './incident.ts';
import { similarIncidentSchema } from './explanation.ts';
import { fleetSummarySchema } from './fleet.ts';
import { markSchema } from './mark.ts';
import { unitSchema } from './profile.ts';
import { basisField, findingSchema, modelInfoSchema } from './score.ts';
import { stateSchema, targetSchema } from './target.ts';

/** Bodies and answers of the HTTP API, shared by server and page. All times are Unix milliseconds. */

export const problemSchema = z.object({ code: z.string(), message: z.string(), field: z.string().optional() });
export type Problem = z.infer<typeof problemSchema>;

export const sessionSchema = z.object({
  account: accountSchema.nullable(),
  /** No administrator exists yet: the page shows the first-run set-up. */
  setupNeeded: z.boolean(),
  /** The set-up asks for the code that `vigia up` printed: the page can be reached from other machines. */
  setupCodeNeeded: z.boolean(),
  version: z.string(),
});
export type Session = z.infer<typeof sessionSchema>;

export const setupInputSchema = z.strictObject({
  name: z.string().trim().min(1).max(64),
  email: emailSchema,
  password: passwordSchema,
  code: z.string().trim().max(64).optional(),
});
export const signInInputSchema = z.strictObject({ email: emailSchema, password: z.string().max(256) });
export const passwordInputSchema = z.strictObject({ current: z.string().max(256), password: passwordSchema });

export const tokenInputSchema = z.strictObject({
  name: z.string().trim().min(1).max(64),
  role: roleSchema,
  scope: scopeSchema,
  /** Null does not expire. */
  expiresMs: z.number().int().nullable().default(null),
});
/** The only time that the token itself is shown. */
export const tokenMadeSchema = z.object({ token: z.string(), info: apiTokenSchema });
export type TokenMade = z.infer<typeof tokenMadeSchema>;

export const auditPageSchema = z.object({ entries: z.array(auditSchema), total: z.number() });
export type AuditPage = z.infer<typeof auditPageSchema>;

/** What a part does: children go through all of them, an `open` circuit pauses; loops are `ready` or `degraded`. */
export const phases = ['stopped', 'starting', 'ready', 'degraded', 'backoff', 'open'] as const;
export type Phase = (typeof phases)[number];

/** A part of the house: Prometheus, Alertmanager, node_exporter, the reader, the store. */
export const partHealthSchema = z.object({
  part: z.string(),
  state: stateSchema,
  phase: z.enum(phases),
  reason: z.string(),
  sinceMs: z.number(),
});
export type PartHealth = z.infer<typeof partHealthSchema>;

export const healthSchema = z.object({ state: stateSchema, nowMs: z.number(), parts: z.array(partHealthSchema) });
export type Health = z.infer<typeof healthSchema>;

/** Points are `[Unix ms, value]`; `null` is "no sample". */
export const pointsSchema = z.array(z.tuple([z.number(), z.number().nullable()]));
export type Points = z.infer<typeof pointsSchema>;

export const targetOverviewSchema = targetSchema.extend({
  state: stateSchema,
  /** Why it is bad or unknown, in a sentence; empty when it is ok. */
  reason: z.string(),
  sinceMs: z.number().nullable(),
  score: z.number().nullable(),
  threshold: z.number().nullable(),
  learningUntilMs: z.number().nullable(),
  realtime: z.boolean(),
  firing: z.number(),
  /** Score over the last hour. */
  spark: pointsSchema,
  /** The open incident of one that is listed, where it has one. */
  incident: incidentSummarySchema.nullable().optional(),
});
export type TargetOverview = z.infer<typeof targetOverviewSchema>;

export const overviewSchema = z.object({
  nowMs: z.number(),
  /** The verdict of the first screen: is anything wrong. */
  state: stateSchema,
  /** Of everything watched, however much of it is listed below. */
  summary: fleetSummarySchema,
  /** The worst first: as many as were asked for. */
  targets: z.array(targetOverviewSchema),
  /** Open and unknown ones, newest first: as many as were asked for, at most 200 of each. */
  incidents: z.array(incidentSummarySchema),
  incidentsTotal: z.number(),
  parts: z.array(partHealthSchema),
});
export type Overview = z.infer<typeof overviewSchema>;

/** Part of what is watched, the worst first; `total` is how many match. */
export const targetPageSchema = z.object({ targets: z.array(targetOverviewSchema), total: z.number() });
export type TargetPage = z.infer<typeof targetPageSchema>;

/** P06. Null is "no data". Shares are ratios in [0, 1]. */
export const hostSummarySchema = z.object({
  cpuRatio: z.number().nullable(),
  memoryRatio: z.number().nullable(),
  diskRatio: z.number().nullable(),
  receiveBytesPerSecond: z.number().nullable(),
  transmitBytesPerSecond: z.number().nullable(),
});
export type HostSummary = z.infer<typeof hostSummarySchema>;

export const ruleSchema = z.object({
  name: z.string(),
  severity: severitySchema,
  state: z.enum(['firing', 'pending', 'inactive', 'unknown']),
  expr: z.string(),
  forMs: z.number(),
  description: z.string(),
});
export type Rule = z.infer<typeof ruleSchema>;

export const featureStateSchema = z.object({
  feature: z.string(),
  unit: unitSchema,
  value: z.number().nullable(),
  expectedLow: z.number().nullable(),
  expectedHigh: z.number().nullable(),
  share: z.number().nullable(),
});
export type FeatureState = z.infer<typeof featureStateSchema>;

export const hostSchema = z.object({
  target: targetOverviewSchema,
  summary: hostSummarySchema,
  features: z.array(featureStateSchema),
  alerts: z.array(alertSchema),
  rules: z.array(ruleSchema),
  incidents: z.array(incidentSummarySchema),
  model: modelInfoSchema.nullable(),
  /** From how many similar entities the model was learned, until it has enough of its own; null otherwise. */
  pooledFrom: z.number().nullable(),
  /** The maintenance that runs; null `toMs` until somebody ends it. */
  maintenance: z.object({ toMs: z.number().nullable(), text: z.string() }).nullable(),
  /** Models of this entity that were found damaged and set aside. */
  corruptModels: z.number(),
});
export type Host = z.infer<typeof hostSchema>;

/** One chart: series by legend, and where the panel draws one feature, what was expected of it over time. */
export const panelDataSchema = z.object({
  panel: z.string(),
  unit: unitSchema,
  series: z.array(z.object({ legend: z.string(), points: pointsSchema })),
  band: z.object({ low: pointsSchema, high: pointsSchema }).nullable(),
});
export type PanelData = z.infer<typeof panelDataSchema>;

export const targetTestSchema = z.object({
  ok: z.boolean(),
  /** Why it does not answer, or what it answered. */
  message: z.string(),
  samples: z.number(),
  durationMs: z.number(),
});
export type TargetTest = z.infer<typeof targetTestSchema>;

export const incidentPageSchema = z.object({ incidents: z.array(incidentSummarySchema), total: z.number() });
export type IncidentPage = z.infer<typeof incidentPageSchema>;
export const incidentDetailSchema = incidentSchema.extend({
  /** Earlier incidents that looked like it, the most alike first. */
  similar: z.array(similarIncidentSchema),
  /** What is known of its time: marked faults, maintenance, accepted levels. */
  marks: z.array(markSchema),
  /** An anomaly goes on, and nobody accepted its level yet. */
  canAccept: z.boolean(),
  /** When a level that lasts is accepted by itself. */
  acceptAfterMs: z.number(),
  /** What the threshold `budget` allows. */
  falseAlarmsPerWeek: z.number(),
});
export type IncidentDetail = z.infer<typeof incidentDetailSchema>;

export const realtimeInputSchema = z.strictObject({
  profile: z.string(),
  /** Without an entity the switch of the whole profile. `on: null` follows the profile again. */
  entity: z.string().optional(),
  on: z.boolean().nullable(),
});

export const aiStateSchema = z.object({
  /** The one that new models are made of, and all there are. */
  detector: z.string(),
  detectors: z.array(z.string()),
  /** What the threshold `budget` allows. */
  falseAlarmsPerWeek: z.number().optional(),
  profiles: z.array(
    z.object({
      profile: z.string(),
      title: z.object({ en: z.string(), es: z.string() }),
      realtime: z.boolean(),
      features: z.array(z.object({ name: z.string(), title: z.object({ en: z.string(), es: z.string() }), unit: unitSchema })),
      entities: z.array(
        z.object({
          entity: z.string(),
          name: z.string(),
          realtime: z.boolean(),
          score: z.number().nullable(),
          threshold: z.number().nullable(),
          basis: basisField,
          /** Threshold set by a person, where one was set. */
          thresholdOverride: z.number().nullable(),
          learningUntilMs: z.number().nullable(),
          model: modelInfoSchema.nullable(),
        }),
      ),
    }),
  ),
});
export type AiState = z.infer<typeof aiStateSchema>;

export const aiRangeInputSchema = z.strictObject({
  profile: z.string(),
  entity: z.string(),
  hours: z
    .number()
    .min(0.05)
    .max(24 * 90)
    .default(10),
});
/** P18. Labels are stretches of time that a person knows to be faulty. */
export const evaluationInputSchema = aiRangeInputSchema.extend({
  labels: z
    .array(z.strictObject({ fromMs: z.number(), toMs: z.number() }))
    .max(1000)
    .default([]),
});
export const collectedSchema = z.object({
  profile: z.string(),
  entity: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  steps: z.number(),
  missing: z.number(),
  features: z.array(
    z.object({ name: z.string(), unit: unitSchema, min: z.number().nullable(), median: z.number().nullable(), max: z.number().nullable() }),
  ),
});
export type Collected = z.infer<typeof collectedSchema>;

/** P18: with labels (marked incidents and injected faults) precision and recall; without, what can be said honestly. */
export const evaluationSchema = z.object({
  profile: z.string(),
  entity: z.string(),
  steps: z.number(),
  scored: z.number(),
  aboveThreshold: z.number(),
  perWeek: z.number(),
  labelledSteps: z.number(),
  precision: z.number().nullable(),
  recall: z.number().nullable(),
  note: z.string(),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

export const detectedSchema = z.object({ profile: z.string(), entity: z.string(), steps: z.number(), findings: z.array(findingSchema) });
export type Detected = z.infer<typeof detectedSchema>;

/** P21: the scores of the range and the threshold in force, so that the page counts at once for any threshold. */
export const scoreHistorySchema = z.object({ threshold: z.number().nullable(), points: pointsSchema });
export type ScoreHistory = z.infer<typeof scoreHistorySchema>;

export const thresholdInputSchema = z.strictObject({
  profile: z.string(),
  entity: z.string(),
  /** Null returns to the learned threshold. */
  threshold: z.number().min(0).max(1).nullable(),
});

export const findingPageSchema = z.object({ findings: z.array(findingSchema), total: z.number() });
export type FindingPage = z.infer<typeof findingPageSchema>;

/** What the event stream says: something changed, ask again. `entity` is absent for changes that concern everybody. */
export const liveEventSchema = z.object({
  kind: z.enum(['scores', 'alerts', 'incidents', 'targets', 'health', 'models', 'settings', 'kubernetes']),
  profile: z.string().optional(),
  entity: z.string().optional(),
  tsMs: z.number(),
});
export type LiveEvent = z.infer<typeof liveEventSchema>;
