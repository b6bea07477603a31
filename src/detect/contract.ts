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
  /** True when `learn` goes on from what was learned and a score depends on the rows learned last; false when `learn` starts anew. */
  readonly streaming: boolean;
  /** Threshold learned from the rows for the configured contamination; `null` before learning. */
  readonly threshold: number | null;
  /**
   * Learns from rows in row-major order, shape rows x features; NaN is "missing". `times` are ms since the epoch, one per row,
   * ascending; left out, each row is one step later than the one before. A streaming detector passes over rows that are not
   * later than the last one it learned: duplicates and late samples change nothing.
   * @throws RangeError when the length is no multiple of the features, and, unless it streams, when too few usable rows remain.
   */
  learn(rows: Float64Array, times?: Float64Array): void;
  /**
   * Score of one row, or `null` before enough was learned, when too many features are missing, and for the newest row when it comes twice. Changes no state.
   * `timeMs` left out is one step after the last row learned.
   */
  score(row: Float64Array, timeMs?: number): number | null;
  /** Scores of many rows (row-major), each against what is learned now; NaN stands for `null`. `streamScores` learns between them. */
  scoreAll(rows: Float64Array, times?: Float64Array): Float64Array;
  /** Score, share and expected range of each feature; `null` where `score` is `null`. */
  explain(row: Float64Array, timeMs?: number): Explanation | null;
  /** Expected range of each feature after learning, in the order of `features`. */
  expected(timeMs?: number): readonly ExpectedRange[] | null;
  /** The whole model as one versioned buffer with magic, version, length and checksum. */
  save(): Uint8Array;
}
