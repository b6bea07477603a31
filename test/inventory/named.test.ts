import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../src/model/target.ts';
import { type Changes, changesFor, type Named, type SourceKey } from '../../src/server/inventory/named.ts';

const lab: SourceKey = { kind: 'file', name: 'lab' };
const named = (address: string, part: Partial<Named> = {}): Named => ({
  address,
  profile: 'linux-host',
  scheme: 'http',
  metricsPath: '/metrics',
  labels: {},
  name: null,
  ...part,
});
const byHand = (address: string): Target => ({
  ...named(address),
  labels: {},
  id: `hand-${address.replace(/\W/g, '-')}`,
  name: address,
  enabled: true,
  managedBy: 'user',
  createdMs: 1,
});

function applied(inventory: readonly Target[], { insert, update, remove }: Changes): Target[] {
  const gone = new Set(remove.map(({ id }) => id));
  const changed = new Map(update.map((target) => [target.id, target]));
  return [...inventory.filter(({ id }) => !gone.has(id)).map((target) => changed.get(target.id) ?? target), ...insert];
}
const step = (inventory: readonly Target[], wanted: readonly Named[], whole = true): Target[] =>
  applied(inventory, changesFor(lab, inventory, wanted, { whole, nowMs: 5 }));

describe('an inventory that follows a source', () => {
  it('calls a target by its host, or by its address where the host has several', () => {
    const found = step(
      [],
      [named('web1.lan:9100'), named('[fd00::1]:9100'), named('db.lan:1'), named('db.lan:2'), named('x:1', { name: 'nas' })],
    );
    expect(found.map(({ id, name, managedBy, source }) => [id, name, managedBy, source])).toEqual([
      ['web1-lan', 'web1.lan', 'file', 'lab'],
      ['fd00-1', 'fd00::1', 'file', 'lab'],
      ['db-lan-1', 'db.lan:1', 'file', 'lab'],
      ['db-lan-2', 'db.lan:2', 'file', 'lab'],
      ['nas', 'nas', 'file', 'lab'],
    ]);
  });

  it('leaves what a person watches to that person, and says so', () => {
    const inventory = [byHand('web1:9100')];
    const { insert, skipped, remove } = changesFor(lab, inventory, [named('web1:9100'), named('web2:9100')], { whole: true, nowMs: 1 });
    expect([insert.map(({ name }) => name), skipped.map(({ address }) => address), remove]).toEqual([['web2'], ['web1:9100'], []]);
  });

  it('keeps a switch that a person turned, and the id when labels change', () => {
    const [first] = step([], [named('web1:9100')]);
    const [second] = step([{ ...(first as Target), enabled: false }], [named('web1:9100', { labels: { rack: 'a' }, scheme: 'https' })]);
    expect(second).toEqual({ ...first, enabled: false, labels: { rack: 'a' }, scheme: 'https' });
  });

  it('removes nothing while a place is not known', () => {
    const inventory = step([], [named('web1:9100'), named('web2:9100')]);
    expect(step(inventory, [named('web2:9100')], false)).toEqual(inventory);
    expect(step(inventory, [named('web2:9100')]).map(({ name }) => name)).toEqual(['web2']);
  });

  const wanted = fc.array(
    fc.record({
      address: fc.constantFrom('a:1', 'a:2', 'b:1', 'c:1', '10.0.0.1:9100'),
      profile: fc.constantFrom('linux-host', 'redis'),
      scheme: fc.constantFrom('http' as const, 'https' as const),
      metricsPath: fc.constantFrom('/metrics', '/m'),
      labels: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2')),
      name: fc.option(fc.constantFrom('n', 'a'), { nil: null }),
    }),
    { maxLength: 8 },
  );
  const hands = fc.uniqueArray(fc.constantFrom('a:1', 'c:1', 'd:1'), { maxLength: 3 }).map((all) => all.map(byHand));

  it('holds exactly what was named last, settles at once, and never touches the others', () => {
    fc.assert(
      fc.property(hands, fc.array(wanted, { minLength: 1, maxLength: 5 }), (others, looks) => {
        let inventory: Target[] = others;
        for (const look of looks) {
          const before = new Map(inventory.map((target) => [`${target.profile} ${target.address}`, target.id]));
          inventory = step(inventory, look);
          // Ids stay, and are each given once.
          for (const { profile, address, id } of inventory) expect(before.get(`${profile} ${address}`) ?? id).toBe(id);
          expect(new Set(inventory.map(({ id }) => id)).size).toBe(inventory.length);
          const again = changesFor(lab, inventory, look, { whole: true, nowMs: 9 });
          expect([again.insert, again.update, again.remove]).toEqual([[], [], []]);
        }
        const foreign = new Set(others.map(({ profile, address }) => `${profile} ${address}`));
        const keys = new Set((looks.at(-1) ?? []).map(({ profile, address }) => `${profile} ${address}`));
        const own = inventory.filter(({ managedBy }) => managedBy === 'file').map(({ profile, address }) => `${profile} ${address}`);
        expect(own.sort()).toEqual([...keys].filter((key) => !foreign.has(key)).sort());
        expect(inventory.filter(({ managedBy }) => managedBy === 'user')).toEqual(others);
      }),
      { numRuns: 200 },
    );
  });
});
