/** What each streaming detector is for, on rows where the others would see less. */
import { describe, expect, test } from 'vitest';
import { createDetector, createRandom, streamScores } from '../../src/detect/index.ts';
import type { Detector, FeatureSpec } from '../../src/detect/index.ts';
import { normal, normalRows, plainFeatures } from './data.ts';

const stepMs = 60_000;
const timesOf = (count: number, from = 0): Float64Array => Float64Array.from({ length: count }, (_, at) => (from + at) * stepMs);
const topShare = (detector: Detector, row: Float64Array): number => {
  const { shares } = detector.explain(row) ?? { shares: new Float64Array() };
  return shares.indexOf(Math.max(...shares));
};

describe('robust-z', () => {
  test('a feature that rested and then moves rarely does not explode: its moves become ordinary', () => {
    const detector = createDetector('robust-z', plainFeatures(1), { stepMs });
    const rows = Float64Array.from({ length: 1500 }, (_, at) => (at > 300 && at % 40 === 0 ? 1 : 0));
    const scores = streamScores(detector, rows, timesOf(1500));
    expect(scores[320]).toBeGreaterThan(0.6);
    expect(scores[1480]).toBeLessThan(detector.threshold as number);
    expect(detector.score(Float64Array.of(30))).toBeGreaterThan(detector.threshold as number);
  });
});

describe('ewma-residual', () => {
  test('sees a jump in a feature that wanders, where its level says nothing', () => {
    const random = createRandom(1);
    let level = 0;
    const rows = Float64Array.from({ length: 1000 }, () => (level += normal(random)));
    const detector = createDetector('ewma-residual', plainFeatures(1), { stepMs });
    detector.learn(rows, timesOf(1000));
    const plain = createDetector('robust-z', plainFeatures(1), { stepMs });
    plain.learn(rows, timesOf(1000));
    // Back towards the middle, so the level is ordinary.
    const sorted = rows.toSorted();
    const middle = sorted[500] as number;
    const jump = Float64Array.of(level + Math.sign(middle - level || 1) * 12);
    expect(detector.score(jump)).toBeGreaterThan(detector.threshold as number);
    expect(plain.score(jump)).toBeLessThan(plain.threshold as number);
  });
});

describe('flatline', () => {
  const width = 3;
  const alive = (specs = plainFeatures(width)): Detector => {
    const detector = createDetector('flatline', specs, { stepMs });
    detector.learn(normalRows(2, 600, width), timesOf(600));
    return detector;
  };
  const go = (detector: Detector, change: (row: Float64Array) => void, count = 60): Float64Array => {
    const rows = normalRows(3, count, width);
    for (let at = 0; at < rows.length; at += width) change(rows.subarray(at, at + width));
    return streamScores(detector, rows, timesOf(count, 600));
  };

  test('finds a feature that is stuck, not at once, and names it', () => {
    const detector = alive();
    const scores = go(detector, (row) => (row[1] = 0.25));
    expect(scores[5]).toBeLessThan(0.5);
    expect(scores[59]).toBeGreaterThan(detector.threshold as number);
    expect(topShare(detector, Float64Array.of(0, 0.25, 0))).toBe(1);
    expect(detector.score(Float64Array.of(0, 0.26, 0))).toBe(0);
  });

  test('finds a feature without values, and a row without any', () => {
    expect(go(alive(), (row) => (row[2] = Number.NaN))[59]).toBeGreaterThan(0.7);
    expect(go(alive(), (row) => row.fill(Number.NaN))[59]).toBeGreaterThan(0.7);
  });

  test('says nothing about what never moved, rarely moves, or moves too little to matter', () => {
    const still = createDetector('flatline', plainFeatures(1), { stepMs });
    expect([...streamScores(still, new Float64Array(500), timesOf(500))].filter((score) => score > 0)).toEqual([]);
    const rare = createDetector('flatline', plainFeatures(1), { stepMs });
    const steps = Float64Array.from({ length: 2000 }, (_, at) => Math.floor(at / 50));
    expect([...streamScores(rare, steps, timesOf(2000))].filter((score) => score >= (rare.threshold as number))).toEqual([]);
    const small = alive(plainFeatures(width).map((spec): FeatureSpec => ({ ...spec, minimumChange: 100 })));
    expect(go(small, (row) => (row[1] = 0.25))[59]).toBeLessThanOrEqual(0.5);
  });

  test('accepts after six hours', () => {
    const detector = alive();
    const scores = go(detector, (row) => (row[1] = 0.25), 420);
    expect(scores[300]).toBeGreaterThan(0.6);
    expect(scores[400]).toBeLessThan(0.5);
  });
});

describe('mahalanobis', () => {
  /** Three features that go together, and one of its own. */
  const together = (seed: number, count: number): Float64Array => {
    const random = createRandom(seed);
    return Float64Array.from({ length: count }, () => normal(random)).reduce(
      (rows, cause, at) => {
        rows.set([cause, 2 * cause + 0.1 * normal(random), -cause + 0.1 * normal(random), normal(random)], 4 * at);
        return rows;
      },
      new Float64Array(4 * count),
    );
  };

  test('sees a relation that is broken, where each value alone is ordinary, and names the feature', () => {
    const detector = createDetector('mahalanobis', plainFeatures(4), { stepMs });
    detector.learn(together(1, 1000), timesOf(1000));
    const broken = Float64Array.of(1, 2, 1, 0);
    expect(detector.score(broken)).toBeGreaterThan(detector.threshold as number);
    expect(topShare(detector, broken)).toBe(2);
    expect(detector.score(Float64Array.of(1, 2, -1, 0))).toBeLessThan(0.5);
    const plain = createDetector('robust-z', plainFeatures(4), { stepMs });
    plain.learn(together(1, 1000), timesOf(1000));
    expect(plain.score(broken)).toBeLessThan(0.5);
  });

  test('a missing value is as the rest of the row says', () => {
    const detector = createDetector('mahalanobis', plainFeatures(4), { stepMs });
    detector.learn(together(2, 1000), timesOf(1000));
    expect(detector.score(Float64Array.of(2, Number.NaN, -2, 0))).toBeLessThan(0.5);
    expect(detector.score(Float64Array.of(2, Number.NaN, 2, 0))).toBeGreaterThan(detector.threshold as number);
  });
});

describe('half-space-trees', () => {
  test('sees the empty space between two clusters, where each value alone is ordinary', () => {
    const random = createRandom(4);
    const rows = new Float64Array(2 * 2000);
    for (let at = 0; at < 2000; at++) {
      const side = random.uniform() < 0.5 ? 1 : -1;
      rows.set([side + 0.1 * normal(random), side + 0.1 * normal(random)], 2 * at);
    }
    const detector = createDetector('half-space-trees', plainFeatures(2), { stepMs });
    detector.learn(rows, timesOf(2000));
    expect(detector.score(Float64Array.of(1, -1)) as number).toBeGreaterThan((detector.score(Float64Array.of(1, 1)) as number) + 0.2);
  });
});

describe('peers', () => {
  /** Six members under one load that swings, each with its own share. */
  const group = (seed: number, count: number): Float64Array => {
    const random = createRandom(seed);
    const rows = new Float64Array(6 * count);
    for (let at = 0; at < count; at++) {
      const load = 50 + 40 * Math.sin(at / 100);
      for (let member = 0; member < 6; member++) rows[6 * at + member] = load + 3 * member + normal(random);
    }
    return rows;
  };

  test('sees the member that leaves the group, and not the group that moves as one', () => {
    const detector = createDetector('peers', plainFeatures(6), { stepMs });
    detector.learn(group(1, 1000), timesOf(1000));
    const all = Float64Array.from({ length: 6 }, (_, member) => 300 + 3 * member);
    expect(detector.score(all)).toBeLessThan(0.5);
    const one = all.with(4, 330);
    expect(detector.score(one)).toBeGreaterThan(detector.threshold as number);
    expect(topShare(detector, one)).toBe(4);
  });

  test('has no opinion about fewer than three', () => {
    const detector = createDetector('peers', plainFeatures(2), { stepMs });
    detector.learn(normalRows(1, 200, 2), timesOf(200));
    expect(detector.score(Float64Array.of(0, 9))).toBeNull();
  });
});

describe('subsequence', () => {
  const beat = (at: number): number => (at % 10 < 2 ? 1 : 0);

  test('sees a beat that does not come, where each value alone is ordinary', () => {
    const random = createRandom(5);
    const rows = Float64Array.from({ length: 2000 }, (_, at) => beat(at) + 0.05 * normal(random));
    const detector = createDetector('subsequence', plainFeatures(1), { stepMs });
    detector.learn(rows, timesOf(2000));
    const missing = Float64Array.from({ length: 40 }, (_, at) => (at < 20 ? 0 : beat(at)) + 0.05 * normal(random));
    const scores = streamScores(detector, missing, timesOf(40, 2000));
    expect(Math.max(...scores.subarray(0, 21))).toBeGreaterThan(detector.threshold as number);
  });
});
