/**
 * What the fast kernels do, as an argument: src/kernels makes them (WebAssembly, or plain TypeScript with the same answers), and
 * whoever is handed a `Kernels` needs to know no more than this. Values are 32-bit floats, scores are those of
 * `forest/forest.ts`: in (0, 1], high means isolated.
 */
import type { IsolationForest } from './forest/forest.ts';
import type { ForestOptions } from './forest/grow.ts';

/** Scores rows against one forest. */
export interface RowScorer {
  /** Score of one row of `featureCount` values. */
  scoreRow(row: Float32Array): number;
  /** Scores of many rows, row-major; written into `scores` when it is given. @throws RangeError when the lengths do not fit. */
  scoreRows(rows: Float32Array, scores?: Float64Array): Float64Array;
}

/** Rows that lie where the kernels can read them: fill `rows` (row-major, rowCount x featureCount), then grow forests on it. */
export interface Table {
  readonly rowCount: number;
  readonly featureCount: number;
  readonly rows: Float32Array;
  /** The forest that `growForest` grows, bit for bit. @throws RangeError for options that make none, and for a value that is not finite. */
  grow(options: ForestOptions): IsolationForest;
}

export interface FleetOptions extends ForestOptions {
  readonly entities: number;
  /** 1 to 63. */
  readonly features: number;
  /** One tree of every entity is grown anew in so many ticks. */
  readonly refreshTicks: number;
}

/**
 * Entities that each have a forest of their own, over the rows they had lately: values in 1023 levels between bounds that are set
 * when the entity begins. Each tick every entity brings a row.
 */
export interface Fleet {
  /** Memory of one entity: forest, quantiser and reservoir. */
  readonly bytesPerEntity: number;
  /** The rows of the next tick, entities x features, row-major; NaN is "missing", which is never odd. */
  readonly values: Float32Array;
  /** Begins an entity with its first rows (row-major): bounds, reservoir, forest. @throws RangeError for no rows. */
  begin(entity: number, rows: Float32Array): void;
  /** Begins an entity with what another one has: a forest at once, its own after `trees * refreshTicks` ticks. */
  beginLike(entity: number, other: number): void;
  /** Scores `values`, then learns them. One score per entity, NaN before it began; the array is filled anew by the next tick. */
  tick(): Float64Array;
}

export interface CohortOptions {
  readonly entities: number;
  /** Weight of the newest value in an entity's mean and deviation, in (0, 1). */
  readonly rate: number;
  /** Least deviation, in the features' own unit: below it nothing is told apart. */
  readonly leastDeviation: number;
}

/**
 * Entities that share one forest, grown on z-scores: each value is measured against the entity's own mean and mean absolute
 * deviation, in levels of 1/12 deviation up to 10 deviations. Entities lie in blocks of 128, feature by feature.
 */
export interface Cohort {
  /** Memory that one entity's state takes; the forest is shared, the row of a tick is not counted. */
  readonly bytesPerEntity: number;
  /** The values of the next tick; NaN is "missing". Entity e, feature f lies at `place(e, f)`. */
  readonly values: Float32Array;
  place(entity: number, feature: number): number;
  /** Begins an entity: what is normal for each feature. */
  begin(entity: number, means: Float32Array, deviations: Float32Array): void;
  /** Scores `values`, then learns them. One score per entity; the array is filled anew by the next tick. */
  tick(): Float32Array;
}

export interface Kernels {
  readonly kind: 'webassembly' | 'typescript';
  /** @throws RangeError for a shape that makes no table, or that does not fit into 4 GiB. */
  table(rowCount: number, featureCount: number): Table;
  /** Scores that equal `scoreRows`, bit for bit. */
  exact(forest: IsolationForest): RowScorer;
  /** Scores from values and thresholds in 8 bits: much faster, and ranking as well. NaN counts as the middle. */
  batch(forest: IsolationForest): RowScorer;
  fleet(options: FleetOptions): Fleet;
  /** @throws RangeError for a forest whose trees saw more than 256 rows. */
  cohort(forest: IsolationForest, options: CohortOptions): Cohort;
}
