import { z } from 'zod';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const pattern = /^(\d+)(ms|s|m|h|d|w)$/;

/** Milliseconds of a Prometheus duration such as `15s` or `1h30m`; `null` when it is none. */
export function parseDuration(text: string): number | null {
  const parts = text.match(/\d+(?:ms|[smhdw])/g);
  if (parts === null || parts.join('') !== text) return null;
  let total = 0;
  for (const part of parts) {
    const [, digits = '', unit = ''] = pattern.exec(part) ?? [];
    total += Number(digits) * (unitMs[unit] ?? Number.NaN);
  }
  return Number.isFinite(total) ? total : null;
}

/** The shortest Prometheus duration for whole milliseconds: 90000 becomes `1m30s`. */
export function formatDuration(ms: number): string {
  if (ms <= 0) return '0s';
  let rest = Math.round(ms);
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const size = unitMs[unit] as number;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** `2026-11-22 14:05 UTC`, for sentences. */
export function minuteText(ms: number): string {
  const text = new Date(ms).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}

/** A duration as text in configuration, as milliseconds (`…Ms`) in code. */
export const durationMs = (from: string, to: string) =>
  z.string({ error: 'a duration with its unit, like 15s, 5m or 1h30m' }).transform((text, context) => {
    const ms = parseDuration(text);
    const low = parseDuration(from) ?? 0;
    const high = parseDuration(to) ?? Number.POSITIVE_INFINITY;
    if (ms === null || ms < low || ms > high) {
      context.addIssue({ code: 'custom', message: `"${text}" is no duration between ${from} and ${to}; write it like 15s, 5m or 1h30m` });
      return z.NEVER;
    }
    return ms;
  });
