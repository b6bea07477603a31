import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { configSchema } from '../../src/model/config.ts';
import type { ThresholdBasis } from '../../src/model/score.ts';
import { type AcceptedShift, createAlarms } from '../../src/server/alarms.ts';
import { createBoard } from '../../src/server/board.ts';
import { createLearner } from '../../src/server/learner.ts';
import { createPipeline } from '../../src/server/pipeline.ts';
import { quietGate } from '../../src/server/quiet.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { fakeDetectors, fakeSlug } from './fake-detector.ts';
import { fakeSource, profile, stepMs, type World } from './fake-source.ts';

const dir = mkdtempSync(join(tmpdir(), 'vigia-alarms-'));
const stores: Store[] = [];
afterAll(async () => {
  for (const store of stores) await store.close();
  rmSync(dir, { recursive: true });
});

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;
const startMs = Date.UTC(2026, 0, 1);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const entity = 'web1';
const calm = (feature: string, tsMs: number): number =>
  0.1 + 0.02 * Math.sin(tsMs / 7_000 + feature.length) + 0.01 * Math.sin(tsMs / 1_300);

/** One entity, calm but for what `memory` says. */
const worldOf = (memory: (tsMs: number) => number | null = () => null): World => ({
  nowMs: startMs,
  down: false,
  queries: 0,
  entities: new Map([
    [
      entity,
      {
        present: (tsMs) => tsMs > startMs - hourMs,
        value: (feature, tsMs) => (feature === 'memory' ? memory(tsMs) : null) ?? calm(feature, tsMs),
      },
    ],
  ]),
});

async function house(world: World, options: { reuse?: Store; detection?: object } = {}) {
  const store = options.reuse ?? (await openStore({ file: join(dir, `${stores.length}.sqlite`) }, { now: () => world.nowMs }));
  if (options.reuse === undefined) stores.push(store);
  const config = configSchema.parse({ detection: { minimumSteps: 40, window: '1h', acceptAfter: '10m', ...options.detection } }).detection;
  const source = fakeSource(world);
  const board = createBoard({ profiles: new Map([[profile.slug, profile]]), freshMs: minuteMs });
  const gate = async () => quietGate(await store.silences.list(), await store.marks.list({}));
  const learner = createLearner({ store, source: () => source, config, detectors: fakeDetectors(), gate, log, onChange: () => {} });
  const alarms = createAlarms({ store, config, stepMs: () => stepMs, log });
  const shifts: AcceptedShift[] = [];
  const pipeline = createPipeline({
    store,
    source: () => source,
    learner,
    alarms,
    board,
    log,
    freshMs: minuteMs,
    horizonMs: 30 * 24 * hourMs,
    defaultRealtime: true,
    onRows: () => {},
    onAccepted: (_, accepted) => shifts.push(...accepted),
  });
  /** Ticks until `untilMs`, `everyMs` apart. */
  const walk = async (untilMs: number, everyMs = 10 * stepMs) => {
    for (; world.nowMs <= untilMs; world.nowMs += everyMs) {
      for (let behind = true; behind; ) {
        const result = await pipeline.tick(profile);
        await learner.maintain(profile, result.nowMs);
        behind = result.behind;
      }
    }
  };
  const findings = async (fromMs = 0, toMs = Number.MAX_SAFE_INTEGER) =>
    (await store.findings.list({ entity, fromMs, toMs, limit: 100_000, offset: 0 })).findings;
  return { store, board, learner, alarms, pipeline, walk, findings, shifts };
}

describe('the level in force', () => {
  it('is that of the model until past scores are enough, then the configured one, and says which', async () => {
    const world = worldOf();
    const { walk, board, store } = await house(world, { detection: { threshold: 'extreme-value' } });
    await walk(startMs + 10 * minuteMs);
    const young = board.get(profile.slug, entity);
    expect(young).toMatchObject({ basis: 'detector', threshold: expect.any(Number) });
    await walk(startMs + 3 * hourMs, 30 * minuteMs);
    const grown = board.get(profile.slug, entity);
    expect(['extreme-value', 'least']).toContain(grown?.basis);
    expect(grown?.threshold).toBeGreaterThanOrEqual(0.6);
    expect((await store.pipeline.board())[0]).toMatchObject({ basis: grown?.basis, threshold: grown?.threshold });
    expect(board.exposition(grown?.tsMs ?? 0)).toMatch(/^vigia_anomaly_threshold\{.*entity="web1"\} 0\.\d+$/m);
  });

  it.each<[object, ThresholdBasis, number]>([
    [{ threshold: 'fixed', thresholdLevel: 0.66 }, 'fixed', 0.66],
    [{ threshold: 'detector' }, 'detector', Number.NaN],
  ])('is of the kind that the configuration names: %j', async (detection, basis, level) => {
    const { walk, board, learner } = await house(worldOf(), { detection });
    await walk(startMs + 5 * minuteMs);
    expect(board.get(profile.slug, entity)).toMatchObject({
      basis,
      threshold: Number.isNaN(level) ? learner.of(profile, entity).detector?.threshold : level,
    });
  });

  it('is the one that a person set, in the next step, and the learned one again when it is taken back (P21)', async () => {
    const faultMs = startMs + 5 * minuteMs;
    const { walk, board, store, alarms, findings } = await house(worldOf((tsMs) => (tsMs > faultMs ? 0.9 : null)));
    await walk(faultMs + 2 * minuteMs);
    expect((await findings()).length).toBeGreaterThan(10);
    await store.pipeline.setThreshold(profile.slug, entity, 1);
    await walk(faultMs + 4 * minuteMs);
    expect(board.get(profile.slug, entity)).toMatchObject({ threshold: 1, basis: 'set', shares: [] });
    expect(alarms.inForce(profile.slug, entity, { override: null, detector: 0.7 })).toEqual({ level: 0.7, basis: 'detector' });
    await store.pipeline.setThreshold(profile.slug, entity, null);
    await walk(faultMs + 5 * minuteMs);
    expect(board.get(profile.slug, entity)).toMatchObject({ basis: 'detector' });
    expect((await findings())[0]).toMatchObject({ basis: 'detector', threshold: board.get(profile.slug, entity)?.threshold });
  });

  it('is the same after restarts, bit for bit, and begins anew under another setting or when damaged', async () => {
    const memory = (tsMs: number) => ((tsMs - startMs) % hourMs > 55 * minuteMs ? 0.7 : null);
    const [whole, broken] = [await house(worldOf(memory)), await house(worldOf(memory))];
    await whole.walk(startMs + 2 * hourMs);
    const world = worldOf(memory);
    let current = await house(world, { reuse: broken.store });
    for (let untilMs = startMs; untilMs <= startMs + 2 * hourMs; untilMs += 7 * minuteMs) {
      await current.walk(Math.min(untilMs, startMs + 2 * hourMs));
      current = await house(world, { reuse: broken.store });
    }
    await current.walk(startMs + 2 * hourMs);
    const [one] = await whole.store.alarms.list(profile.slug);
    const [other] = await broken.store.alarms.list(profile.slug);
    expect(other?.tsMs).toBe(one?.tsMs);
    expect(Buffer.compare(Buffer.from(one?.state ?? []), Buffer.from(other?.state ?? []))).toBe(0);
    expect(await broken.findings()).toEqual(await whole.findings());

    const changed = await house(world, { reuse: broken.store, detection: { falseAlarmsPerWeek: 2 } });
    await changed.walk(world.nowMs);
    const [anew] = await broken.store.alarms.list(profile.slug);
    expect(anew?.settings).not.toBe(one?.settings);
    expect(anew?.state.length).toBeLessThan(one?.state.length ?? 0);
  });
});

describe('a level shift that stays', () => {
  const shiftMs = startMs + 5 * minuteMs;
  const shifted = () => worldOf((tsMs) => (tsMs > shiftMs ? 0.9 : null));

  it('is accepted after its time: no more findings, the reason is said, and the model learns it', async () => {
    // One that streams goes on learning by itself; this one learns anew.
    const { walk, findings, shifts, board, store } = await house(shifted(), { detection: { detector: 'isolation-forest' } });
    await walk(shiftMs + 9 * minuteMs);
    expect(await store.alarms.openSince(profile.slug, entity)).toBe(shiftMs + stepMs);
    expect((await findings()).length).toBeGreaterThan(90);
    const before = (await store.models.active(profile.slug, entity))?.info;
    await walk(shiftMs + 20 * minuteMs);
    expect(shifts).toEqual([{ entity, sinceMs: shiftMs + stepMs, acceptedAtMs: expect.any(Number), by: null }]);
    const acceptedAtMs = shifts[0]?.acceptedAtMs ?? 0;
    expect(acceptedAtMs - shiftMs).toBeGreaterThanOrEqual(10 * minuteMs);
    expect(acceptedAtMs - shiftMs).toBeLessThanOrEqual(10 * minuteMs + 2 * stepMs);
    expect(await findings(acceptedAtMs + stepMs)).toEqual([]);
    expect(await store.marks.list({ profile: profile.slug, entity })).toMatchObject([
      { kind: 'accepted', fromMs: shiftMs + stepMs, toMs: acceptedAtMs, by: '' },
    ]);
    expect(await store.alarms.openSince(profile.slug, entity)).toBeNull();
    expect(board.get(profile.slug, entity)?.basis).toBe('accepted');
    const after = (await store.models.active(profile.slug, entity))?.info;
    expect(after?.version).toBeGreaterThan(before?.version ?? 0);
    // The rows of the shift are among what it learned: all 720 of the hour, but for those that came after its first look.
    expect(after?.steps).toBeGreaterThan(700);
    expect(before?.steps).toBeLessThanOrEqual(720);
  });

  it('is accepted at once by a person, across a restart, and only once', async () => {
    const world = shifted();
    const first = await house(world);
    await first.walk(shiftMs + 3 * minuteMs);
    expect(await first.store.alarms.wish(profile.slug, { entity, by: 'Ana', atMs: world.nowMs })).toBe(true);
    expect(await first.store.alarms.wish(profile.slug, { entity, by: 'Luis', atMs: world.nowMs })).toBe(false);
    const second = await house(world, { reuse: first.store });
    await second.walk(shiftMs + 6 * minuteMs);
    expect(second.shifts).toMatchObject([{ entity, by: 'Ana', sinceMs: shiftMs + stepMs }]);
    expect(await first.store.alarms.wishes(profile.slug)).toEqual([]);
    expect(await second.findings((second.shifts[0]?.acceptedAtMs ?? 0) + stepMs)).toEqual([]);
    expect(await first.store.alarms.wish(profile.slug, { entity, by: 'Ana', atMs: world.nowMs })).toBe(false);
  });

  it('is told again when it goes further', async () => {
    const furtherMs = shiftMs + 20 * minuteMs;
    const world = worldOf((tsMs) => (tsMs > furtherMs ? 30 : tsMs > shiftMs ? 0.5 : null));
    const { walk, findings, shifts } = await house(world, { detection: { detector: fakeSlug, threshold: 'fixed', thresholdLevel: 0.9 } });
    await walk(furtherMs);
    expect(shifts.length).toBeLessThanOrEqual(1);
    await walk(furtherMs + 2 * minuteMs);
    expect((await findings(furtherMs)).length).toBeGreaterThan(0);
  });
});

describe('what is marked', () => {
  const faultMs = startMs + 10 * minuteMs;
  const endMs = faultMs + 10 * minuteMs;
  const span = { profile: profile.slug, entity, fromMs: faultMs, toMs: endMs, text: '', by: 'Ana', incidentId: null };

  it.each([
    ['isolation-forest', 'fault'],
    [fakeSlug, 'fault'],
    ['ensemble', 'maintenance'],
  ] as const)('changes no model of %s: it is the same whatever happened in a marked time of %s', async (detector, kind) => {
    const models: { sha256: string; dataSha256: string; steps: number }[] = [];
    const states: string[] = [];
    for (const value of [0.3, 0.9]) {
      const world = worldOf((tsMs) => (tsMs >= faultMs && tsMs < endMs ? value : null));
      const { walk, store, learner } = await house(world, { detection: { detector, retrain: '15m' } });
      await store.marks.add({ ...span, kind });
      await walk(endMs + 30 * minuteMs);
      await learner.train(profile, entity, world.nowMs, hourMs);
      const info = (await store.models.active(profile.slug, entity))?.info;
      if (info) models.push({ sha256: info.sha256, dataSha256: info.dataSha256, steps: info.steps });
      states.push((await store.models.list({ entity })).map(({ sha256 }) => sha256).join());
    }
    expect(models).toHaveLength(2);
    expect(models[1]).toEqual(models[0]);
    expect(states[1]).toBe(states[0]);
  });

  it('afterwards makes a model that learned of it learn anew without it, over a restart too', async () => {
    const world = worldOf((tsMs) => (tsMs >= faultMs && tsMs < endMs ? 0.2 : null));
    const first = await house(world);
    await first.walk(endMs + 20 * minuteMs);
    await first.learner.train(profile, entity, world.nowMs, hourMs);
    const before = (await first.store.models.active(profile.slug, entity))?.info;
    world.nowMs += minuteMs;
    await first.store.marks.add({ ...span, kind: 'fault' });
    const second = await house(world, { reuse: first.store });
    await second.walk(world.nowMs + minuteMs);
    const after = (await first.store.models.active(profile.slug, entity))?.info;
    expect(after?.version).toBe((before?.version ?? 0) + 1);
    expect(after?.steps).toBeLessThan((before?.steps ?? 0) - 100);
  });

  it('ends with its incident where it has no end of its own, and is kept when a silence is over', () => {
    const mark = { ...span, id: 1, createdMs: 0, kind: 'fault' as const };
    expect(quietGate([], [mark])(profile.slug, entity, endMs)).toBe(true);
    expect(quietGate([], [mark])(profile.slug, entity, endMs - 1)).toBe(false);
    expect(quietGate([], [{ ...mark, toMs: null }])(profile.slug, entity, endMs + hourMs)).toBe(false);
    expect(quietGate([], [{ ...mark, kind: 'accepted' }])(profile.slug, entity, faultMs)).toBe(true);
    expect(quietGate([], [mark])(profile.slug, 'web2', faultMs)).toBe(true);
    expect(quietGate([], [mark])('container', entity, faultMs)).toBe(true);
  });
});
