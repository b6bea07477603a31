import { isIP } from 'node:net';
import { isAbsolute, normalize } from 'node:path';

/**
 * Values as the tools' command lines take them. Each is parsed and built anew, so that text from a user can neither
 * become a flag nor carry anything besides the value. All throw a RangeError: what reaches them was validated before.
 */

/** An absolute path; with its leading slash it can never be read as a flag. */
export function absolutePath(path: string): string {
  if (!isAbsolute(path) || path.includes('\0')) throw new RangeError(`"${path}" is not an absolute path`);
  return normalize(path);
}

/** Milliseconds as Go's and Prometheus's duration: the largest unit that loses nothing. */
export function goDuration(ms: number): string {
  if (!Number.isSafeInteger(ms) || ms <= 0) throw new RangeError(`${ms} ms is not a duration`);
  const units = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const;
  for (const [unit, size] of units) if (ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}

/** `host:port` of a loopback address: children are for their parent alone. */
export function loopbackAddress(listen: { readonly host: string; readonly port: number }): string {
  const { host, port } = listen;
  const loopback = host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (!loopback) throw new RangeError(`"${host}" is not a loopback address`);
  return `${host === '::1' ? '[::1]' : host}:${integer(port, 1, 65_535)}`;
}

export function integer(value: number, minimum: number, maximum: number): string {
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new RangeError(`${value} is not a whole number from ${minimum} to ${maximum}`);
  }
  return String(value);
}

export function oneOf<const T extends string>(allowed: readonly T[], value: string): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new RangeError(`"${value}" is none of ${allowed.join(', ')}`);
  return found;
}

/** `name=value` of a label; the name by Prometheus's rule, the value as one argument of its own. */
export function labelArgument(name: string, value: string): string {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || value.includes('\0')) throw new RangeError(`"${name}" is not a label`);
  return `${name}=${JSON.stringify(value)}`;
}
