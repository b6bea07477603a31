import type { z } from 'zod';
import { VigiaError } from '../model/errors.ts';
import type { GuardedAnswer } from './guarded.ts';
import { reveal, type Secret } from './secret.ts';

/** Longest text of a far side that is quoted in a sentence. */
const MAX_QUOTE = 200;

/** A far side's own words for a sentence: one line without control characters, cut to 200 characters. */
export function quote(text: string): string {
  const line = text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .replace(/\.$/, '');
  if (line === '') return 'no reason given';
  return line.length > MAX_QUOTE ? `${line.slice(0, MAX_QUOTE - 1)}…` : line;
}

export const garbage = (what: string, reason: string): VigiaError => new VigiaError('far-garbage', { what, reason });

/** The body as JSON. @throws VigiaError far-garbage. */
export function parseJson(what: string, body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw garbage(what, body.length === 0 ? 'an empty body' : `no JSON, it begins with "${quote(body.subarray(0, 60).toString('utf8'))}"`);
  }
}

/** Checks a structure. @throws VigiaError far-garbage with the path of the first difference. */
export function checked<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw garbage(
    what,
    `${issue === undefined || issue.path.length === 0 ? 'the answer' : issue.path.join('.')}: ${quote(issue?.message ?? '')}`,
  );
}

/** The error text of an answer that is not 2xx: `error` or `message` of a JSON body, the JSON string itself, else the plain text. */
export function refusal(what: string, answer: GuardedAnswer): VigiaError {
  return new VigiaError('far-status', { what, status: answer.status, reason: reasonIn(answer) });
}

/** Its own words, quoted. */
export function reasonIn(answer: GuardedAnswer): string {
  const text = answer.body.subarray(0, 64 * 1024).toString('utf8');
  let reason = text;
  try {
    const json = JSON.parse(text) as unknown;
    if (typeof json === 'string') reason = json;
    else if (isRecord(json)) reason = String(json['error'] ?? json['message'] ?? text);
  } catch {
    // Proxies answer HTML: without its tags it is still the best reason there is.
    reason = text.replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/g, ' ');
  }
  return quote(reason);
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** String pairs without a prototype, so that a label named `__proto__` is a label. @throws VigiaError far-garbage. */
export function stringPairs(what: string, value: unknown, name: string): Record<string, string> {
  if (!isRecord(value)) throw garbage(what, `${name} is no object`);
  const pairs = Object.create(null) as Record<string, string>;
  for (const key of Object.keys(value)) {
    const text = value[key];
    if (typeof text !== 'string') throw garbage(what, `${name} has a value that is no text`);
    pairs[key] = text;
  }
  return pairs;
}

export interface Credentials {
  readonly headers?: Readonly<Record<string, string | Secret>> | undefined;
  readonly username?: string | undefined;
  readonly password?: string | Secret | undefined;
}

/** Headers of a far side with credentials, in clear: made for each request, never kept. */
export function requestHeaders(credentials: Credentials): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(credentials.headers ?? {})) headers[name.toLowerCase()] = reveal(value);
  if (credentials.username !== undefined) {
    const plain = Buffer.from(`${credentials.username}:${reveal(credentials.password ?? '')}`);
    headers['authorization'] = `Basic ${plain.toString('base64')}`;
  }
  return headers;
}

/** A base URL without its trailing slash, to which `/api/...` is added. */
export const trimSlash = (url: string): string => url.replace(/\/+$/, '');

/** Unix milliseconds of an RFC 3339 time; null for Go's zero time and for what is no time. */
export function timeMs(text: string | undefined): number | null {
  const ms = text === undefined || text.startsWith('0001-') ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
