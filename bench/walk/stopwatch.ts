/** Wall time during which at least one of the wrapped calls was under way: calls side by side are not counted twice. */
export interface Stopwatch {
  wrap<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R>;
  /** Milliseconds since the last time it was asked. */
  take(): number;
}

export function stopwatch(): Stopwatch {
  let running = 0;
  let sinceMs = 0;
  let totalMs = 0;
  return {
    wrap:
      (call) =>
      async (...args) => {
        if (running++ === 0) sinceMs = performance.now();
        try {
          return await call(...args);
        } finally {
          if (--running === 0) totalMs += performance.now() - sinceMs;
        }
      },
    take() {
      const taken = totalMs;
      totalMs = 0;
      return taken;
    },
  };
}
