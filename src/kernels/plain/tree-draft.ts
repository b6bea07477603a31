/** Grows one tree of a fleet's entity as records (see src/kernels/assembly/fleet.ts), number for number as the kernel does. */
import type { Random } from '../../detect/random.ts';

interface DraftOptions {
  readonly random: Random;
  readonly features: number;
  /** Levels of a reservoir row. */
  readonly padded: number;
  readonly sampleSize: number;
  readonly codes: Uint8Array;
}

export interface TreeDraft {
  /** The records of a new tree over all rows of the reservoir, at most so deep. */
  grow(reservoir: Uint16Array, depth: number): Uint32Array;
}

export function createTreeDraft({ random, features, padded, sampleSize, codes }: DraftOptions): TreeDraft {
  const order = new Uint32Array(sampleSize);
  const candidates = Uint8Array.from({ length: features }, (_, feature) => feature);
  const draft = new Uint32Array(512);
  const leafRecord = new Uint16Array(256);
  let reservoir: Uint16Array = new Uint16Array(0);
  let records = 0;
  let depthLimit = 0;
  let low = 0;
  let high = 0;

  function leaf(depth: number, rows: number): number {
    const code = codes[depth * 257 + rows] as number;
    let record = leafRecord[code] as number;
    if (record === 0) {
      record = records++;
      // 8 bits each, as in the kernel.
      leafRecord[code] = record & 255;
      draft[record] = (record << 24) | ((record & 255) << 16) | code;
    }
    return record;
  }

  function drawFeature(from: number, to: number): number {
    for (let left = features; left > 0; left--) {
      const pick = random.below(left);
      const feature = candidates[pick] as number;
      candidates[pick] = candidates[left - 1] as number;
      candidates[left - 1] = feature;
      low = 0xffff;
      high = 0;
      for (let i = from; i < to; i++) {
        const value = reservoir[(order[i] as number) * padded + feature] as number;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      if (low < high) return feature;
    }
    return -1;
  }

  function partition(from: number, to: number, feature: number, threshold: number): number {
    let front = from;
    let back = to;
    while (front < back) {
      const row = order[front] as number;
      if ((reservoir[row * padded + feature] as number) <= threshold) front++;
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
    if (feature < 0) return leaf(depth, to - from);
    const threshold = low + random.below(high - low);
    const middle = partition(from, to, feature, threshold);
    const record = records++;
    const left = grow(from, middle, depth + 1);
    const right = grow(middle, to, depth + 1);
    draft[record] = (right << 24) | (left << 16) | (threshold << 6) | feature;
    return record;
  }

  return {
    grow(rows, depth) {
      reservoir = rows;
      depthLimit = depth;
      for (let i = 0; i < sampleSize; i++) order[i] = i;
      leafRecord.fill(0);
      records = 0;
      grow(0, sampleSize, 0);
      return draft.slice(0, records);
    },
  };
}
