import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBucket } from '../../src/server/budget/bucket.ts';
import { costOf, type Limits, paceOf, perMinute, type ProfileCost, resources, selectorsOf } from '../../src/server/budget/cost.ts';
import { createSourcePlan } from '../../src/server/budget/plan.ts';
import { bind, loadProfiles } from '../../src/server/profiles.ts';
import { bindingOf, readWindow } from '../../src/server/reader.ts';
import { fakeSource, profile, stepMs, type World } from './fake-source.ts';

const profiles = [...loadProfiles(join(import.meta.dirname, '..', '..', 'profiles')).values()];
const world = (): World => ({ nowMs: 1_000_000, down: false, entities: new Map(), queries: 0 });
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe('what an expression costs', () => {
  test('every feature of every profile has selectors that are found', () => {
    for (const each of profiles) {
      const bound = bindingOf({ ...fakeSource(world()) }, each);
      for (const expr of [each.presence, ...each.features.map((feature) => feature.expr)]) {
        const text = bind(expr, bound);
        const found = selectorsOf(text);
        expect(found.length, text).toBeGreaterThan(0);
        // As many as there are braces outside of quotes, and as many windows.
        const bare = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
        expect(found.length, text).toBe([...bare.matchAll(/\{/g)].length);
        expect(found.filter(({ windowMs }) => windowMs !== null).length, text).toBe([...bare.matchAll(/\[/g)].length);
      }
    }
  });

  test('braces and quotes inside of a matcher end nothing', () => {
    expect(selectorsOf('sum(rate(a_total{x=~"b{2}",y="\\"}"}[1m])) / max(b{z=\'}\'})')).toEqual([
      { selector: 'a_total{x=~"b{2}",y="\\"}"}', windowMs: 60_000 },
      { selector: "b{z='}'}", windowMs: null },
    ]);
  });

  test('is counted at the source once per selector, a window by its samples', async () => {
    const of = {
      ...profile,
      presence: 'count_over_time(up{$selector}[$step])',
      features: [
        { ...profile.features[0], expr: 'rate(a_total{$selector}[$rate]) + rate(a_total{$selector}[$rate])' },
        { ...profile.features[1], name: 'second', expr: 'b{$selector}' },
      ],
    } as typeof profile;
    const asked: string[] = [];
    const client = {
      query: async (expr: string) => {
        asked.push(expr);
        return [{ labels: {}, tsMs: 0, value: expr.includes('a_total') ? 30 : 10 }];
      },
    };
    const cost = await costOf(fakeSource(world()), client, of);
    expect(asked).toHaveLength(4);
    expect(cost.entities).toBe(10);
    expect([...cost.queries.values()].map(({ series, samples }) => [series, samples])).toEqual([
      [10, 10],
      [60, 240],
      [10, 10],
    ]);
  });
});

const cost: fc.Arbitrary<ProfileCost> = fc
  .record({ series: fc.nat(100_000), samples: fc.nat(1_000_000), seconds: fc.double({ min: 0, max: 5, noNaN: true }) })
  .map((each) => ({ profile: 'p', entities: 1, queries: new Map([['q', each]]) }));
const limits: fc.Arbitrary<Limits> = fc.record(
  {
    series: fc.integer({ min: 1, max: 500_000 }),
    samples: fc.integer({ min: 1, max: 5_000_000 }),
    seconds: fc.double({ min: 0.01, max: 60, noNaN: true }),
  },
  { requiredKeys: [] },
);

describe('the pace', () => {
  test('keeps within the budget, or is the slowest there is and says so', () => {
    fc.assert(
      fc.property(
        fc.array(cost, { minLength: 1, maxLength: 4 }),
        limits,
        fc.constantFrom(5_000, 15_000, 60_000),
        (costs, budget, scrapeMs) => {
          const pace = paceOf(costs, budget, scrapeMs);
          expect(pace.stepMs % scrapeMs).toBe(0);
          const used = perMinute(costs, pace);
          const fits = resources.every((name) => used[name] <= (budget[name] ?? Number.POSITIVE_INFINITY));
          if (pace.reason.includes('falls behind')) expect(pace.stepMs).toBe(600_000);
          else expect(fits).toBe(true);
          if (pace.stepMs === scrapeMs && pace.everySteps === 1) expect(pace.reason).toBe('');
          else expect(pace.reason).toMatch(/every scrape would cost/);
        },
      ),
    );
  });

  test('is that of the scrapes without a budget; too many series are read for several steps at once, too many samples less often', () => {
    const one = (costs: { series: number; samples: number }): ProfileCost[] => [
      { profile: 'p', entities: 500, queries: new Map([['q', { ...costs, seconds: 0 }]]) },
    ];
    expect(paceOf(one({ series: 1e9, samples: 1e9 }), null, 15_000)).toEqual({ stepMs: 15_000, everySteps: 1, reason: '' });
    expect(paceOf(one({ series: 1_000, samples: 1 }), { series: 2_500 }, 15_000)).toMatchObject({ stepMs: 15_000, everySteps: 2 });
    expect(paceOf(one({ series: 1, samples: 1_000 }), { samples: 2_500 }, 15_000)).toMatchObject({ stepMs: 30_000, everySteps: 1 });
  });
});

/** A clock that only sleeping moves on. */
function sleepingClock() {
  const clock = { ms: 0, nowMs: () => clock.ms, sleep: async (ms: number) => void (clock.ms += ms) };
  return clock;
}

describe('the bucket', () => {
  test('never lets through more than a full budget and what came in since, and keeps the order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ series: fc.nat(100), pauseMs: fc.nat(20_000) }), { maxLength: 40 }), async (queries) => {
        const clock = sleepingClock();
        const bucket = createBucket({ series: 100 }, clock);
        const sent: { atMs: number; series: number }[] = [];
        for (const { series, pauseMs } of queries) {
          clock.ms += pauseMs;
          (await bucket.admit({ series, samples: 1e9, seconds: 0 }))(0.1);
          sent.push({ atMs: clock.ms, series });
        }
        for (const [from, first] of sent.entries()) {
          let used = 0;
          for (const { atMs, series } of sent.slice(from)) {
            used += series;
            expect(used).toBeLessThanOrEqual(100 + (100 * (atMs - first.atMs)) / 60_000 + 1e-6);
          }
        }
      }),
    );
  });

  test('pays seconds when they are known, and a query beyond the whole budget afterwards', async () => {
    const clock = sleepingClock();
    const bucket = createBucket({ seconds: 6 }, clock);
    (await bucket.admit({ series: 0, samples: 0, seconds: 1 }))(12);
    expect(clock.ms).toBe(0);
    expect(bucket.used().seconds).toBe(12);
    await bucket.admit({ series: 0, samples: 0, seconds: 1 });
    // 6 s below nothing, and one that is needed: at 0.1 s per second.
    expect(clock.ms).toBeCloseTo(70_000, -2);
    expect(bucket.used().seconds).toBe(0);
  });

  test('lets go of what waits when it is closed', async () => {
    const bucket = createBucket({ series: 1 }, { nowMs: () => 0, sleep: async () => {} });
    await bucket.admit({ series: 1, samples: 0, seconds: 0 });
    const waiting = bucket.admit({ series: 1, samples: 0, seconds: 0 });
    bucket.close();
    await expect(waiting).rejects.toThrow('Vigía stops');
  });
});

describe('the plan of a source', () => {
  test('lengthens the step, names the reason, and still reads every entity', async () => {
    const far: World = world();
    for (const name of ['a', 'b', 'c']) far.entities.set(name, { present: () => true, value: () => 0.5 });
    const source = fakeSource(far);
    const counting = {
      ...profile,
      presence: 'presence{}',
      features: profile.features.map((each) => ({ ...each, expr: `${each.name}{}` })),
    };
    const client = { query: async () => [{ labels: {}, tsMs: 0, value: 3 }], targets: async () => [] };
    const plan = createSourcePlan({ source, client, limits: { samples: 100 }, now: () => far.nowMs, log });
    expect(plan.state().reason).toBe('not estimated yet');
    await plan.estimate([counting]);
    const state = plan.state();
    // Four expressions over three series, twelve times a minute, are 144 samples: 80 % of 100 need twice the step.
    expect(state).toMatchObject({ scrapeMs: stepMs, stepMs: 2 * stepMs, everySteps: 1 });
    expect(state.profiles[0]).toMatchObject({ profile: 'linux-host', entities: 3, queries: 4, samples: 72 });
    expect(plan.health()).toMatchObject([
      { part: 'source', state: 'ok', phase: 'degraded', reason: expect.stringMatching(/the step is 10s instead of 5s/) as string },
    ]);
    const window = await readWindow(plan.source(), counting, { fromMs: 100_000, toMs: 120_000 });
    expect(window.entities.map((each) => each.entity)).toEqual(['a', 'b', 'c']);
    expect(window.times).toHaveLength(2);
    expect(plan.state().used.samples).toBe(24);
    plan.close();
  });
});
