import type { Profile } from '../model/profile.ts';
import { sortedFeatures } from './reader.ts';
import type { TrainingRows } from './training.ts';

/** Own steps before peers can help: fewer do not tell an entity's own level. */
export const leastOwnSteps = 8;
/** Peers asked, and rows taken of all of them together: few enough that an entity's own first rows count among them. */
export const mostPeers = 5;
const mostRows = 240;

/**
 * Rows for an entity that is too young to be learned by itself: how its peers move around their own levels, moved to its level,
 * as if it had been before its first step; then its own rows. `order` is for detectors to which the order matters: the rows of
 * one peer, in theirs. @param own at least one row; @param peers at least one that has rows
 * @returns the rows, and how many of the peers are in them
 */
export function pooledRows(
  profile: Profile,
  own: TrainingRows,
  peers: readonly TrainingRows[],
  { stepMs, order }: { stepMs: number; order: boolean },
): { training: TrainingRows; pooled: number } {
  const width = profile.features.length;
  const features = sortedFeatures(profile);
  const level = medians(own, width);
  const used = order ? peers.toSorted((a, b) => b.times.length - a.times.length).slice(0, 1) : peers;
  const each = Math.floor(mostRows / used.length);
  const moved: number[] = [];
  for (const peer of used) {
    const count = peer.times.length;
    const taken = Math.min(each, count);
    const theirs = medians(peer, width);
    for (let nth = 0; nth < taken; nth++) {
      // The newest ones where the order matters, else spread over all of them.
      const row = order ? count - taken + nth : Math.floor((nth * count) / taken);
      for (const [column, { lowest, highest = Number.POSITIVE_INFINITY }] of features.entries()) {
        const value = (peer.rows[row * width + column] as number) - (theirs[column] as number) + (level[column] as number);
        moved.push(Math.min(highest, Math.max(lowest, value)));
      }
    }
  }
  const count = moved.length / width;
  const firstMs = own.times[0] ?? 0;
  const before = Array.from({ length: count }, (_, nth) => firstMs - (count - nth) * stepMs);
  return {
    training: { rows: Float64Array.from([...moved, ...own.rows]), times: Float64Array.from([...before, ...own.times]) },
    pooled: used.length,
  };
}

/** Per column, of what is there; NaN where nothing is. */
function medians({ rows, times }: TrainingRows, width: number): number[] {
  return Array.from({ length: width }, (_, column) => {
    const values = Array.from(times, (_time, row) => rows[row * width + column] as number).filter((value) => !Number.isNaN(value));
    values.sort((a, b) => a - b);
    return values[values.length >> 1] ?? Number.NaN;
  });
}
