/** What `<input type="datetime-local">` holds: the clock of a time zone to the minute, as `2026-11-28T14:05`. Times are Unix ms. */

const minuteMs = 60_000;

export function localText(ms: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${part['year']}-${part['month']}-${part['day']}T${part['hour']}:${part['minute']}`;
}

/** The moment when a clock shows this; NaN for a text that is no time. An hour that the clocks skip is the one after it. */
export function momentOf(text: string, timeZone: string): number {
  const asUtc = Date.parse(`${text}Z`);
  if (Number.isNaN(asUtc)) return Number.NaN;
  const offset = (ms: number): number => Date.parse(`${localText(ms, timeZone)}Z`) - Math.floor(ms / minuteMs) * minuteMs;
  // The offset of the guess may be that of the other side of a change of the clocks.
  return asUtc - offset(asUtc - offset(asUtc));
}

/** When a clock shows this hour the next time. */
export function nextHour(hour: number, nowMs: number, timeZone: string): number {
  const clock = `T${String(hour).padStart(2, '0')}:00`;
  const today = localText(nowMs, timeZone).slice(0, 10);
  const tomorrow = new Date(Date.parse(`${today}T00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  const ms = momentOf(`${today}${clock}`, timeZone);
  return ms > nowMs ? ms : momentOf(`${tomorrow}${clock}`, timeZone);
}
