/**
 * The detector `peers`: the odd one out in a group. The features of the row are the members of the group, all with the same
 * quantity in the same unit; each is compared with the median of the row, and with how far from it it usually is.
 */
import type { FeatureSpec } from './contract.ts';
import { quantile } from './quantile.ts';
import { exceedance } from './scaler.ts';
import { part, rowFigure } from './streaming/evidence.ts';
import { excess, RobustLevels } from './streaming/robust-levels.ts';
import { streamingKind } from './streaming/streaming-detector.ts';
import type { Method } from './streaming/streaming-detector.ts';

/** With two members nobody can say which one is odd. */
const leastMembers = 3;
/**
 * The group's own restlessness counts as a scale at half its size: the median deviation of few members is rough, and calm
 * groups should be judged by what each member usually does.
 */
const spreadCounted = 0.5 / 0.6745;

/** The median of the values that are there; NaN when they are fewer than `leastMembers`. */
function groupMedian(row: Float64Array): number {
  const present = row.filter((value) => !Number.isNaN(value)).sort();
  return present.length < leastMembers ? Number.NaN : quantile(present, 0.5);
}

function createMethod(features: readonly FeatureSpec[], stepMs: number): Method {
  // Learned of each member: its distance from the group's median.
  const distances = new RobustLevels(features, stepMs);

  return {
    weigh: (row, _tick, { parts, exceedances }) => {
      const median = groupMedian(row);
      if (Number.isNaN(median)) return null;
      const deviations = row.map((value, index) => distances.deviation(index, value - median));
      // When the whole group is restless, a single member must do more to be odd.
      const spread = spreadCounted * groupMedian(deviations.map(Math.abs));
      for (const [index, feature] of features.entries()) {
        const deviation = deviations[index] as number;
        if (Number.isNaN(deviation)) continue;
        parts[index] = part(excess(distances, feature, index, deviation, spread));
        exceedances[index] = exceedance(deviation, feature.direction);
      }
      return rowFigure(parts);
    },
    learn: (row, { elapsedMs }) => {
      const median = groupMedian(row);
      if (Number.isNaN(median)) return;
      for (const [index, value] of row.entries()) if (!Number.isNaN(value)) distances.learn(index, value - median, elapsedMs);
    },
    expected: (index) => distances.expected(index),
    fields: distances.fields('distance'),
  };
}

export const peers = streamingKind({ slug: 'peers', create: (features, { stepMs }) => createMethod(features, stepMs) });
