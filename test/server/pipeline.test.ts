import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { configSchema } from '../../src/model/config.ts';
import { createAlarms } from '../../src/server/alarms.ts';
import { createBoard } from '../../src/server/board.ts';
import { createLearner } from '../../src/server/learner.ts';
import { createPipeline } from '../../src/server/pipeline.ts';
import { readWindow } from '../../src/server/reader.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { fakeSource, profile, stepMs, type World } from './fake-source.ts';

const dir = mkdtempSync(join(tmpdir(), 'vigia-pipeline-'));
const stores: Store[] = [];
afterAll(async () => {
  for (const store of stores) await store.close();
  rmSync(dir, { recursive: true });
});

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;
const startMs = Date.UTC(2026, 0, 1);
const config = configSchema.parse({ detection: { detector: 'isolation-forest', minimumSteps: 40, window: '1h' } });

/** A calm wave, the same for the same time. */
const calm = (feature: string, tsMs: number): number =>
  0.1 + 0.02 * Math.sin(tsMs / 7_000 + feature.length) + 0.01 * Math.sin(tsMs / 1_300);

async function house(world: World, reuse?: Store, detector = config.detection.detector, everySteps = 1) {
  const store = reuse ?? (await openStore({ file: join(dir, `${stores.length}.sqlite`) }, { now: () => world.nowMs }));
  if (reuse === undefined) stores.push(store);
  const source = { ...fakeSource(world), everySteps };
  const board = createBoard({ profiles: new Map([[profile.slug, profile]]), freshMs: 60_000 });
  const learner = createLearner({ store, source: () => source, config: { ...config.detection, detector }, log, onChange: () => {} });
  const alarms = createAlarms({ store, config: config.detection, stepMs: () => stepMs, log });
  const pipeline = createPipeline({
    store,
    source: () => source,
    learner,
    alarms,
    board,
    log,
    freshMs: 60_000,
    horizonMs: 86_400_000,
    defaultRealtime: true,
    onRows: () => {},
  });
  const catchUp = async () => {
    for (;;) {
      const result = await pipeline.tick(profile);
      await learner.maintain(profile, result.nowMs);
      if (!result.behind) return result;
    }
  };
  return { store, source, board, learner, pipeline, catchUp };
}

const worldOf = (names: readonly string[], present: (name: string, tsMs: number) => boolean = () => true): World => ({
  nowMs: startMs,
  down: false,
  queries: 0,
  entities: new Map(names.map((name) => [name, { present: (tsMs) => present(name, tsMs), value: calm }])),
});

describe('reader', () => {
  it('gives one row per aligned step, and no value where no real sample was', async () => {
    const world = worldOf(['web1'], (_, tsMs) => tsMs !== startMs + 2 * stepMs);
    const window = await readWindow(fakeSource(world), profile, { fromMs: startMs, toMs: startMs + 4 * stepMs });
    expect([...window.times]).toEqual([1, 2, 3, 4].map((step) => startMs + step * stepMs));
    const [web1] = window.entities;
    expect([...(web1?.present ?? [])]).toEqual([1, 0, 1, 1]);
    const second = web1?.rows.subarray(3, 6) ?? [];
    expect([...second].every(Number.isNaN)).toBe(true);
    // Columns are the features sorted by name: cpu, disk, memory.
    expect(web1?.rows[1]).toBeCloseTo(calm('disk', startMs + stepMs), 12);
  });

  it('asks once per feature for all entities', async () => {
    const world = worldOf(Array.from({ length: 200 }, (_, index) => `host${index}`));
    await readWindow(fakeSource(world), profile, { fromMs: startMs, toMs: startMs + stepMs });
    expect(world.queries).toBe(1 + profile.features.length);
  });

  it('ignores what is not finite', async () => {
    const world = worldOf([]);
    world.entities.set('web1', { present: () => true, value: (feature) => (feature === 'cpu' ? Number.POSITIVE_INFINITY : Number.NaN) });
    const window = await readWindow(fakeSource(world), profile, { fromMs: startMs, toMs: startMs + stepMs });
    expect([...(window.entities[0]?.rows ?? [])].every(Number.isNaN)).toBe(true);
  });
});

describe('pipeline', () => {
  it('is honest while it learns: no score, no finding, an end that it keeps', async () => {
    const world = worldOf(['web1']);
    const { catchUp, board, learner } = await house(world);
    // Prometheus has data since startMs only.
    world.entities.set('web1', { present: (tsMs) => tsMs > startMs, value: calm });
    world.nowMs = startMs + 10 * stepMs;
    await catchUp();
    await catchUp();
    const row = board.get(profile.slug, 'web1');
    expect(row).toMatchObject({ score: null, modelVersion: null, shares: [] });
    const untilMs = learner.of(profile, 'web1').learningUntilMs as number;
    expect(untilMs).toBe(startMs + 42 * stepMs);
    world.nowMs = untilMs;
    await catchUp();
    world.nowMs += stepMs;
    await catchUp();
    expect(learner.of(profile, 'web1').learningUntilMs).toBeNull();
    expect(board.get(profile.slug, 'web1')?.score).toBeGreaterThanOrEqual(0);
  });

  it('says that it learns for as long as a detector that streams has no opinion, though fewer steps were asked for', async () => {
    const world = worldOf(['web1'], (_, tsMs) => tsMs > startMs);
    const { catchUp, board, learner } = await house(world, undefined, 'ensemble');
    for (world.nowMs = startMs + 10 * stepMs; world.nowMs <= startMs + 70 * stepMs; world.nowMs += stepMs) {
      await catchUp();
      const { detector, learningUntilMs } = learner.of(profile, 'web1');
      const score = board.get(profile.slug, 'web1')?.score ?? null;
      expect([detector === null, score === null || detector !== null]).toEqual([learningUntilMs !== null, true]);
    }
    expect(board.get(profile.slug, 'web1')?.score).toBeGreaterThanOrEqual(0);
  });

  it('waits for several steps where they are to be read at once, and scores each of them', async () => {
    const world = worldOf(['web1']);
    const { store, catchUp } = await house(world, undefined, undefined, 3);
    await catchUp();
    const placedMs = (await store.pipeline.cursor(profile.slug)) as number;
    expect((placedMs / stepMs) % 3).toBe(0);
    const queries = () => world.queries;
    world.nowMs = placedMs + 2 * stepMs + 2 * stepMs;
    const before = queries();
    await catchUp();
    expect(queries()).toBe(before);
    world.nowMs = placedMs + 3 * stepMs + 2 * stepMs;
    await catchUp();
    expect(await store.pipeline.cursor(profile.slug)).toBe(placedMs + 3 * stepMs);
    expect((await store.pipeline.ranges(profile.slug, placedMs, world.nowMs)).reduce((sum, range) => sum + range.present, 0)).toBe(4);
    expect(queries()).toBe(before + 1 + profile.features.length);
  });

  it('scores every step that Prometheus holds exactly once, whatever stops in between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ advance: fc.integer({ min: 0, max: 90 }), down: fc.boolean(), restart: fc.boolean() }), {
          minLength: 3,
          maxLength: 12,
        }),
        fc.integer({ min: 2, max: 9 }),
        async (moves, hole) => {
          const holds = (name: string, tsMs: number) => tsMs > startMs - 100 * stepMs && (tsMs / stepMs) % hole !== name.length % hole;
          const world = worldOf(['a', 'bb', 'ccc'], holds);
          let current = await house(world);
          await current.catchUp();
          world.nowMs += 12 * stepMs;
          await current.catchUp();
          // Models are there from history; only steps from here on are counted.
          const firstMs = (await current.store.pipeline.cursor(profile.slug)) as number;
          const before = new Map((await current.store.pipeline.entities(profile.slug)).map((row) => [row.entity, row.scoredSteps]));
          for (const move of moves) {
            world.nowMs += move.advance * stepMs + 1_234;
            world.down = move.down;
            if (move.restart) current = await house(world, current.store);
            if (move.down) await expect(current.catchUp()).rejects.toThrow('does not answer');
            else await current.catchUp();
          }
          world.down = false;
          await current.catchUp();
          const lastMs = (await current.store.pipeline.cursor(profile.slug)) as number;
          const ranges = await current.store.pipeline.ranges(profile.slug, firstMs, lastMs);
          for (const [index, range] of ranges.entries()) if (index > 0) expect(range.fromMs).toBe(ranges[index - 1]?.toMs);
          for (const row of await current.store.pipeline.entities(profile.slug)) {
            let expected = 0;
            for (let tsMs = firstMs + stepMs; tsMs <= lastMs; tsMs += stepMs) if (holds(row.entity, tsMs)) expected++;
            expect(row.scoredSteps - (before.get(row.entity) ?? 0)).toBe(expected);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it('finds a fault, names its feature, and marks what it found late', async () => {
    const world = worldOf(['web1']);
    const faultMs = startMs + 20 * stepMs;
    world.entities.set('web1', {
      present: () => true,
      value: (feature, tsMs) => (feature === 'memory' && tsMs > faultMs ? 0.9 : calm(feature, tsMs)),
    });
    const { catchUp, board, store } = await house(world);
    await catchUp();
    world.nowMs = faultMs + 5 * stepMs;
    await catchUp();
    const row = board.get(profile.slug, 'web1');
    expect(row?.score).toBeGreaterThanOrEqual(row?.threshold as number);
    expect(row?.shares[0]).toMatchObject({ feature: 'memory', value: 0.9 });
    expect(row?.shares[0]?.expectedHigh).toBeLessThan(0.4);
    // Vigía is away for an hour; what it finds then is late.
    world.nowMs += 3_600_000;
    await catchUp();
    const { findings } = await store.findings.list({ entity: 'web1', limit: 1000, offset: 0 });
    expect(findings.find((finding) => finding.tsMs === faultMs + stepMs)?.late).toBe(false);
    expect(findings.find((finding) => finding.tsMs === faultMs + 60 * stepMs)?.late).toBe(true);
  });

  it('records nothing while real-time detection is off, over a restart too (P22)', async () => {
    const world = worldOf(['web1']);
    const first = await house(world);
    await first.catchUp();
    await first.store.pipeline.setProfileRealtime(profile.slug, false);
    const second = await house(world, first.store);
    world.entities.set('web1', { present: () => true, value: () => 0.99 });
    world.nowMs += 30 * stepMs;
    await second.catchUp();
    expect((await second.store.findings.list({ limit: 10, offset: 0 })).total).toBe(0);
    await second.store.pipeline.setProfileRealtime(profile.slug, true);
    world.nowMs += 10 * stepMs;
    await second.catchUp();
    expect((await second.store.findings.list({ limit: 10, offset: 0 })).total).toBeGreaterThan(0);
  });

  it('goes on when the clock jumps, forward and back', async () => {
    const world = worldOf(['web1'], (_, tsMs) => tsMs < startMs + 3_600_000);
    const { catchUp, store } = await house(world);
    await catchUp();
    world.nowMs = startMs + 10 * 365 * 86_400_000;
    await catchUp();
    world.nowMs = startMs + 60_000;
    await catchUp();
    world.nowMs += 4 * stepMs;
    await catchUp();
    expect(await store.pipeline.cursor(profile.slug)).toBe(startMs + 60_000 + 2 * stepMs);
  });

  it('sets a damaged model aside, learns again, and says so', async () => {
    const world = worldOf(['web1']);
    const first = await house(world);
    await first.catchUp();
    const saved = await first.store.models.active(profile.slug, 'web1');
    if (saved === null) throw new Error('no model was saved');
    const { id: _id, version: _version, bytes: _bytes, sha256: _sha256, state: _state, pinned: _pinned, ...rest } = saved.info;
    const damaged = saved.buffer.slice();
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] as number) ^ 0xff;
    await first.store.models.save(rest, damaged, 5);
    const second = await house(world, first.store);
    world.nowMs += 5 * stepMs;
    await second.catchUp();
    world.nowMs += stepMs;
    await second.catchUp();
    const models = await second.store.models.list({ entity: 'web1' });
    expect(models.filter((model) => model.state === 'corrupt')).toHaveLength(1);
    expect(second.board.get(profile.slug, 'web1')?.score).not.toBeNull();
  });
});

describe('board', () => {
  const board = createBoard({ profiles: new Map([[profile.slug, profile]]), freshMs: 60_000 });
  const row = {
    profile: profile.slug,
    entity: 'we"b\\1\n',
    job: 'linux-host',
    instance: 'web1:9100',
    tsMs: startMs,
    score: 0.8,
    threshold: 0.6,
    modelVersion: 1,
    learningUntilMs: null,
    shares: ['cpu', 'memory', 'disk', 'a', 'b', 'c', 'd'].map((feature) => ({
      feature,
      value: 1,
      share: 0.1,
      expectedLow: 0,
      expectedHigh: 0.2,
    })),
  };

  it('shows contributions of five features at most, and only at or above threshold', () => {
    board.put([row, { ...row, entity: 'calm', score: 0.4, shares: [] }]);
    const text = board.exposition(startMs);
    expect(text.match(/^vigia_anomaly_contribution\{/gm)).toHaveLength(5);
    expect(text).toContain('vigia_anomaly_score{profile="linux-host",job="linux-host",instance="web1:9100",entity="we\\"b\\\\1\\n"} 0.8');
    expect(text).not.toMatch(/contribution\{[^}]*calm/);
  });

  it('does not show what is old', () => {
    board.put([row]);
    expect(board.exposition(startMs + 61_000)).not.toContain('vigia_anomaly_score');
  });
});
