import { array, assert, constantFrom, dictionary, double, integer, oneof, property, string, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keptKey, keptMetric, keptText, line, plainText, seriesKey } from '../../src/clients/line-protocol.ts';

/** A reader of the line protocol after its specification, written apart from the writer. */
function read(text: string): { metric: string; labels: Record<string, string>; value: number; tsMs: number } {
  const parts: string[] = [''];
  const tags: string[][] = [];
  let at = 0;
  const take = (stops: string): string => {
    let word = '';
    for (; at < text.length && !stops.includes(text.charAt(at)); at++) {
      const next = text.charAt(at + 1);
      if (text.charAt(at) === '\\' && next !== '' && ',= '.includes(next)) at++;
      word += text.charAt(at);
    }
    return word;
  };
  parts[0] = take(', ');
  while (text.charAt(at) === ',') {
    at++;
    const key = take('=');
    at++;
    tags.push([key, take(', ')]);
  }
  const [, value = '', ts = ''] = /^ value=(\S+) (\d+)$/.exec(text.slice(at)) ?? [];
  const labels = Object.fromEntries(tags.map(([key = '', tag = '']) => [plainText(key), plainText(tag)]));
  return { metric: plainText(parts[0]), labels, value: Number(value), tsMs: Number(ts) };
}

/** Texts full of what is special somewhere. */
const hostile = array(
  oneof(constantFrom(',', '=', ' ', '\\', '"', '\n', '\r', '\t', '␛', '1b', '#', '_', 'é', '😀'), string({ maxLength: 3 })),
  {
    minLength: 1,
    maxLength: 6,
  },
).map((parts) => parts.join(''));
const special = constantFrom('time', 'value', '_field', '_measurement', '__x', '#', '␛');
const names = oneof(hostile, special).filter((text) => text !== '');
const finite = oneof(
  double({ noNaN: true, noDefaultInfinity: true }),
  constantFrom(-0, 0, 5e-324, 1.7976931348623157e308, 1e21, 1e-7, 0.1, 2 ** 53 + 2),
);
const bits = (value: number): bigint => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
};

describe('line protocol', () => {
  test('a sample reads back as it was, whatever is in its names, and stays one line', () => {
    assert(
      property(names, dictionary(names, names, { maxKeys: 4 }), finite, integer({ min: 0, max: 4e12 }), (metric, labels, value, tsMs) => {
        const text = line(seriesKey({ metric, labels }), value, tsMs);
        const back = read(text);
        expect(text).not.toMatch(/[\n\r]/);
        expect(text.startsWith('#')).toBe(false);
        expect({ metric: back.metric, tsMs: back.tsMs }).toEqual({ metric, tsMs });
        expect(Object.entries(back.labels).sort()).toEqual(Object.entries(labels).sort());
        expect(bits(back.value)).toBe(bits(value));
      }),
      { numRuns: 500 },
    );
  });

  test('different series have different keys; the order of labels makes no difference', () => {
    assert(
      property(tuple(names, names, names), tuple(names, names, names), ([a, b, c], [d, e, f]) => {
        const one = seriesKey({ metric: a, labels: { [b]: c } });
        const other = seriesKey({ metric: d, labels: { [e]: f } });
        expect(one === other).toBe(a === d && b === e && c === f);
      }),
    );
    expect(seriesKey({ metric: 'm', labels: { b: '2', a: '1' } })).toBe(seriesKey({ metric: 'm', labels: { a: '1', b: '2' } }));
  });

  test('what is plain stays plain', () => {
    expect(line(seriesKey({ metric: 'node_cpu_seconds_total', labels: { mode: 'idle', instance: 'web1:9100', empty: '' } }), 1.5, 17)).toBe(
      'node_cpu_seconds_total,instance=web1:9100,mode=idle value=1.5 17',
    );
    expect(seriesKey({ metric: 'a b,c', labels: { 'k,=': 'C:\\ x=1,' } })).toBe(String.raw`a\ b\,c,k\,\==C:␛5c\ x\=1\,`);
    expect(keptText('C:\\')).toBe('C:␛5c');
    expect(keptText('C:\\x')).toBe('C:\\x');
    expect([keptKey('time'), keptKey('value'), keptKey('_x'), keptKey('timed')]).toEqual(['␛74ime', '␛76alue', '␛5fx', 'timed']);
    expect(keptMetric('#x')).toBe('␛23x');
  });
});
