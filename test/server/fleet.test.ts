import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AiState, Host, LiveEvent, Overview, TargetPage } from '../../src/model/api.ts';
import { finder } from '../../src/model/find.ts';
import { standingOf, standingSchema } from '../../src/model/fleet.ts';
import type { Alert } from '../../src/model/incident.ts';
import { gatherEvents } from '../../src/server/events.ts';
import { summaryOf, worstFirst } from '../../src/server/views/fleet.ts';
import { scrapeErrors, upOf } from '../../src/server/views/scrapes.ts';
import { type FakeHouse, fakeHouse } from './fake-house.ts';
import { profile, stepMs, type World } from './fake-source.ts';

const listed = fc.record({
  id: fc.uuid(),
  name: fc.string({ maxLength: 12 }),
  enabled: fc.boolean(),
  state: fc.constantFrom('ok' as const, 'bad' as const, 'unknown' as const),
  learningUntilMs: fc.option(fc.nat()),
  sinceMs: fc.option(fc.nat()),
});

describe('a list of targets', () => {
  it('has the worst first, keeps all, and is the same whatever order they came in', () => {
    const order = standingSchema.options;
    fc.assert(
      fc.property(fc.uniqueArray(listed, { selector: ({ id }) => id }), fc.nat(), (targets, turn) => {
        const sorted = worstFirst(targets);
        const ranks = sorted.map((target) => order.indexOf(standingOf(target)));
        expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
        expect(new Set(sorted)).toEqual(new Set(targets));
        const at = turn % Math.max(1, targets.length);
        expect(worstFirst([...targets.slice(at), ...targets.slice(0, at)])).toEqual(sorted);
      }),
    );
    const names = ['host10', 'Host2', 'host1'].map((name) => ({
      id: name,
      name,
      enabled: true,
      state: 'ok' as const,
      learningUntilMs: null,
      sinceMs: null,
    }));
    expect(worstFirst(names).map(({ name }) => name)).toEqual(['host1', 'Host2', 'host10']);
  });

  it('is counted: every target once, and an incident with its own target once', () => {
    fc.assert(
      fc.property(fc.uniqueArray(listed, { selector: ({ id }) => id }), fc.nat(3), (targets, others) => {
        const sorted = worstFirst(targets);
        const incident = (entity: string) => ({ entity, name: entity, openedMs: 7 }) as Parameters<typeof summaryOf>[1][number];
        const open = [
          ...sorted.slice(0, 2).map(({ id }) => incident(id)),
          ...Array.from({ length: others }, (_, at) => incident(`c${at}`)),
        ];
        const { counts, wrong, learningUntilMs } = summaryOf(sorted, open);
        expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(targets.length);
        expect(wrong.count).toBe(new Set([...open.map(({ entity }) => entity), ...sorted.slice(0, counts.bad).map(({ id }) => id)]).size);
        expect(wrong.names.length).toBe(Math.min(3, wrong.count));
        const ends = targets.flatMap((target) => (target.enabled ? (target.learningUntilMs ?? []) : []));
        expect(learningUntilMs).toBe(ends.length === 0 ? null : Math.max(...ends));
      }),
    );
  });

  it('is searched by words, whatever their case, accents and order', () => {
    const target = { id: 'db-1', name: 'Cámara del Norte', address: '10.0.0.7:9100', profile: 'linux-host', labels: { rack: 'A3' } };
    for (const text of ['', 'camara', 'NORTE camara', '10.0.0.7', 'rack=a3', 'a3 db-1', ' linux ']) expect(finder(text)(target)).toBe(true);
    for (const text of ['sur', 'norte sur', 'rack=a4']) expect(finder(text)(target)).toBe(false);
  });
});

describe('events', () => {
  afterEach(() => vi.useRealTimers());
  const gathered = () => {
    vi.useFakeTimers();
    const told: LiveEvent[] = [];
    return { told, ...gatherEvents((event) => told.push(event)) };
  };
  const event = (entity?: string, kind: LiveEvent['kind'] = 'incidents'): LiveEvent => ({
    kind,
    profile: 'linux-host',
    ...(entity === undefined ? {} : { entity }),
    tsMs: 1,
  });

  it('are told at once, and a second time only when they happen again', () => {
    const { told, take } = gathered();
    take(event('web1'));
    expect(told).toHaveLength(1);
    vi.advanceTimersByTime(60_000);
    expect(told).toHaveLength(1);
    take(event('web1'));
    expect(told).toHaveLength(2);
  });

  it('of two thousand entities in one moment are told in a few', () => {
    const { told, take } = gathered();
    for (let host = 0; host < 2_000; host++) {
      take(event(`host${host}`));
      take(event(`host${host}`));
    }
    take(event(undefined, 'scores'));
    vi.advanceTimersByTime(100);
    expect(told).toEqual([event('host0'), event(), event(undefined, 'scores')]);
  });

  it('of a few entities are told one by one, and never lost', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), fc.nat(9)), { maxLength: 60 }), (happened) => {
        const { told, take } = gathered();
        for (const [waitMs, host] of happened) {
          vi.advanceTimersByTime(waitMs);
          take(event(`host${host}`));
        }
        vi.advanceTimersByTime(1_000);
        expect(new Set(told.map(({ entity }) => entity))).toEqual(new Set(happened.map(([, host]) => `host${host}`)));
        expect(told.length).toBeLessThanOrEqual(happened.length);
      }),
    );
  });

  it('are told no more once nobody listens', () => {
    const { told, take, stop } = gathered();
    take(event('a'));
    take(event('b'));
    stop();
    vi.advanceTimersByTime(1_000);
    expect(told).toHaveLength(1);
  });
});

describe('what Prometheus says about scrapes', () => {
  it('is asked once for all who ask at the same time, and again by the next', async () => {
    let asked = 0;
    const prometheus = {
      query: async () => {
        asked++;
        return [
          { labels: { target: 'a' }, tsMs: 1, value: 1 },
          { labels: { target: 'a' }, tsMs: 1, value: 0 },
        ];
      },
      targets: async () => [],
    };
    const answers = await Promise.all([upOf(prometheus), upOf(prometheus), upOf(prometheus)]);
    expect(asked).toBe(1);
    expect(answers.map((up) => up.get('a'))).toEqual([0, 0, 0]);
    await upOf(prometheus);
    expect(asked).toBe(2);
  });

  it('keeps the words about failed scrapes until another one fails; a failure is not kept', async () => {
    const failing = new Set(['a']);
    let asked = 0;
    let away = false;
    const prometheus = {
      query: async () => [],
      targets: async () => {
        asked++;
        if (away) throw new Error('away');
        return [...failing].map((target) => ({ labels: { target }, health: 'down', lastError: `${target} hurts` })) as never;
      },
    };
    expect(await scrapeErrors(prometheus, [])).toEqual(new Map());
    expect(asked).toBe(0);
    for (let again = 0; again < 3; again++) expect((await scrapeErrors(prometheus, ['a'])).get('a')).toBe('a hurts');
    expect(asked).toBe(1);
    failing.add('b');
    away = true;
    await expect(scrapeErrors(prometheus, ['a', 'b'])).rejects.toThrow('away');
    away = false;
    expect((await scrapeErrors(prometheus, ['a', 'b'])).get('b')).toBe('b hurts');
    expect(asked).toBe(3);
  });
});

describe('a house with many targets', () => {
  const startMs = Date.UTC(2026, 0, 1);
  const hosts = Array.from({ length: 130 }, (_, at) => `host${at + 1}`);
  const world: World = {
    nowMs: startMs,
    down: false,
    queries: 0,
    entities: new Map(hosts.map((host) => [host, { present: () => true, value: (_, tsMs) => 0.1 + 0.02 * Math.sin(tsMs / 7_000) }])),
  };
  const viewer = { role: 'viewer' } as const;
  const asked: string[] = [];
  let fake: FakeHouse;
  beforeAll(async () => {
    fake = await fakeHouse(world);
    const { house } = fake;
    for (const [at, id] of hosts.entries())
      await house.store.targets.insert({
        id,
        name: id,
        profile: profile.slug,
        address: `10.0.0.${at}:9100`,
        scheme: 'http',
        metricsPath: '/metrics',
        labels: { rack: `r${at % 10}` },
        enabled: at !== 4,
        managedBy: 'user',
        createdMs: startMs,
      });
    world.nowMs += 4 * stepMs;
    await house.pipeline.tick(profile);
    const alert: Alert = {
      fingerprint: 'f1',
      name: 'HostDown',
      severity: 'critical',
      entity: 'host77',
      profile: profile.slug,
      labels: {},
      annotations: { summary: 'host77 is down' },
      startsMs: world.nowMs,
      endsMs: null,
      state: 'firing',
      silenced: false,
    };
    await house.incidents.take([alert]);
    Object.assign(house, {
      prometheus: {
        ...house.prometheus,
        query: async (expr: string) => {
          asked.push(expr);
          const labels = { alertname: 'HostDown', alertstate: 'firing', entity: 'host77' };
          if (expr.startsWith('ALERTS')) return [{ labels, tsMs: world.nowMs, value: 1 }];
          return hosts.filter((host) => host !== 'host9').map((target) => ({ labels: { target }, tsMs: world.nowMs, value: 1 }));
        },
        queryRange: async (expr: string, { fromMs, toMs }: { fromMs: number; toMs: number }) => {
          asked.push(expr);
          const labels = { profile: profile.slug, entity: 'host77' };
          return [{ labels, tsMs: Float64Array.of(fromMs, toMs), values: Float64Array.of(0.25, 0.5) }];
        },
      },
    });
  });
  afterAll(() => fake.stop());
  const get = async <T>(path: string): Promise<T> => {
    const answer = await fake.ask(viewer, 'GET', path);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.json<T>();
  };

  it('answers as many as are asked for, the worst first, and counts all', async () => {
    asked.length = 0;
    const part = await get<Overview>('/api/overview?targets=3&incidents=0');
    expect(part.targets.map(({ id, state }) => [id, state])).toEqual([
      ['host77', 'bad'],
      ['host9', 'unknown'],
      ['host1', 'ok'],
    ]);
    expect(part.targets[0]).toMatchObject({ firing: 1, incident: { entity: 'host77', state: 'open' } });
    expect(part.targets[0]?.spark.map(([, value]) => value)).toEqual([0.25, 0.5]);
    expect(part.incidents).toEqual([]);
    expect(part.incidentsTotal).toBe(1);
    expect(part.summary).toMatchObject({ counts: { bad: 1, unknown: 1, off: 1 }, wrong: { count: 1, names: ['host77'] } });
    expect(Object.values(part.summary.counts).reduce((sum, count) => sum + count, 0)).toBe(130);
    // Scores are asked of those alone that are shown.
    expect(asked).toEqual(['min by (target) (up{target!=""})', 'vigia_anomaly_score{entity=~"host77|host9|host1"}']);
    const whole = await get<Overview>('/api/overview');
    expect(whole.targets).toHaveLength(130);
    expect(whole.summary).toEqual(part.summary);
    expect(whole.targets.slice(0, 3).map(({ id }) => id)).toEqual(part.targets.map(({ id }) => id));
    expect(whole.targets.at(-1)).toMatchObject({ id: 'host5', enabled: false });
  });

  it('says the same of a few as of all, and what the pipeline knows of each', async () => {
    const { house } = fake;
    const { query } = house.prometheus;
    const down = new Set(['host3', 'host40', 'host41']);
    const setRealtime = async (on: boolean | null) => {
      for (const host of ['host1', 'host9', 'host40', 'host120']) await house.store.pipeline.setEntityRealtime(profile.slug, host, on);
    };
    await setRealtime(false);
    Object.assign(house.prometheus, {
      query: async (expr: string) =>
        (await query(expr)).map((sample) => (down.has(sample.labels['target'] ?? '') ? { ...sample, value: 0 } : sample)),
    });
    try {
      const whole = await get<Overview>('/api/overview');
      const rows = new Map((await house.store.pipeline.entities()).map((row) => [row.entity, row]));
      for (const { id, realtime, sinceMs } of whole.targets) {
        expect([id, realtime]).toEqual([id, rows.get(id)?.realtime ?? true]);
        if (down.has(id) || id === 'host9') expect([id, sinceMs]).toEqual([id, id === 'host9' ? null : rows.get(id)?.lastSeenMs]);
      }
      expect(whole.targets.filter(({ realtime }) => !realtime).map(({ id }) => id)).toEqual(['host40', 'host9', 'host1', 'host120']);
      for (const most of [0, 1, 6, 100, 101]) {
        const part = await get<Overview>(`/api/overview?targets=${most}`);
        expect(part).toEqual({ ...whole, targets: whole.targets.slice(0, most) });
      }
      const page = await get<TargetPage>('/api/overview/targets?limit=20&offset=3');
      expect(page).toEqual({ targets: whole.targets.slice(3, 23), total: 130 });
    } finally {
      Object.assign(house.prometheus, { query });
      await setRealtime(null);
    }
  });

  it('finds some by their words, by standing, by id, and page by page', async () => {
    const ids = async (query: string) => (await get<TargetPage>(`/api/overview/targets?${query}`)).targets.map(({ id }) => id);
    expect(await ids('find=rack%3Dr6+host7')).toEqual(['host77', 'host7']);
    expect(await ids('standing=unknown')).toEqual(['host9']);
    expect(await ids('standing=off')).toEqual(['host5']);
    expect(await ids('ids=host3,host77,gone')).toEqual(['host77', 'host3']);
    const pages = [0, 50, 100].map((offset) => ids(`limit=50&offset=${offset}`));
    const all = (await Promise.all(pages)).flat();
    expect(new Set(all)).toEqual(new Set(hosts));
    expect(all).toHaveLength(130);
    expect((await get<TargetPage>('/api/overview/targets?find=host&limit=1')).total).toBe(130);
    for (const wrong of ['limit=1001', 'standing=tired', 'limit=x', 'find=a&more=b'])
      expect((await fake.ask(viewer, 'GET', `/api/overview/targets?${wrong}`)).status).toBe(400);
  });

  it('shows nobody what they may not see', async () => {
    const blind = { role: 'viewer', scope: { hosts: false, containers: true } } as const;
    const answer = (await fake.ask(blind, 'GET', '/api/overview?targets=5')).json<Overview>();
    expect(answer.targets).toEqual([]);
    expect(answer.summary).toMatchObject({ counts: { bad: 0, ok: 0 }, wrong: { count: 0, names: [] } });
    expect((await fake.ask(blind, 'GET', '/api/overview/targets?ids=host3')).json<TargetPage>()).toEqual({ targets: [], total: 0 });
    expect((await fake.ask(null, 'GET', '/api/overview/targets')).status).toBe(401);
  });

  it('asks about one host when one is looked at', async () => {
    asked.length = 0;
    const host = await get<Host>('/api/hosts/host77');
    expect(host.target).toMatchObject({ id: 'host77', state: 'bad', reason: 'host77 is down', firing: 1 });
    expect(host.target.spark).toHaveLength(2);
    expect(host.rules.map(({ name, state }) => [name, state])).toEqual([
      ['VigiaAnomaly', 'inactive'],
      ['HostDown', 'firing'],
      ['HostMissing', 'inactive'],
    ]);
    expect(new Set(asked)).toEqual(
      new Set(['min by (target) (up{target="host77"})', 'vigia_anomaly_score{entity=~"host77"}', 'ALERTS{entity=~"host77"}']),
    );
    asked.length = 0;
    await get('/api/hosts/host3/marks?fromMs=1&toMs=1000');
    expect(asked.filter((expr) => expr.includes('up{') || expr.includes('vigia_anomaly_score'))).toEqual([]);
    expect((await fake.ask(viewer, 'GET', '/api/hosts/host999')).status).toBe(404);
  });

  it('reads no table of models for the models that it holds', async () => {
    const { models } = fake.house.store;
    const lists = vi.spyOn(models, 'list');
    const { profiles } = await get<AiState>('/api/ai');
    expect(profiles.find((each) => each.profile === profile.slug)?.entities).toHaveLength(130);
    // None has a model yet, and they are too many to be asked for one by one: those in force are read, not every version.
    expect(lists.mock.calls).toEqual([[{ state: 'active' }]]);
    lists.mockRestore();
  });
});
