/** Weekday and slot of the day on the clocks of a time zone, daylight saving included. The zone's rules are the runtime's (IANA tz database). */

const dayMs = 86_400_000;
export const slotMs = 30 * 60_000;
export const slotsPerDay = dayMs / slotMs;
/** No clock is changed between two of these. */
const blockMs = 15 * 60_000;
/** Zones have rules for these years (1900 to 2100); others are taken as the nearest of them. */
const firstMs = -2.2e12;
const lastMs = 4.1e12;

export interface LocalSlot {
  /** 0 is Sunday. */
  readonly weekday: number;
  /** 0 begins at midnight. */
  readonly slot: number;
}

/** @param timeZone an IANA name that the options have checked */
export function createLocalClock(timeZone: string): (timeMs: number) => LocalSlot {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  // Asking for the offset is slow; the last answer is kept.
  let block = Number.NaN;
  let offsetMs = 0;

  const offsetAt = (startMs: number): number => {
    const parts = new Map(format.formatToParts(startMs).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) - startMs;
  };

  return (timeMs) => {
    const at = Math.floor(Math.max(firstMs, Math.min(lastMs, timeMs)) / blockMs) * blockMs;
    if (at !== block) {
      offsetMs = offsetAt(at);
      block = at;
    }
    const day = Math.floor((timeMs + offsetMs) / dayMs);
    const slot = Math.min(slotsPerDay - 1, Math.floor((timeMs + offsetMs - day * dayMs) / slotMs));
    // 1970 began on a Thursday.
    return { weekday: (((day + 4) % 7) + 7) % 7, slot };
  };
}
