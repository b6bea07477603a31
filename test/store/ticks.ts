import type { TickCommit } from '../../src/store/contract.ts';
import { openStore, type StoreLocation } from '../../src/store/open.ts';

export const startMs = Date.UTC(2026, 0, 15, 23, 59, 30);

/** A second with two entities, one of them anomalous, and one sample missing. */
export function tickFrom(profile: string, fromMs: number): TickCommit {
  const toMs = fromMs + 1000;
  const shares = [{ feature: 'cpu', value: 1, share: 1, expectedLow: 0, expectedHigh: 0.5 }];
  const common = { job: 'node', instance: 'i', threshold: 0.6, modelVersion: 1 };
  return {
    profile,
    fromMs,
    toMs,
    present: 2,
    missing: 1,
    late: false,
    board: ['a', 'b'].map((entity) => ({ ...common, profile, entity, tsMs: toMs, score: 0.9, learningUntilMs: null, shares })),
    seen: ['a', 'b'].map((entity) => ({ entity, job: 'node', instance: 'i', lastSeenMs: toMs, scored: 1 })),
    findings: [{ profile, entity: 'a', tsMs: toMs, score: 0.9, threshold: 0.6, shares, modelVersion: 1, late: false }],
    alarms: [{ entity: 'a', tsMs: toMs, sinceMs: null, settings: '[]', state: Uint8Array.of(1, 2, 255) }],
  };
}

// As a program: writes ticks from the cursor on until it is killed.
const place = process.argv[2];
if (import.meta.main && place !== undefined) {
  const store = await openStore(JSON.parse(place) as StoreLocation, { now: () => startMs });
  const profile = 'killed';
  let cursor = await store.pipeline.cursor(profile);
  if (cursor === null) {
    cursor = startMs;
    await store.pipeline.commitTick({
      profile,
      fromMs: null,
      toMs: cursor,
      present: 0,
      missing: 0,
      late: false,
      board: [],
      seen: [],
      findings: [],
    });
  }
  for (; await store.pipeline.commitTick(tickFrom(profile, cursor)); cursor += 1000);
  throw new Error(`somebody else moved the cursor from ${cursor}`);
}
