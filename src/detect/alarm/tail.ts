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

/** A number that was seen, or of which only is known that it was not below that: an alarm's height says nothing about ordinary ones. */
export interface Seen {
  readonly value: number;
  readonly censored: boolean;
}

/** Fewer excesses than these, or fewer whose height is known, say nothing about a tail. */
const leastExcesses = 5;
const leastKnown = 3;
/** Shapes are tried in these steps; beforehand they are thought to be nearly exponential, give or take 0.2. */
const widestShape = 0.4;
const shapeStep = 0.05;
const priorShape = 0.05;
const priorSpread = 0.2;
/** Halvings of the interval that holds the scale. */
const halvings = 40;

/** Fits the tail above the (1 - share) quantile of ascending numbers. `null` where too few of them lie above it. */
export function fitTail(sorted: readonly Seen[], share: number): Tail | null {
  const level = quantile(
    Float64Array.from(sorted, ({ value }) => value),
    1 - share,
  );
  const above = sorted.filter(({ value }) => value > level);
  const excesses = above.map(({ value, censored }) => ({ value: value - level, censored }));
  return fitExcesses(level, above.length / sorted.length, excesses);
}

/**
 * Fits positive excesses over a level by maximum likelihood with a prior on the shape, which stays in [-0.4, 0.4].
 * `null` for fewer than 5 excesses or fewer than 3 that are not censored.
 */
export function fitExcesses(level: number, share: number, excesses: readonly Seen[]): Tail | null {
  const known = Float64Array.from(excesses.filter(({ censored }) => !censored).map(({ value }) => value));
  const capped = Float64Array.from(excesses.filter(({ censored }) => censored).map(({ value }) => value));
  if (excesses.length < leastExcesses || known.length < leastKnown) return null;
  let best = { scale: Number.NaN, shape: priorShape };
  let bestLikelihood = -Infinity;
  for (let shape = -widestShape; shape < widestShape + shapeStep / 2; shape += shapeStep) {
    const scale = scaleOf(known, capped, shape);
    const likelihood = likelihoodOf(known, capped, scale, shape) - ((shape - priorShape) / priorSpread) ** 2 / 2;
    if (!(likelihood > bestLikelihood)) continue;
    best = { scale, shape };
    bestLikelihood = likelihood;
  }
  return Number.isFinite(best.scale) ? { level, share, ...best } : null;
}

/** The value that a share `probability` of all numbers exceeds; never below the tail's level. */
export function tailValue({ level, share, scale, shape }: Tail, probability: number): number {
  const ratio = Math.max(1, share / probability);
  return level + scale * (Math.abs(shape) < 1e-6 ? Math.log(ratio) : (ratio ** shape - 1) / shape);
}

/** The next larger number: a threshold there is one that the value itself does not reach. */
export const justAbove = (value: number): number => value + Math.max(Math.abs(value) * Number.EPSILON, Number.MIN_VALUE);

/** The likeliest scale for a shape: where the derivative of the likelihood, which falls, is 0. */
function scaleOf(known: Float64Array, capped: Float64Array, shape: number): number {
  let highest = 0;
  let sum = 0;
  for (const values of [known, capped]) {
    for (const value of values) {
      highest = Math.max(highest, value);
      sum += value;
    }
  }
  let low = Math.max(0, -shape * highest);
  let high = low + (4 * sum) / known.length;
  for (let round = 0; round < halvings; round++) {
    const scale = (low + high) / 2;
    let slope = -known.length;
    for (const value of known) slope += ((1 + shape) * value) / (scale + shape * value);
    for (const value of capped) slope += value / (scale + shape * value);
    if (slope > 0) low = scale;
    else high = scale;
  }
  return high;
}

function likelihoodOf(known: Float64Array, capped: Float64Array, scale: number, shape: number): number {
  const flat = Math.abs(shape) < 1e-6;
  const survival = (value: number): number => (flat ? value / scale : Math.log1p((shape * value) / scale) / shape);
  let likelihood = -known.length * Math.log(scale);
  for (const value of known) likelihood -= (1 + shape) * survival(value);
  for (const value of capped) likelihood -= survival(value);
  return likelihood;
}
