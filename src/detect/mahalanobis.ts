/**
 * The detector `mahalanobis`: how far a row is from normal when what its features usually do together is taken into account
 * (Mahalanobis, 1936), with a covariance that is learned online, robustly and shrunk.
 */
import type { FeatureSpec } from './contract.ts';
import type { DetectorOptions } from './options.ts';
import { exceedance } from './scaler.ts';
import { part, rowFigure, scalesPlain, tamed } from './streaming/evidence.ts';
import { counts, numbers } from './streaming/fields.ts';
import { RobustLevels } from './streaming/robust-levels.ts';
import { streamingKind } from './streaming/streaming-detector.ts';
import type { Method } from './streaming/streaming-detector.ts';
import { factorize, inverse, solve } from './streaming/symmetric.ts';

/** A harmless move counts as at most this: its neighbours may need it to be explained. */
const scalesHarmless = 3;
const memoryMs = 3 * 86_400_000;
/** Rows after which an odd row teaches less, and rows left of the memory when a new relation was accepted. */
const trustedRows = 96;
const rowsAfterAcceptance = 32;
const acceptMs = 6 * 3_600_000;
/** Shrinkage: the share of the plain variances in the covariance once many rows are known, and a ridge for features that rest. */
const leastShrinkage = 0.05;
const ridge = 0.01;
const refreshRows = 64;
const largestEntry = scalesPlain ** 2;

function createMethod(features: readonly FeatureSpec[], { stepMs }: DetectorOptions): Method {
  const width = features.length;
  const levels = new RobustLevels(features, stepMs);
  const covariance = new Float64Array(width * width);
  const precision = new Float64Array(width * width);
  const variances = new Float64Array(width).fill(1);
  for (let index = 0; index < width; index++) precision[index * width + index] = 1;
  const rows = new Float64Array(2);
  const awayMs = new Float64Array(1);
  const memoryRows = Math.max(256, Math.round(memoryMs / stepMs));
  const z = new Float64Array(width);
  const y = new Float64Array(width);

  /** Fills `z` with the row in scales, and what is missing with what the rest says (the row's distance is then that of the rest). */
  const scale = (row: Float64Array): void => {
    const missing: number[] = [];
    for (const [index, { direction }] of features.entries()) {
      const scaled = levels.scaled(index, levels.deviation(index, row[index] as number));
      const absent = Number.isNaN(scaled);
      if (absent) missing.push(index);
      const harmless = exceedance(scaled, direction) === 0;
      z[index] = absent ? 0 : harmless ? Math.max(-scalesHarmless, Math.min(scalesHarmless, scaled)) : tamed(scaled);
    }
    if (missing.length === 0) return;
    const part = Float64Array.from(missing.flatMap((i) => missing.map((j) => precision[i * width + j] as number)));
    const guess = Float64Array.from(missing, (i) => -dot(i));
    factorize(part, missing.length);
    solve(part, missing.length, guess);
    for (const [at, index] of missing.entries()) z[index] = guess[at] as number;
  };

  /** Row `index` of the precision times `z`. */
  const dot = (index: number): number => {
    let sum = 0;
    for (let other = 0; other < width; other++) sum += (precision[index * width + other] as number) * (z[other] as number);
    return sum;
  };

  /** Squared Mahalanobis distance of `z`, over the number of features; `y` becomes precision times `z`. */
  const distance = (matters: (index: number) => boolean): number => {
    let sum = 0;
    for (let index = 0; index < width; index++) y[index] = dot(index);
    for (let index = 0; index < width; index++) if (matters(index)) sum += (y[index] as number) * (z[index] as number);
    return Math.max(0, sum) / width;
  };

  const learnRelations = (row: Float64Array, elapsedMs: number): void => {
    scale(row);
    const known = rows[0] as number;
    const odd = distance(() => true) / 2;
    const away = known >= trustedRows && odd > 2;
    awayMs[0] = Math.max(0, (awayMs[0] as number) + (away ? elapsedMs : -2 * elapsedMs));
    const accepted = awayMs[0] >= acceptMs;
    if (accepted) awayMs[0] = 0;
    const before = accepted ? rowsAfterAcceptance : known;
    rows[0] = Math.min(memoryRows, before + 1);
    const weight = Math.min(1, away && !accepted ? 1 / odd : 1) / rows[0];
    for (let i = 0; i < width; i++) {
      if (Number.isNaN(row[i])) continue;
      const zi = Math.max(-scalesPlain, Math.min(scalesPlain, z[i] as number));
      for (let j = 0; j <= i; j++) {
        if (Number.isNaN(row[j])) continue;
        const zj = Math.max(-scalesPlain, Math.min(scalesPlain, z[j] as number));
        const entry = covariance[i * width + j] as number;
        covariance[i * width + j] = entry + weight * (zi * zj - entry);
      }
    }
    const since = (rows[1] as number) + 1;
    const due = since >= Math.min(rows[0] / 16, Math.max(refreshRows, (width * width) / 64));
    rows[1] = due ? 0 : since;
    if (due) refresh();
  };

  const refresh = (): void => {
    let shrinkage = Math.max(leastShrinkage, width / ((rows[0] as number) + width));
    let inverted = inverse(shrunk(shrinkage), width);
    // Pairs with missing values can disagree with each other; more shrinkage always reconciles them.
    while (inverted === null && shrinkage < 1) {
      shrinkage = Math.min(1, 2 * shrinkage);
      inverted = inverse(shrunk(shrinkage), width);
    }
    if (inverted === null) return;
    for (const [at, entry] of inverted.entries()) precision[at] = Math.max(-1 / ridge, Math.min(1 / ridge, entry));
    for (let index = 0; index < width; index++) variances[index] = 1 / (precision[index * width + index] as number);
  };

  const shrunk = (shrinkage: number): Float64Array => {
    const out = new Float64Array(width * width);
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < i; j++) out[i * width + j] = (1 - shrinkage) * (covariance[i * width + j] as number);
      out[i * width + i] = (covariance[i * width + i] as number) + ridge;
    }
    return out;
  };

  return {
    weigh: (row, _tick, { parts, exceedances }) => {
      scale(row);
      const signed = (index: number, value: number) => exceedance(value, (features[index] as FeatureSpec).direction);
      const whole = distance((index) => signed(index, z[index] as number) > 0);
      for (let index = 0; index < width; index++) {
        // What is left of the feature when all the others have had their say, in units of what is usually left.
        const variance = variances[index] as number;
        const left = signed(index, (y[index] as number) * variance);
        parts[index] = part(left / Math.sqrt(variance));
        exceedances[index] = left * (levels.scale[index] as number);
      }
      return (rowFigure(parts) + part(Math.sqrt(whole))) / 2;
    },
    learn: (row, { elapsedMs }) => {
      for (const [index, value] of row.entries()) if (!Number.isNaN(value)) levels.learn(index, value, elapsedMs);
      learnRelations(row, elapsedMs);
    },
    expected: (index) => levels.expected(index),
    fields: [
      ...levels.fields('level'),
      numbers('covariance', covariance, -largestEntry, largestEntry),
      numbers('precision', precision, -1 / ridge, 1 / ridge),
      numbers('conditional variances', variances, ridge / 2, 2 * largestEntry),
      counts('relation rows', rows, memoryRows),
      numbers('relations away', awayMs, 0, acceptMs),
    ],
  };
}

export const mahalanobis = streamingKind({ slug: 'mahalanobis', create: createMethod });
