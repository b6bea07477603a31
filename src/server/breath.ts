import { setImmediate } from 'node:timers/promises';

/** Work goes on for so long before requests get their turn. */
const breathMs = 10;
/** When the event loop last had its turn here: one for all, so that many small pieces of work count as a large one. */
let sinceMs = 0;

/** Asked between two pieces of heavy work, it lets what waits on the event loop through, when it waited long enough. */
export async function breathe(): Promise<void> {
  if (performance.now() - sinceMs < breathMs) return;
  await setImmediate();
  sinceMs = performance.now();
}
