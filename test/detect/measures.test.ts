/** Laws of the measures; what they are on given numbers is in recorded-measures.test.ts. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alarmRules,
  alarmsOf,
  averagePrecision,
  bestF1,
  eventRecallAt,
  eventStats,
  fillMissing,
  hitRate,
  medianDelay,
  nabProbation,
  nabProfiles,
  nabScore,
  ndcg,
  normalDays,
  periodOf,
  qualityAt,
  rocAuc,
  runsOf,
  volumeUnderSurface,
} from '../../src/detect/index.ts';

/** Scores with many ties and labels of both kinds. */
const labelled = (maxLength: number) =>
  fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })), fc.integer({ min: 0, max: 1 })), {
      minLength: 2,
      maxLength,
    })
    .filter((rows) => rows.some(([, label]) => label === 1) && rows.some(([, label]) => label === 0))
    .map((rows) => ({ scores: Float64Array.from(rows, ([score]) => score), labels: Uint8Array.from(rows, ([, label]) => label) }));

describe('the areas and volumes', () => {
  test('of the ROC curve is the chance that an anomalous row ranks above a normal one', () => {
    fc.assert(
      fc.property(labelled(40), ({ scores, labels }) => {
        const [bad, good] = [scores.filter((_, row) => labels[row] === 1), scores.filter((_, row) => labels[row] === 0)];
        let wins = 0;
        for (const b of bad) for (const g of good) wins += b > g ? 1 : b === g ? 0.5 : 0;
        expect(rocAuc(scores, labels)).toBeCloseTo(wins / (bad.length * good.length), 12);
      }),
    );
  });

  test('are 1 for scores that are the labels, without a ramp', () => {
    fc.assert(
      fc.property(labelled(60), ({ labels }) => {
        const scores = Float64Array.from(labels);
        expect([rocAuc(scores, labels), averagePrecision(scores, labels), bestF1(scores, labels).f1]).toEqual([1, 1, 1]);
        const { roc, pr } = volumeUnderSurface(scores, labels, 0);
        expect(pr).toBeCloseTo(1, 12);
        expect(roc).toBeCloseTo(1, 12);
      }),
    );
  });

  test('depend on the order of the scores alone', () => {
    fc.assert(
      fc.property(labelled(300), fc.integer({ min: 0, max: 40 }), ({ scores, labels }, window) => {
        // Twelve binary digits are kept exactly by this growing function.
        const rounded = scores.map((score) => Math.round(score * 4096));
        const other = rounded.map((score) => 3 * score - 7);
        expect(rocAuc(other, labels)).toBe(rocAuc(rounded, labels));
        expect(averagePrecision(other, labels)).toBe(averagePrecision(rounded, labels));
        expect(bestF1(other, labels).f1).toBe(bestF1(rounded, labels).f1);
        expect(volumeUnderSurface(other, labels, window)).toEqual(volumeUnderSurface(rounded, labels, window));
      }),
    );
  });

  test('are within [0, 1], and chance where all scores are equal', () => {
    fc.assert(
      fc.property(labelled(100), fc.integer({ min: 0, max: 20 }), ({ scores, labels }, window) => {
        const { roc, pr } = volumeUnderSurface(scores, labels, window);
        for (const value of [rocAuc(scores, labels), averagePrecision(scores, labels), bestF1(scores, labels).f1, roc, pr]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1 + 1e-12);
        }
        const share = labels.reduce((sum, label) => sum + label, 0) / labels.length;
        const equal = new Float64Array(labels.length);
        expect(rocAuc(equal, labels)).toBe(0.5);
        expect(averagePrecision(equal, labels)).toBeCloseTo(share, 12);
      }),
    );
  });

  test('leave rows without a score out, or give them the lowest', () => {
    const scores = Float64Array.of(0.1, 0.9, Number.NaN);
    const labels = Uint8Array.of(0, 1, 1);
    expect([rocAuc(scores, labels), averagePrecision(scores, labels), bestF1(scores, labels).recall]).toEqual([1, 1, 1]);
    expect(fillMissing(scores)).toEqual(Float64Array.of(0.1, 0.9, 0.1));
    expect(fillMissing(Float64Array.of(Number.NaN))).toEqual(Float64Array.of(0));
    expect(() => volumeUnderSurface(scores, labels, 3)).toThrow('fill the rows');
    expect(() => eventRecallAt(scores, labels, 60, [1])).toThrow('fill the rows');
  });

  test('have no value where one kind is missing, and refuse what does not fit', () => {
    const [scores, none] = [Float64Array.of(1, 2, 3), new Uint8Array(3)];
    expect([rocAuc(scores, none), averagePrecision(scores, none), bestF1(scores, none).f1]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(volumeUnderSurface(scores, none, 2)).toEqual({ roc: Number.NaN, pr: Number.NaN });
    expect(() => rocAuc(scores, new Uint8Array(2))).toThrow('3 scores and 2 labels');
    expect(() => volumeUnderSurface(scores, new Uint8Array(2), 2)).toThrow('3 scores and 2 labels');
    expect(() => volumeUnderSurface(scores, none, 1.5)).toThrow('window is 1.5');
  });

  test('forgive a finding beside an event only as far as the ramp goes', () => {
    const labels = new Uint8Array(400).fill(1, 200, 210);
    const beside = (distance: number) => Float64Array.from(labels, (_, row) => (row >= 210 + distance && row < 220 + distance ? 1 : 0));
    const [near, far] = [0, 60].map((distance) => volumeUnderSurface(beside(distance), labels, 40).pr) as [number, number];
    expect(near).toBeGreaterThan(2 * far);
  });
});

test('qualityAt counts rows at the threshold as found', () => {
  expect(qualityAt(0.6, Float64Array.of(0.6, 0.7, 0.5, 0.1, Number.NaN), Uint8Array.of(1, 0, 1, 0, 1))).toEqual({
    truePositives: 1,
    falsePositives: 1,
    falseNegatives: 1,
    trueNegatives: 1,
    precision: 0.5,
    recall: 0.5,
  });
});

describe('events', () => {
  const rules = { gap: 2, grace: 3, hour: 10 };
  const flags = (text: string) => Uint8Array.from(text, (letter) => (letter === '#' ? 1 : 0));
  const stats = (labels: string, found: string) => eventStats(flags(labels), flags(found), rules);

  test('are runs; alarms near each other are one', () => {
    expect(runsOf(flags('##..#...#'))).toEqual([
      [0, 1],
      [4, 4],
      [8, 8],
    ]);
    expect(alarmsOf(flags('#.#..#...'), 2)).toEqual([
      [0, 2],
      [5, 5],
    ]);
    expect(runsOf(new Uint8Array(5))).toEqual([]);
  });

  test('are found by a flagged row within, with the delay', () => {
    expect(stats('....####......##', '......#.........')).toEqual({
      events: 2,
      found: 1,
      falseAlarms: 0,
      trueAlarms: 1,
      delays: [2, null],
    });
  });

  test('have a recovery after them, and nothing is free before the grace', () => {
    expect(stats('..##............', '......#.........').falseAlarms).toBe(0);
    expect(stats('..##............', '.......#........').falseAlarms).toBe(1);
    expect(stats('........##......', '......#.........').falseAlarms).toBe(1);
  });

  test('an alarm that never ends costs its hours, whether it touches an event or not', () => {
    const on = new Uint8Array(100).fill(1);
    const labels = new Uint8Array(100).fill(1, 50, 52);
    expect(eventStats(new Uint8Array(100), on, rules).falseAlarms).toBe(10);
    // 92 rows lie outside of the event and its grace.
    expect(eventStats(labels, on, rules)).toMatchObject({ falseAlarms: 9, trueAlarms: 1 });
  });

  test('more flags never find fewer events', () => {
    const bits = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 50, maxLength: 50 }).map((values) => Uint8Array.from(values));
    fc.assert(
      fc.property(bits, bits, bits, (labels, few, others) => {
        const more = few.map((flag, row) => flag | (others[row] as number));
        expect(eventStats(labels, more, rules).found).toBeGreaterThanOrEqual(eventStats(labels, few, rules).found);
        expect(eventStats(labels, new Uint8Array(50), rules).falseAlarms).toBe(0);
      }),
    );
  });

  test('rules are ten minutes and an hour, in rows', () => {
    expect([60, 300, 7200, 240].map(alarmRules)).toEqual([
      { gap: 10, grace: 10, hour: 60 },
      { gap: 2, grace: 2, hour: 12 },
      { gap: 1, grace: 1, hour: 1 },
      { gap: 2, grace: 2, hour: 15 },
    ]);
    expect(
      normalDays(
        Uint8Array.from({ length: 2880 }, (_, row) => (row < 1440 ? 1 : 0)),
        60,
      ),
    ).toBe(1);
  });

  test('a larger budget never finds fewer, and scores that are the labels find all without a false alarm', () => {
    fc.assert(
      fc.property(labelled(200), ({ scores, labels }) => {
        const recalls = eventRecallAt(scores, labels, 60, [0, 1, 100, 1e6]).map(({ recall }) => recall);
        expect(recalls).toEqual(recalls.toSorted((a, b) => a - b));
        expect(recalls.at(-1)).toBe(1);
        const [perfect] = eventRecallAt(Float64Array.from(labels), labels, 60, [0]);
        expect(perfect).toMatchObject({ recall: 1, threshold: 1 });
        expect(new Set(perfect?.delays)).toEqual(new Set([0]));
      }),
    );
  });

  test('a missed event delays by its full length', () => {
    expect(medianDelay([3, null, 5], [10, 20, 30])).toBe(5);
    expect(medianDelay([3, null], [10, 20])).toBe(11.5);
    expect(medianDelay([], [])).toBeNaN();
  });
});

describe('attribution', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];

  test('is 1 when the guilty come first, 0 when they come last', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(names, { minLength: 1, maxLength: 2 }), (guilty) => {
        const others = names.filter((name) => !guilty.includes(name));
        const truth = new Set(guilty);
        expect([hitRate([...guilty, ...others], truth, 1), ndcg([...guilty, ...others], truth, 1.5)]).toEqual([1, 1]);
        expect([hitRate([...others, ...guilty], truth, 1.5), ndcg([...others, ...guilty], truth, 1)]).toEqual([0, 0]);
      }),
    );
  });

  test('looks at as many as its share says', () => {
    const truth = new Set(['b', 'c']);
    expect(hitRate(['a', 'b', 'c'], truth, 1)).toBe(0.5);
    expect(hitRate(['a', 'b', 'c'], truth, 1.5)).toBe(1);
    expect(ndcg(['b', 'c', 'a'], truth, 1)).toBeGreaterThan(ndcg(['a', 'b', 'c'], truth, 1.5));
  });
});

describe('the NAB score', () => {
  const windows = [[200, 249]] as const;
  const at = (...rows: number[]) => Float64Array.from({ length: 400 }, (_, row) => (rows.includes(row) ? 1 : 0));
  const score = (...rows: number[]) => nabScore([{ scores: at(...rows), windows }], nabProfiles.standard, 0.5).score;

  test('is 100 for the first row of each window and nothing else, 0 for nothing', () => {
    expect(score(200)).toBeCloseTo(100, 9);
    expect(score()).toBe(0);
  });

  test('pays early findings more, once per window, and takes for false ones, more the further behind', () => {
    expect(score(200)).toBeGreaterThan(score(240));
    expect(score(200, 201, 202)).toBe(score(200));
    expect(score(200, 260)).toBeLessThan(score(200));
    expect(score(200, 390)).toBeLessThan(score(200, 260));
    expect(score(150)).toBeCloseTo(-5.5, 9);
  });

  test('counts nothing in the probation', () => {
    expect([nabProbation(400), nabProbation(10_000)]).toEqual([60, 750]);
    expect(score(59)).toBe(0);
    expect(score(60)).toBeLessThan(0);
  });

  test('chooses the threshold that scores best, over all files', () => {
    const scores = at(390).map((value, row) => (row === 205 ? 0.8 : value * 0.7));
    expect(nabScore([{ scores, windows }], nabProfiles.standard)).toMatchObject({
      threshold: 0.8,
      found: 1,
      windows: 1,
      falsePositives: 0,
    });
    const other = { scores: at(10), windows: [] };
    expect(nabScore([{ scores, windows }, other], nabProfiles.standard).score).toBe(
      nabScore([{ scores, windows }], nabProfiles.standard).score,
    );
  });
});

test('the period of a wave is its length; without one it is 125', () => {
  const wave = (length: number) => Float64Array.from({ length: 5000 }, (_, row) => Math.sin((2 * Math.PI * row) / length));
  expect([24, 60, 144].map((length) => periodOf(wave(length)))).toEqual([24, 60, 144]);
  expect(periodOf(Float64Array.from({ length: 1000 }, (_, row) => row))).toBe(125);
  expect(periodOf(new Float64Array(0))).toBe(125);
});
