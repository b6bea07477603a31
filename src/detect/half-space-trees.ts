/**
 * The detector `half-space-trees`: where few rows of the last window fell, a row is odd. Streaming Half-Space-Trees
 * (Tan, Ting, Liu, IJCAI 2011) on features in robust scales; the trees are made from the seed alone, before any row is seen.
 */
import type { FeatureSpec } from './contract.ts';
import type { DetectorOptions } from './options.ts';
import { createRandom } from './random.ts';
import { exceedance } from './scaler.ts';
import { part } from './streaming/evidence.ts';
import { counts } from './streaming/fields.ts';
import { RobustLevels } from './streaming/robust-levels.ts';
import { streamingKind } from './streaming/streaming-detector.ts';
import type { Method } from './streaming/streaming-detector.ts';

/** As in the paper 25 trees; less deep than its 15, so that a model stays small. */
const treeCount = 25;
const depth = 7;
const leaves = 2 ** depth;
/** The trees' space reaches so many scales to either side; beyond it they tell nothing apart, and distance counts instead. */
const scalesInSpace = 4;
/** A node with at most this share of the window is not divided further. */
const smallShare = 0.1;
/** Density below which all is equally empty, as a share of that of the whole space. */
const emptyDensity = 0.02;
/** The first window is short, so that there is an opinion soon; each is twice as long as the last, up to three hours. */
const firstWindow = 64;
const longestWindowMs = 3 * 3_600_000;
const longestWindowRows = 2048;

/** Perfect binary trees, node 1 the root, children of n at 2n and 2n + 1; one block of `leaves` entries per tree. */
interface HalfSpaces {
  readonly feature: Uint16Array;
  readonly cut: Float64Array;
}

function growTrees(width: number, seed: number): HalfSpaces {
  const random = createRandom(seed);
  const feature = new Uint16Array(treeCount * leaves);
  const cut = new Float64Array(treeCount * leaves);
  for (let tree = 0; tree < treeCount; tree++) {
    // The paper's work space: a random point of each axis is the middle, and [0, 1] is covered.
    const low = new Float64Array(width);
    const high = new Float64Array(width);
    for (let axis = 0; axis < width; axis++) {
      const middle = random.uniform();
      const reach = 2 * Math.max(middle, 1 - middle);
      low[axis] = middle - reach;
      high[axis] = middle + reach;
    }
    const divide = (node: number): void => {
      if (node >= leaves) return;
      const axis = random.below(width);
      const [from, to] = [low[axis] as number, high[axis] as number];
      const middle = (from + to) / 2;
      feature[tree * leaves + node] = axis;
      cut[tree * leaves + node] = middle;
      high[axis] = middle;
      divide(2 * node);
      high[axis] = to;
      low[axis] = middle;
      divide(2 * node + 1);
      low[axis] = from;
    };
    divide(1);
  }
  return { feature, cut };
}

function createMethod(features: readonly FeatureSpec[], { stepMs, seed }: DetectorOptions): Method {
  const width = features.length;
  const trees = growTrees(width, seed);
  const levels = new RobustLevels(features, stepMs);
  const longestWindow = Math.max(firstWindow, Math.min(longestWindowRows, Math.round(longestWindowMs / stepMs)));
  const reference = new Float64Array(treeCount * leaves);
  const latest = new Float64Array(treeCount * leaves);
  /** Length of the reference window (0: none yet), rows in the latest, its length when full. */
  const windows = Float64Array.of(0, 0, firstWindow);
  const point = new Float64Array(width);
  const beyond = new Float64Array(width);
  const visited = new Float64Array(depth + 1);

  /** Fills `point` with the row in the unit cube and `beyond` with how far each feature is outside of it. */
  const place = (row: Float64Array): void => {
    for (const [index, { direction }] of features.entries()) {
      const scaled = levels.scaled(index, levels.deviation(index, row[index] as number));
      // Missing and harmless are both as the centre.
      const matters = exceedance(scaled, direction) > 0 ? scaled : 0;
      point[index] = 0.5 + Math.max(-0.5, Math.min(0.5, matters / (2 * scalesInSpace)));
      beyond[index] = Math.max(0, Math.abs(matters) / scalesInSpace - 1);
    }
  };

  /** The leaf in which `point` falls, as the number of its node. */
  const leafOf = (tree: number): number => {
    let node = 1;
    while (node < leaves) {
      const at = tree * leaves + node;
      node = 2 * node + ((point[trees.feature[at] as number] as number) < (trees.cut[at] as number) ? 0 : 1);
    }
    return node;
  };

  /** Rows of the reference window in the node that lies `up` levels above a leaf. */
  const massAbove = (tree: number, leaf: number, up: number): number => {
    const first = ((leaf >> up) << up) - leaves;
    let mass = 0;
    for (let at = first; at < first + 2 ** up; at++) mass += reference[tree * leaves + at] as number;
    return mass;
  };

  /** Rarity of `point` in one tree; adds to `parts` what each cut did to it. */
  const rarity = (tree: number, window: number, parts: Float64Array): number => {
    const leaf = leafOf(tree);
    let level = 0;
    visited[0] = massAbove(tree, leaf, depth);
    while (level < depth && (visited[level] as number) > smallShare * window) {
      const parent = visited[level] as number;
      level++;
      const mass = massAbove(tree, leaf, depth - level);
      visited[level] = mass;
      const axis = trees.feature[tree * leaves + (leaf >> (depth - level + 1))] as number;
      const emptier = Math.log((parent / 2 + emptyDensity * window) / (mass + emptyDensity * window));
      parts[axis] = (parts[axis] as number) + Math.max(0, emptier) / treeCount;
    }
    const density = ((visited[level] as number) * 2 ** level) / window;
    return Math.log1p(1 / (density + emptyDensity));
  };

  const restart = (): void => {
    windows.set([0, 0, firstWindow]);
    latest.fill(0);
    reference.fill(0);
  };

  return {
    weigh: (row, _tick, { parts, exceedances }) => {
      const window = windows[0] as number;
      if (window === 0) return null;
      place(row);
      let sum = 0;
      for (let tree = 0; tree < treeCount; tree++) sum += rarity(tree, window, parts);
      let furthest = 0;
      for (const [index, feature] of features.entries()) {
        const outside = part(beyond[index] as number);
        furthest = Math.max(furthest, outside);
        parts[index] = (parts[index] as number) + outside;
        exceedances[index] = exceedance(levels.deviation(index, row[index] as number), feature.direction);
      }
      return sum / treeCount + furthest;
    },
    learn: (row, { elapsedMs }) => {
      let accepted = false;
      for (const [index, value] of row.entries()) {
        if (!Number.isNaN(value) && levels.learn(index, value, elapsedMs)) accepted = true;
      }
      // Another centre is another space: what was counted lies in the wrong places.
      if (accepted) restart();
      place(row);
      for (let tree = 0; tree < treeCount; tree++) {
        const at = tree * leaves + leafOf(tree) - leaves;
        latest[at] = (latest[at] as number) + 1;
      }
      const [, rows, window] = windows as unknown as [number, number, number];
      windows[1] = rows + 1;
      if (rows + 1 < window) return;
      reference.set(latest);
      latest.fill(0);
      windows.set([window, 0, Math.min(2 * window, longestWindow)]);
    },
    expected: (index) => levels.expected(index),
    fields: [
      ...levels.fields('level'),
      counts('reference masses', reference, longestWindow),
      counts('latest masses', latest, longestWindow),
      counts('windows', windows, longestWindow),
    ],
  };
}

export const halfSpaceTrees = streamingKind({ slug: 'half-space-trees', create: createMethod });
