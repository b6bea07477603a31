/** Events and alarms: what a person who is called out sees, instead of single rows. */

/** First and last row of a run, both inclusive. */
export type Run = readonly [first: number, last: number];

/** Runs of ones. */
export function runsOf(flags: Uint8Array): readonly Run[] {
  return alarmsOf(flags, 1);
}

/** Runs of ones, those at most `gap` rows apart taken as one. */
export function alarmsOf(flags: Uint8Array, gap: number): readonly Run[] {
  const found: [number, number][] = [];
  let current: [number, number] | null = null;
  for (let row = 0; row < flags.length; row++) {
    if (flags[row] === 0) continue;
    if (current !== null && row - current[1] <= gap) current[1] = row;
    else found.push((current = [row, row]));
  }
  return found;
}

/** How alarms are counted, in rows. */
export interface AlarmRules {
  /** Alarms at most this far apart are one. */
  readonly gap: number;
  /** This long before and after an event nothing is false. */
  readonly grace: number;
  /** Rows of an hour. */
  readonly hour: number;
}

/** Ten minutes of gap and grace, in rows of `stepSeconds`; at least one row each. */
export function alarmRules(stepSeconds: number): AlarmRules {
  const rows = (seconds: number): number => Math.max(1, halfToEven(seconds / stepSeconds));
  return { gap: rows(600), grace: rows(600), hour: rows(3600) };
}

/** As Python and numpy round, so that figures agree where a step does not divide ten minutes. */
function halfToEven(value: number): number {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

export interface EventStats {
  readonly events: number;
  readonly found: number;
  readonly falseAlarms: number;
  readonly trueAlarms: number;
  /** For each event the rows from its begin to its first flagged row; `null` where it was missed. */
  readonly delays: readonly (number | null)[];
}

/** Counts events found and false alarms of flags over rows; see `eventCounter`. */
export function eventStats(labels: Uint8Array, flags: Uint8Array, rules: AlarmRules): EventStats {
  return eventCounter(labels, rules)(flags);
}

/**
 * Prepares the labels once for many sets of flags.
 *
 * An event is found when a flagged row lies in it. An alarm that touches no event is false and counts once per hour begun;
 * one that touches an event costs its whole hours outside of events, so that an alarm that never ends is no way out. What
 * begins within `grace` after an event is its recovery, and free for an hour.
 */
export function eventCounter(labels: Uint8Array, rules: AlarmRules): (flags: Uint8Array) => EventStats {
  const events = runsOf(labels);
  const outside = outsideRows(labels, events, rules.grace);
  /** Rows since the last event's end, at most `grace`; else 0. */
  const recovering = new Uint8Array(labels.length);
  for (const [, last] of events) recovering.fill(1, last + 1, last + rules.grace + 1);

  return (flags) => {
    if (flags.length !== labels.length) throw new RangeError(`There are ${flags.length} flags and ${labels.length} labels.`);
    const delays = events.map(([first, last]) => {
      for (let row = first; row <= last; row++) if (flags[row] !== 0) return row - first;
      return null;
    });
    let falseAlarms = 0;
    let trueAlarms = 0;
    for (const [first, last] of alarmsOf(flags, rules.gap)) {
      const rows = (outside[last + 1] as number) - (outside[first] as number);
      if (touches(flags, labels, first, last)) {
        trueAlarms++;
        falseAlarms += Math.floor(rows / rules.hour);
      } else if (recovering[first] === 1) falseAlarms += Math.floor(rows / rules.hour);
      else falseAlarms += Math.max(1, Math.ceil(rows / rules.hour));
    }
    return { events: events.length, found: delays.filter((delay) => delay !== null).length, falseAlarms, trueAlarms, delays };
  };
}

function touches(flags: Uint8Array, labels: Uint8Array, first: number, last: number): boolean {
  for (let row = first; row <= last; row++) if (flags[row] !== 0 && labels[row] !== 0) return true;
  return false;
}

/** At i: how many of the rows before i lie outside of every event and its grace. */
function outsideRows(labels: Uint8Array, events: readonly Run[], grace: number): Uint32Array {
  const free = new Uint8Array(labels.length);
  for (const [first, last] of events) free.fill(1, Math.max(0, first - grace), last + grace + 1);
  const before = new Uint32Array(labels.length + 1);
  for (let row = 0; row < labels.length; row++) before[row + 1] = (before[row] as number) + 1 - (free[row] as number);
  return before;
}

/** Days of normal rows: what false alarms per day are divided by. */
export function normalDays(labels: Uint8Array, stepSeconds: number): number {
  let rows = 0;
  for (const label of labels) if (label === 0) rows++;
  return (rows * stepSeconds) / 86_400;
}
