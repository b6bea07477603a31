/** The detector `seasonal`: days, weeks, and the two days of the year on which the clocks are changed. */
import { describe, expect, test } from 'vitest';
import { createDetector, createRandom } from '../../src/detect/index.ts';
import type { Detector, FeatureSpec } from '../../src/detect/index.ts';
import { createLocalClock } from '../../src/detect/streaming/local-clock.ts';

const stepMs = 5 * 60_000;
const dayMs = 86_400_000;
const features: FeatureSpec[] = [{ name: 'cpu', direction: 'both', minimumChange: 0 }];

/** Hour on the clocks of Madrid, without the code under test. */
const wallClock = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Madrid', hour: '2-digit', weekday: 'short' });
const madrid = (timeMs: number): { hour: number; weekday: string } => {
  const parts = wallClock.formatToParts(timeMs);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? '';
  return { hour: Number(part('hour')) % 24, weekday: part('weekday') };
};

/** A quiet host with a heavy job from 6 to 7 o'clock on Madrid's clocks, on the days that `on` picks. */
const withJob = (random: ReturnType<typeof createRandom>, timeMs: number, on: (weekday: string) => boolean = () => true): number => {
  const { hour, weekday } = madrid(timeMs);
  return (hour === 6 && on(weekday) ? 0.8 : 0.1) + 0.03 * (random.uniform() - 0.5);
};

/** Streams from one time to another; the times that alarmed. */
function stream(detector: Detector, fromMs: number, toMs: number, value: (timeMs: number) => number): number[] {
  const found: number[] = [];
  for (let timeMs = fromMs; timeMs < toMs; timeMs += stepMs) {
    const row = Float64Array.of(value(timeMs));
    const score = detector.score(row, timeMs);
    if (score !== null && score >= (detector.threshold as number)) found.push(timeMs);
    detector.learn(row, Float64Array.of(timeMs));
  }
  return found;
}

describe('a daily job', () => {
  // The clocks went forward on 2026-03-29 and go back on 2026-10-25.
  test.each(['2026-03-29', '2026-10-25'])('stays normal over the change of the clocks of %s, in its own time zone only', (change) => {
    const changeMs = Date.parse(`${change}T00:00:00Z`);
    const alarmsIn = (timeZone: string): number => {
      const random = createRandom(1);
      const detector = createDetector('seasonal', features, { stepMs, timeZone });
      stream(detector, changeMs - 12 * dayMs, changeMs, (timeMs) => withJob(random, timeMs));
      return stream(detector, changeMs, changeMs + 2 * dayMs, (timeMs) => withJob(random, timeMs)).length;
    };
    expect(alarmsIn('Europe/Madrid')).toBe(0);
    expect(alarmsIn('UTC')).toBeGreaterThan(5);
  });

  test('is odd at another hour, and so is its hour without it', () => {
    const random = createRandom(2);
    const fromMs = Date.UTC(2026, 5, 1);
    const detector = createDetector('seasonal', features, { stepMs, timeZone: 'Europe/Madrid' });
    stream(detector, fromMs, fromMs + 10 * dayMs, (timeMs) => withJob(random, timeMs));
    // 4:30 UTC is 6:30 in the Madrid summer; 15:30 is no time for it.
    const threshold = detector.threshold as number;
    const at = (hours: number) => fromMs + 10 * dayMs + hours * 3_600_000;
    expect(detector.score(Float64Array.of(0.8), at(4.5))).toBeLessThan(threshold);
    expect(detector.score(Float64Array.of(0.8), at(15.5))).toBeGreaterThan(threshold);
    expect(detector.score(Float64Array.of(0.1), at(4.5))).toBeGreaterThan(threshold);
    const expected = detector.expected(at(4.5))?.[0];
    expect((expected?.low ?? 0) > 0.5 && (expected?.high ?? 9) < 1.1).toBe(true);
  });
});

test('a weekly job is normal on its own weekday from the third week on, and odd on others', () => {
  const random = createRandom(3);
  const fromMs = Date.UTC(2026, 5, 1);
  const detector = createDetector('seasonal', features, { stepMs, timeZone: 'Europe/Madrid' });
  const onSunday = (timeMs: number) => withJob(random, timeMs, (weekday) => weekday === 'Sun');
  stream(detector, fromMs, fromMs + 21 * dayMs, onSunday);
  const threshold = detector.threshold as number;
  const half = (day: number) => fromMs + day * dayMs + 4.5 * 3_600_000;
  expect(detector.score(Float64Array.of(0.8), half(27))).toBeLessThan(threshold);
  expect(detector.score(Float64Array.of(0.8), half(24))).toBeGreaterThan(threshold);
});

describe('the local clock', () => {
  test('knows both sides of a change of the clocks, and half-hour zones', () => {
    const clock = createLocalClock('Europe/Madrid');
    expect(clock(Date.parse('2026-03-29T00:59:00Z'))).toEqual({ weekday: 0, slot: 3 });
    expect(clock(Date.parse('2026-03-29T01:00:00Z'))).toEqual({ weekday: 0, slot: 6 });
    expect(clock(Date.parse('2026-10-25T00:30:00Z'))).toEqual({ weekday: 0, slot: 5 });
    expect(clock(Date.parse('2026-10-25T01:30:00Z'))).toEqual({ weekday: 0, slot: 5 });
    expect(createLocalClock('Asia/Kolkata')(Date.parse('2026-06-01T18:30:00Z'))).toEqual({ weekday: 2, slot: 0 });
  });

  test('answers for any time', () => {
    for (const timeMs of [-8.64e15, -1, 0, 8.64e15]) {
      const { weekday, slot } = createLocalClock('America/St_Johns')(timeMs);
      expect(weekday >= 0 && weekday <= 6 && slot >= 0 && slot < 48).toBe(true);
    }
  });
});
