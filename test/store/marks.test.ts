import { expect, it } from 'vitest';
import { onBoth } from './both.ts';
import { startMs, tickFrom } from './ticks.ts';

onBoth('alarms and marks', (place) => {
  const profile = 'linux-host';
  const alarm = { entity: 'a', tsMs: startMs + 1000, sinceMs: startMs, settings: '["budget",1]', state: Uint8Array.of(0, 255, 7) };
  const base = { profile, entity: 'a', text: '', by: 'Ana', incidentId: null };

  it('are written with the tick, or not at all', async () => {
    const store = await place.open();
    const tick = { ...tickFrom(profile, startMs), alarms: [alarm], accepted: [{ ...base, kind: 'accepted' as const, fromMs: 1, toMs: 2 }] };
    expect(await store.pipeline.commitTick(tick)).toBe(false);
    expect([await store.alarms.list(profile), await store.marks.list({})]).toEqual([[], []]);
    const first = {
      ...tick,
      fromMs: null,
      toMs: startMs,
      present: 0,
      missing: 0,
      board: [],
      seen: [],
      findings: [],
      alarms: [],
      accepted: [],
    };
    await store.pipeline.commitTick(first);
    expect(await store.pipeline.commitTick(tick)).toBe(true);
    const [saved] = await store.alarms.list(profile);
    expect({ ...saved, state: [...(saved?.state ?? [])] }).toEqual({ ...alarm, state: [0, 255, 7] });
    expect(await store.alarms.list('container')).toEqual([]);
    expect(await store.marks.list({ profile, entity: 'a' })).toMatchObject([{ kind: 'accepted', fromMs: 1, toMs: 2, by: 'Ana' }]);
    expect(await store.pipeline.evict(startMs + 10_000)).toContainEqual({ profile, entity: 'a' });
    expect(await store.alarms.list(profile)).toEqual([]);
  });

  it('keep a wish until the alarm has heard of it, and take none where nothing is open', async () => {
    const store = await place.open();
    const { pipeline, alarms } = store;
    const wish = { entity: 'a', by: 'Ana', atMs: 5 };
    expect(await alarms.wish(profile, wish)).toBe(false);
    const empty = { profile, present: 0, missing: 0, late: false, board: [], seen: [], findings: [] };
    await pipeline.commitTick({ ...empty, fromMs: null, toMs: 0 });
    await pipeline.commitTick({ ...empty, fromMs: 0, toMs: 1000, alarms: [{ ...alarm, sinceMs: null }] });
    expect([await alarms.wish(profile, wish), await alarms.openSince(profile, 'a')]).toEqual([false, null]);
    await pipeline.commitTick({ ...empty, fromMs: 1000, toMs: 2000, alarms: [alarm] });
    expect(await alarms.openSince(profile, 'a')).toBe(startMs);
    expect([await alarms.wish(profile, wish), await alarms.wish(profile, { ...wish, by: 'Luis' })]).toEqual([true, false]);
    expect(await alarms.openSince(profile, 'a')).toBeNull();
    // A tick that began before the wish leaves it.
    await pipeline.commitTick({ ...empty, fromMs: 2000, toMs: 3000, alarms: [alarm], heard: [] });
    expect(await alarms.wishes(profile)).toEqual([wish]);
    await pipeline.commitTick({ ...empty, fromMs: 3000, toMs: 4000, alarms: [{ ...alarm, sinceMs: null }], heard: [wish] });
    expect(await alarms.wishes(profile)).toEqual([]);
  });

  it('are found by entity and time; one without an end ends with its incident', async () => {
    const { marks, incidents } = await place.open();
    const incidentId = await incidents.insert({
      entity: 'a',
      profile,
      kind: 'host',
      name: 'a',
      severity: 'warning',
      state: 'open',
      title: 't',
      openedMs: 100,
      closedMs: null,
      top: [],
      peakScore: 0.9,
      threshold: 0.7,
      basis: 'budget',
      shares: [],
    });
    expect((await incidents.get(incidentId))?.basis).toBe('budget');
    const fault = await marks.add({ ...base, kind: 'fault', fromMs: 90, toMs: null, incidentId, text: 'disk' });
    await marks.add({ ...base, entity: 'b', kind: 'maintenance', fromMs: 1000, toMs: 2000 });
    expect(await marks.get(fault.id)).toEqual(fault);
    const at = async (fromMs: number, toMs: number) => (await marks.list({ fromMs, toMs })).map(({ entity }) => entity);
    expect([await at(0, 50), await at(95, 1500), await at(2000, 3000)]).toEqual([[], ['b', 'a'], ['a']]);
    await incidents.update(incidentId, { state: 'closed', closedMs: 500 });
    expect(await marks.get(fault.id)).toEqual({ ...fault, toMs: 500 });
    expect(await at(500, 600)).toEqual([]);
    expect([await marks.remove(fault.id), await marks.remove(fault.id), await marks.get(fault.id)]).toEqual([true, false, null]);
  });

  it('of a whole profile are about each of its entities; those made at once are ended at once', async () => {
    const { marks } = await place.open();
    const common = { ...base, kind: 'maintenance', fromMs: 100 } as const;
    const made = await marks.addAll([
      { ...common, entity: 'a', toMs: null },
      { ...common, entity: '', toMs: 500 },
      { ...common, entity: 'b', toMs: 200 },
    ]);
    expect(new Set(made.map(({ createdMs }) => createdMs)).size).toBe(1);
    expect(await marks.addAll([])).toEqual([]);
    const of = async (entity: string) => (await marks.list({ profile, entity })).map((mark) => `${mark.entity} ${mark.toMs}`).toSorted();
    expect([await of('a'), await of('c')]).toEqual([[' 500', 'a null'], [' 500']]);
    await marks.end(
      made.map(({ id }) => id),
      300,
    );
    await marks.end([], 0);
    expect([await of('a'), await of('b')]).toEqual([
      [' 300', 'a 300'],
      [' 300', 'b 200'],
    ]);
  });
});
