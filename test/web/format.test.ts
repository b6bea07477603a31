import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columns } from '../../src/web/chart/join.ts';
import { timeFormat } from '../../src/web/format/times.ts';
import { unitFormat } from '../../src/web/format/units.ts';
import { labelLines, parseLabels } from '../../src/web/pages/targets/input.ts';
import { aiSearch, hostSearch, loginSearch } from '../../src/web/search.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ').replaceAll('\u2060', '');
const en = unitFormat('en');
const es = unitFormat('es');

describe('units', () => {
  test.each([
    ['ratio', 0.974, '97 %'],
    ['ratio', 0.0042, '0.4 %'],
    ['ratio', 0, '0 %'],
    ['ratio', 3.4, '340 %'],
    ['bytes', 1536, '1.5 KiB'],
    ['bytes', 24 * 1024 ** 3, '24 GiB'],
    ['bytes_per_second', 1_200_000, '1.2 MB/s'],
    ['bytes_per_second', 999, '999 B/s'],
    ['seconds', 0.0123, '12.3 ms'],
    ['seconds', 90, '90 s'],
    ['seconds', 0, '0 s'],
    ['seconds', 7200, '2 h'],
    ['seconds', 1_209_600, '14 d'],
    ['per_second', 31_000, '31,000 /s'],
    ['watts', 450, '450 W'],
  ] as const)('%s %d', (unit, value, shown) => {
    expect(plain(en.value(value, unit))).toBe(shown);
  });

  test.each([
    ['count', 0, '0'],
    ['count', 7.4, '7.4'],
    ['count', 0.21, '0.21'],
    ['count', 0.00031, '0.00031'],
    ['count', 3.2e-9, '3.2E-9'],
    ['count', 41_234, '41,200'],
    ['count', 1_234_567, '1.23M'],
    ['per_second', -9_876_543, '-9.88M /s'],
    ['bytes', 4.1e11, '382 GiB'],
    ['ratio', 0.00002, '0.002 %'],
    ['seconds', 0.478, '478 ms'],
  ] as const)('any figure at all, to three digits: %s %d', (unit, value, shown) => {
    expect(plain(en.figure(value, unit))).toBe(shown);
  });

  test('Spanish writes decimals with a comma', () => {
    expect(plain(es.value(1_234_567, 'bytes_per_second'))).toBe('1,23 MB/s');
    expect(es.score(0.625)).toMatch(/^0,6[23]$/);
  });

  test('no data is a dash, never a number', () => {
    for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) expect(en.value(value, 'bytes')).toBe('–');
    expect(en.range(null, 1, 'ratio')).toBe('–');
  });

  test('a range says its unit once, in the scale of its larger end', () => {
    expect(plain(en.range(0.02, 0.15, 'ratio'))).toBe('2–15 %');
    expect(plain(en.range(40_000, 2_000_000, 'bytes_per_second'))).toBe('0.04–2 MB/s');
    expect(plain(en.range(5, 5, 'count'))).toBe('5');
  });

  test('a larger number of bytes is never shown smaller', () => {
    const scale = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50 };
    const back = (value: number) => {
      const [number = '', unit = ''] = plain(en.value(value, 'bytes')).replaceAll(',', '').split(' ');
      return Number(number) * scale[unit as keyof typeof scale];
    };
    fc.assert(
      fc.property(fc.double({ min: 1, max: 2 ** 60, noNaN: true }), (value) => {
        expect(Math.abs(back(value) - value) / value).toBeLessThan(0.01);
      }),
    );
  });
});

describe('times', () => {
  const madrid = timeFormat('en-GB', 'Europe/Madrid');
  const noon = Date.UTC(2026, 10, 22, 12, 0, 0);

  test('today is a clock, another day carries its date, in the zone of the reader', () => {
    expect(madrid.moment(noon, noon)).toBe('13:00');
    expect(madrid.moment(noon - 86_400_000, noon)).toBe('21 Nov, 13:00');
    // 23:30 UTC is already tomorrow in Madrid.
    expect(madrid.moment(noon + 11.5 * 3_600_000, noon)).toBe('23 Nov, 00:30');
    expect(madrid.moment(null)).toBe('–');
  });

  test.each([
    [0, '0 s'],
    [45_000, '45 s'],
    [200_000, '3 min 20 s'],
    [12 * 60_000 + 4000, '12 min'],
    [3 * 3_600_000 + 20 * 60_000, '3 h 20 min'],
    [52 * 3_600_000, '2 d 4 h'],
  ])('a span of %d ms', (ms, shown) => {
    expect(plain(madrid.span(ms))).toBe(shown);
  });
});

describe('charts', () => {
  test('series are joined by their times, never by their positions', () => {
    expect(
      columns([
        {
          points: [
            [1000, 1],
            [3000, 3],
          ],
        },
        {
          points: [
            [2000, 20],
            [3000, null],
          ],
        },
      ]),
    ).toEqual([
      [1, 2, 3],
      [1, null, 3],
      [null, 20, null],
    ]);
  });
});

describe('addresses', () => {
  test('sign-in leads on to paths of this page only', () => {
    expect(loginSearch({ next: '/incidents/3?x=1' }).next).toBe('/incidents/3?x=1');
    for (const next of ['https://example.org/', '//example.org', '/\\example.org', 'javascript:alert(1)', 7]) {
      // Said as undefined: a key left out would let the raw one through.
      expect(Object.entries(loginSearch({ next }))).toEqual([['next', undefined]]);
    }
  });

  test('what an address says beyond its bounds is not taken', () => {
    expect(hostSearch({ range: '99y', small: ['cpu', 3], wide: [] })).toEqual({ range: undefined, small: ['cpu'], wide: undefined });
    expect(aiSearch({ hours: 1e9, min: 2, page: -1, entity: '' }).hours).toBeUndefined();
  });
});

describe('labels of a target', () => {
  test('lines and labels are the same thing', () => {
    const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/);
    const value = fc.stringMatching(/^[!-~]{1,12}$/);
    fc.assert(
      fc.property(fc.dictionary(name, value), (labels) => {
        expect(parseLabels(labelLines(labels))).toEqual({ labels: { ...labels }, badLine: null });
      }),
    );
  });

  test('the first line that is none is named', () => {
    expect(parseLabels('rack=a3\n\n=x').badLine).toBe(3);
  });
});
