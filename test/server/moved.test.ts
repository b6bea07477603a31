import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RangeSeries } from '../../src/clients/prometheus.ts';
import type { IncidentDetail } from '../../src/model/api.ts';
import type { Moved } from '../../src/model/explanation.ts';
import type { VigiaError } from '../../src/model/errors.ts';
import type { Alert, Incident, IncidentSummary } from '../../src/model/incident.ts';
import { createMovedAnswers } from '../../src/server/moved/answers.ts';
import { compareMoved } from '../../src/server/moved/compare.ts';
import { moveOf } from '../../src/detect/moved.ts';
import { abnormalSpan, chunksOf, mostPeers, movedWindow, selectorOf } from '../../src/server/moved/plan.ts';
import type { Source } from '../../src/server/reader.ts';
import { type FakeHouse, fakeHouse } from './fake-house.ts';
import { profile, stepMs, type World } from './fake-source.ts';

const startMs = Date.UTC(2026, 0, 1);
const openedMs = startMs + 3_600_000;
const viewer = { role: 'viewer' } as const;
const operator = { role: 'operator' } as const;
const onlyContainers = { role: 'viewer', scope: { hosts: false, containers: true } } as const;

/** Metrics of every target: one that moves at the start of the incident, one that does not. */
const metrics = ['moving', 'still'];
const asked: string[] = [];
const entitiesIn = (expr: string) => (/target=~"([^"]*)"/.exec(expr)?.[1] ?? '').replaceAll('\\\\', '').split('|');
const world: World = {
  nowMs: openedMs + 320_000,
  down: false,
  queries: 0,
  entities: new Map(),
  series(expr, range) {
    if (!expr.includes('__name__!~')) return undefined;
    asked.push(expr);
    const times = Float64Array.from(
      { length: Math.floor((range.toMs - range.fromMs) / range.stepMs) + 1 },
      (_, at) => range.fromMs + at * range.stepMs,
    );
    return entitiesIn(expr).flatMap((target) =>
      metrics.map(
        (metric): RangeSeries => ({
          labels: { __name__: metric, target, job: 'linux-host', disk: metric === 'moving' ? 'sda' : 'sdb' },
          tsMs: times,
          values: times.map((ms) => (expr.startsWith('count by') ? 1 : metric === 'moving' && ms > openedMs - 20_000 ? 9 : 2)),
        }),
      ),
    );
  },
};
const alert = (entity: string, more: Partial<Alert> = {}): Alert => ({
  fingerprint: `f-${entity}`,
  name: 'VigiaAnomaly',
  severity: 'warning',
  entity,
  profile: profile.slug,
  labels: {},
  annotations: { summary: `${entity} behaves abnormally` },
  startsMs: openedMs,
  endsMs: null,
  state: 'firing',
  silenced: false,
  ...more,
});

let fake: FakeHouse;
const idOf = async (entity: string): Promise<number> =>
  (await fake.ask(viewer, 'GET', `/api/incidents?entity=${entity}`)).json<{ incidents: IncidentSummary[] }>().incidents[0]?.id ?? 0;
const movedOf = async (id: number) => (await fake.ask(viewer, 'GET', `/api/incidents/${id}/moved`)).json<Moved>();

beforeAll(async () => {
  fake = await fakeHouse(world);
  const add = (name: string, group?: string) =>
    fake.ask(operator, 'POST', '/api/targets', {
      name,
      profile: profile.slug,
      address: `${name}:9100`,
      ...(group === undefined ? {} : { labels: { group } }),
    });
  for (const name of ['web1', 'web2']) await add(name, 'web');
  for (let nth = 0; nth < mostPeers + 3; nth++) await add(`db${nth}`);
  await fake.house.incidents.take([alert('web1'), alert('db0'), alert('db1'), alert('shop', { profile: 'container' })]);
});
afterAll(() => fake.stop());

describe('GET /api/incidents/:id/moved', () => {
  it('compares the entity with the peers of its group', async () => {
    const moved = await movedOf(await idOf('web1'));
    expect(moved).toMatchObject({
      startMs: openedMs,
      toMs: openedMs + 300_000,
      complete: true,
      compared: { series: 4, entities: 2 },
      movedSeries: 2,
      left: { series: 0, entities: 0 },
    });
    expect(moved.rows.map((row) => [row.entity, row.name, row.metric, row.kind, row.before, row.after])).toEqual([
      ['web1', 'web1', 'moving', 'up', 2, 9],
      ['web2', 'web2', 'moving', 'up', 2, 9],
    ]);
    expect(moved.rows[0]).toMatchObject({
      labels: { disk: 'sda' },
      unit: 'count',
      expr: 'moving{target="web1",job="linux-host",disk="sda"}',
    });
  });

  it('of a target without a group with those of its profile, as many as the bound allows, and says so', async () => {
    const moved = await movedOf(await idOf('db0'));
    expect(moved.compared.entities).toBe(1 + mostPeers);
    expect(moved.left.entities).toBe(2 + mostPeers + 3 - 1 - mostPeers);
  });

  it('asks the source once while it is asked for twice, and not again when nothing can change', async () => {
    world.nowMs = openedMs + 60_000;
    const id = await idOf('db1');
    const before = asked.length;
    const [one, two] = await Promise.all([movedOf(id), movedOf(id)]);
    expect(one).toEqual(two);
    expect(one.complete).toBe(false);
    const once = asked.length - before;
    expect(once).toBe(2);
    await movedOf(id);
    expect(asked.length - before).toBe(2 * once);
    world.nowMs = openedMs + 600_000;
    expect((await movedOf(id)).complete).toBe(true);
    await movedOf(id);
    expect(asked.length - before).toBe(3 * once);
  });

  it('starts with the first finding of those around the alert', async () => {
    const finding = (seconds: number, entity: string) => ({
      profile: profile.slug,
      entity,
      tsMs: openedMs + seconds * 1_000,
      score: 0.9,
      threshold: 0.6,
      shares: [],
      modelVersion: 1,
      late: false,
    });
    await fake.house.incidents.take([alert('db2')]);
    await fake.house.store.findings.add([-90, -20, -10, 0, 10].map((seconds) => finding(seconds, 'db2')));
    await fake.house.store.findings.add([finding(-30, 'db3')]);
    expect((await movedOf(await idOf('db2'))).startMs).toBe(openedMs - 20_000 - stepMs);
  });

  it('lets no more than twenty wait', async () => {
    const answers = createMovedAnswers(fake.house);
    const incident = (await fake.house.store.incidents.get(await idOf('web1'))) as Incident;
    const asking = Array.from({ length: 25 }, (_, nth) =>
      answers.of({ ...incident, id: 1_000 + nth }).then(
        () => 'answered',
        (thrown: VigiaError) => thrown.code,
      ),
    );
    expect(await Promise.all(asking)).toEqual([...Array<string>(20).fill('answered'), ...Array<string>(5).fill('too-many')]);
    expect((await answers.of({ ...incident, id: 2_000 })).compared.entities).toBe(2);
  });

  it('is shown to whoever may see the incident, and to nobody else', async () => {
    const id = await idOf('web1');
    expect((await fake.ask(onlyContainers, 'GET', `/api/incidents/${id}/moved`)).status).toBe(404);
    expect((await fake.ask(null, 'GET', `/api/incidents/${id}/moved`)).status).toBe(401);
    expect((await fake.ask(viewer, 'GET', '/api/incidents/999/moved')).status).toBe(404);
  });

  it('says that the source is silent, and keeps no such answer', async () => {
    const id = await idOf('shop');
    world.down = true;
    const silent = await fake.ask(viewer, 'GET', `/api/incidents/${id}/moved`);
    world.down = false;
    expect([silent.status, silent.json<{ code: string }>().code]).toEqual([502, 'far-unreachable']);
    expect((await fake.ask(viewer, 'GET', `/api/incidents/${id}/moved`)).status).toBe(200);
  });
});

describe('looked like this before', () => {
  const share = (feature: string, part: number, value = 1) => ({ feature, value, share: part, expectedLow: 0.1, expectedHigh: 0.2 });
  const past = async (
    entity: string,
    hoursAgo: number,
    shares: ReturnType<typeof share>[],
    state: 'closed' | 'open' = 'closed',
    kind: 'host' | 'container' = 'host',
  ) =>
    fake.house.store.incidents.insert({
      entity,
      profile: kind === 'host' ? profile.slug : 'container',
      kind,
      name: entity,
      severity: 'warning',
      state,
      title: 'Unusual',
      openedMs: openedMs - hoursAgo * 3_600_000,
      closedMs: state === 'open' ? null : openedMs - hoursAgo * 3_600_000 + 60_000,
      top: [],
      shares,
      peakScore: 0.9,
      threshold: 0.6,
    });

  it('is the nearest past incidents of the profile, with how long they lasted and their last note', async () => {
    const memory = [share('memory', 0.9), share('cpu', 0.1)];
    const older = await past('db5', 30, memory);
    const same = await past('web9', 20, [share('memory', 0.8), share('cpu', 0.2)]);
    const own = await past('web1x', 40, memory);
    await past('db6', 10, [share('cpu', 1)]);
    await past('db7', 9, [share('memory', 1, 0)]);
    await past('db8', 8, []);
    await past('db9', 7, memory, 'open');
    await past('box', 6, memory, 'closed', 'container');
    for (const text of ['first', 'the backup ran']) {
      await fake.house.store.incidents.addEvent(older, { tsMs: openedMs, kind: 'note', text, by: 'Ana' });
    }
    const now = await past('web1x', 0, memory, 'open');
    const { similar } = (await fake.ask(viewer, 'GET', `/api/incidents/${now}`)).json<IncidentDetail>();
    expect(similar.map(({ id }) => id)).toEqual([own, older, same]);
    expect(similar[1]?.similarity).toBeCloseTo(1, 9);
    expect(similar[1]).toMatchObject({ entity: 'db5', note: { text: 'the backup ran', by: 'Ana' } });
    expect(similar[1]?.closedMs).toBe((similar[1]?.openedMs ?? 0) + 60_000);
    expect(similar[2]?.similarity).toBeGreaterThan(0.95);
    expect(similar[2]?.similarity).toBeLessThan(1);
  });

  it('is nothing for an incident that no feature carried', async () => {
    expect((await fake.ask(viewer, 'GET', `/api/incidents/${await idOf('db1')}`)).json<IncidentDetail>().similar).toEqual([]);
  });
});

describe('the plan', () => {
  const source = { stepMs: 15_000, watermarkMs: 30_000, rateMs: 60_000 };
  const hourMs = 3_600_000;

  it('compares an hour before with a quarter of an hour after, at 15 s', () => {
    const window = movedWindow({ startMs: openedMs, endMs: null }, source, openedMs + hourMs);
    expect(window).toMatchObject({ firstMs: openedMs - hourMs, toMs: openedMs + hourMs / 4, stepMs: 30_000, steps: 151, complete: true });
    expect(window.cut).toEqual({ before: 110, after: 120 });
  });

  it('ends with the incident, or now', () => {
    expect(movedWindow({ startMs: openedMs, endMs: openedMs + 240_000 }, source, openedMs + hourMs)).toMatchObject({
      toMs: openedMs + 240_000,
      complete: true,
    });
    const young = movedWindow({ startMs: openedMs, endMs: null }, source, openedMs + 35_000);
    expect(young).toMatchObject({ toMs: openedMs + 30_000, stepMs: 15_000, complete: false });
    // A young incident borrows from the time before its alert.
    expect(young.steps - young.cut.after).toBe(4);
  });

  it('follows the findings: an alert starts after what it is about, and goes on after it', () => {
    const second = (seconds: number) => openedMs + seconds * 1_000;
    const span = (findings: readonly number[], closed: number | null, now = 3_600) =>
      abnormalSpan({ openedMs, closedMs: closed === null ? null : second(closed) }, findings.map(second), source, second(now));
    expect(span([], 240)).toEqual({ startMs: openedMs, endMs: second(240) });
    expect(span([60, 45, 30, 15, 0, -15, -30], 240)).toEqual({ startMs: second(-45), endMs: second(15) });
    // What was found minutes before, or comes back minutes later, is something else.
    expect(span([-240, -225, -15, 0, 15, 200, 215], 300)).toEqual({ startMs: second(-30), endMs: second(-30) });
    expect(span([-240], 300)).toEqual({ startMs: openedMs, endMs: second(300) });
    expect(span([-15, 0, 15, 30], null, 60)).toEqual({ startMs: second(-30), endMs: null });
    expect(span([-15, 0, 15, 30], null, 300)).toEqual({ startMs: second(-30), endMs: second(-15) });
    expect(span([-15, 0, 15, 30], 60)).toEqual({ startMs: second(-30), endMs: second(60) });
  });

  it('finds what moved for a minute, though its alert went on for four', () => {
    const findings = [-30, -15, 0, 15, 30, 45].map((seconds) => openedMs + seconds * 1_000);
    const incident = { openedMs, closedMs: openedMs + 240_000 };
    const moves = (span: { startMs: number; endMs: number | null }) => {
      const window = movedWindow(span, source, openedMs + hourMs);
      const values = Float64Array.from({ length: window.steps }, (_, step) => {
        const seconds = (window.firstMs + step * window.stepMs - openedMs) / 1_000;
        return seconds >= -60 && seconds < 0 ? 9 : 2;
      });
      return moveOf(values, window.cut);
    };
    expect(moves({ startMs: openedMs, endMs: incident.closedMs })).toBeNull();
    expect(moves(abnormalSpan(incident, findings, source, openedMs + hourMs))).toMatchObject({ kind: 'up', before: 2, after: 9 });
  });

  it('has aligned steps, few of them, with room on both sides, whatever the times', () => {
    const ms = fc.integer({ min: 1, max: 400 * 86_400_000 });
    fc.assert(
      fc.property(
        fc.constantFrom(1_000, 5_000, 15_000, 60_000, 600_000),
        ms,
        fc.option(ms),
        fc.integer({ min: -60_000, max: 10 * hourMs }),
        (step, opened, lasted, age) => {
          const rated = { stepMs: step, watermarkMs: 2 * step, rateMs: 4 * step };
          const window = movedWindow(
            { startMs: startMs + opened, endMs: lasted === null ? null : startMs + opened + lasted },
            rated,
            startMs + opened + age,
          );
          expect([window.firstMs % window.stepMs, window.toMs % window.stepMs, window.stepMs % step]).toEqual([0, 0, 0]);
          expect(window.steps).toBe((window.toMs - window.firstMs) / window.stepMs + 1);
          expect(window.steps).toBeLessThanOrEqual(152);
          expect(window.cut.before).toBeGreaterThanOrEqual(0);
          expect(window.cut.after).toBeGreaterThanOrEqual(window.cut.before);
          expect(window.toMs).toBeLessThanOrEqual(Math.max(window.firstMs, startMs + opened + age));
        },
      ),
    );
  });

  it('asks for all series of some entities by the labels that name them', () => {
    const of = (identity: string[], entities: string[], without?: string[]) =>
      selectorOf({ selector: () => 'job="node"', identity: () => identity } as never, profile, entities, without);
    expect(of(['target'], ['a.b', 'c'])).toBe('{job="node",target=~"a\\\\.b|c",__name__!~"vigia_.*|ALERTS.*|.+_bucket"}');
    expect(of(['engine', 'name'], ['e1/x', 'e1/y/z'], ['big"'])).toBe(
      '{job="node",engine=~"e1",name=~"x|y/z",__name__!~"vigia_.*|ALERTS.*|.+_bucket",__name__!="big\\""}',
    );
  });

  it('asks an adopted source by its own labels', async () => {
    const exprs: string[] = [];
    const adopted: Source = {
      ...source,
      selector: () => 'job="node"',
      identity: () => ['instance'],
      client: {
        nowMs: async () => openedMs + hourMs,
        async queryRange(expr, range) {
          exprs.push(expr);
          const tsMs = Float64Array.from(
            { length: Math.round((range.toMs - range.fromMs) / range.stepMs) + 1 },
            (_, at) => range.fromMs + at * range.stepMs,
          );
          return [{ labels: { __name__: 'queue', instance: 'a:9100' }, tsMs, values: tsMs.map((ms) => (ms < openedMs ? 4 : 40)) }];
        },
      },
    };
    const incident = { startMs: openedMs, endMs: null, shares: [] };
    const { rows, compared } = await compareMoved(adopted, profile, incident, [{ entity: 'a:9100', name: 'a' }]);
    const selector = '{job="node",instance=~"a:9100",__name__!~"vigia_.*|ALERTS.*|.+_bucket"}';
    expect(exprs).toEqual([`count by (__name__, instance) (${selector})`, selector]);
    expect(rows).toEqual([expect.objectContaining({ entity: 'a:9100', metric: 'queue', kind: 'up', before: 4, after: 40 })]);
    expect(compared).toEqual({ series: 1, entities: 1 });
  });

  it('packs entities into queries, the first one always, within the bound, and counts what is left', () => {
    const counts = (sizes: readonly (readonly number[])[]) =>
      new Map(sizes.map((metrics, nth) => [`e${nth}`, new Map(metrics.map((count, metric) => [`m${metric}`, count]))]));
    const size = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 5_000 }), (sizes, most) => {
        const { chunks, left } = chunksOf(counts(sizes), most);
        const all = sizes.flat().reduce((a, b) => a + b, 0);
        const taken = chunks.reduce((total, chunk) => total + chunk.series, 0);
        expect(taken).toBeLessThanOrEqual(most);
        expect(taken + left.series).toBe(all);
        expect(chunks.flatMap((chunk) => chunk.entities).length + left.entities).toBe(sizes.length);
        expect(chunks[0]?.entities[0]).toBe('e0');
        for (const chunk of chunks) if (chunk.entities.length > 1) expect(chunk.series).toBeLessThanOrEqual(1_000);
      }),
    );
    expect(chunksOf(counts([[10, 4_000, 30]]), 100)).toEqual({
      chunks: [{ entities: ['e0'], series: 40, without: ['m1'] }],
      left: { series: 4_000, entities: 0 },
    });
  });
});
