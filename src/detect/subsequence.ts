/**
 * The detector `subsequence`: the shape of the last 16 rows of each feature against the shapes of its past. The nearest past
 * shape is looked for among a bounded set of real ones, as the left matrix profile does (Yeh et al., ICDM 2016); shapes are
 * never averaged, because means of overlapping windows mean nothing (Keogh, Lin, 2005).
 */
import type { FeatureSpec } from './contract.ts';
import type { DetectorOptions } from './options.ts';
import { quantile } from './quantile.ts';
import { bound, exceedance } from './scaler.ts';
import { largestTamed, part, rowFigure, tamed } from './streaming/evidence.ts';
import { counts, numbers } from './streaming/fields.ts';
import { excess, resolution, RobustLevels } from './streaming/robust-levels.ts';
import { streamingKind } from './streaming/streaming-detector.ts';
import type { Method } from './streaming/streaming-detector.ts';

/** Rows of a shape, and shapes that are remembered of each feature. */
const length = 16;
const remembered = 64;
/** Shapes taken in per row, each in the place of the one that was nearest longest ago: every 7 or 8 rows, so that no period is met at some phases only. */
const pace = (5 - Math.sqrt(5)) / 20;
/** It counts after so many rows, when it no longer overlaps; after six hours, if it was odd: an incident is not learned at once. */
const rowsApart = length;
const oddMs = 6 * 3_600_000;
const oddScales = 4;
/** Odd shapes that may wait, so that a long incident does not crowd out what is ordinary. */
const mostWaiting = remembered / 4;
const scalesHarmless = 3;
/** Least scale of distances, in scales of the feature. */
const leastDistance = 0.1;
/** Missing values that are bridged by the last one; a longer gap begins the shape anew. */
const bridged = 4;
const largestRow = 2 ** 40;

/** Insertion: for 16 values several times as fast as the general sort. */
function sortInto(sorted: Float64Array, values: Float64Array): void {
  for (const [at, value] of values.entries()) {
    let place = at;
    while (place > 0 && (sorted[place - 1] as number) > value) {
      sorted[place] = sorted[place - 1] as number;
      place--;
    }
    sorted[place] = value;
  }
}

function createMethod(features: readonly FeatureSpec[], { stepMs }: DetectorOptions): Method {
  const width = features.length;
  const levels = new RobustLevels(features, stepMs);
  // How far from the nearest past shape each feature usually is: a number without unit, so without minimum change.
  const distances = new RobustLevels(
    features.map((feature) => ({ ...feature, direction: 'up', minimumChange: 0 })),
    stepMs,
  );
  /** The last `length` - 1 values, oldest first, and how many are there. */
  const past = new Float64Array(width * (length - 1));
  const filled = new Float64Array(width);
  const missed = new Float64Array(width);
  const shapes = new Float64Array(width * remembered * length);
  const countsFrom = new Float64Array(width * remembered).fill(largestRow);
  const lastNearest = new Float64Array(width * remembered);
  const rows = new Float64Array(1);
  const oddRows = Math.max(length, Math.round(oddMs / stepMs));
  const shape = new Float64Array(length);
  const sorted = new Float64Array(length);

  /** Fills `shape` with the window that ends in `value`: distances from its own median, in the feature's scales. */
  const shapeOf = (index: number, value: number): void => {
    const from = index * (length - 1);
    for (let at = 0; at < length - 1; at++) shape[at] = past[from + at] as number;
    shape[length - 1] = value;
    sortInto(sorted, shape);
    const middle = quantile(sorted, 0.5);
    for (let at = 0; at < length; at++) {
      const deviation = (shape[at] as number) - middle;
      shape[at] = tamed(levels.scaled(index, Math.abs(deviation) <= resolution * Math.abs(middle) ? 0 : deviation));
    }
  };

  /** The remembered shape nearest to `shape`; -1 when none counts yet. A harmless difference is bounded, or it would choose alone. */
  const nearestTo = (index: number, { direction }: FeatureSpec): number => {
    let nearest = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let place = index * remembered; place < (index + 1) * remembered; place++) {
      if ((countsFrom[place] as number) > (rows[0] as number)) continue;
      let squares = 0;
      for (let at = 0; at < length && squares < least; at++) {
        const difference = (shape[at] as number) - (shapes[place * length + at] as number);
        const counted = exceedance(difference, direction) > 0 ? difference : Math.min(scalesHarmless, Math.abs(difference));
        squares += counted * counted;
      }
      if (squares >= least) continue;
      least = squares;
      nearest = place;
    }
    return nearest;
  };

  /** Root mean square of what matters of the differences to a remembered shape, and the largest of them. */
  const differences = (place: number, feature: FeatureSpec): { distance: number; largest: number } => {
    let squares = 0;
    let largest = 0;
    for (let at = 0; at < length; at++) {
      const difference = exceedance((shape[at] as number) - (shapes[place * length + at] as number), feature.direction);
      squares += difference * difference;
      largest = Math.max(largest, difference);
    }
    return { distance: Math.sqrt(squares / length), largest };
  };

  const learnShape = (index: number, feature: FeatureSpec, value: number, elapsedMs: number): void => {
    shapeOf(index, value);
    const nearest = nearestTo(index, feature);
    let odd = false;
    if (nearest >= 0) {
      const { distance } = differences(nearest, feature);
      odd = distances.settled(index) && distances.scaled(index, distances.deviation(index, distance)) > oddScales;
      distances.learn(index, distance, elapsedMs);
      lastNearest[nearest] = rows[0] as number;
    }
    const row = rows[0] as number;
    if (Math.floor((row + 1) * pace) > Math.floor(row * pace)) remember(index, odd);
  };

  /** Puts `shape` in the place of the one that was used longest ago. */
  const remember = (index: number, odd: boolean): void => {
    let oldest = index * remembered;
    let waiting = 0;
    for (let place = oldest; place < (index + 1) * remembered; place++) {
      if ((countsFrom[place] as number) > (rows[0] as number) + rowsApart && countsFrom[place] !== largestRow) waiting++;
      if ((lastNearest[place] as number) < (lastNearest[oldest] as number)) oldest = place;
    }
    if (odd && waiting >= mostWaiting) return;
    shapes.set(shape, oldest * length);
    countsFrom[oldest] = Math.min(largestRow, (rows[0] as number) + (odd ? oddRows : rowsApart));
    lastNearest[oldest] = Math.min(largestRow, countsFrom[oldest] as number);
  };

  const append = (index: number, value: number): void => {
    const from = index * (length - 1);
    past.copyWithin(from, from + 1, from + length - 1);
    past[from + length - 2] = value;
    filled[index] = Math.min(length - 1, (filled[index] as number) + 1);
  };

  const bridge = (index: number, steps: number): void => {
    missed[index] = Math.min(bridged + 1, (missed[index] as number) + steps);
    if ((missed[index] as number) > bridged) filled[index] = 0;
    else for (let step = 0; step < steps; step++) append(index, past[(index + 1) * (length - 1) - 1] as number);
  };

  return {
    weigh: (row, _tick, { parts, exceedances }) => {
      let known = 0;
      for (const [index, feature] of features.entries()) {
        const value = row[index] as number;
        if (Number.isNaN(value) || filled[index] !== length - 1) continue;
        shapeOf(index, value);
        const nearest = nearestTo(index, feature);
        if (nearest < 0 || !distances.settled(index)) continue;
        known++;
        const { distance, largest } = differences(nearest, feature);
        parts[index] = part(
          Math.max(0, excess(distances, { ...feature, direction: 'up' }, index, distances.deviation(index, distance), leastDistance)),
        );
        exceedances[index] = largest * (levels.scale[index] as number);
      }
      return 2 * known < width ? null : rowFigure(parts);
    },
    learn: (row, { steps, elapsedMs }) => {
      const lost = Math.min(bridged + 1, Math.round(steps) - 1);
      for (const [index, feature] of features.entries()) {
        const value = row[index] as number;
        if (lost > 0) bridge(index, lost);
        if (Number.isNaN(value)) {
          bridge(index, 1);
          continue;
        }
        missed[index] = 0;
        levels.learn(index, value, elapsedMs);
        if (filled[index] === length - 1) learnShape(index, feature, value, elapsedMs);
        append(index, value);
      }
      rows[0] = Math.min(largestRow - 1, (rows[0] as number) + 1);
    },
    expected: (index) => levels.expected(index),
    fields: [
      ...levels.fields('level'),
      ...distances.fields('distance'),
      numbers('past', past, -bound, bound),
      counts('filled', filled, length - 1),
      counts('missed', missed, bridged + 1),
      numbers('shapes', shapes, -largestTamed, largestTamed),
      counts('shapes count from', countsFrom, largestRow),
      counts('shapes nearest', lastNearest, largestRow),
      counts('shape rows', rows, largestRow),
    ],
  };
}

export const subsequence = streamingKind({ slug: 'subsequence', create: createMethod });
