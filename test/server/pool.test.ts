import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/detect/index.ts';
import { configSchema } from '../../src/model/config.ts';
import { createAlarms } from '../../src/server/alarms.ts';
import { createBoard } from '../../src/server/board.ts';
import { createLearner } from '../../src/server/learner.ts';
import { createPipeline } from '../../src/server/pipeline.ts';
import { pooledFrom } from '../../src/model/score.ts';
import { pooledRows } from '../../src/server/pool.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { fakeSource, profile, stepMs, type World } from './fake-source.ts';

const dir = mkdtempSync(join(tmpdir(), 'vigia-pool-'));
const stores: Store[] = [];
afterAll(async () => {
  for (const store of stores) await store.close();
  rmSync(dir, { recursive: true });
});

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;
const startMs = Date.UTC(2026, 0, 1);
const bornMs = startMs + 60_000;

/** Noise of an entity's own, around a level of its own; the same for the same time. */
const noisy = (level: number, seed: number) => (feature: string, tsMs: number) =>
  level + 0.05 * createRandom((seed * 31 + feature.length * 7919 + (tsMs / stepMs) * 101) % 2 ** 31).uniform();

/** Peers with a long past, and one that is born; `fault` is what it does later. */
function worldOf(peers: number, fault: (feature: string, tsMs: number) => number | null = () => null): World {
  const newborn = noisy(0.7, 999);
  return {
    nowMs: startMs,
    down: false,
    queries: 0,
    entities: new Map([
      ...Array.from({ length: peers }, (_, nth): [string, { present: (ms: number) => boolean; value: ReturnType<typeof noisy> }] => [
        `peer${nth}`,
        { present: () => true, value: noisy(0.1 + 0.05 * nth, nth) },
      ]),
      ['born', { present: (tsMs) => tsMs > bornMs, value: (feature, tsMs) => fault(feature, tsMs) ?? newborn(feature, tsMs) }],
    ]),
  };
}

async function house(world: World, detection: object = {}) {
  const store = await openStore({ file: join(dir, `${stores.length}.sqlite`) }, { now: () => world.nowMs });
  stores.push(store);
  const config = configSchema.parse({ detection: { minimumSteps: 120, window: '1h', ...detection } }).detection;
  const source = fakeSource(world);
  const board = createBoard({ profiles: new Map([[profile.slug, profile]]), freshMs: 60_000 });
  const learner = createLearner({ store, source: () => source, config, log, onChange: () => {} });
  const pipeline = createPipeline({
    store,
    source: () => source,
    learner,
    alarms: createAlarms({ store, config, stepMs: () => stepMs, log }),
    board,
    log,
    freshMs: 60_000,
    horizonMs: 86_400_000,
    defaultRealtime: true,
    onRows: () => {},
  });
  const walk = async (untilMs: number) => {
    for (; world.nowMs <= untilMs; world.nowMs += stepMs) {
      const result = await pipeline.tick(profile);
      await learner.maintain(profile, result.nowMs);
    }
  };
  const findings = async () => (await store.findings.list({ entity: 'born', limit: 10_000, offset: 0 })).findings;
  return { store, board, learner, walk, findings };
}

describe('an entity that is new among others of its profile', () => {
  it.each(['isolation-forest', 'ensemble'])(
    'is scored after minutes by what they do, quietly, and then by its own (%s)',
    async (detector) => {
      const { store, board, learner, walk, findings } = await house(worldOf(4), { detector });
      await walk(bornMs + 5 * stepMs);
      const untilMs = learner.of(profile, 'born').learningUntilMs ?? 0;
      expect(untilMs).toBeLessThan(bornMs + 15 * stepMs);
      await walk(untilMs + 5 * stepMs);
      const [young] = await store.models.list({ entity: 'born' });
      // Where the order of rows matters, those of one of them are taken.
      expect(young && pooledFrom(young)).toBe(detector === 'ensemble' ? 1 : 4);
      expect(young?.steps).toBeLessThan(20);
      expect(board.get(profile.slug, 'born')?.score).toBeGreaterThanOrEqual(0);
      await walk(bornMs + 130 * stepMs);
      const own = (await store.models.active(profile.slug, 'born'))?.info;
      expect(own && pooledFrom(own)).toBeNull();
      expect(own?.steps).toBeGreaterThanOrEqual(120);
      await walk(bornMs + 1_800_000);
      expect(await findings()).toEqual([]);
    },
  );

  it('has its trouble found, with the feature, long before it could know itself', async () => {
    const faultMs = bornMs + 30 * stepMs;
    const { walk, findings } = await house(worldOf(3, (feature, tsMs) => (feature === 'memory' && tsMs > faultMs ? 1.5 : null)));
    await walk(faultMs + 6 * stepMs);
    const found = await findings();
    expect(found.at(-1)?.tsMs).toBeLessThanOrEqual(faultMs + 2 * stepMs);
    expect(found[0]?.shares[0]?.feature).toBe('memory');
  });

  it('learns alone where there are none, where that is wanted, and where a person trains it', async () => {
    const alone = await house(worldOf(0));
    await alone.walk(bornMs + 40 * stepMs);
    expect(alone.board.get(profile.slug, 'born')?.score).toBeNull();
    const off = await house(worldOf(3), { pooling: false });
    await off.walk(bornMs + 40 * stepMs);
    expect(off.board.get(profile.slug, 'born')?.score).toBeNull();
    await expect(off.learner.train(profile, 'born', bornMs + 40 * stepMs, 3_600_000)).rejects.toThrow('usable steps');
  });
});

describe('pooled rows', () => {
  it('lie around the entity’s own level, inside of what a feature can be, before its own', () => {
    const finite = fc.double({ min: 0, max: 1, noNaN: true });
    const rowsOf = (count: number) =>
      fc.array(finite, { minLength: 3 * count, maxLength: 3 * count }).map((values) => ({
        rows: Float64Array.from(values),
        times: Float64Array.from({ length: count }, (_, nth) => startMs + nth * stepMs),
      }));
    fc.assert(
      fc.property(rowsOf(9), fc.array(rowsOf(31), { minLength: 1, maxLength: 5 }), fc.boolean(), (own, peers, order) => {
        const { training, pooled } = pooledRows(profile, own, peers, { stepMs, order });
        const { rows, times } = training;
        expect(pooled).toBe(order ? 1 : peers.length);
        expect(rows.length).toBe(3 * times.length);
        expect([...rows.subarray(-27)]).toEqual([...own.rows]);
        expect(times.every((ms, at) => at === 0 || ms > (times[at - 1] as number))).toBe(true);
        const columns = [0, 1, 2].map((column) => {
          const of = (all: Float64Array) => [...all].filter((_, at) => at % 3 === column).sort((a, b) => a - b);
          return { pool: of(rows.subarray(0, -27)), mine: of(own.rows)[4] as number };
        });
        for (const { pool, mine } of columns) {
          expect(pool[0]).toBeGreaterThanOrEqual(0);
          if (order) expect(pool[pool.length >> 1]).toBeCloseTo(mine, 9);
        }
      }),
    );
  });
});
