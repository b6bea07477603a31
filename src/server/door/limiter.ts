import ipaddr from 'ipaddr.js';

export interface Limit {
  readonly limit: number;
  readonly windowMs: number;
}

/** Keys remembered at once: a flood of new ones pushes out the oldest and never grows the memory. */
const MAX_KEYS = 20_000;

/** Counts per key in windows that begin with a key's first try. In memory: a restart forgives. */
export class Limiter {
  readonly #limit: Limit;
  readonly #now: () => number;
  readonly #windows = new Map<string, { count: number; endMs: number }>();

  constructor(limit: Limit, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Counts one try. @returns 0 when it may go on, else the seconds to wait. */
  take(key: string): number {
    const nowMs = this.#now();
    let window = this.#windows.get(key);
    if (window === undefined || window.endMs <= nowMs) {
      // Deleted first, so that the order of the map stays the order of the windows' ends.
      this.#windows.delete(key);
      window = { count: 0, endMs: nowMs + this.#limit.windowMs };
      this.#windows.set(key, window);
      this.#forget(nowMs);
    }
    if (window.count >= this.#limit.limit) return Math.max(1, Math.ceil((window.endMs - nowMs) / 1000));
    window.count += 1;
    return 0;
  }

  /** Takes back one try that turned out to be a good one. */
  giveBack(key: string): void {
    const window = this.#windows.get(key);
    if (window !== undefined && window.count > 0) window.count -= 1;
  }

  get size(): number {
    return this.#windows.size;
  }

  #forget(nowMs: number): void {
    for (const [key, window] of this.#windows) {
      if (window.endMs > nowMs && this.#windows.size <= MAX_KEYS) return;
      this.#windows.delete(key);
    }
  }
}

/** Who an address stands for: of IPv6 the /64 that one customer usually has whole. */
export function addressKey(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${(parsed as ipaddr.IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
