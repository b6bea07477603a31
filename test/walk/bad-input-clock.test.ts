import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { configSchema } from '../../src/model/config.ts';
import { createLearner } from '../../src/server/learner.ts';
import { createClockWatch } from '../../src/server/work.ts';
import { openStore } from '../../src/store/open.ts';
import { fakeSource, profile, type World } from '../server/fake-source.ts';

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;
const startMs = Date.UTC(2026, 0, 1);
const dir = mkdtempSync(join(tmpdir(), 'vigia-clock-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('a clock that jumps', () => {
  it('is noticed once, forward and back, and time that merely passes is not', () => {
    let wallMs = startMs;
    let monotonicMs = 5;
    const clock = createClockWatch(
      () => wallMs,
      () => monotonicMs,
    );
    wallMs += 100 * hourMs;
    monotonicMs += 100 * hourMs;
    expect(clock.jumped()).toBe(false);
    wallMs += 10 * yearMs;
    expect(clock.jumped()).toBe(true);
    expect(clock.jumped()).toBe(false);
    wallMs -= 10 * yearMs;
    expect(clock.jumped()).toBe(true);
  });

  it('does not keep a model from being learned again', async () => {
    const world: World = {
      nowMs: startMs,
      down: false,
      queries: 0,
      entities: new Map([['web1', { present: (tsMs) => tsMs < startMs + yearMs, value: (_, tsMs) => 0.1 + 0.01 * Math.sin(tsMs) }]]),
    };
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;
    const config = configSchema.parse({
      detection: { detector: 'isolation-forest', minimumSteps: 40, window: '1h', retrain: '2h' },
    }).detection;
    const store = await openStore({ file: join(dir, 'state.sqlite') }, { now: () => world.nowMs });
    try {
      const learner = createLearner({ store, source: () => fakeSource(world), config, log, onChange: () => {} });
      await learner.meet(profile, ['web1']);
      expect(await learner.maintain(profile, world.nowMs)).toEqual(['web1']);
      // There are no samples ten years on: the learner decides to ask again later.
      world.nowMs = startMs + 10 * yearMs;
      expect(await learner.maintain(profile, world.nowMs)).toEqual([]);
      world.nowMs = startMs + 3 * hourMs;
      expect(await learner.maintain(profile, world.nowMs)).toEqual(['web1']);
    } finally {
      await store.close();
    }
  });
});
