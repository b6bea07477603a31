/** An independent evaluator is the oracle of our measures; test/fixtures/measures/make.py recorded what it said. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  alarmRules,
  averagePrecision,
  bestF1,
  eventRecallAt,
  eventStats,
  hitRate,
  nabProfiles,
  nabScore,
  ndcg,
  periodOf,
  rocAuc,
  volumeUnderSurface,
} from '../../src/detect/index.ts';
import type { BestF1, NabResult, Run, VolumeUnderSurface } from '../../src/detect/index.ts';

interface Case {
  readonly name: string;
  readonly scores: readonly number[];
  readonly labels: readonly number[];
  readonly window: number;
  readonly stepSeconds: number;
  readonly rocAuc: number;
  readonly averagePrecision: number;
  readonly bestF1: BestF1;
  readonly vus: VolumeUnderSurface;
  readonly period: number | null;
  readonly alarmThreshold: number;
  readonly alarms: { events: number; detected: number; false_alarms: number; true_alarms: number; delays: readonly number[] };
  readonly recalls: readonly { budget: number; recall: number; delays: readonly number[] }[];
}

interface Recorded {
  readonly cases: readonly Case[];
  readonly attribution: readonly { ranked: readonly string[]; truth: readonly string[]; hit: readonly number[]; ndcg: readonly number[] }[];
  readonly nab: {
    readonly files: readonly { scores: readonly number[]; windows: readonly Run[] }[];
    readonly best: Readonly<Record<string, NabResult>>;
    readonly fixed: Readonly<Record<string, NabResult>>;
  };
}

const recorded = JSON.parse(readFileSync(new URL('../fixtures/measures/measures.json', import.meta.url), 'utf8')) as Recorded;
/** Nearer than 5e-13. */
const near = (value: number): number => expect.closeTo(value, 12) as number;
const found = (delays: readonly (number | null)[]): readonly number[] => delays.filter((delay) => delay !== null);

describe.each(recorded.cases)('$name', (each) => {
  const scores = Float64Array.from(each.scores);
  const labels = Uint8Array.from(each.labels);

  test('areas under the curves and best F1', () => {
    expect(rocAuc(scores, labels)).toEqual(near(each.rocAuc));
    expect(averagePrecision(scores, labels)).toEqual(near(each.averagePrecision));
    const { f1, precision, recall, threshold } = each.bestF1;
    expect(bestF1(scores, labels)).toEqual({ f1: near(f1), precision: near(precision), recall: near(recall), threshold });
  });

  test('volumes under the surfaces', () => {
    expect(volumeUnderSurface(scores, labels, each.window)).toEqual({ roc: near(each.vus.roc), pr: near(each.vus.pr) });
    if (each.period !== null) expect(periodOf(scores)).toBe(each.period);
  });

  test('events found and false alarms', () => {
    const flags = Uint8Array.from(scores, (score) => (score >= each.alarmThreshold ? 1 : 0));
    const stats = eventStats(labels, flags, alarmRules(each.stepSeconds));
    expect(stats).toMatchObject({
      events: each.alarms.events,
      found: each.alarms.detected,
      falseAlarms: each.alarms.false_alarms,
      trueAlarms: each.alarms.true_alarms,
    });
    expect(found(stats.delays)).toEqual(each.alarms.delays);
  });

  test('events found within a budget of false alarms', () => {
    const budgets = each.recalls.map(({ budget }) => budget);
    const recalls = eventRecallAt(scores, labels, each.stepSeconds, budgets);
    expect(recalls.map(({ recall, delays }) => [recall, found(delays)])).toEqual(
      each.recalls.map(({ recall, delays }) => [recall, delays]),
    );
  });
});

test('the cases differ: some budgets find all, some nothing', () => {
  const recalls = recorded.cases.flatMap((each) => each.recalls.map(({ recall }) => recall));
  expect(recalls).toContain(0);
  expect(recalls).toContain(1);
  expect(new Set(recalls).size).toBeGreaterThan(3);
});

test.each(recorded.attribution)('attribution of $truth', ({ ranked, truth, hit, ndcg: gains }) => {
  const guilty = new Set(truth);
  expect([1, 1.5].map((share) => hitRate(ranked, guilty, share))).toEqual(hit.map(near));
  expect([1, 1.5].map((share) => ndcg(ranked, guilty, share))).toEqual(gains.map(near));
});

describe('NAB', () => {
  const files = recorded.nab.files.map(({ scores, windows }) => ({ scores: Float64Array.from(scores), windows }));
  const names = { standard: 'standard', lowFp: 'reward_low_FP_rate', lowFn: 'reward_low_FN_rate' } as const;

  test.each(Object.entries(names))('%s', (profile, name) => {
    const weights = nabProfiles[profile as keyof typeof names];
    for (const [expected, threshold] of [
      [recorded.nab.best[name], undefined],
      [recorded.nab.fixed[name], 0.8],
    ] as const) {
      expect(nabScore(files, weights, threshold)).toEqual({
        ...expected,
        score: expect.closeTo(expected?.score ?? Number.NaN, 10) as number,
      });
    }
  });
});
