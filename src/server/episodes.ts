import type { Episode } from '../model/backtest.ts';
import type { Found } from './scoring.ts';

/** Findings no further apart than this are one episode. */
const gapMs = 600_000;

export interface Episodes {
  /** Findings of an entity in the order of their times; those of others may come in between. @returns how many episodes began, and when. */
  add(entity: string, times: Float64Array, found: readonly Found[]): number[];
  readonly count: number;
  /** Newest first. */
  latest(): Episode[];
}

/** Counts all, keeps the newest `keep`. */
export function createEpisodes(keep: number): Episodes {
  const last = new Map<string, { -readonly [K in keyof Episode]: Episode[K] }>();
  let kept: Episode[] = [];
  let count = 0;
  const newest = () => kept.toSorted((a, b) => b.fromMs - a.fromMs || (a.entity < b.entity ? -1 : 1)).slice(0, keep);
  return {
    add(entity, times, found) {
      const began: number[] = [];
      for (const { step, score, threshold, shares } of found) {
        const tsMs = times[step] as number;
        const feature = shares[0]?.feature ?? null;
        const open = last.get(entity);
        if (open === undefined || tsMs - open.toMs > gapMs) {
          const episode = { entity, fromMs: tsMs, toMs: tsMs, findings: 1, score, threshold, feature };
          last.set(entity, episode);
          kept.push(episode);
          count++;
          began.push(tsMs);
        } else {
          open.toMs = tsMs;
          open.findings++;
          if (score > open.score) Object.assign(open, { score, threshold, feature });
        }
      }
      if (kept.length > 4 * keep) kept = newest();
      return began;
    },
    get count() {
      return count;
    },
    latest: newest,
  };
}
