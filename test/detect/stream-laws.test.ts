/** The laws of every detector that streams: time, gaps, what comes late, restarts, and new levels. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDetector, DetectError, detectors, loadDetector, streamScores } from '../../src/detect/index.ts';
import type { Detector } from '../../src/detect/index.ts';
import { openModel, sealModel } from '../../src/detect/model-buffer.ts';
import { normalRows, plainFeatures } from './data.ts';

const width = 3;
const stepMs = 60_000;
const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 4, 4);
const seeds = [1, 2];
/** Streams are long: a counterexample is shown as it was found. */
const runs = { numRuns: 5, endOnFailure: true };

const create = (slug: string): Detector => createDetector(slug, plainFeatures(width), { stepMs, timeZone: 'Europe/Madrid' });
const steadyTimes = (count: number, fromMs = startMs): Float64Array =>
  Float64Array.from({ length: count }, (_, at) => fromMs + at * stepMs);
const afterOf = (rows: Float64Array, from: number): Float64Array => rows.subarray(from * width);

/** A detector that has streamed normal rows. */
function streamed(slug: string, seed: number, count: number): Detector {
  const detector = create(slug);
  detector.learn(normalRows(seed, count, width), steadyTimes(count));
  return detector;
}

/** Rows that alarmed, by the threshold of their moment. */
function alarms(detector: Detector, rows: Float64Array, times: Float64Array): number[] {
  const found: number[] = [];
  for (const [at, timeMs] of times.entries()) {
    const row = rows.subarray(at * width, (at + 1) * width);
    const score = detector.score(row, timeMs);
    if (score !== null && score >= (detector.threshold as number)) found.push(at);
    detector.learn(row, times.subarray(at, at + 1));
  }
  return found;
}

const streaming = [...detectors.keys()].filter((slug) => create(slug).streaming);

test('most detectors stream', () => {
  expect(streaming.length).toBeGreaterThan(6);
});

describe.each(streaming)('%s', (slug) => {
  test('learning in pieces, or saved and loaded between any two rows, changes no score', () => {
    const rows = normalRows(1, 400, width);
    const times = steadyTimes(400);
    const whole = create(slug);
    const scores = streamScores(whole, rows, times);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 399 }), (cut) => {
        const first = create(slug);
        const before = streamScores(first, rows.subarray(0, cut * width), times.subarray(0, cut));
        const second = loadDetector(first.save());
        const after = streamScores(second, afterOf(rows, cut), times.subarray(cut));
        expect(Float64Array.of(...before, ...after)).toEqual(scores);
        expect(second.save()).toEqual(whole.save());
      }),
      runs,
    );
  });

  test('scores are NaN or in [0, 1], whatever comes when', () => {
    const value = fc.oneof(
      { weight: 4, arbitrary: fc.double({ min: -100, max: 100, noNaN: true }) },
      { weight: 1, arbitrary: fc.double() },
    );
    const gap = fc.oneof({ weight: 4, arbitrary: fc.constant(stepMs) }, { weight: 1, arbitrary: fc.double({ min: -1e13, max: 1e13 }) });
    const stream = fc.array(fc.record({ row: fc.array(value, { minLength: width, maxLength: width }), gap }), {
      minLength: 100,
      maxLength: 150,
    });
    fc.assert(
      fc.property(stream, (entries) => {
        const detector = create(slug);
        let timeMs = startMs;
        const times = Float64Array.from(entries, ({ gap: by }) => (timeMs += by));
        const scores = streamScores(detector, Float64Array.from(entries.flatMap(({ row }) => row)), times);
        expect([...scores].filter((score) => !Number.isNaN(score) && !(score >= 0 && score <= 1))).toEqual([]);
        expect(loadDetector(detector.save()).save()).toEqual(detector.save());
      }),
      runs,
    );
  });

  test('the model does not grow', () => {
    const detector = streamed(slug, 2, 100);
    const bytes = detector.save().length;
    detector.learn(normalRows(3, 2000, width), steadyTimes(2000, startMs + 100 * stepMs));
    expect(detector.save()).toHaveLength(bytes);
  });

  test('duplicates and late rows are passed over, whatever they hold', () => {
    const [detector, other] = [streamed(slug, 4, 300), streamed(slug, 4, 300)];
    detector.learn(
      normalRows(5, 3, width).map((entry) => 100 * entry),
      Float64Array.of(startMs, startMs + 1, startMs + 299 * stepMs),
    );
    detector.learn(new Float64Array(width), Float64Array.of(Number.NaN));
    const next = normalRows(6, 1, width);
    expect(detector.score(next, startMs + 300 * stepMs)).toBe(other.score(next, startMs + 300 * stepMs));
    for (const each of [detector, other]) each.learn(next, Float64Array.of(startMs + 300 * stepMs));
    expect(detector.score(next, startMs + 300 * stepMs)).toBeNull();
    expect(detector.explain(next, startMs + 300 * stepMs)).toBeNull();
    expect(detector.save()).toEqual(other.save());
  });

  test('a gap, a clock that jumps forward, or missing values raise no alarm by themselves', () => {
    for (const seed of seeds) {
      for (const jumpMs of [5 * stepMs, hourMs, 30 * 24 * hourMs]) {
        const detector = streamed(slug, seed, 600);
        const calm = normalRows(seed + 10, 20, width).map((entry) => Math.max(-1.5, Math.min(1.5, entry)));
        for (let at = 0; at < calm.length; at += 7) calm[at] = Number.NaN;
        expect(alarms(detector, calm, steadyTimes(20, startMs + 599 * stepMs + jumpMs))).toEqual([]);
      }
    }
  });

  test('a restart raises no alarm: what was not seen meanwhile is a gap', () => {
    const detector = loadDetector(streamed(slug, 6, 900).save());
    const calm = normalRows(7, 20, width).map((entry) => Math.max(-1.5, Math.min(1.5, entry)));
    expect(alarms(detector, calm, steadyTimes(20, startMs + 920 * stepMs))).toEqual([]);
  });

  test('a level shift is accepted after six hours', () => {
    for (const seed of seeds) {
      const detector = streamed(slug, seed, 1440);
      const count = (7 * hourMs) / stepMs;
      const rows = normalRows(seed + 20, count, width).map((entry, at) => (at % width === 1 ? entry + 12 : entry));
      const found = alarms(detector, rows, steadyTimes(count, startMs + 1440 * stepMs));
      expect(found.filter((at) => at >= (6.25 * hourMs) / stepMs)).toEqual([]);
      // `flatline` has nothing to say about levels, all others see it at once.
      if (slug !== 'flatline') expect(found[0]).toBeLessThan(3);
    }
  });

  test('an hour of something odd is not learned: what follows is normal, and the same is odd again', () => {
    const detector = streamed(slug, 8, 1440);
    const odd = normalRows(9, 60, width).map((entry, at) => (at % width === 2 ? entry + 40 : entry));
    const calm = normalRows(10, 120, width).map((entry) => Math.max(-1.5, Math.min(1.5, entry)));
    detector.learn(odd, steadyTimes(60, startMs + 1440 * stepMs));
    // The way back is a change too; it is over soon.
    expect(alarms(detector, calm, steadyTimes(120, startMs + 1500 * stepMs)).filter((at) => at > 60)).toEqual([]);
    const found = alarms(detector, odd, steadyTimes(60, startMs + 1620 * stepMs));
    if (slug !== 'flatline') expect(found[0]).toBeLessThan(3);
  });

  test('a threshold for a contamination of one in a hundred alarms about so often on its like', () => {
    const detector = createDetector(slug, plainFeatures(width), { stepMs, contamination: 0.01 });
    detector.learn(normalRows(11, 2880, width), steadyTimes(2880));
    const found = alarms(detector, normalRows(12, 1440, width), steadyTimes(1440, startMs + 2880 * stepMs));
    expect(found.length).toBeLessThan(30);
  });

  test('a saved model with numbers that cannot be is refused, and with others it never says NaN', () => {
    const body = Uint8Array.from(openModel(streamed(slug, 13, 400).save()));
    const wild = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, -1, 0.5, 1e300, Number.POSITIVE_INFINITY, Number.MIN_VALUE));
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), wild, (place, value) => {
        const bytes = Uint8Array.from(body);
        // All that was learned is doubles, up to the end of the body.
        const numbers = Math.floor((bytes.length - 200) / 8);
        new DataView(bytes.buffer).setFloat64(bytes.length - 8 * (1 + Math.floor(place * numbers)), value, true);
        const detector = loadOrNull(sealModel(bytes));
        const scores = detector === null ? [] : streamScores(detector, normalRows(14, 30, width), steadyTimes(30, startMs + 401 * stepMs));
        // As `score` says null where it has no opinion, a NaN that is none of these would show here.
        for (const [at, score] of scores.entries()) expect(Number.isNaN(score) || (score >= 0 && score <= 1), `${at}`).toBe(true);
        if (detector !== null) expect(() => loadDetector(detector.save())).not.toThrow();
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });
});

function loadOrNull(buffer: Uint8Array): Detector | null {
  try {
    return loadDetector(buffer);
  } catch (error) {
    expect(error).toBeInstanceOf(DetectError);
    return null;
  }
}
