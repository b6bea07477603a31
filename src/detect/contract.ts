/**
 * The one contract of every detector: learn, score, explain, save, load.
 *
 * A detector is mathematics: vectors in, score in [0, 1] out. High means anomalous; `null` means "no opinion yet".
 * It does no I/O, reads no clock, and its only randomness is its seed.
 */

/** Which way a feature must move to matter: `up` (high is bad), `down` (low is bad), `both`. */
export type Direction = 'up' | 'down' | 'both';

/** One input of a detector. `minimumChange` is in the feature's own unit: a smaller deviation is never anomalous; 0 is off. */
export interface FeatureSpec {
  readonly name: string;
  readonly direction: Direction;
  readonly minimumChange: number;
}

/** What a feature normally does, in its own unit. */
export interface ExpectedRange {
  readonly low: number;
  readonly high: number;
}

/** Why a score is what it is: one entry per feature, in the order of `features`; shares are >= 0 and sum to 1. */
export interface Explanation {
  readonly score: number;
  readonly shares: Float64Array;
  readonly expected: readonly ExpectedRange[];
}

export interface Detector {
  /** The detector's slug: configuration value, label, file, doc page and bench row. */
  readonly slug: string;
  /** Sorted by name at creation, so that the order given changes nothing. Rows below follow this order. */
  readonly features: readonly FeatureSpec[];
  /** Threshold learned from the training rows for the configured contamination; `null` before learning. */
  readonly threshold: number | null;
  /**
   * Learns from rows in row-major order, shape rows x features; NaN is "missing".
   * @throws RangeError when the length is no multiple of the features or when too few usable rows remain.
   */
  learn(rows: Float64Array): void;
  /** Score of one row, or `null` before learning or when too many features are missing. Changes no state. */
  score(row: Float64Array): number | null;
  /** Scores of many rows (row-major); NaN stands for `null`. */
  scoreAll(rows: Float64Array): Float64Array;
  /** Score, share and expected range of each feature; `null` where `score` is `null`. */
  explain(row: Float64Array): Explanation | null;
  /** Expected range of each feature after learning, in the order of `features`. */
  expected(): readonly ExpectedRange[] | null;
  /** The whole model as one versioned buffer with magic, version, length and checksum. */
  save(): Uint8Array;
}
