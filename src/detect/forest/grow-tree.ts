/** How one isolation tree grows over rows of numbers. What its nodes become is for a `TreeMaker` to say: arrays, or records. */
import type { Random } from '../random.ts';

/** Takes the nodes of a tree in preorder; what `leaf` and `open` answer are the numbers of children that `close` is told. */
export interface TreeMaker {
  leaf(depth: number, rows: number): number;
  open(feature: number, threshold: number): number;
  close(node: number, left: number, right: number): void;
}

interface GrowerOptions {
  readonly random: Random;
  readonly features: number;
  /** Values from one row to the next. */
  readonly stride: number;
  /** Numbers of rows; those that a tree sees stand in front, and are moved about while it grows. */
  readonly order: Uint32Array;
  /** A random threshold in [low, high): rows at most there go left, and both sides keep at least one. */
  readonly cut: (low: number, high: number) => number;
  readonly maker: TreeMaker;
}

export interface TreeGrower {
  /** Grows a tree over the first `count` rows of `order`, at most so deep. @returns its root. */
  grow(rows: Float32Array | Uint16Array, count: number, depthLimit: number): number;
}

export function createTreeGrower({ random, features, stride, order, cut, maker }: GrowerOptions): TreeGrower {
  const candidates = Uint8Array.from({ length: features }, (_, feature) => feature);
  let rows: Float32Array | Uint16Array = new Float32Array(0);
  let depthLimit = 0;
  let low = 0;
  let high = 0;

  /** A random feature that is not constant in order[from, to), its range left in low and high; -1 when all are. */
  function drawFeature(from: number, to: number): number {
    for (let left = features; left > 0; left--) {
      const pick = random.below(left);
      const feature = candidates[pick] as number;
      candidates[pick] = candidates[left - 1] as number;
      candidates[left - 1] = feature;
      low = Infinity;
      high = -Infinity;
      for (let i = from; i < to; i++) {
        const value = rows[(order[i] as number) * stride + feature] as number;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      if (low < high) return feature;
    }
    return -1;
  }

  /** Moves rows with x <= threshold to the front of order[from, to) and returns where the others begin. */
  function partition(from: number, to: number, feature: number, threshold: number): number {
    let front = from;
    let back = to;
    while (front < back) {
      const row = order[front] as number;
      if ((rows[row * stride + feature] as number) <= threshold) front++;
      else {
        back--;
        order[front] = order[back] as number;
        order[back] = row;
      }
    }
    return front;
  }

  function grow(from: number, to: number, depth: number): number {
    const feature = depth < depthLimit && to - from > 1 ? drawFeature(from, to) : -1;
    if (feature < 0) return maker.leaf(depth, to - from);
    const threshold = cut(low, high);
    const middle = partition(from, to, feature, threshold);
    const node = maker.open(feature, threshold);
    const left = grow(from, middle, depth + 1);
    const right = grow(middle, to, depth + 1);
    maker.close(node, left, right);
    return node;
  }

  return {
    grow(given, count, limit) {
      rows = given;
      depthLimit = limit;
      return grow(0, count, 0);
    },
  };
}
