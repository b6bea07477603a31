import { array, assert, integer, property } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/model/incident.ts';
import type { Annotation } from '../../src/model/annotation.ts';
import { changesOf, stretchesOf } from '../../src/server/views/deployments.ts';
import { concerns, ribbon } from '../../src/server/views/marks.ts';
import { type FakeHouse, fakeHouse } from './fake-house.ts';
import { profile, stepMs, type World } from './fake-source.ts';

describe('a ribbon', () => {
  it('law: covers each moment, joins what is near, and keeps apart what is not', () => {
    assert(
      property(array(integer({ min: 0, max: 1_000 }), { maxLength: 40 }), integer({ min: 1, max: 100 }), (moments, gap) => {
        const found = ribbon(moments, gap);
        for (const ms of moments) expect(found.filter(({ fromMs, toMs }) => ms >= fromMs && ms <= (toMs ?? 0))).toHaveLength(1);
        for (const [at, { fromMs, toMs }] of found.entries()) {
          expect(moments).toContain(fromMs);
          expect(moments).toContain(toMs);
          if (at > 0) expect(fromMs - (found[at - 1]?.toMs ?? 0)).toBeGreaterThan(gap);
        }
        const inside = moments.toSorted((a, b) => a - b);
        for (const [at, ms] of inside.entries()) {
          if (at > 0 && ms - (inside[at - 1] as number) <= gap)
            expect(found.some((each) => each.fromMs <= (inside[at - 1] as number) && (each.toMs ?? 0) >= ms)).toBe(true);
        }
      }),
    );
  });
});

describe('a deployment', () => {
  const series = (version: string, ...steps: number[]) => ({
    labels: { name: 'web', image: version },
    tsMs: Float64Array.from(steps),
    values: Float64Array.from(steps, () => 1),
  });
  const query = { expr: '', legend: '{{name}}', version: 'image' };
  const spans = (...given: ReturnType<typeof series>[]) => changesOf(given, query).map(({ fromMs, toMs, text }) => [fromMs, toMs, text]);

  it('lasts from the last moment of the old version alone to the first of the new one alone', () => {
    expect(spans(series('a', 1, 2, 3), series('b', 6, 7))).toEqual([[3, 6, 'web a → b']]);
    expect(spans(series('b', 3, 4, 5, 6), series('a', 1, 2, 3, 4))).toEqual([[2, 5, 'web a → b']]);
    expect(spans(series('a', 1, 2, 3), series('b', 3))).toEqual([[2, null, 'web a → b']]);
    expect(spans(series('a', 1, 2, 5, 6), series('b', 3, 4))).toEqual([
      [2, 3, 'web a → b'],
      [4, 5, 'web b → a'],
    ]);
  });

  it('is none where nothing changed, or came to nothing, or has no version', () => {
    expect(spans(series('a', 1, 2, 9))).toEqual([]);
    expect(spans(series('a', 1, 2, 3), series('b', 2))).toEqual([]);
    expect(spans(series('a', 1), series('', 2), series('a', 3))).toEqual([]);
    expect(spans()).toEqual([]);
  });

  it('law: is one for each change of what is there alone, in order and apart', () => {
    const version = integer({ min: 0, max: 2 }).map((each) => 'abc'[each] as string);
    assert(
      property(array(version, { minLength: 1, maxLength: 30 }), (versions) => {
        const moments = (wanted: string) => versions.flatMap((each, at) => (each === wanted ? [at] : []));
        const found = spans(...['a', 'b', 'c'].map((each) => series(each, ...moments(each))));
        const changes = versions.flatMap((each, at) =>
          at > 0 && versions[at - 1] !== each ? [[at - 1, at, `web ${versions[at - 1]} → ${each}`]] : [],
        );
        expect(found).toEqual(changes);
      }),
    );
  });

  it('goes on while pods of the old revision are there', () => {
    const values = Float64Array.from([0, 1, 1, 0, 0, 0, 2]);
    const tsMs = Float64Array.from([0, 10, 20, 30, 40, 50, 60]);
    const found = stretchesOf(
      [{ labels: { workload: 'web' }, tsMs, values }],
      { expr: '', legend: '{{workload}}' },
      { fromMs: 0, toMs: 60, stepMs: 10 },
    );
    expect(found.map(({ fromMs, toMs, text }) => [fromMs, toMs, text])).toEqual([
      [10, 30, 'web'],
      [60, null, 'web'],
    ]);
  });
});

describe('a silence concerns', () => {
  const key = { profile: 'linux-host', entity: 'web1' };
  const matcher = (name: string, value: string, isEqual = true, isRegex = false) => ({ name, value, isEqual, isRegex });
  it.each([
    [[matcher('entity', 'web1')], true],
    [[matcher('entity', 'web1'), matcher('profile', 'linux-host')], true],
    [[matcher('entity', 'web1'), matcher('profile', 'container')], false],
    [[matcher('entity', 'web2')], false],
    [[matcher('entity', 'web2', false)], true],
    [[matcher('entity', 'web.', true, true)], true],
    [[matcher('entity', 'eb', true, true)], false],
    [[matcher('entity', '(', true, true)], false],
    [[matcher('entity', 'web1'), matcher('alertname', 'HostDown')], true],
    // About an alert, wherever it fires: it would be drawn into every chart there is.
    [[matcher('alertname', 'HostDown')], false],
  ])('%j: %s', (matchers, wanted) => {
    expect(concerns({ matchers }, key)).toBe(wanted);
  });
});

describe('the marks of a target', () => {
  const startMs = Date.UTC(2026, 0, 1);
  const bootMs = startMs + 20 * stepMs;
  const world: World = {
    nowMs: startMs + 200 * stepMs,
    down: false,
    queries: 0,
    entities: new Map(),
    series: (expr, { fromMs, toMs, stepMs: step }) => {
      if (!expr.startsWith('node_boot_time_seconds')) return [];
      const tsMs = Float64Array.from({ length: Math.floor((toMs - fromMs) / step) + 1 }, (_, at) => fromMs + at * step);
      // The clock is set right by a second now and then; the boot before the range is none of it.
      const values = tsMs.map((ms, at) => (ms < bootMs ? startMs - 9e9 : bootMs + (at % 2) * 1_000) / 1_000);
      return [{ labels: { target: 'web1' }, tsMs, values }];
    },
  };
  const viewer = { role: 'viewer' } as const;
  const operator = { role: 'operator' } as const;
  const alert: Alert = {
    fingerprint: 'f1',
    name: 'VigiaAnomaly',
    severity: 'warning',
    entity: 'web1',
    profile: profile.slug,
    labels: {},
    annotations: {},
    startsMs: startMs + 60 * stepMs,
    endsMs: null,
    state: 'firing',
    silenced: false,
  };
  let fake: FakeHouse;
  const marks = async (query: string, who: Parameters<FakeHouse['ask']>[0] = viewer) => {
    const answer = await fake.ask(who, 'GET', `/api/hosts/web1/marks?${query}`);
    return { status: answer.status, marks: answer.status === 200 ? answer.json<{ marks: Annotation[] }>().marks : [] };
  };
  beforeAll(async () => {
    fake = await fakeHouse(world);
    const { store } = fake.house;
    await fake.ask(operator, 'POST', '/api/targets', { name: 'web1', profile: profile.slug, address: '10.0.0.1:9100' });
    await fake.house.incidents.take([alert, { ...alert, fingerprint: 'f2', entity: 'web2' }]);
    const finding = { profile: profile.slug, score: 0.9, threshold: 0.6, shares: [], modelVersion: 1, late: false };
    await store.findings.add(
      [60, 61, 62, 90].flatMap((step) => [
        { ...finding, entity: 'web1', tsMs: startMs + step * stepMs },
        { ...finding, entity: 'web2', tsMs: startMs + (step + 20) * stepMs },
      ]),
    );
    const matchers = [{ name: 'entity', value: 'web1', isRegex: false, isEqual: true }];
    await store.silences.save({
      id: 's1',
      matchers,
      startsMs: startMs + 100 * stepMs,
      endsMs: startMs + 120 * stepMs,
      createdBy: 'x',
      comment: 'disk',
    });
  });
  afterAll(() => fake.stop());

  it('are anomalies, incidents, silences that have ended too, and boots, in the order of time', async () => {
    const found = await marks(`fromMs=${startMs}&toMs=${world.nowMs}`);
    expect(found.marks).toEqual([
      { kind: 'start', fromMs: bootMs, toMs: bootMs, text: '', incident: null },
      { kind: 'anomaly', fromMs: startMs + 60 * stepMs, toMs: startMs + 62 * stepMs, text: '', incident: null },
      { kind: 'incident', fromMs: alert.startsMs, toMs: null, text: expect.any(String), incident: expect.any(Number) },
      { kind: 'anomaly', fromMs: startMs + 90 * stepMs, toMs: startMs + 90 * stepMs, text: '', incident: null },
      { kind: 'silence', fromMs: startMs + 100 * stepMs, toMs: startMs + 120 * stepMs, text: 'disk', incident: null },
    ]);
  });

  it('are those of the range, also of what began before it', async () => {
    const found = await marks(`fromMs=${startMs + 110 * stepMs}&toMs=${startMs + 115 * stepMs}`);
    expect(found.marks.map(({ kind }) => kind)).toEqual(['incident', 'silence']);
  });

  it('are there without a source, but for the boots', async () => {
    world.down = true;
    const found = await marks(`fromMs=${startMs}&toMs=${world.nowMs}`);
    world.down = false;
    expect(found.marks.map(({ kind }) => kind)).toEqual(['anomaly', 'incident', 'anomaly', 'silence']);
  });

  it('are nobody’s who may not see the target, and of no range that is none', async () => {
    const range = `fromMs=${startMs}&toMs=${world.nowMs}`;
    expect((await marks(range, { role: 'viewer', scope: { hosts: false, containers: true } })).status).toBe(404);
    expect((await marks(range, null)).status).toBe(401);
    expect((await marks(`fromMs=5&toMs=5`)).status).toBe(400);
    expect((await marks(`fromMs=0&toMs=${9e14}`)).status).toBe(400);
  });

  it('are maintenance windows too, also those of the whole profile', async () => {
    const window = {
      profile: profile.slug,
      entities: [],
      fromMs: startMs + 130 * stepMs,
      toMs: startMs + 140 * stepMs,
      text: 'moving house',
    };
    await fake.house.maintenance.add(window, 'Ana');
    const { fromMs, toMs, text } = window;
    const found = await marks(`fromMs=${fromMs}&toMs=${toMs}`);
    expect(found.marks).toContainEqual({ kind: 'maintenance', fromMs, toMs, text, incident: null });
  });
});
