import type { Unit } from '../../model/profile.ts';
import { once } from './once.ts';

/** Numbers as people read them. Every figure on the page passes through here; Prometheus base units come in. */

const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const decimal = ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s'] as const;

/** "No data" is shown as a dash, never as a number. */
export const none = '–';

/** Keeps a range on one line: browsers break after a dash. */
const joiner = '\u2060';

export interface UnitFormat {
  /** A value with its unit: `97 %`, `1.2 MB/s`, `450 ms`. */
  value(value: number | null | undefined, unit: Unit): string;
  /** A range of values with the unit said once: `2–15 %`. */
  range(low: number | null | undefined, high: number | null | undefined, unit: Unit): string;
  /** A score, a share of trust: two decimals. */
  score(value: number | null | undefined): string;
  /** A part of a whole, as whole percents. */
  share(value: number | null | undefined): string;
  count(value: number | null | undefined): string;
  /** Any number at all with its unit, to three significant digits: `4.2M`, `0.00031`. */
  figure(value: number, unit: Unit): string;
}

interface Scaled {
  readonly factor: number;
  readonly suffix: string;
}

export function unitFormat(language: string): UnitFormat {
  const plain = [0, 1, 2].map((digits) => once(() => new Intl.NumberFormat(language, { maximumFractionDigits: digits })));
  const fixed2 = once(() => new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }));
  const count = once(() => new Intl.NumberFormat(language, { maximumFractionDigits: 0 }));
  const free = (notation: 'standard' | 'compact' | 'scientific') =>
    once(() => new Intl.NumberFormat(language, { maximumSignificantDigits: 3, notation }));
  const [usual, large, tiny] = [free('standard'), free('compact'), free('scientific')];

  /** About three significant digits, without an exponent. */
  const digits = (value: number): string => {
    const size = Math.abs(value);
    return (plain[size >= 100 ? 0 : size >= 10 ? 1 : 2] as () => Intl.NumberFormat)().format(value);
  };
  const percent = (value: number): string => {
    const size = Math.abs(value * 100);
    return (plain[size >= 10 || size === 0 ? 0 : 1] as () => Intl.NumberFormat)().format(value * 100);
  };
  const number = (value: number, unit: Unit, scaled: Scaled): string => (unit === 'ratio' ? percent(value) : digits(value * scaled.factor));

  return {
    value: (value, unit) => {
      if (!finite(value)) return none;
      const scaled = scale(value, unit);
      return join(number(value, unit, scaled), scaled.suffix);
    },
    range: (low, high, unit) => {
      if (!finite(low) || !finite(high)) return none;
      const scaled = scale(Math.max(Math.abs(low), Math.abs(high)), unit);
      const from = number(low, unit, scaled);
      const to = number(high, unit, scaled);
      return join(from === to ? from : `${from}–${joiner}${to}`, scaled.suffix);
    },
    score: (value) => (finite(value) ? fixed2().format(value) : none),
    share: (value) => (finite(value) ? join(count().format(value * 100), '%') : none),
    count: (value) => (finite(value) ? count().format(value) : none),
    figure: (value, unit) => {
      if (!Number.isFinite(value)) return none;
      const scaled = scale(value, unit);
      const shown = value * scaled.factor;
      const size = Math.abs(shown);
      return join((size >= 100_000 ? large : size > 0 && size < 0.0001 ? tiny : usual)().format(shown), scaled.suffix);
    },
  };
}

function finite(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Number and unit stay on one line. */
function join(number: string, suffix: string): string {
  return suffix === '' ? number : `${number}\u00a0${suffix}`;
}

function scale(value: number, unit: Unit): Scaled {
  switch (unit) {
    case 'ratio':
      return { factor: 100, suffix: '%' };
    case 'bytes':
      return step(value, 1024, binary);
    case 'bytes_per_second':
      return step(value, 1000, decimal);
    case 'seconds':
      return seconds(Math.abs(value));
    case 'per_second':
      return { factor: 1, suffix: '/s' };
    case 'watts':
      return { factor: 1, suffix: 'W' };
    case 'amperes':
      return { factor: 1, suffix: 'A' };
    case 'celsius':
      return { factor: 1, suffix: '°C' };
    case 'count':
      return { factor: 1, suffix: '' };
  }
}

function step(value: number, base: number, names: readonly string[]): Scaled {
  let factor = 1;
  let index = 0;
  while (Math.abs(value) * factor >= base && index < names.length - 1) {
    factor /= base;
    index += 1;
  }
  return { factor, suffix: names[index] as string };
}

function seconds(size: number): Scaled {
  if (size === 0 || (size >= 1 && size < 120)) return { factor: 1, suffix: 's' };
  if (size < 0.001) return { factor: 1e6, suffix: 'µs' };
  if (size < 1) return { factor: 1000, suffix: 'ms' };
  if (size < 7200) return { factor: 1 / 60, suffix: 'min' };
  if (size < 172_800) return { factor: 1 / 3600, suffix: 'h' };
  return { factor: 1 / 86_400, suffix: 'd' };
}
