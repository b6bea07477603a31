import type { Labels } from './samples.ts';

/**
 * InfluxDB's line protocol, as far as a Prometheus sample needs it: measurement = metric, tags = the other labels, one
 * float field `value`, the time in milliseconds.
 *
 * Commas, spaces and (in keys and values of tags) equals signs are escaped by a backslash. A backslash itself has no escape in
 * 1.x and one in 3.x. So what not all generations read alike is written as `␛` and two hexadecimal digits: control
 * characters, a backslash before such a character or at the end, a `#` that would begin a comment, `␛` itself, and the first
 * letter of the keys that InfluxDB keeps for itself.
 */
export interface Series {
  readonly metric: string;
  readonly labels: Labels;
}

const ESCAPE = '␛';
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const unspeakable = /[\u0000-\u001f\u007f␛]|\\(?=[\\,=" ]|$)/g;
const hex = (char: string): string => ESCAPE + (char === ESCAPE ? '1b' : char.charCodeAt(0).toString(16).padStart(2, '0'));

/** A text as it is kept; `plainText` is the way back. */
export function keptText(text: string): string {
  return text.replace(unspeakable, hex);
}

/** A metric's name as its measurement is called. */
export function keptMetric(metric: string): string {
  const kept = keptText(metric);
  return kept.startsWith('#') ? hex('#') + kept.slice(1) : kept;
}

/** A label's name as its tag is called. `time` and `value` are columns, a leading underscore is InfluxDB's own. */
export function keptKey(label: string): string {
  const kept = keptText(label);
  return kept === 'time' || kept === 'value' || kept.startsWith('_') ? hex(kept.charAt(0)) + kept.slice(1) : kept;
}

/** What a kept metric, key or value was before. */
export function plainText(kept: string): string {
  return kept.replace(/␛([0-9a-f]{2})/g, (_, digits: string) =>
    digits === '1b' ? ESCAPE : String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** Everything of a line but value and time: made once for all samples of a series. Tags are sorted, as InfluxDB asks. */
export function seriesKey({ metric, labels }: Series): string {
  const tags = Object.entries(labels)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [keptKey(name), keptText(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `,${escapeTag(name)}=${escapeTag(value)}`);
  return `${keptMetric(metric).replace(/[, ]/g, String.raw`\$&`)}${tags.join('')}`;
}

const escapeTag = (text: string): string => text.replace(/[,= ]/g, String.raw`\$&`);

/** One line without its end. `value` must be finite: the protocol has no NaN and no infinities. */
export function line(key: string, value: number, tsMs: number): string {
  // String(-0) is "0", and String of any other double is the shortest text that reads back as the same double.
  return `${key} value=${Object.is(value, -0) ? '-0' : String(value)} ${tsMs}`;
}
