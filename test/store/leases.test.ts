import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { LeaseStore, Store } from '../../src/store/contract.ts';
import { bench, onBoth } from './both.ts';
import { startMs, tickFrom } from './ticks.ts';

const slots = ['leader', ...Array.from({ length: 8 }, (_, index) => `entities/${index}`)];
const leasesOf = (store: Store): LeaseStore => {
  if (store.leases === null) throw new Error('PostgreSQL has leases');
  return store.leases;
};
const names = (held: readonly { slot: string }[]) => held.map(({ slot }) => slot);

describe('leases', () => {
  const { place, open } = bench('postgresql');
  const two = async () => {
    const at = await place();
    return [leasesOf(await open(at)), leasesOf(await open(at))] as const;
  };
  const round = (leases: LeaseStore, instance: string, ttlMs = 60_000) => leases.round({ instance, slots, ttlMs });

  it('are all of one instance, and evenly of two, and three', async () => {
    const [a, b] = await two();
    expect(names((await round(a, 'a')).held)).toEqual(slots);
    // All are taken: whoever comes waits until the first gave back what is beyond its share.
    expect(await round(b, 'b')).toEqual({ held: [], instances: 2 });
    expect(names((await round(a, 'a')).held)).toEqual(['leader', 'entities/0', 'entities/1', 'entities/2', 'entities/3']);
    const taken = await round(b, 'b');
    expect(taken.held).toEqual(['4', '5', '6', '7'].map((index) => ({ slot: `entities/${index}`, holder: 'b', token: 2 })));
    await round(b, 'c');
    for (const instance of ['a', 'b', 'c', 'a', 'b', 'c']) await round(a, instance);
    const held = await a.list();
    expect(held.map(({ slot }) => slot)).toEqual(slots.toSorted());
    const counts = ['a', 'b', 'c'].map((instance) => held.filter((lease) => lease.holder === instance && lease.slot !== 'leader').length);
    expect(counts).toEqual([3, 3, 2]);
  });

  it('go to another only after their time by the clock of the database, under a higher token', async () => {
    const [a, b] = await two();
    const [first] = (await round(a, 'a', 400)).held;
    expect((await round(b, 'b', 400)).held).toEqual([]);
    await sleep(600);
    const { held, instances } = await round(b, 'b', 60_000);
    expect(instances).toBe(1);
    expect(names(held)).toEqual(slots);
    expect(held[0]?.token).toBe((first?.token ?? 0) + 1);
  });

  it('stay under their token when nobody took them meanwhile, and are free at once when they are given back', async () => {
    const [a, b] = await two();
    const before = (await round(a, 'a', 100)).held;
    await sleep(200);
    expect((await round(a, 'a')).held).toEqual(before);
    await a.leave('a');
    expect(names((await round(b, 'b')).held)).toEqual(slots);
  });

  it('taken at the same time have one holder each', async () => {
    const [a, b] = await two();
    for (let turn = 0; turn < 10; turn += 1) {
      await Promise.all([round(a, 'a'), round(b, 'b'), round(a, 'c')]);
      const held = await a.list();
      expect(new Set(names(held)).size).toBe(held.length);
    }
    expect(await a.list()).toHaveLength(slots.length);
  });

  it('fence writes: what was lost cannot be written with, however late it comes', async () => {
    const at = await place();
    const [store, other] = [await open(at), await open(at)];
    const { held } = await round(leasesOf(store), 'a', 300);
    const fence = held.find(({ slot }) => slot === 'entities/3') ?? null;
    const ledger = 'linux-host/3';
    await store.pipeline.placeCursors('linux-host', [ledger], startMs);
    const tick = { ...tickFrom('linux-host', startMs), ledger, fence };
    expect(await store.pipeline.commitTick(tick)).toBe(true);
    const next = { ...tickFrom('linux-host', startMs + 1000), ledger, fence };
    await sleep(500);
    const taken = (await round(leasesOf(other), 'b')).held.find(({ slot }) => slot === 'entities/3') ?? null;
    expect(await store.pipeline.commitTick(next)).toBe(false);
    expect(await store.pipeline.cursor(ledger)).toBe(startMs + 1000);
    expect(await other.pipeline.commitTick({ ...next, fence: taken })).toBe(true);
    expect(await store.pipeline.ranges(ledger, 0, Number.MAX_SAFE_INTEGER)).toMatchObject([{ fromMs: startMs, toMs: startMs + 2000 }]);
  });

  it('of an instance that freezes in the middle of a transaction are not held for ever', { timeout: 30_000 }, async () => {
    const at = await place();
    const { Client } = await import('pg');
    const [, url = ''] = Object.entries(at)[0] ?? [];
    const frozen = new Client({ connectionString: url as string });
    frozen.on('error', () => {});
    const leases = leasesOf(await open(at));
    const { held } = await round(leases, 'a', 100);
    await frozen.connect();
    await frozen.query('begin');
    await frozen.query('set local idle_in_transaction_session_timeout = 3000');
    await frozen.query(`select 1 from lease where slot = '${held[0]?.slot}' for share`);
    await sleep(200);
    expect(names((await round(leases, 'b')).held)).toEqual(slots);
    await frozen.end().catch(() => {});
  });
});

onBoth('cursors', ({ open, kind }) => {
  const ledgers = ['p/0', 'p/1', 'p/2'];

  it('begin together, and only once', async () => {
    const { pipeline } = await open();
    await pipeline.placeCursors('p', ledgers, startMs);
    await pipeline.placeCursors('p', ledgers, startMs + 5);
    expect(await pipeline.cursors([...ledgers, 'q/0'])).toEqual(new Map(ledgers.map((ledger) => [ledger, startMs])));
  });

  it('go on where they were when one instance becomes several, and several one', async () => {
    const { pipeline } = await open();
    await pipeline.placeCursors('p', ['p'], startMs);
    await pipeline.placeCursors('p', ledgers, startMs + 99);
    expect(await pipeline.cursor('p')).toBeNull();
    expect(await pipeline.cursor('p/1')).toBe(startMs);
    await pipeline.resetCursor('p/1', startMs, startMs + 7);
    await pipeline.placeCursors('p', ['p'], startMs + 99);
    expect(await pipeline.cursor('p')).toBe(startMs);
    expect((await pipeline.cursors(ledgers)).size).toBe(0);
  });

  it('of a profile whose name begins alike stay', async () => {
    const { pipeline } = await open();
    await pipeline.placeCursors('p-2', ['p-2/0'], startMs);
    await pipeline.placeCursors('p', ['p'], startMs);
    expect(await pipeline.cursor('p-2/0')).toBe(startMs);
  });

  it('only PostgreSQL has leases', async () => {
    expect((await open()).leases === null).toBe(kind === 'sqlite');
  });
});
