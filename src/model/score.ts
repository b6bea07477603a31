import { z } from 'zod';

/** One feature of a scored step: its value, its share of the score, and what was expected, in the feature's unit. */
export const featureShareSchema = z.object({
  feature: z.string(),
  value: z.number().nullable(),
  share: z.number(),
  expectedLow: z.number(),
  expectedHigh: z.number(),
});
export type FeatureShare = z.infer<typeof featureShareSchema>;

/**
 * Why a threshold is what it is: `set` by a person; `detector`: learned with the model, while the configured kind has seen too
 * little; a kind of the configuration; `least`: below it every score is ordinary; `accepted`: it stands above a level shift
 * that was accepted. docs/thresholds.md.
 */
export const thresholdBasisSchema = z.enum(['set', 'detector', 'fixed', 'quantile', 'extreme-value', 'budget', 'least', 'accepted']);
export type ThresholdBasis = z.infer<typeof thresholdBasisSchema>;
/** Absent where a Vigía did not write it down. */
export const basisField = thresholdBasisSchema.nullish();

/** The newest opinion about one entity under one profile. `score` is null while learning. */
export const boardRowSchema = z.object({
  profile: z.string(),
  entity: z.string(),
  job: z.string(),
  instance: z.string(),
  tsMs: z.number(),
  score: z.number().nullable(),
  threshold: z.number().nullable(),
  basis: basisField,
  modelVersion: z.number().nullable(),
  /** When the first model can be there, while learning. */
  learningUntilMs: z.number().nullable(),
  /** Filled for entities at or above threshold; all features, largest share first. */
  shares: z.array(featureShareSchema),
});
export type BoardRow = z.infer<typeof boardRowSchema>;

/** A scored step at or above threshold, kept under its own time. `late` when it was found after the fact (gap filling). */
export const findingSchema = z.object({
  id: z.number(),
  profile: z.string(),
  entity: z.string(),
  tsMs: z.number(),
  score: z.number(),
  threshold: z.number(),
  basis: basisField,
  shares: z.array(featureShareSchema),
  modelVersion: z.number(),
  late: z.boolean(),
});
export type Finding = z.infer<typeof findingSchema>;

export const modelInfoSchema = z.object({
  id: z.number(),
  profile: z.string(),
  entity: z.string(),
  version: z.number(),
  detector: z.string(),
  profileVersion: z.number(),
  createdMs: z.number(),
  trainedFromMs: z.number(),
  /** End of what was learned; it moves on with a detector that streams. */
  trainedToMs: z.number(),
  steps: z.number(),
  /** SHA-256 over times and rows of the training window; empty for models of Vigías that did not write it down. */
  dataSha256: z.string(),
  /** What the detector was made with. */
  options: z.record(z.string(), z.union([z.number(), z.string()])),
  bytes: z.number(),
  sha256: z.string(),
  state: z.enum(['active', 'retired', 'corrupt']),
  /** A person rolled back to it: it is not renewed until somebody trains. */
  pinned: z.boolean(),
});
export type ModelInfo = z.infer<typeof modelInfoSchema>;

/** From how many similar entities a young one's model was learned, beside its own few steps; null for one of its own. */
export function pooledFrom({ options }: Pick<ModelInfo, 'options'>): number | null {
  const { pooled } = options;
  return typeof pooled === 'number' ? pooled : null;
}
