import { type Cost, type Limits, resources, sum } from './cost.ts';

/** Holds queries back, in the order in which they were asked for, until the budget of a minute has room for them. */
export interface Bucket {
  /**
   * Resolves when the query may be sent; the function it answers is told the seconds that it took. One that costs more than a
   * whole minute waits for a full budget, and what it costs beyond that is waited for afterwards.
   * @throws Error once it is closed.
   */
  admit(cost: Cost): Promise<(seconds: number) => void>;
  /** What was used in the last minute. */
  used(): Cost;
  /** Queries held back right now. */
  readonly waiting: number;
  close(): void;
}

const minuteMs = 60_000;

export function createBucket(limits: Limits, clock: { nowMs(): number; sleep(ms: number, signal: AbortSignal): Promise<void> }): Bucket {
  const closing = new AbortController();
  const level = new Map(resources.flatMap((name) => (limits[name] === undefined ? [] : [[name, limits[name]]])));
  const history: { tsMs: number; cost: Cost }[] = [];
  let filledMs = clock.nowMs();
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const fill = (): void => {
    const nowMs = clock.nowMs();
    for (const [name, left] of level) {
      const limit = limits[name] as number;
      level.set(name, Math.min(limit, left + (limit * (nowMs - filledMs)) / minuteMs));
    }
    filledMs = nowMs;
    while (history[0] !== undefined && history[0].tsMs < nowMs - minuteMs) history.shift();
  };
  const take = (cost: Cost): void => {
    for (const [name, left] of level) level.set(name, left - cost[name]);
    history.push({ tsMs: clock.nowMs(), cost });
  };
  /** How long until each resource has room. */
  const missingMs = (cost: Cost): number => {
    fill();
    const waits = [...level].map(([name, left]) => {
      const limit = limits[name] as number;
      return ((Math.min(cost[name], limit) - left) * minuteMs) / limit;
    });
    return Math.max(0, ...waits);
  };

  const wait = async (before: Promise<unknown>, cost: Cost): Promise<(seconds: number) => void> => {
    waiting++;
    try {
      await before;
      for (let ms = missingMs(cost); ms > 0.5; ms = missingMs(cost)) {
        await clock.sleep(Math.ceil(ms), closing.signal);
        closing.signal.throwIfAborted();
      }
    } finally {
      waiting--;
    }
    // Seconds are paid when they are known.
    take({ ...cost, seconds: 0 });
    return (seconds) => take({ series: 0, samples: 0, seconds });
  };

  return {
    admit(cost) {
      const turn = wait(last, cost);
      last = turn.catch(() => {});
      return turn;
    },
    used() {
      fill();
      return history.map((each) => each.cost).reduce(sum, { series: 0, samples: 0, seconds: 0 });
    },
    get waiting() {
      return waiting;
    },
    close: () => closing.abort(new Error('Vigía stops')),
  };
}
