/** From scores to alarms: what opens one, what closes one, and what becomes normal. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createAlarm,
  createBudget,
  createExclusions,
  createFixed,
  createRandom,
  DetectError,
  loadAlarm,
  openAlarm,
  sealAlarm,
} from '../../../src/detect/index.ts';
import type { Alarm, AlarmOptions, TimeSpan } from '../../../src/detect/index.ts';
import { BodyReader, BodyWriter, sealModel } from '../../../src/detect/model-buffer.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const made = (options: Partial<AlarmOptions> = {}): Alarm => createAlarm(createFixed(1), options);
const saved = (alarm: Alarm): Uint8Array => {
  const writer = new BodyWriter();
  alarm.save(writer);
  return Uint8Array.from(writer.body());
};
/** One letter per minute: `.` quiet, `o` opened, `#` active, `c` closed, `A` closed because the shift was accepted. */
function told(alarm: Alarm, scores: readonly number[], from = 0): string {
  return scores
    .map((score, minute) => {
      const { active, opened, closed, accepted } = alarm.step(score, (from + minute) * minuteMs);
      if (accepted) return 'A';
      if (opened) return 'o';
      if (closed) return 'c';
      return active ? '#' : '.';
    })
    .join('');
}

describe('an alarm', () => {
  const policy = { cooldownMs: 0, closeShare: 0.5 };

  test('opens at the level and closes below the half of it', () => {
    expect(told(made({ policy }), [0.9, 1, 0.6, 0.5, 0.49, 0.6, 0.9])).toBe('.o##c..');
  });

  test('closes at the level itself where there is no hysteresis', () => {
    expect(told(made({ policy: { ...policy, closeShare: 1 } }), [1, 1, 0.99, 1])).toBe('o#co');
  });

  test('opens only after its minimum duration, without a break', () => {
    expect(told(made({ policy: { ...policy, minimumDurationMs: 2 * minuteMs } }), [1, 1, 0.9, 1, 1, 1, 0])).toBe('.....oc');
  });

  test('goes on over a lull that is shorter than the cooldown', () => {
    const lull = { closeShare: 0.5, cooldownMs: 3 * minuteMs };
    expect(told(made({ policy: lull }), [1, 0, 0, 0, 1, 0, 0, 0, 0, 0])).toBe('o#######c.');
  });

  test('goes on without scores for a while, and then ends', () => {
    const gap = { ...policy, gapMs: 3 * minuteMs };
    expect(told(made({ policy: gap }), [1, Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN])).toBe('o###c.');
  });

  test('is not begun by scores on both sides of a gap', () => {
    const alarm = made({ policy: { ...policy, minimumDurationMs: minuteMs, gapMs: 5 * minuteMs } });
    expect(alarm.step(1, 0).active).toBe(false);
    expect(alarm.step(1, 10 * minuteMs).active).toBe(false);
    expect(alarm.step(1, 11 * minuteMs).opened).toBe(true);
  });

  test('says since when', () => {
    const alarm = made({ policy: { ...policy, minimumDurationMs: 2 * minuteMs } });
    told(alarm, [0, 1, 1, 1]);
    expect(alarm.sinceMs).toBe(minuteMs);
  });

  test('is judged by what was learned before the score, and by nothing before there is a threshold', () => {
    const alarm = createAlarm(createBudget({ leastHours: 3 }));
    expect(alarm.step(1e9, 0)).toMatchObject({ active: false, level: null });
    expect(made().step(2, 0)).toEqual({ active: true, opened: true, closed: false, accepted: false, level: 1, own: 1 });
  });
});

const score = fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.constantFrom(Number.NaN, Infinity, 0, 1, 3));
const steps = fc.array(fc.tuple(score, fc.constantFrom(0, 1, 1, 1, 1, 10, 90, -5)), { minLength: 1, maxLength: 400 });
const policies = fc.record({
  cooldownMs: fc.constantFrom(0, 5 * minuteMs),
  minimumDurationMs: fc.constantFrom(0, minuteMs),
  closeShare: fc.constantFrom(0.5, 1),
});
const drift = { acceptAfterMs: 40 * minuteMs, acceptLatestMs: 80 * minuteMs };

describe('whatever comes', () => {
  test('a missing or late score opens nothing; opened, active and closed follow each other', () => {
    fc.assert(
      fc.property(steps, policies, (given, policy) => {
        const alarm = made({ policy, drift });
        let [timeMs, last, active] = [0, -Infinity, false];
        for (const [each, minutes] of given) {
          timeMs += minutes * minuteMs;
          const step = alarm.step(each, timeMs);
          if (!Number.isFinite(each) || each < 1 || timeMs <= last) expect(step.opened).toBe(false);
          expect(step.opened && active).toBe(false);
          expect(step.active).toBe((active || step.opened) && !step.closed);
          last = Math.max(last, timeMs);
          active = step.active;
        }
      }),
    );
  });

  test('a restart anywhere changes nothing', () => {
    fc.assert(
      fc.property(steps, policies, fc.nat(400), (given, policy, at) => {
        const whole = made({ policy, drift });
        let parts = made({ policy, drift });
        let timeMs = 0;
        for (const [index, [each, minutes]] of given.entries()) {
          timeMs += minutes * minuteMs;
          if (index === at) parts = loadAlarm(new BodyReader(saved(parts)));
          expect(parts.step(each, timeMs)).toEqual(whole.step(each, timeMs));
        }
        expect(saved(parts)).toEqual(saved(whole));
      }),
    );
  });

  test('a saved alarm cut anywhere is refused', () => {
    const alarm = made({ drift });
    told(
      alarm,
      Array.from({ length: 30 }, () => 2),
    );
    const body = saved(alarm);
    for (let length = 0; length < body.length; length++)
      expect(() => loadAlarm(new BodyReader(body.subarray(0, length)))).toThrow(DetectError);
  });

  test('its memory is bounded', () => {
    const alarm = made();
    const random = createRandom(1);
    const size = saved(alarm).length;
    for (let minute = 0; minute < 20_000; minute++) alarm.step(2 * random.uniform(), minute * minuteMs);
    expect(saved(alarm).length).toBeLessThan(size + 500);
  });
});

describe('a level shift that stays', () => {
  const random = createRandom(1);
  const around = (level: number, hours: number): number[] =>
    Array.from({ length: hours * 60 }, () => level * (0.95 + 0.1 * random.uniform()));

  test('is one alarm, accepted after six hours, and says so', () => {
    const alarm = made();
    const text = told(alarm, [...around(0.2, 1), ...around(3, 72)]);
    expect(text.replace(/(.)\1+/g, '$1')).toBe('.o#A.');
    expect(text.indexOf('A')).toBe(7 * 60);
    expect(alarm.acceptance).toEqual({ sinceMs: hourMs, acceptedAtMs: 7 * hourMs, by: 'time' });
  });

  test('is accepted at once by a person', () => {
    const alarm = made();
    expect(alarm.accept(0)).toBe(false);
    told(alarm, around(3, 1));
    expect(alarm.accept(hourMs)).toBe(true);
    expect(alarm.accept(hourMs)).toBe(false);
    expect(alarm.acceptance).toEqual({ sinceMs: 0, acceptedAtMs: hourMs, by: 'person' });
    expect(told(alarm, around(3, 24), 60)).toMatch(/^\.+$/);
  });

  test('is not accepted while it still rises, but at the latest after a day', () => {
    const rising = Array.from({ length: 30 * 60 }, (_, minute) => 1 + minute / 100);
    const alarm = made();
    expect(told(alarm, rising).indexOf('A')).toBe(24 * 60);
  });

  test('and then grows is another alarm, which ends when it is back', () => {
    const alarm = made();
    told(alarm, around(3, 10));
    expect(told(alarm, [...around(9, 1), ...around(3, 24)], 600).replace(/(.)\1+/g, '$1')).toBe('o#c.');
    expect(alarm.acceptance?.sinceMs).toBe(0);
  });

  test('is over when it went back for half a day; the next one is told again', () => {
    const alarm = made();
    told(alarm, [...around(3, 10), ...around(0.2, 11)]);
    expect(alarm.acceptance).not.toBeNull();
    told(alarm, around(0.2, 3), 21 * 60);
    expect(alarm.acceptance).toBeNull();
    expect(alarm.step(3, 24 * hourMs).opened).toBe(true);
  });

  test('takes the time that is set', () => {
    const alarm = made({ drift: { acceptAfterMs: 2 * hourMs } });
    expect(told(alarm, around(3, 5)).indexOf('A')).toBe(120);
  });
});

describe('times that are left out', () => {
  const span = fc.tuple(fc.integer({ min: 0, max: 100 }), fc.nat(20)).map(([from, length]) => ({ fromMs: from, toMs: from + length }));

  test('are those inside of any span, in whatever order they were given', () => {
    fc.assert(
      fc.property(fc.array(span), fc.integer({ min: -5, max: 130 }), (spans, timeMs) => {
        const { excludes, spans: merged } = createExclusions(spans);
        expect(excludes(timeMs)).toBe(spans.some(({ fromMs, toMs }) => fromMs <= timeMs && timeMs < toMs));
        for (const [index, { fromMs }] of merged.entries())
          if (index > 0) expect(fromMs).toBeGreaterThan((merged[index - 1] as TimeSpan).toMs);
      }),
    );
  });

  test('may have no end yet, and must not end before they begin', () => {
    expect(createExclusions([{ fromMs: 5, toMs: Infinity }]).excludes(1e15)).toBe(true);
    expect(() => createExclusions([{ fromMs: 5, toMs: 4 }])).toThrow('from 5 to 4');
    expect(() => createExclusions([{ fromMs: 0, toMs: Number.NaN }])).toThrow('to NaN');
  });

  test('teach nothing', () => {
    const random = createRandom(9);
    const window = createExclusions([{ fromMs: 30 * hourMs, toMs: 60 * hourMs }]);
    const [told, untold] = [createBudget(), createBudget()];
    const [one, other] = [createAlarm(told), createAlarm(untold)];
    for (let minute = 0; minute < 100 * 60; minute++) {
      const each = random.uniform();
      const faulty = window.excludes(minute * minuteMs);
      one.step(faulty ? 50 * each : each, minute * minuteMs, window);
      other.step(faulty ? Number.NaN : each, minute * minuteMs);
    }
    expect(told.value()).toBe(untold.value());
    expect(told.value()).toBeLessThan(2);
  });
});

test('options out of range are refused with the number', () => {
  expect(() => made({ policy: { closeShare: 0 } })).toThrow('closeShare is 0');
  expect(() => made({ policy: { cooldownMs: -1 } })).toThrow('cooldownMs is -1');
  expect(() => made({ drift: { acceptAfterMs: 0 } })).toThrow('acceptAfterMs is 0');
  expect(() => made({ drift: { acceptAfterMs: 1e9 } })).toThrow('not at least the 1000000000');
});

describe('who judges', () => {
  test('takes the place of the learned level, while the threshold goes on learning', () => {
    const alarm = createAlarm(createBudget({ leastHours: 3, renewMs: 0 }));
    const judge = (learned: number | null): number | null => learned ?? 5;
    expect(alarm.level(judge)).toEqual({ level: 5, own: 5 });
    expect(alarm.level()).toEqual({ level: null, own: null });
    for (let minute = 0; minute < 300; minute++) {
      const before = alarm.level(judge);
      expect(alarm.step(1 + (minute % 7) / 10, minute * 60_000, undefined, judge)).toMatchObject(before);
    }
    expect(alarm.level(judge)).toEqual(alarm.level());
    expect(alarm.level().level).toBeLessThan(5);
    expect(alarm.step(4, 300 * 60_000, undefined, () => 3.5)).toMatchObject({ level: 3.5, own: 3.5, opened: true });
  });
});

describe('an alarm that is sealed', () => {
  test('goes on as if nothing had been between; a buffer that is none is refused', () => {
    const [one, other] = [createAlarm(createBudget({ leastHours: 2 })), createAlarm(createBudget({ leastHours: 2 }))];
    let copy = other;
    for (let minute = 0; minute < 400; minute++) {
      const score = Math.sin(minute) + (minute > 300 ? 3 : 0);
      expect(copy.step(score, minute * 60_000)).toEqual(one.step(score, minute * 60_000));
      if (minute % 37 === 0) copy = openAlarm(sealAlarm(copy));
    }
    const buffer = sealAlarm(one);
    expect(() => openAlarm(buffer.subarray(0, buffer.length - 1))).toThrow('should have');
    expect(() => openAlarm(buffer.with(30, (buffer[30] as number) ^ 1))).toThrow('checksum');
    const writer = new BodyWriter();
    writer.text('robust-z');
    expect(() => openAlarm(sealModel(writer.body()))).toThrow('not an alarm');
  });
});
