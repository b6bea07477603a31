import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AiState, AuditPage } from '../../src/model/api.ts';
import type { Backtest, ModelComparison, ModelList } from '../../src/model/backtest.ts';
import type { ModelInfo } from '../../src/model/score.ts';
import { createCommands } from '../../src/server/commands.ts';
import { createInternalListener } from '../../src/server/internal.ts';
import { FakeStream, fakeSlug } from './fake-detector.ts';
import { type FakeHouse, fakeHouse } from './fake-house.ts';
import { profile, stepMs, type World } from './fake-source.ts';

const startMs = Date.UTC(2026, 0, 1);
const faultMs = startMs + 60 * stepMs;
const calm = (feature: string, tsMs: number) => 0.1 + 0.02 * Math.sin(tsMs / 7_000 + feature.length) + 0.01 * Math.sin(tsMs / 1_300);
/** Two faults of web1, an hour apart; web2 has none. */
const isFault = (tsMs: number) => [faultMs, faultMs + 3_600_000].some((fromMs) => tsMs > fromMs && tsMs <= fromMs + 24 * stepMs);
const world: World = {
  nowMs: startMs,
  down: false,
  queries: 0,
  entities: new Map([
    ['web1', { present: () => true, value: (feature, tsMs) => (feature === 'memory' && isFault(tsMs) ? 0.9 : calm(feature, tsMs)) }],
    ['web2', { present: () => true, value: calm }],
  ]),
};
const operator = { role: 'operator' } as const;
const viewer = { role: 'viewer' } as const;
const onlyContainers = { role: 'operator', scope: { hosts: false, containers: true } } as const;
const web1 = { profile: profile.slug, entity: 'web1' };
const query = `profile=${profile.slug}&entity=web1`;

let fake: FakeHouse;
beforeAll(async () => {
  fake = await fakeHouse(world, { detection: { detector: 'isolation-forest', minimumSteps: 40, window: '1h', retrain: '1h' } });
  await fake.ask(operator, 'POST', '/api/targets', { name: 'web1', profile: profile.slug, address: '10.0.0.1:9100' });
  for (const nowMs of [startMs, startMs + 30 * stepMs, faultMs + 4_000_000]) {
    world.nowMs = nowMs;
    for (let more = true; more; ) more = (await fake.house.pipeline.tick(profile)).behind;
    await fake.house.learner.maintain(profile, nowMs);
  }
});
afterAll(() => fake.stop());

describe('the registry of models', () => {
  const list = async () => (await fake.ask(viewer, 'GET', `/api/ai/models?${query}`)).json<ModelList>().models;

  it('lists versions with what they were made of', async () => {
    const models = await list();
    expect(models.map((model) => [model.version, model.state])).toEqual([
      [2, 'active'],
      [1, 'retired'],
    ]);
    expect(models[0]?.dataSha256).not.toBe(models[1]?.dataSha256);
    expect(models[0]?.options).toMatchObject({ trees: 100, sampleSize: 256, stepMs });
    const again = (await fake.ask(operator, 'POST', '/api/ai/train', { ...web1, hours: 1 })).json<ModelInfo>();
    const once = (await fake.ask(operator, 'POST', '/api/ai/train', { ...web1, hours: 1 })).json<ModelInfo>();
    // The same rows give the same text, and the same model.
    expect([once.dataSha256, once.sha256]).toEqual([again.dataSha256, again.sha256]);
    const { detector, detectors } = (await fake.ask(viewer, 'GET', '/api/ai')).json<AiState>();
    expect({ detector, detectors }).toEqual({
      detector: 'isolation-forest',
      detectors: expect.arrayContaining([detector, fakeSlug]) as unknown,
    });
  });

  it('compares two versions on the same rows', async () => {
    const compare = (a: number, b: number) => fake.ask(viewer, 'GET', `/api/ai/models/compare?${query}&a=${a}&b=${b}&hours=2`);
    const different = (await compare(1, 2)).json<ModelComparison>();
    expect(different).toMatchObject({ steps: 1440, sides: [{ version: 1, scored: 1440 }, { version: 2 }] });
    expect(different.correlation).toBeGreaterThan(0.3);
    expect(different.correlation).toBeLessThan(1);
    for (const side of different.sides) {
      expect(side.episodes.map(({ entity, feature }) => [entity, feature])).toContainEqual(['web1', 'memory']);
      expect(side.findings).toBeGreaterThanOrEqual(different.shared);
    }
    const [a, b] = (await list()).map((model) => model.version) as [number, number];
    const same = (await compare(a, b)).json<ModelComparison>();
    expect(same.correlation).toBe(1);
    expect(same.shared).toBe(same.sides[0]?.findings);
    expect((await compare(1, 1)).status).toBe(400);
    expect((await compare(1, 77)).status).toBe(404);
  });

  it('goes back to a version, scores with it at once, and renews it no more until somebody trains', async () => {
    const { learner, store } = fake.house;
    expect((await fake.ask(viewer, 'POST', '/api/ai/models/roll-back', { ...web1, version: 1 })).status).toBe(403);
    expect((await fake.ask(onlyContainers, 'POST', '/api/ai/models/roll-back', { ...web1, version: 1 })).status).toBe(403);
    expect((await fake.ask(operator, 'POST', '/api/ai/models/roll-back', { ...web1, version: 77 })).status).toBe(404);
    const rolled = (await fake.ask(operator, 'POST', '/api/ai/models/roll-back', { ...web1, version: 1 })).json<ModelInfo>();
    expect(rolled).toMatchObject({ version: 1, state: 'active', pinned: true });
    expect(learner.of(profile, 'web1').info?.version).toBe(1);
    world.nowMs += 10 * 3_600_000;
    for (let more = true; more; ) more = (await fake.house.pipeline.tick(profile)).behind;
    // web2 is old enough for a new model; web1 is kept.
    expect(await learner.maintain(profile, world.nowMs)).toEqual(['web2']);
    expect(fake.house.board.get(profile.slug, 'web1')?.modelVersion).toBe(1);
    const trained = (await fake.ask(operator, 'POST', '/api/ai/train', { ...web1, hours: 1 })).json<ModelInfo>();
    expect(trained).toMatchObject({ state: 'active', pinned: false });
    expect((await store.models.list(web1)).filter((model) => model.pinned)).toEqual([]);
    const { entries } = (await fake.ask({ role: 'administrator' }, 'GET', '/api/audit')).json<AuditPage>();
    expect(entries).toContainEqual(
      expect.objectContaining({ action: 'model.roll-back', subject: `${profile.slug}/web1`, detail: 'version 1' }),
    );
  });

  it('refuses a version that is damaged, and sets it aside', async () => {
    const { models } = fake.house.store;
    const [active] = await list();
    const { id: _id, version: _v, bytes: _b, sha256: _s, state: _st, pinned: _p, ...info } = active as ModelInfo;
    const damaged = await models.save(info, new Uint8Array([1, 2, 3]), 5);
    await models.activate(profile.slug, 'web1', (active as ModelInfo).version);
    const answer = await fake.ask(operator, 'POST', '/api/ai/models/roll-back', { ...web1, version: damaged.version });
    expect(answer.json()).toMatchObject({ code: 'model-corrupt' });
    expect((await list()).find((model) => model.version === damaged.version)?.state).toBe('corrupt');
    expect((await models.active(profile.slug, 'web1'))?.info.version).toBe(active?.version);
  });
});

describe('a backtest', () => {
  const start = (body: object) => fake.ask(operator, 'POST', '/api/ai/backtest', { profile: profile.slug, days: 0.5, ...body });
  const last = async (who: typeof viewer | typeof onlyContainers = viewer) =>
    (await fake.ask(who, 'GET', '/api/ai/backtest')).json<{ backtest: Backtest | null }>().backtest;
  const ended = async (): Promise<Backtest> => {
    for (;;) {
      const found = await last();
      if (found !== null && found.state !== 'running') return found;
      await new Promise((wait) => setTimeout(wait, 5));
    }
  };
  const settings = [{ detector: 'isolation-forest' }, { detector: fakeSlug, threshold: 0.95 }];

  it('finds past faults with any detector and threshold, side by side, and touches no model', async () => {
    expect(await last()).toBeNull();
    const before = await fake.house.store.models.list({});
    const live = fake.house.learner.of(profile, 'web1').detector;
    const findings = (await fake.house.store.findings.list({ limit: 1, offset: 0 })).total;
    const started = await start({ settings });
    expect(started.json()).toMatchObject({ state: 'running', progress: 0, entities: 2, sides: [] });
    const done = await ended();
    expect(done).toMatchObject({ state: 'done', progress: 1, reason: '' });
    const [forest, stream] = done.sides;
    expect(forest).toMatchObject({ detector: 'isolation-forest', threshold: null, steps: 17_280, scored: 17_280 });
    expect(stream).toMatchObject({ detector: fakeSlug, threshold: 0.95, steps: 17_280, scored: 17_280 });
    const faults = forest?.latest.filter((one) => one.entity === 'web1' && one.feature === 'memory' && isFault(one.fromMs)) ?? [];
    expect(faults.map((one) => one.fromMs)).toEqual([faultMs + 3_600_000 + stepMs, faultMs + stepMs]);
    expect(faults[0]?.findings).toBe(24);
    for (const side of done.sides) {
      expect(side.weeks.reduce((sum, week) => sum + week.findings, 0)).toBe(side.findings);
      expect(side.weeks.reduce((sum, week) => sum + week.episodes, 0)).toBe(side.episodes);
    }
    expect(await fake.house.store.models.list({})).toEqual(before);
    expect(fake.house.learner.of(profile, 'web1').detector).toBe(live);
    expect((await fake.house.store.findings.list({ limit: 1, offset: 0 })).total).toBe(findings);
  });

  it('finds less from a higher threshold on, and nothing above 1', async () => {
    await start({ entity: 'web1', settings: [0.8, 0.97].map((threshold) => ({ detector: fakeSlug, threshold })) });
    const [low, high] = (await ended()).sides;
    expect(low?.findings).toBeGreaterThan(high?.findings as number);
    expect(high?.findings).toBeGreaterThan(0);
  });

  it('of a detector that streams is the walk row after row', async () => {
    await start({ entity: 'web1', settings: [{ detector: fakeSlug, threshold: 0.9 }] });
    const { sides, fromMs, toMs } = await ended();
    const detector = new FakeStream(profile.features);
    let found = 0;
    for (let tsMs = fromMs - 3_600_000 + stepMs; tsMs <= toMs; tsMs += stepMs) {
      const row = Float64Array.from(['cpu', 'disk', 'memory'], (name) => world.entities.get('web1')?.value(name, tsMs) ?? Number.NaN);
      if (tsMs > fromMs && (detector.score(row) ?? 0) >= 0.9) found++;
      detector.learn(row, Float64Array.of(tsMs));
    }
    expect(found).toBeGreaterThan(0);
    expect(sides[0]?.findings).toBe(found);
  });

  it('runs alone, can be cancelled, and says what is wrong', async () => {
    expect((await fake.ask(viewer, 'POST', '/api/ai/backtest', { profile: profile.slug, settings })).status).toBe(403);
    expect((await start({ settings: [{ detector: 'nothing' }] })).text).toContain('there is no \\"nothing\\"; there are isolation-forest');
    expect((await start({ settings, entity: 'nobody' })).status).toBe(404);
    expect((await start({ settings, profile: 'nothing' })).status).toBe(404);
    await start({ settings, days: 30 });
    expect((await start({ settings })).status).toBe(409);
    expect((await last())?.state).toBe('running');
    expect(await last(onlyContainers)).toBeNull();
    expect((await fake.ask(viewer, 'DELETE', '/api/ai/backtest')).status).toBe(403);
    expect((await fake.ask(operator, 'DELETE', '/api/ai/backtest')).status).toBe(204);
    const cancelled = await ended();
    expect(cancelled).toMatchObject({ state: 'cancelled', sides: [] });
    expect(cancelled.progress).toBeLessThan(1);
    expect((await fake.ask(operator, 'DELETE', '/api/ai/backtest')).status).toBe(204);
    await start({ settings, days: 30 });
    world.down = true;
    const failed = await ended();
    world.down = false;
    expect(failed).toMatchObject({ state: 'failed', reason: 'Prometheus answered 500: it hurts.' });
  });
});

describe('the command line', () => {
  it('does the same by the internal listener, with its token, and the audit says so', async () => {
    const nothing = (() => Promise.reject(new Error('not asked here'))) as never;
    const internal = createInternalListener({
      token: 'secret',
      targetsOf: nothing,
      metrics: () => null,
      take: nothing,
      status: nothing,
      commands: createCommands(fake.house),
      exportCsv: nothing,
      read: null,
      log: fake.house.log,
    });
    const ask = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object, token = 'secret') => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await internal.inject({ method, url: `/internal/${url}`, headers, ...(payload === undefined ? {} : { payload }) });
      return { status: answer.statusCode, body: answer.body };
    };
    expect((await ask('GET', 'backtest', undefined, 'guess')).status).toBe(401);
    expect(await ask('POST', 'backtest', { profile: profile.slug, days: -1, settings: [{}] })).toMatchObject({
      status: 400,
      body: expect.stringContaining('days: ') as unknown,
    });
    expect((await ask('POST', 'backtest', { profile: 'nothing', settings: [{}] })).status).toBe(404);
    const started = await ask('POST', 'backtest', { profile: profile.slug, days: 30, settings: [{}] });
    expect(JSON.parse(started.body)).toMatchObject({
      state: 'running',
      by: 'command line',
      input: { settings: [{ detector: 'isolation-forest' }] },
    });
    expect(JSON.parse((await ask('DELETE', 'backtest')).body)).toEqual({ cancelled: true });
    await fake.house.backtests.stop();
    expect(JSON.parse((await ask('GET', 'backtest')).body)).toMatchObject({ backtest: { state: 'cancelled' } });
    const kept = (await fake.house.store.models.list(web1)).find((model) => model.state === 'retired');
    expect((await ask('POST', 'models/roll-back', { ...web1, version: kept?.version })).status).toBe(200);
    expect(fake.house.learner.of(profile, 'web1').info?.version).toBe(kept?.version);
    expect(JSON.parse((await ask('POST', 'models/roll-back', { ...web1, version: 99 })).body)).toMatchObject({ code: 'not-found' });
    const { entries } = await fake.house.store.audit.list({ limit: 2, offset: 0 });
    expect(entries.map((entry) => [entry.who, entry.action])).toEqual([
      ['command line', 'model.roll-back'],
      ['command line', 'backtest.start'],
    ]);
    await internal.close();
  });
});
