/** How often a budget threshold is reached by streams whose every score is ordinary. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAlarm, createBudget, createExtremeValue, createRandom } from '../../../src/detect/index.ts';
import type { BudgetOptions, Random } from '../../../src/detect/index.ts';
import { solveBudget } from '../../../src/detect/alarm/budget.ts';
import { normal } from '../data.ts';

const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;

/** Makes the next score of a stream; each stream is of one entity. */
type Stream = (random: Random) => () => number;
const exponential: Stream = (random) => () => -Math.log(1 - random.uniform());
const heavy: Stream = (random) => () => (1 - random.uniform()) ** -0.4;
const autocorrelated: Stream = (random) => {
  let level = 0;
  return () => Math.abs((level = 0.9 * level + normal(random)));
};
/** In [0, 1], and crowding below 1. */
const crowded: Stream = (random) => {
  const next = autocorrelated(random);
  return () => 1 - Math.exp(-next());
};

/** Alarms per week over `entities` streams of six weeks, the first of which only teaches; runs nearer than 10 minutes are one. */
function alarmsPerWeek(stream: Stream, options: Partial<BudgetOptions>, entities = 4): number {
  const weeks = 6;
  let alarms = 0;
  for (let seed = 1; seed <= entities; seed++) {
    const next = stream(createRandom(seed));
    const threshold = createBudget({ incidentsPerWeek: 0, ...options });
    const alarm = createAlarm(threshold, { policy: { minimumDurationMs: options.holdMs ?? 0, closeShare: 1 } });
    for (let timeMs = 0; timeMs < weeks * 7 * dayMs; timeMs += minuteMs) {
      if (alarm.step(next(), timeMs).opened && timeMs >= 7 * dayMs) alarms++;
    }
  }
  return alarms / entities / (weeks - 1);
}

describe.each<[string, Stream, number | null]>([
  ['exponential', exponential, null],
  ['heavy-tailed', heavy, null],
  ['autocorrelated', autocorrelated, null],
  ['crowded below a ceiling', crowded, 1],
])('of %s scores', (_, stream, ceiling) => {
  test('a budget of one a day is kept within a half', () => {
    const rate = alarmsPerWeek(stream, { perWeek: 7, ceiling });
    expect(rate).toBeGreaterThan(7 / 2);
    expect(rate).toBeLessThan(7 * 1.5);
  });

  test('a budget of one a week is kept within the double', () => {
    const rate = alarmsPerWeek(stream, { perWeek: 1, ceiling }, 8);
    expect(rate).toBeGreaterThan(1 / 3);
    expect(rate).toBeLessThan(2);
  });

  test('the same holds where an alarm must be held', () => {
    const rate = alarmsPerWeek(stream, { perWeek: 7, ceiling, holdMs: 2 * minuteMs });
    expect(rate).toBeGreaterThan(7 / 2);
    expect(rate).toBeLessThan(7 * 1.5);
  });
});

test('scores that are at their ceiling in every hour never alarm, and alarm again once that is over', () => {
  const threshold = createBudget({ perWeek: 7, ceiling: 1 });
  const random = createRandom(2);
  for (let timeMs = 0; timeMs < 14 * dayMs; timeMs += minuteMs) threshold.observe(random.uniform() < 0.1 ? 1 : 0.2, timeMs);
  expect(threshold.value()).toBeGreaterThan(1);
  for (let timeMs = 14 * dayMs; timeMs < 30 * dayMs; timeMs += minuteMs) threshold.observe(0.2 + 0.1 * random.uniform(), timeMs);
  expect(threshold.value()).toBeLessThan(0.5);
});

test('an incident of six hours hardly raises the bar', () => {
  const [calm, hit] = [createBudget({ perWeek: 7 }), createBudget({ perWeek: 7 })];
  const next = exponential(createRandom(3));
  for (let timeMs = 0; timeMs < 10 * dayMs; timeMs += minuteMs) {
    const score = next();
    calm.observe(score, timeMs);
    hit.observe(timeMs > 8 * dayMs && timeMs <= 8.25 * dayMs ? 1000 + score : score, timeMs);
  }
  const [before, after] = [calm.value() ?? Number.NaN, hit.value() ?? Number.NaN];
  expect(after).toBeGreaterThan(before * 0.9);
  expect(after).toBeLessThan(before * 1.15);
});

test('a larger budget never has a higher level', () => {
  const maxima = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 2, maxLength: 200 });
  const probability = fc.double({ min: 1e-5, max: 0.6, noNaN: true });
  fc.assert(
    fc.property(maxima, probability, probability, (given, one, other) => {
      const sorted = given.toSorted((a, b) => a - b).map((value, index) => ({ value, censored: index % 3 === 2 }));
      const [rare, often] = [Math.min(one, other), Math.max(one, other)];
      expect(solveBudget(sorted, rare)).toBeGreaterThanOrEqual(solveBudget(sorted, often));
    }),
    { numRuns: 500 },
  );
});

test('over a whole stream, too, a larger budget ends lower', () => {
  for (const [seed, stream] of [exponential, heavy, autocorrelated].entries()) {
    const budgets = [0.5, 1, 3.5, 7, 14, 28].map((perWeek) => createBudget({ perWeek }));
    const next = stream(createRandom(seed));
    for (let timeMs = 0; timeMs < 14 * dayMs; timeMs += minuteMs) {
      const score = next();
      for (const budget of budgets) budget.observe(score, timeMs);
    }
    const values = budgets.map((budget) => budget.value() ?? Number.NaN);
    expect(values).toEqual(values.toSorted((a, b) => b - a));
  }
});

test('what other entities have is used until there is enough of its own', () => {
  const threshold = createBudget({ initial: 0.8 });
  const next = exponential(createRandom(1));
  for (let timeMs = 0; timeMs < 20 * 60 * minuteMs; timeMs += minuteMs) threshold.observe(next(), timeMs);
  expect(threshold.value()).toBe(0.8);
  for (let timeMs = dayMs; timeMs < 3 * dayMs; timeMs += minuteMs) threshold.observe(next(), timeMs);
  expect(threshold.value()).toBeGreaterThan(5);
});

describe('the risk of an extreme-value threshold', () => {
  test.each<[string, Stream]>([
    ['exponential', exponential],
    ['heavy-tailed', heavy],
  ])('is kept within the double by %s scores', (_, stream) => {
    const threshold = createExtremeValue({ risk: 1e-3 });
    const next = stream(createRandom(7));
    let reached = 0;
    for (let step = 0; step < 101_000; step++) {
      const score = next();
      const value = threshold.value();
      if (value !== null && score >= value) reached++;
      threshold.observe(score, step * minuteMs);
    }
    expect(reached).toBeGreaterThan(50);
    expect(reached).toBeLessThan(200);
  });

  test('follows a drift, down as well, where it has a depth', () => {
    const [fixed = Number.NaN, following = Number.NaN] = [0, 200].map((depth) => {
      const threshold = createExtremeValue({ risk: 1e-3, depth });
      const next = exponential(createRandom(8));
      for (let step = 0; step < 30_000; step++) threshold.observe(next() - step / 1000, step * minuteMs);
      return threshold.value() ?? Number.NaN;
    });
    expect(fixed).toBeGreaterThan(-10);
    expect(following).toBeLessThan(-15);
    expect(following).toBeGreaterThan(-30);
  });
});
