/** A forest in 8 bits: what the SIMD kernel and the plain one both score with, so that both give the same answers. */
import { averagePath, type IsolationForest } from '../detect/forest/forest.ts';
import { appendTree } from './program.ts';

/** Values become floor((x - centre) * scale), computed in 32-bit floats and saturated to -128 ... 127. */
export interface Grid {
  readonly centre: Float32Array;
  readonly scale: Float32Array;
}

export interface QuantisedForest {
  readonly forest: IsolationForest;
  readonly grid: Grid;
  /** Per node: rows above this level go right. */
  readonly thresholds: Int8Array;
  /** Per leaf: its path length in 1/unit steps. */
  readonly leafCodes: Uint8Array;
  readonly unit: number;
  /** The score of a row from the sum of its leaf codes. */
  scoreOf(sum: number): number;
}

/** Levels between a feature's least and greatest threshold; one more on both sides tells what lies beyond. */
const levels = 252;
/** So steep that every difference there can be goes to the end of the scale. */
const steepest = 2 ** 100;

/** The level of a value; NaN is level 0. */
export function levelOf(value: number, centre: number, scale: number): number {
  // NaN passes through floor, min and max, and becomes 0 at last.
  return Math.max(-128, Math.min(127, Math.floor(Math.fround(Math.fround(value - centre) * scale)))) | 0;
}

/** The grid that spreads 8 bits over each feature's thresholds. */
function gridOf({ featureCount, feature, threshold }: IsolationForest): Grid {
  const low = new Float64Array(featureCount).fill(Infinity);
  const high = new Float64Array(featureCount).fill(-Infinity);
  for (const [node, index] of feature.entries()) {
    low[index] = Math.min(low[index] as number, threshold[node] as number);
    high[index] = Math.max(high[index] as number, threshold[node] as number);
  }
  const centre = Float32Array.from(low, (least, index) => (least === Infinity ? 0 : least + ((high[index] as number) - least) / 2));
  const scale = Float32Array.from(low, (least, index) => {
    if (least === Infinity) return 0;
    return Math.min(levels / ((high[index] as number) - least), steepest);
  });
  return { centre, scale };
}

export function quantise(forest: IsolationForest, grid: Grid = gridOf(forest)): QuantisedForest {
  const { centre, scale } = grid;
  const thresholds = Int8Array.from(forest.threshold, (value, node) => {
    const index = forest.feature[node] as number;
    return levelOf(value, centre[index] as number, scale[index] as number);
  });
  let longest = 1;
  for (const path of forest.leafPaths) longest = Math.max(longest, path);
  const unit = 255 / longest;
  const whole = unit * forest.roots.length * averagePath(forest.sampleSize);
  return {
    forest,
    grid,
    thresholds,
    leafCodes: Uint8Array.from(forest.leafPaths, (path) => Math.round(path * unit)),
    unit,
    scoreOf: (sum) => 2 ** (-sum / whole),
  };
}

/** Sums of leaf codes of so many trees fit into 16 bits. */
const treesPerProgram = 257;

interface Program {
  readonly trees: number;
  readonly bytes: Uint8Array;
}

/** Programs of at most 257 trees each; trees have at most 255 nodes. */
export function programsOf({ forest, thresholds, leafCodes }: QuantisedForest): readonly Program[] {
  const levels = {
    levelOf: (node: number) => thresholds[node] as number,
    codeOf: (leaf: number) => leafCodes[leaf] as number,
  };
  const trees = forest.roots.length;
  const programs: Program[] = [];
  for (let from = 0; from < trees; from += treesPerProgram) {
    const to = Math.min(trees, from + treesPerProgram);
    const bytes: number[] = [];
    for (let tree = from; tree < to; tree++) appendTree(forest, tree, levels, bytes);
    programs.push({ trees: to - from, bytes: Uint8Array.from(bytes) });
  }
  return programs;
}
