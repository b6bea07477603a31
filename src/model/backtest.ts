import { z } from 'zod';
import { modelInfoSchema } from './score.ts';

/** Findings of one entity that follow each other closely: what a person would have heard of once. */
export const episodeSchema = z.object({
  entity: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  /** Steps at or above threshold. */
  findings: z.number(),
  /** The highest, and what it was compared with. */
  score: z.number(),
  threshold: z.number(),
  /** The feature with the largest share at the highest score. */
  feature: z.string().nullable(),
});
export type Episode = z.infer<typeof episodeSchema>;

export const backtestSettingSchema = z.strictObject({
  /** The configured one without it. */
  detector: z.string().max(64).optional(),
  /** Null takes the one that the detector learns. */
  threshold: z.number().min(0).max(1).nullable().default(null),
});
export type BacktestSetting = z.infer<typeof backtestSettingSchema>;

export const backtestInputSchema = z.strictObject({
  profile: z.string().max(64),
  /** All that are known without it. */
  entity: z.string().min(1).max(200).optional(),
  days: z.number().min(0.01).max(3650).default(30),
  /** One, or two side by side. */
  settings: z.array(backtestSettingSchema).min(1).max(2),
});
export type BacktestInput = z.infer<typeof backtestInputSchema>;

/** What one setting would have found. */
export const backtestSideSchema = z.object({
  detector: z.string(),
  threshold: z.number().nullable(),
  /** Entity-steps with a sample, and those that got a score. */
  steps: z.number(),
  scored: z.number(),
  findings: z.number(),
  episodes: z.number(),
  /** Seven days each, from the start on; the last one may be shorter. */
  weeks: z.array(z.object({ fromMs: z.number(), findings: z.number(), episodes: z.number() })),
  /** The newest ones, newest first. */
  latest: z.array(episodeSchema),
});
export type BacktestSide = z.infer<typeof backtestSideSchema>;

export const backtestSchema = z.object({
  id: z.number(),
  input: backtestInputSchema,
  state: z.enum(['running', 'done', 'cancelled', 'failed']),
  /** 0 to 1. */
  progress: z.number(),
  /** Why it failed; empty otherwise. */
  reason: z.string(),
  by: z.string(),
  startedMs: z.number(),
  endedMs: z.number().nullable(),
  fromMs: z.number(),
  toMs: z.number(),
  entities: z.number(),
  /** One per setting, once it is done. */
  sides: z.array(backtestSideSchema),
});
export type Backtest = z.infer<typeof backtestSchema>;

export const modelListSchema = z.object({ models: z.array(modelInfoSchema) });
export type ModelList = z.infer<typeof modelListSchema>;

export const rollBackInputSchema = z.strictObject({
  profile: z.string().max(64),
  entity: z.string().min(1).max(200),
  version: z.number().int().min(1),
});

/** Two versions on the same rows, each as it is saved. */
export const modelComparisonSchema = z.object({
  profile: z.string(),
  entity: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  steps: z.number(),
  /** Spearman's, of the scores; null where there is none. */
  correlation: z.number().nullable(),
  /** Steps that both found. */
  shared: z.number(),
  sides: z.array(
    z.object({
      version: z.number(),
      detector: z.string(),
      threshold: z.number().nullable(),
      scored: z.number(),
      findings: z.number(),
      episodes: z.array(episodeSchema),
    }),
  ),
});
export type ModelComparison = z.infer<typeof modelComparisonSchema>;
