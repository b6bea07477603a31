/** The detector `flatline`: a feature that was alive and does not move any more, or that had values and has none. */
import type { FeatureSpec } from './contract.ts';
import type { DetectorOptions } from './options.ts';
import { bound } from './scaler.ts';
import { part, rowFigure } from './streaming/evidence.ts';
import { counts, numbers } from './streaming/fields.ts';
import type { Field } from './streaming/fields.ts';
import { RobustLevels } from './streaming/robust-levels.ts';
import { streamingKind } from './streaming/streaming-detector.ts';
import type { Method } from './streaming/streaming-detector.ts';

/** Moves that make a feature alive. */
const aliveMoves = 16;
/** Patience with a still feature: so many rows, or so many times its longest rest. */
const leastPatience = 20;
const restsOfPatience = 3;
/** After so long the silence is accepted as what the feature does. */
const acceptMs = 6 * 3_600_000;
const halfLifeMs = 7 * 86_400_000;
const largestRun = 2 ** 40;
/** The ordinary range of a feature in its robust scales. */
const scalesOfRange = 6;

/** How long each feature has rested, and its longest rest of the last weeks. */
class Rests {
  private readonly rows: Float64Array;
  private readonly ms: Float64Array;
  private readonly longest: Float64Array;
  private readonly decay: number;

  constructor(width: number, stepMs: number) {
    this.rows = new Float64Array(width);
    this.ms = new Float64Array(width);
    this.longest = new Float64Array(width);
    this.decay = 2 ** (-stepMs / halfLifeMs);
  }

  /** Rest in patiences beyond the first; 0 within patience. With `more` rows of rest than were learned. */
  overdue(index: number, more: number): number {
    return Math.max(0, ((this.rows[index] as number) + more) / this.patience(index) - 1);
  }

  /** @returns true when the rest has lasted for so long that it is accepted. */
  learn(index: number, rests: boolean, elapsedMs: number): boolean {
    const rows = this.rows[index] as number;
    const longest = this.decay * (this.longest[index] as number);
    if (!rests) {
      // A rest that was out of the ordinary teaches no more than an ordinary patience.
      this.longest[index] = Math.max(longest, Math.min(rows, this.patience(index)));
      this.rows[index] = 0;
      this.ms[index] = 0;
      return false;
    }
    this.longest[index] = longest;
    this.rows[index] = Math.min(largestRun, rows + 1);
    this.ms[index] = Math.min(acceptMs, (this.ms[index] as number) + elapsedMs);
    return this.ms[index] === acceptMs;
  }

  fields(name: string): readonly Field[] {
    return [
      counts(`${name} rows`, this.rows, largestRun),
      numbers(`${name} time`, this.ms, 0, acceptMs),
      numbers(`${name} longest`, this.longest, 0, largestRun),
    ];
  }

  private patience(index: number): number {
    return Math.max(leastPatience, restsOfPatience * (this.longest[index] as number));
  }
}

function createMethod(features: readonly FeatureSpec[], { stepMs }: DetectorOptions): Method {
  const width = features.length;
  const still = new Rests(width, stepMs);
  const silent = new Rests(width, stepMs);
  // What the feature did while it was alive; without a floor, since the question is whether that was enough to matter.
  const levels = new RobustLevels(
    features.map((feature) => ({ ...feature, minimumChange: 0 })),
    stepMs,
  );
  const last = new Float64Array(width);
  const seen = new Float64Array(width);
  const moves = new Float64Array(width);

  const overdue = (index: number, value: number): number => {
    if (seen[index] === 0) return 0;
    if (Number.isNaN(value)) return silent.overdue(index, 1);
    return moves[index] === aliveMoves && value === last[index] ? still.overdue(index, 1) : 0;
  };

  const learnValue = (index: number, value: number, elapsedMs: number): void => {
    const moved = seen[index] === 1 && value !== last[index];
    if (moved) moves[index] = Math.min(aliveMoves, (moves[index] as number) + 1);
    if (still.learn(index, !moved, elapsedMs)) moves[index] = 0;
    if (still.overdue(index, 0) === 0) levels.learn(index, value, elapsedMs);
    last[index] = value;
    seen[index] = 1;
  };

  return {
    weigh: (row, _tick, { parts, exceedances }) => {
      for (const [index, value] of row.entries()) {
        const beyond = overdue(index, value);
        if (beyond === 0) continue;
        parts[index] = part(beyond);
        exceedances[index] = scalesOfRange * (levels.scale[index] as number);
      }
      return rowFigure(parts);
    },
    learn: (row, { elapsedMs }) => {
      for (const [index, value] of row.entries()) {
        const missing = Number.isNaN(value);
        if (!missing) learnValue(index, value, elapsedMs);
        if (silent.learn(index, missing, elapsedMs)) seen[index] = 0;
      }
    },
    expected: (index) => levels.expected(index),
    fields: [
      ...still.fields('still'),
      ...silent.fields('silent'),
      ...levels.fields('level'),
      numbers('last values', last, -bound, bound),
      counts('seen', seen, 1),
      counts('moves', moves, aliveMoves),
    ],
  };
}

export const flatline = streamingKind({ slug: 'flatline', create: createMethod, seesMissing: true });
