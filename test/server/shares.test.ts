import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../src/model/config.ts';
import { createAlarms } from '../../src/server/alarms.ts';
import { createBoard } from '../../src/server/board.ts';
import { createLearner } from '../../src/server/learner.ts';
import { createPipeline } from '../../src/server/pipeline.ts';
import { alone, holdShares, type Share, shareOf, type Shares } from '../../src/server/shares.ts';
import type { LeaseStore, Store } from '../../src/store/contract.ts';
import { bench } from '../store/both.ts';
import { fakeSource, profile, stepMs, type World } from './fake-source.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const startMs = Date.UTC(2026, 0, 1);
const entities = ['a', 'bb', 'ccc', 'dddd', 'eeeee'];
const slots = ['entities/0', 'entities/1'];

const leasesOf = (store: Store): LeaseStore => {
  if (store.leases === null) throw new Error('PostgreSQL has leases');
  return store.leases;
};

/** An instance whose rounds come when the test says so: until then it believes what it believed. */
function member(leases: LeaseStore, instance: string): Shares & { round(): Promise<void>; leave(): Promise<void> } {
  let held: Share[] = [];
  const owns = (index: number) => (of: string, entity: string) => shareOf(of, entity) % 2 === index;
  return {
    ...alone,
    shared: true,
    held: () => held,
    owns: (of, entity) => held.some((share) => share.owns(of, entity)),
    ledgers: (of) => slots.map((_, index) => `${of}/${index}`),
    async round() {
      const answer = await leases.round({ instance, slots, ttlMs: 60_000 });
      held = answer.held.map((fence) => {
        const index = slots.indexOf(fence.slot);
        return { fence, owns: owns(index), ledgerOf: (of) => `${of}/${index}` };
      });
    },
    // It does not know yet that it left.
    leave: () => leases.leave(instance),
  };
}

function instanceOf(store: Store, world: World, detector: string, shares: Shares) {
  const config = configSchema.parse({ detection: { detector, minimumSteps: 40, window: '30m' } }).detection;
  const source = () => fakeSource(world);
  const learner = createLearner({ store, source, config, log, owns: shares.owns, onChange: () => {} });
  const board = createBoard({ profiles: new Map([[profile.slug, profile]]), freshMs: 60_000 });
  const about = { freshMs: 60_000, horizonMs: 86_400_000, defaultRealtime: true, onRows: () => {} };
  const alarms = createAlarms({ store, config, stepMs: () => source().stepMs, log });
  const pipeline = createPipeline({ store, source, learner, alarms, board, log, shares, ...about });
  return async () => {
    for (;;) {
      const { behind, nowMs } = await pipeline.tick(profile);
      while ((await learner.maintain(profile, nowMs)).length > 0);
      if (!behind) return;
    }
  };
}

const move = fc.record({
  advance: fc.nat(20),
  // A round of one of the two, one that says goodbye, or nothing: who lost a share meanwhile goes on as if it had it.
  act: fc.constantFrom('round 0', 'round 1', 'leave 0', 'leave 1', 'nothing'),
});

describe('instances that share entities', () => {
  const { place, open } = bench('postgresql');
  const single = bench('sqlite');

  it.each(['isolation-forest', 'ensemble'])('score with %s each step once, as one alone would', { timeout: 120_000 }, async (detector) => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 3, maxLength: 12 }), async (moves) => {
        const value = (feature: string, tsMs: number) =>
          0.1 + 0.02 * Math.sin(tsMs / 7_000 + feature.length) + 0.01 * Math.sin(tsMs / 1_300);
        const present = { present: () => true, value };
        const world: World = { nowMs: startMs, down: false, queries: 0, entities: new Map(entities.map((name) => [name, present])) };
        const at = await place();
        const stores = [await open(at), await open(at)] as const;
        const members = [member(leasesOf(stores[0]), 'a'), member(leasesOf(stores[1]), 'b')] as const;
        const ticks = members.map((shares, index) => instanceOf(stores[index] as Store, world, detector, shares));
        const other = await single.open();
        ticks.push(instanceOf(other, world, detector, alone));
        const tickAll = async () => {
          for (const tick of ticks) await tick();
        };
        for (const index of [0, 1, 0, 1] as const) await members[index].round();
        // Everybody learns, at the same moment.
        await tickAll();
        world.nowMs += stepMs;
        await tickAll();
        const [store] = stores;
        const scoredBy = async (of: Store) =>
          new Map((await of.pipeline.entities(profile.slug)).map((row) => [row.entity, row.scoredSteps]));
        const [before, aloneBefore] = [await scoredBy(store), await scoredBy(other)];
        const ledgers = slots.map((_, index) => `${profile.slug}/${index}`);
        const firstMs = (await store.pipeline.cursor(ledgers[0] as string)) as number;
        for (const { advance, act } of moves) {
          const [what, who] = act.split(' ');
          if (what !== 'nothing') await members[Number(who) as 0 | 1][what === 'round' ? 'round' : 'leave']();
          world.nowMs += advance * stepMs;
          await tickAll();
        }
        for (const index of [0, 1, 0, 1] as const) await members[index].round();
        world.nowMs += 3 * stepMs;
        await tickAll();

        const lastMs = (await other.pipeline.cursor(profile.slug)) as number;
        expect(await store.pipeline.cursors(ledgers)).toEqual(new Map(ledgers.map((ledger) => [ledger, lastMs])));
        for (const [index, ledger] of ledgers.entries()) {
          const ranges = await store.pipeline.ranges(ledger, firstMs, lastMs);
          for (const [next, range] of ranges.entries()) if (next > 0) expect(range.fromMs).toBe(ranges[next - 1]?.toMs);
          const owned = entities.filter((entity) => shareOf(profile.slug, entity) % 2 === index).length;
          const steps = ((ranges.at(-1)?.toMs ?? 0) - (ranges[0]?.fromMs ?? 0)) / stepMs;
          expect(ranges.reduce((sum, range) => sum + range.present, 0)).toBe(owned * steps);
        }
        const since = (after: Map<string, number>, from: Map<string, number>) =>
          [...after].map(([entity, steps]) => [entity, steps - (from.get(entity) ?? 0)]);
        expect(since(await scoredBy(store), before)).toEqual(since(await scoredBy(other), aloneBefore));
        const opinions = async (of: Store) =>
          (await of.pipeline.board()).map(({ entity, tsMs, score, threshold }) => ({ entity, tsMs, score, threshold }));
        expect(await opinions(store)).toEqual(await opinions(other));
      }),
      { numRuns: 4 },
    );
  });

  it('hold everything when they are alone, say what they hold, and give it back when they stop', async () => {
    const store = await open();
    const leads: boolean[] = [];
    const shares = await holdShares({ leases: leasesOf(store), now: Date.now, log, onLead: (now) => leads.push(now), onChange: () => {} });
    expect(shares.held()).toHaveLength(8);
    expect(shares.leads()).toBe(true);
    expect(leads).toEqual([true]);
    for (const entity of entities) {
      expect(shares.owns('linux-host', entity)).toBe(true);
      const ledger = `linux-host/${shareOf('linux-host', entity)}`;
      expect(shares.ledgers('linux-host')).toContain(ledger);
      expect(
        shares
          .held()
          .filter((share) => share.owns('linux-host', entity))
          .map((share) => share.ledgerOf('linux-host')),
      ).toEqual([ledger]);
    }
    await shares.stop();
    expect(shares.held()).toEqual([]);
    expect(await leasesOf(store).list()).toEqual([]);
  });

  it('a hash that ledgers depend on never changes', () => {
    expect(['web1', 'web2', 'db/1', 'año'].map((entity) => shareOf('linux-host', entity))).toEqual([5, 4, 2, 4]);
  });
});
