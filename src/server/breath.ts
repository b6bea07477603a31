import { setImmediate } from 'node:timers/promises';

/** Work goes on for so long before requests get their turn. */
const breathMs = 10;

/** Asked between two pieces of heavy work, it lets what waits on the event loop through, when it waited long enough. */
export function createBreath(): () => Promise<void> {
  let sinceMs = performance.now();
  return async () => {
    if (performance.now() - sinceMs < breathMs) return;
    await setImmediate();
    sinceMs = performance.now();
  };
}
