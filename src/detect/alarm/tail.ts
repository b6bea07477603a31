import { quantile } from '../quantile.ts';

/**
 * The upper tail of a sample: a generalised Pareto distribution over what exceeds a level (peaks over threshold;
 * Pickands, 1975). Everything here moves and stretches with the numbers it is given.
 */
export interface Tail {
  /** The level that the excesses are counted from. */
  readonly level: number;
  /** Share of the sample above it. */
  readonly share: number;
  readonly scale: number;
  /** Above 0 heavy, 0 exponential, below 0 with an end. */
  readonly shape: number;
}

/** Fewer excesses than these say nothing about a tail. */
const leastExcesses = 5;
/** The shape counts as if this many excesses had been seen with the prior shape: few real ones cannot bend it far. */
const priorExcesses = 15;
const priorShape = 0.05;
const widestShape = 0.4;

/** Fits the tail above the (1 - share) quantile of ascending numbers. `null` where too few of them lie above it. */
export function fitTail(sorted: Float64Array, share: number): Tail | null {
  const level = quantile(sorted, 1 - share);
  const excesses = sorted.filter((value) => value > level).map((value) => value - level);
  return fitExcesses(level, excesses.length / sorted.length, excesses);
}

/**
 * Fits ascending positive excesses over a level by probability-weighted moments (Hosking and Wallis, 1987); the shape is
 * shrunk to nearly exponential and kept in [-0.4, 0.4]. `null` for fewer than 5 excesses.
 */
export function fitExcesses(level: number, share: number, excesses: Float64Array): Tail | null {
  if (excesses.length < leastExcesses) return null;
  const shape = shapeOf(excesses);
  // The mean of a generalised Pareto is scale / (1 - shape): with the shape given, the scale follows.
  return { level, share, scale: meanOf(excesses) * (1 - shape), shape };
}

/** The value that a share `probability` of all numbers exceeds; never below the tail's level. */
export function tailValue({ level, share, scale, shape }: Tail, probability: number): number {
  const ratio = Math.max(1, share / probability);
  return level + scale * (Math.abs(shape) < 1e-6 ? Math.log(ratio) : (ratio ** shape - 1) / shape);
}

/** The next larger number: a threshold there is one that the value itself does not reach. */
export const justAbove = (value: number): number => value + Math.max(Math.abs(value) * Number.EPSILON, Number.MIN_VALUE);

/** Shrunk shape of ascending excesses. */
function shapeOf(excesses: Float64Array): number {
  const count = excesses.length;
  const mean = meanOf(excesses);
  let weighted = 0;
  for (const [rank, excess] of excesses.entries()) weighted += (excess * (1 - (rank + 0.65) / count)) / count;
  const difference = mean - 2 * weighted;
  const found = difference > 1e-9 * mean ? 2 - mean / difference : -Infinity;
  const held = Math.min(2 * widestShape, Math.max(-2 * widestShape, found));
  const shrunk = (count * held + priorExcesses * priorShape) / (count + priorExcesses);
  return Math.min(widestShape, Math.max(-widestShape, shrunk));
}

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
