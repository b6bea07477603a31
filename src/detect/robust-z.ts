/** The detector `robust-z`: how far each feature is from its median of the last week, in robust scales. */
import type { FeatureSpec } from './contract.ts';
import { exceedance } from './scaler.ts';
import { part, rowFigure } from './streaming/evidence.ts';
import { excess, RobustLevels } from './streaming/robust-levels.ts';
import { streamingKind } from './streaming/streaming-detector.ts';

export const robustZ = streamingKind({
  slug: 'robust-z',
  create: (features: readonly FeatureSpec[], { stepMs }) => {
    const levels = new RobustLevels(features, stepMs);
    return {
      weigh: (row, _tick, { parts, exceedances }) => {
        for (const [index, feature] of features.entries()) {
          const deviation = levels.deviation(index, row[index] as number);
          if (Number.isNaN(deviation)) continue;
          parts[index] = part(excess(levels, feature, index, deviation));
          exceedances[index] = exceedance(deviation, feature.direction);
        }
        return rowFigure(parts);
      },
      learn: (row, { elapsedMs }) => {
        for (const [index, value] of row.entries()) if (!Number.isNaN(value)) levels.learn(index, value, elapsedMs);
      },
      expected: (index) => levels.expected(index),
      fields: levels.fields('level'),
    };
  },
});
