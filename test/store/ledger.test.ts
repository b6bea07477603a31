import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import type { Store, TickCommit } from '../../src/store/contract.ts';
import { onBoth } from './both.ts';
import { startMs, tickFrom } from './ticks.ts';

const DAY_MS = 86_400_000;
const empty = { present: 0, missing: 0, late: false, board: [], seen: [], findings: [] };

onBoth('the ledger', (bench) => {
  let store: Store;
  let runs = 0;
  beforeAll(async () => {
    store = await bench.open();
  }, 60_000);

  it('counts every step once under any order of ticks, replays and forks', async () => {
    const step = fc.record({
      lengthMs: fc.constantFrom(1, 15_000, 3_600_000, DAY_MS),
      present: fc.nat(50),
      missing: fc.nat(5),
      late: fc.boolean(),
      /** What goes wrong: nothing, the same tick twice, a stale cursor, a cursor of the future. */
      trouble: fc.constantFrom('none', 'none', 'twice', 'stale', 'early'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const profile = `run-${(runs += 1)}`;
        const first = { ...empty, profile, fromMs: null, toMs: startMs };
        expect(await store.pipeline.commitTick(first)).toBe(true);
        expect(await store.pipeline.commitTick({ ...first, toMs: startMs + 5 })).toBe(false);
        let cursor = startMs;
        let [present, missing] = [0, 0];
        for (const { lengthMs, trouble, late, ...counts } of steps) {
          const seen = [{ entity: 'e', job: 'j', instance: 'i', lastSeenMs: cursor + lengthMs, scored: counts.present }];
          const tick: TickCommit = { ...empty, ...counts, late, seen, profile, fromMs: cursor, toMs: cursor + lengthMs };
          if (trouble === 'stale') expect(await store.pipeline.commitTick({ ...tick, fromMs: cursor - 1 })).toBe(false);
          if (trouble === 'early')
            expect(await store.pipeline.commitTick({ ...tick, fromMs: cursor + 1, toMs: cursor + lengthMs + 1 })).toBe(false);
          expect(await store.pipeline.commitTick(tick)).toBe(true);
          if (trouble === 'twice') expect(await store.pipeline.commitTick(tick)).toBe(false);
          cursor += lengthMs;
          present += counts.present;
          missing += counts.missing;
        }
        const ranges = await store.pipeline.ranges(profile, 0, Number.MAX_SAFE_INTEGER);
        let end = startMs;
        for (const range of ranges) {
          expect(range.fromMs).toBe(end);
          end = range.toMs;
        }
        expect(end).toBe(cursor);
        expect(await store.pipeline.cursor(profile)).toBe(cursor);
        expect(ranges.reduce((sum, range) => sum + range.present, 0)).toBe(present);
        expect(ranges.reduce((sum, range) => sum + range.missing, 0)).toBe(missing);
        if (steps.length > 0) expect((await store.pipeline.entities(profile))[0]?.scoredSteps).toBe(present);
        // Small: neighbours differ in `late` or in the day they began.
        for (const [index, range] of ranges.entries()) {
          const previous = ranges[index - 1];
          if (previous === undefined || previous.late !== range.late) continue;
          expect(Math.floor(range.fromMs / DAY_MS)).toBeGreaterThan(Math.floor(previous.fromMs / DAY_MS));
        }
      }),
      { numRuns: 20 },
    );
  }, 60_000);

  it('lets one of several writers win each tick', async () => {
    const profile = 'contended';
    // Only PostgreSQL serves several instances.
    const at = await bench.place();
    const store = await bench.open(at);
    const instances = bench.kind === 'postgresql' ? [store, await bench.open(at)] : [store];
    await store.pipeline.commitTick({ ...empty, profile, fromMs: null, toMs: startMs });
    for (let tick = 0; tick < 20; tick += 1) {
      const commit = tickFrom(profile, startMs + tick * 1000);
      const won = await Promise.all([...instances, ...instances].map((instance) => instance.pipeline.commitTick(commit)));
      expect(won.filter(Boolean)).toHaveLength(1);
    }
    const [range] = await store.pipeline.ranges(profile, 0, Number.MAX_SAFE_INTEGER);
    expect(range).toMatchObject({ fromMs: startMs, toMs: startMs + 20_000, present: 40, missing: 20 });
    expect((await store.findings.list({ profile, limit: 1, offset: 0 })).total).toBe(20);
  }, 30_000);

  it('refuses ticks that would make it inexact', async () => {
    const tick = tickFrom('wrong', startMs);
    await expect(store.pipeline.commitTick({ ...tick, toMs: startMs })).rejects.toThrow(RangeError);
    await expect(store.pipeline.commitTick({ ...tick, fromMs: null })).rejects.toThrow(RangeError);
    expect(await store.pipeline.cursor('wrong')).toBeNull();
  });

  it('writes nothing of a tick of which one part fails', async () => {
    const profile = 'half';
    await store.pipeline.commitTick({ ...empty, profile, fromMs: null, toMs: startMs });
    const tick = tickFrom(profile, startMs);
    const broken = { ...tick, findings: [{ ...tick.findings[0]!, score: null as unknown as number }] };
    await expect(store.pipeline.commitTick(broken)).rejects.toThrow();
    expect(await store.pipeline.cursor(profile)).toBe(startMs);
    expect(await store.pipeline.ranges(profile, 0, Number.MAX_SAFE_INTEGER)).toEqual([]);
    expect(await store.pipeline.entities(profile)).toEqual([]);
    expect(await store.pipeline.commitTick(tick)).toBe(true);
  });

  it('agrees with the cursor after kill -9 in the middle of ticks, time and again', async () => {
    const place = await bench.place();
    const again = await bench.open(place);
    let reached = 0;
    for (let round = 0; round < 2; round += 1) {
      const child = writer(place);
      const before = reached;
      for (let wait = 0; wait < 400 && reached < before + 15_000; wait += 1) {
        await sleep(25);
        reached = ((await again.pipeline.cursor('killed')) ?? startMs) - startMs;
      }
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(reached).toBeGreaterThan(before);
      const cursor = await settled(again);
      const ranges = await again.pipeline.ranges('killed', 0, Number.MAX_SAFE_INTEGER);
      const steps = (cursor - startMs) / 1000;
      expect(ranges[0]?.fromMs).toBe(startMs);
      expect(ranges.at(-1)?.toMs).toBe(cursor);
      expect(ranges.reduce((sum, range) => sum + range.present, 0)).toBe(2 * steps);
      expect((await again.pipeline.entities('killed')).map((row) => row.scoredSteps)).toEqual([steps, steps]);
      expect((await again.findings.list({ profile: 'killed', limit: 1, offset: 0 })).total).toBe(steps);
      reached = cursor - startMs;
    }
  }, 60_000);
});

/** PostgreSQL may still finish the dead writer's last commit. */
async function settled(store: Store): Promise<number> {
  let last = -1;
  for (;;) {
    const cursor = (await store.pipeline.cursor('killed')) ?? 0;
    if (cursor === last) return cursor;
    last = cursor;
    await sleep(200);
  }
}

function writer(place: object): ChildProcess {
  const file = fileURLToPath(new URL('./ticks.ts', import.meta.url));
  return spawn(process.execPath, [file, JSON.stringify(place)], { stdio: ['ignore', 'ignore', 'inherit'] });
}
