import { VigiaError } from '../model/errors.ts';
import type { GuardedAnswer } from './guarded.ts';

/** Keeps quiet towards a far side that asked for it: until then nothing is sent, whoever wants to. */
export interface BackOff {
  /** @throws VigiaError `far-limited` while it lasts. */
  check(): void;
  /** The error of an answer that limits callers, from which the wait begins; null for every other answer. */
  limited(answer: GuardedAnswer, reason: string): VigiaError | null;
  /** It answered: the next wait is short again. */
  answered(): void;
}

/** Without `Retry-After`, the first wait and the longest; each is twice the one before. */
const firstSeconds = 5;
const longestSeconds = 300;
/** What a far side may ask for at most: an hour. */
const mostSeconds = 3_600;

export function createBackOff(what: string, clock: { monotonicMs(): number; wallMs(): number } = clocks): BackOff {
  let untilMs = 0;
  let tries = 0;
  let why = { status: 429, reason: '' };
  const error = (seconds: number) => new VigiaError('far-limited', { what, ...why, seconds });
  return {
    check() {
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs > 0) throw error(Math.ceil(leftMs / 1000));
    },
    limited({ status, headers }, reason) {
      const asked = retryAfterSeconds(headers['retry-after'], clock.wallMs());
      // 503 alone is a far side that is down; with a time it is one that says when to come back.
      if (status !== 429 && !(status === 503 && asked !== null)) return null;
      const seconds = asked ?? Math.min(longestSeconds, firstSeconds * 2 ** tries);
      tries++;
      why = { status, reason };
      untilMs = clock.monotonicMs() + seconds * 1000;
      return error(seconds);
    },
    answered() {
      tries = 0;
    },
  };
}

const clocks = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** `Retry-After` of RFC 9110: seconds, or a date. Null without one that can be understood. */
function retryAfterSeconds(text: string | undefined, nowMs: number): number | null {
  if (text === undefined) return null;
  const seconds = /^\d+$/.test(text.trim()) ? Number(text) : (Date.parse(text) - nowMs) / 1000;
  return Number.isNaN(seconds) ? null : Math.min(mostSeconds, Math.max(1, Math.ceil(seconds)));
}
