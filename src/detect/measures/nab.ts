/**
 * The score of the Numenta Anomaly Benchmark (Lavin and Ahmad, ICMLA 2015; version 1.1): a finding early in a window earns
 * more than a late one, only the best in a window counts, a false one costs more the further it lies behind a window. 0 is a
 * detector that finds nothing, 100 a perfect one. One threshold holds for all files of a profile.
 */
import type { Run } from './events.ts';

export interface NabFile {
  /** One score in [0, 1] per row. */
  readonly scores: Float64Array;
  /** Labelled windows, inclusive, ascending, apart. */
  readonly windows: readonly Run[];
}

export interface NabWeights {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
}

/** NAB's three application profiles. */
export const nabProfiles = {
  standard: { truePositive: 1, falsePositive: 0.11, falseNegative: 1 },
  lowFp: { truePositive: 1, falsePositive: 0.22, falseNegative: 1 },
  lowFn: { truePositive: 1, falsePositive: 0.11, falseNegative: 2 },
} as const satisfies Record<string, NabWeights>;

export interface NabResult {
  readonly score: number;
  readonly threshold: number;
  /** All windows, and those with a finding at or above the threshold. */
  readonly windows: number;
  readonly found: number;
  /** Rows found outside of windows. */
  readonly falsePositives: number;
}

/** Rows at the start of a file that count for nothing: 15 per cent of it, at most 750. */
export const nabProbation = (rows: number): number => Math.min(Math.floor(0.15 * rows), 750);

/** Rows beyond the probation of all files, the highest score first. */
interface Sweep {
  readonly score: number;
  /** Relative worth in [-1, 1]. */
  readonly worth: number;
  /** Number of the window over all files, or -1. */
  readonly window: number;
}

/** Scores of all files under `weights`, at the best threshold there is or at the one given. NaN without any window. */
export function nabScore(files: readonly NabFile[], weights: NabWeights, threshold?: number): NabResult {
  const rows = sweepOf(files);
  const windows = files.reduce((sum, file) => sum + file.windows.length, 0);
  // A window that lies wholly in the probation cannot be missed.
  const best = new Map<number, number>();
  for (const { window } of rows) if (window >= 0) best.set(window, -weights.falseNegative);
  const nothing = -weights.falseNegative * best.size;
  let total = nothing;
  let found = 0;
  let falsePositives = 0;
  let chosen = { total, threshold: aboveAll, found, falsePositives };
  for (const [at, { score, worth, window }] of rows.entries()) {
    if (window < 0) {
      total += worth * weights.falsePositive;
      falsePositives++;
    } else {
      const [before, now] = [best.get(window) as number, worth * weights.truePositive];
      if (before === -weights.falseNegative) found++;
      if (now > before) {
        total += now - before;
        best.set(window, now);
      }
    }
    if (rows[at + 1]?.score === score) continue;
    if (threshold === undefined ? total > chosen.total : score >= threshold) {
      chosen = { total, threshold: score, found, falsePositives };
    }
  }
  return {
    score: (100 * (chosen.total - nothing)) / (windows * weights.truePositive - nothing),
    threshold: chosen.threshold,
    windows,
    found: chosen.found,
    falsePositives: chosen.falsePositives,
  };
}

/** A threshold that no score reaches. */
const aboveAll = 1.1;

function sweepOf(files: readonly NabFile[]): readonly Sweep[] {
  const rows: Sweep[] = [];
  let before = 0;
  for (const { scores, windows } of files) {
    const { worth, window } = worthOf(scores.length, windows);
    for (let row = nabProbation(scores.length); row < scores.length; row++) {
      const own = window[row] as number;
      rows.push({ score: scores[row] as number, worth: worth[row] as number, window: own < 0 ? -1 : own + before });
    }
    before += windows.length;
  }
  return rows.sort((a, b) => b.score - a.score);
}

/** NAB's scaled sigmoid of a position relative to a window's right end: 1 far before it, 0 at it, -1 far behind. */
const sigmoid = (position: number): number => (position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1);

/** What a finding is worth at each row, and in which window the row lies (-1: in none). */
function worthOf(rows: number, windows: readonly Run[]): { readonly worth: Float64Array; readonly window: Int32Array } {
  const worth = new Float64Array(rows).fill(-1);
  const window = new Int32Array(rows).fill(-1);
  for (const [number, [first, last]] of windows.entries()) {
    const length = last - first + 1;
    for (let row = first; row <= last; row++) {
      worth[row] = sigmoid(-(last - row + 1) / length) / sigmoid(-1);
      window[row] = number;
    }
    const next = windows[number + 1]?.[0] ?? rows;
    for (let row = last + 1; row < next; row++) worth[row] = sigmoid((row - last) / (length - 1));
  }
  return { worth, window };
}
