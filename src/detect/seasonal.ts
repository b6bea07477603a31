/**
 * The detector `seasonal`: how far each feature is from what it does at this time of this weekday, on the clocks of its time
 * zone. Until a time of day was seen once, it is compared with the feature's level of the last week instead.
 */
import type { FeatureSpec } from './contract.ts';
import type { DetectorOptions } from './options.ts';
import { bound, exceedance } from './scaler.ts';
import { part, rowFigure } from './streaming/evidence.ts';
import { createLocalClock } from './streaming/local-clock.ts';
import type { LocalSlot } from './streaming/local-clock.ts';
import { excess, leastShareOfScale, RobustLevels } from './streaming/robust-levels.ts';
import { streamingKind } from './streaming/streaming-detector.ts';
import type { Method } from './streaming/streaming-detector.ts';
import { WeekProfile } from './streaming/week-profile.ts';
import type { SlotExpectation } from './streaming/week-profile.ts';

/** A profile follows at most so many scales of residual at once, so an incident is not learned. */
const scalesFollowed = 8;

function createMethod(features: readonly FeatureSpec[], { stepMs, timeZone }: DetectorOptions): Method {
  const clock = createLocalClock(timeZone);
  const profile = new WeekProfile(features.length, stepMs);
  const residuals = new RobustLevels(features, stepMs);
  const levels = new RobustLevels(features, stepMs);

  /** The largest of the half hour's own variation, that of all residuals, and a share of the feature's. */
  const scaleOf = (index: number, expectation: SlotExpectation): number =>
    Math.max(expectation.scale, residuals.scale[index] as number, leastShareOfScale * (levels.scale[index] as number));

  const learn = (index: number, value: number, at: LocalSlot, elapsedMs: number): void => {
    levels.learn(index, value, elapsedMs);
    const expectation = profile.expect(index, at);
    if (expectation === null) {
      profile.learn(index, at, value);
      return;
    }
    const accepted = residuals.learn(index, value - expectation.mean, elapsedMs);
    // A level that has lasted is the level of every hour.
    if (accepted) profile.shift(index, residuals.recentre(index));
    const scale = scaleOf(index, expectation);
    const reach = scale > 0 ? scalesFollowed * scale : 2 * bound;
    profile.learn(index, at, accepted ? value : Math.max(expectation.mean - reach, Math.min(expectation.mean + reach, value)));
  };

  return {
    weigh: (row, { timeMs }, { parts, exceedances }) => {
      const at = clock(timeMs);
      for (const [index, feature] of features.entries()) {
        const value = row[index] as number;
        if (Number.isNaN(value)) continue;
        const expectation = profile.expect(index, at);
        const fromLevel = levels.deviation(index, value);
        const plain = excess(levels, feature, index, fromLevel);
        const known = expectation !== null && residuals.settled(index);
        const deviation = known ? residuals.deviation(index, value - expectation.mean) : fromLevel;
        const seasonal = known ? excess(residuals, feature, index, deviation, scaleOf(index, expectation)) : plain;
        // Days of another kind are no witness against what is ordinary for the week.
        parts[index] = part(known && expectation.borrowed ? Math.min(plain, seasonal) : seasonal);
        exceedances[index] = exceedance(deviation, feature.direction);
      }
      return rowFigure(parts);
    },
    learn: (row, { timeMs, elapsedMs }) => {
      const at = clock(timeMs);
      for (const [index, value] of row.entries()) if (!Number.isNaN(value)) learn(index, value, at, elapsedMs);
    },
    expected: (index, { timeMs }) => {
      const expectation = profile.expect(index, clock(timeMs));
      if (expectation === null || !residuals.settled(index)) return levels.expected(index);
      const centre = expectation.mean + (residuals.centre[index] as number);
      return levels.expected(index, centre, scaleOf(index, expectation));
    },
    fields: [...levels.fields('level'), ...residuals.fields('residual'), ...profile.fields()],
  };
}

export const seasonal = streamingKind({ slug: 'seasonal', create: createMethod });
