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
import { type LearnGate, quietGate } from '../../src/server/quiet.ts';
import { readWindow } from '../../src/server/reader.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { FakeStream, fakeDetectors, fakeSlug } from './fake-detector.ts';
import { fakeSource, profile, stepMs, type World } from './fake-source.ts';

const dir = mkdtempSync(join(tmpdir(), 'vigia-streaming-'));
const stores: Store[] = [];
afterAll(async () => {
  for (const store of stores) await store.close();
  rmSync(dir, { recursive: true });
});

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;
const startMs = Date.UTC(2026, 0, 1);

/** Restless enough that each row moves the model. */
const restless = (feature: string, tsMs: number): number =>
  0.3 + 0.2 * Math.sin(tsMs / 7_000 + feature.length) + 0.1 * Math.sin(tsMs / 1_300);
const worldOf = (names: readonly string[], present: (name: string, tsMs: number) => boolean = () => true): World => ({
  nowMs: startMs,
  down: false,
  queries: 0,
  entities: new Map(names.map((name) => [name, { present: (tsMs) => present(name, tsMs), value: restless }])),
});

/** `loseNext` makes the next commit one that another instance was faster with. */
async function house(world: World, options: { reuse?: Store; detector?: string; gate?: LearnGate; stepMs?: number } = {}) {
  const store = options.reuse ?? (await openStore({ file: join(dir, `${stores.length}.sqlite`) }, { now: () => world.nowMs }));
  if (options.reuse === undefined) stores.push(store);
  const lost = { next: false };
  const losing = {
    ...store,
    pipeline: {
      ...store.pipeline,
      commitTick: async (tick: Parameters<Store['pipeline']['commitTick']>[0]) => {
        if (!lost.next || tick.fromMs === null) return store.pipeline.commitTick(tick);
        lost.next = false;
        return false;
      },
    },
  };
  const config = configSchema.parse({
    detection: { minimumSteps: 40, window: '10m', retrain: '1h', detector: options.detector ?? fakeSlug },
  });
  const source = { ...fakeSource(world), stepMs: options.stepMs ?? stepMs };
  const board = createBoard({ profiles: new Map([[profile.slug, profile]]), freshMs: 60_000 });
  const { gate = () => true } = options;
  const learner = createLearner({
    store,
    source: () => source,
    config: config.detection,
    detectors: fakeDetectors(),
    gate: async () => gate,
    log,
    onChange: () => {},
  });
  const alarms = createAlarms({ store, config: config.detection, stepMs: () => source.stepMs, log });
  const pipeline = createPipeline({
    store: losing,
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
  const memory = (entity: string) => {
    const { detector } = learner.of(profile, entity);
    return detector instanceof FakeStream ? detector.memory : null;
  };
  return { store, source, board, learner, pipeline, catchUp, memory, lost };
}

describe('a streaming detector', () => {
  it('learns the window first, then each row after it was scored, once', async () => {
    const world = worldOf(['web1'], (_, tsMs) => tsMs > startMs - 60 * stepMs);
    const { catchUp, memory, board, learner } = await house(world);
    await catchUp();
    expect(learner.of(profile, 'web1').info).toMatchObject({ detector: fakeSlug, steps: 58, options: { seed: 1, stepMs } });
    expect(learner.of(profile, 'web1').info?.dataSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(memory('web1')?.rows).toBe(58);
    world.nowMs += 7 * stepMs;
    const expected = structuredClone(memory('web1'));
    await catchUp();
    expect(memory('web1')?.rows).toBe(65);
    // The newest score is what the model said before it learned that row.
    const window = await readWindow(fakeSource(world), profile, { fromMs: startMs - 2 * stepMs, toMs: startMs + 5 * stepMs });
    const twin = new FakeStream(profile.features, expected ?? undefined);
    const { rows = new Float64Array() } = window.entities[0] ?? {};
    twin.learn(rows.subarray(0, 18), window.times.subarray(0, 6));
    expect(board.get(profile.slug, 'web1')?.score).toBeCloseTo(twin.score(rows.subarray(18)) ?? Number.NaN, 12);
  });

  it('scores after restarts, lost commits, outages and switches as it would have without', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ advance: fc.integer({ min: 1, max: 90 }), event: fc.constantFrom('go on', 'restart', 'lose', 'down', 'off') }),
          { minLength: 4, maxLength: 14 },
        ),
        fc.integer({ min: 2, max: 9 }),
        async (moves, hole) => {
          const holds = (name: string, tsMs: number) => (tsMs / stepMs) % hole !== name.length % hole;
          const calm = worldOf(['a', 'bb'], holds);
          const rough = worldOf(['a', 'bb'], holds);
          const straight = await house(calm);
          let crooked = await house(rough);
          for (const each of [straight, crooked]) await each.catchUp();
          // Each was there and has its model, of the same window, before the two go different ways.
          for (const world of [calm, rough]) world.nowMs += 12 * stepMs;
          for (const each of [straight, crooked]) await each.catchUp();
          for (const { advance, event } of moves) {
            for (const world of [calm, rough]) world.nowMs += advance * stepMs;
            await straight.catchUp();
            if (event === 'restart') crooked = await house(rough, { reuse: crooked.store });
            if (event === 'lose') crooked.lost.next = true;
            rough.down = event === 'down';
            if (event === 'off') {
              await crooked.store.pipeline.setEntityRealtime(profile.slug, 'a', false);
              await crooked.catchUp();
              await crooked.store.pipeline.setEntityRealtime(profile.slug, 'a', null);
              continue;
            }
            if (rough.down) await expect(crooked.catchUp()).rejects.toThrow('does not answer');
            else await crooked.catchUp();
          }
          rough.down = false;
          for (const world of [calm, rough]) world.nowMs += 3 * stepMs;
          for (const each of [straight, crooked]) await each.catchUp();
          for (const entity of ['a', 'bb']) {
            const [wanted, found] = [straight, crooked].map((each) => each.board.get(profile.slug, entity));
            expect(found?.tsMs).toBe(wanted?.tsMs);
            expect(Math.abs((found?.score ?? Number.NaN) - (wanted?.score ?? 0))).toBeLessThanOrEqual(1e-9);
            expect(crooked.memory(entity)?.rows).toBe(straight.memory(entity)?.rows);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('is saved in the place of its version, every few minutes, and read again from there', async () => {
    const world = worldOf(['web1']);
    const first = await house(world);
    await first.catchUp();
    const saves: number[] = [];
    for (let step = 0; step < 150; step++) {
      world.nowMs += stepMs;
      await first.catchUp();
      const info = (await first.store.models.active(profile.slug, 'web1'))?.info;
      if (saves.at(-1) !== info?.trainedToMs) saves.push(info?.trainedToMs ?? 0);
    }
    // 750 s: the first version and at most three checkpoints.
    expect(saves.length).toBeGreaterThanOrEqual(3);
    expect(saves.length).toBeLessThanOrEqual(4);
    expect(await first.store.models.list({ entity: 'web1' })).toMatchObject([{ version: 1, state: 'active' }]);
    const second = await house(world, { reuse: first.store });
    world.nowMs += stepMs;
    world.queries = 0;
    await second.catchUp();
    // What lies after the checkpoint, and the tick: not the window again.
    expect(world.queries).toBe(2 * (1 + profile.features.length));
    expect(second.learner.of(profile, 'web1').info?.version).toBe(1);
  });

  it('is not renewed by age, but when another detector is configured; until then the old one scores', async () => {
    const world = worldOf(['web1']);
    const first = await house(world, { detector: 'isolation-forest' });
    await first.catchUp();
    const second = await house(world, { reuse: first.store });
    world.nowMs += stepMs;
    await second.pipeline.tick(profile);
    expect(second.learner.of(profile, 'web1').detector?.slug).toBe('isolation-forest');
    expect(second.board.get(profile.slug, 'web1')?.score).not.toBeNull();
    expect(await second.learner.maintain(profile, world.nowMs)).toEqual(['web1']);
    expect(second.learner.of(profile, 'web1').info).toMatchObject({ version: 2, detector: fakeSlug });
    world.nowMs += 3 * 3_600_000;
    await second.catchUp();
    expect(second.learner.of(profile, 'web1').info?.version).toBe(2);
    expect((await second.learner.train(profile, 'web1', world.nowMs, 600_000)).version).toBe(3);
    expect(second.memory('web1')?.rows).toBe(120);
  });

  it('is learned anew when the steps are others, and scores until then', async () => {
    const world = worldOf(['web1']);
    const first = await house(world);
    await first.catchUp();
    const second = await house(world, { reuse: first.store, stepMs: 2 * stepMs });
    world.nowMs += 4 * stepMs;
    await second.pipeline.tick(profile);
    expect(second.board.get(profile.slug, 'web1')).toMatchObject({ modelVersion: 1 });
    expect(second.board.get(profile.slug, 'web1')?.score).not.toBeNull();
    expect(await second.learner.maintain(profile, world.nowMs)).toEqual(['web1']);
    expect(second.learner.of(profile, 'web1').info).toMatchObject({ version: 2, options: { stepMs: 2 * stepMs } });
    expect(await second.learner.maintain(profile, world.nowMs)).toEqual([]);
  });

  it('scores what is silenced and does not learn it, over a restart that knows nothing of the silence too', async () => {
    const world = worldOf(['web1', 'web2']);
    const matcher = (name: string, value: string) => ({ name, value, isRegex: false, isEqual: true });
    const silence = { id: 's', createdBy: '', comment: '', startsMs: startMs + 5 * stepMs, endsMs: startMs + 15 * stepMs };
    const gate = quietGate([{ ...silence, matchers: [matcher('entity', 'web1'), matcher('profile', profile.slug)] }]);
    const first = await house(world, { gate });
    await first.catchUp();
    const before = { web1: first.memory('web1')?.rows ?? 0, web2: first.memory('web2')?.rows ?? 0 };
    world.nowMs = startMs + 32 * stepMs;
    await first.catchUp();
    expect(first.memory('web2')?.rows).toBe(before.web2 + 32);
    expect(first.memory('web1')?.rows).toBe(before.web1 + 22);
    expect((await first.store.pipeline.entities(profile.slug)).map((row) => row.scoredSteps)).toEqual([32, 32]);
    const second = await house(world, { reuse: first.store });
    world.nowMs += stepMs;
    await second.catchUp();
    expect(second.memory('web1')?.rows).toBe(before.web1 + 23);
  });

  it('is not changed by a replay, which learns the time before the window and no later', async () => {
    const world = worldOf(['web1']);
    const { catchUp, pipeline, memory, source } = await house(world);
    await catchUp();
    world.nowMs += 50 * stepMs;
    await catchUp();
    const before = structuredClone(memory('web1'));
    const range = { fromMs: startMs - 20 * stepMs, toMs: startMs + 20 * stepMs };
    const [replayed] = await pipeline.replay(profile, await readWindow(source, profile, range));
    expect(memory('web1')).toEqual(before);
    const twin = new FakeStream(profile.features);
    const past = await readWindow(source, profile, { fromMs: range.fromMs - 600_000, toMs: range.fromMs });
    twin.learn(past.entities[0]?.rows ?? new Float64Array(), past.times);
    const window = await readWindow(source, profile, range);
    expect(replayed?.scores[0]).toBeCloseTo(twin.score(window.entities[0]?.rows.subarray(0, 3) ?? new Float64Array()) ?? Number.NaN, 12);
    expect(replayed?.scores.some(Number.isNaN)).toBe(false);
  });

  it('that knows a future which never came begins anew', async () => {
    const world = worldOf(['web1'], (_, tsMs) => tsMs < startMs + 3_600_000 || tsMs > startMs + 10 * 86_400_000);
    const { catchUp, memory } = await house(world);
    world.nowMs = startMs + 11 * 86_400_000;
    await catchUp();
    world.nowMs = startMs + 1_800_000;
    await catchUp();
    world.nowMs += 3 * stepMs;
    await catchUp();
    world.nowMs += 3 * stepMs;
    await catchUp();
    expect(memory('web1')?.lastMs).toBe(world.nowMs - 2 * stepMs);
  });
});

describe('the gate of silences', () => {
  const matcher = (name: string, value: string, more = {}) => ({ name, value, isRegex: false, isEqual: true, ...more });
  const silence = { id: 's', createdBy: '', comment: '', startsMs: 100, endsMs: 200 };

  it.each([
    [[matcher('entity', 'web1')], false],
    [[matcher('entity', 'web1'), matcher('profile', 'p')], false],
    [[matcher('entity', 'web2')], true],
    [[matcher('entity', 'web1'), matcher('profile', 'q')], true],
    [[matcher('entity', 'web1'), matcher('alertname', 'DiskFull')], true],
    [[matcher('profile', 'p')], true],
    [[matcher('entity', 'web.*', { isRegex: true })], true],
    [[matcher('entity', 'web1', { isEqual: false })], true],
    [[], true],
  ])('%j', (matchers, may) => {
    const gate = quietGate([{ ...silence, matchers }]);
    expect(gate('p', 'web1', 150)).toBe(may);
    expect(gate('p', 'web1', 99) && gate('p', 'web1', 200)).toBe(true);
  });
});
