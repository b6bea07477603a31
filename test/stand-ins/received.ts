/** What a stand-in received, and waiting for it. */
export interface Received<T> {
  readonly list: readonly T[];
  add(item: T): void;
  /** Resolves with the first item, past or future, that fits; rejects after `ms` with what came instead. */
  waitFor(fits: (item: T) => boolean, ms: number): Promise<T>;
}

export function received<T>(name: string): Received<T> {
  const list: T[] = [];
  const waiting = new Set<(item: T) => void>();
  return {
    list,
    add(item) {
      list.push(item);
      for (const look of waiting) look(item);
    },
    waitFor(fits, ms) {
      const found = list.find(fits);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(
            new Error(
              `${name} received nothing that fits within ${ms} ms, but ${list.length} other: ${JSON.stringify(list).slice(0, 2000)}`,
            ),
          );
        }, ms);
        const look = (item: T): void => {
          if (!fits(item)) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(item);
        };
        waiting.add(look);
      });
    },
  };
}

/** Answers for the next requests, in order; when they are used up everything succeeds. */
export interface Script {
  readonly statuses: number[];
}

export interface StandIn<T> extends Script {
  readonly port: number;
  readonly received: readonly T[];
  waitFor(fits: (item: T) => boolean, ms: number): Promise<T>;
  stop(): Promise<void>;
}
