import { once } from './once.ts';

/** Moments and spans as people read them, in the user's language and time zone. All times are Unix ms. */
export interface TimeFormat {
  /** `14:05` on the day of `nowMs`, `21 Nov, 14:05` on another day. */
  moment(ms: number | null | undefined, nowMs?: number): string;
  /** Day and time to the second. */
  exact(ms: number | null | undefined): string;
  clock(ms: number): string;
  /** `12 min`, `3 h 20 min`, `2 d 4 h`: the two largest parts. */
  span(ms: number): string;
  /** `3 min ago`. */
  ago(ms: number, nowMs?: number): string;
  readonly timeZone: string;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export function timeFormat(language: string, timeZone: string): TimeFormat {
  const zone = { timeZone };
  const clock = once(() => new Intl.DateTimeFormat(language, { ...zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }));
  const dated = once(
    () =>
      new Intl.DateTimeFormat(language, {
        ...zone,
        day: 'numeric',
        month: 'short',
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      }),
  );
  const exact = once(() => new Intl.DateTimeFormat(language, { ...zone, dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' }));
  const dayKey = once(() => new Intl.DateTimeFormat('en-CA', { ...zone, dateStyle: 'short' }));
  const relative = once(() => new Intl.RelativeTimeFormat(language, { numeric: 'always', style: 'short' }));

  return {
    timeZone,
    clock: (ms) => clock().format(ms),
    moment: (ms, nowMs = Date.now()) =>
      ms === null || ms === undefined ? '–' : (dayKey().format(ms) === dayKey().format(nowMs) ? clock() : dated()).format(ms),
    exact: (ms) => (ms === null || ms === undefined ? '–' : exact().format(ms)),
    span,
    ago: (ms, nowMs = Date.now()) => {
      const past = Math.max(0, nowMs - ms);
      if (past < minute) return relative().format(-Math.round(past / 1000), 'second');
      if (past < hour) return relative().format(-Math.round(past / minute), 'minute');
      if (past < 2 * day) return relative().format(-Math.round(past / hour), 'hour');
      return relative().format(-Math.round(past / day), 'day');
    },
  };
}

function span(ms: number): string {
  const parts: string[] = [];
  let rest = Math.max(0, Math.round(ms / 1000)) * 1000;
  for (const [size, name] of [
    [day, 'd'],
    [hour, 'h'],
    [minute, 'min'],
    [1000, 's'],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}\u00a0${name}`);
    // Seconds say nothing beside hours or many minutes.
    if (parts.length === 2 || (parts.length === 1 && (count === 0 || (name === 'min' && count >= 10)))) break;
  }
  return parts.length === 0 ? '0\u00a0s' : parts.join(' ');
}

/** Whether the browser knows the name; a stored zone may come from another browser. */
export function knownTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
