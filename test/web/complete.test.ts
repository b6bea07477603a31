import { array, assert, constantFrom, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { completed, wantedAt } from '../../src/web/pages/explore/complete.ts';

/** The caret is where the bar stands. */
const at = (marked: string) => wantedAt(marked.replace('|', ''), marked.indexOf('|'));

describe('what is wanted at the caret', () => {
  test.each([
    ['nod|', { kind: 'metric', like: 'nod', from: 0 }],
    ['rate(nod|', { kind: 'metric', like: 'nod', from: 5 }],
    ['a + b|c', { kind: 'metric', like: 'b', from: 4 }],
    ['|', { kind: 'none' }],
    ['up{|', { kind: 'label', metric: 'up', like: '', from: 3 }],
    ['up{jo|', { kind: 'label', metric: 'up', like: 'jo', from: 3 }],
    ['{jo|', { kind: 'label', metric: undefined, like: 'jo', from: 1 }],
    ['up{job="a", ta|', { kind: 'label', metric: 'up', like: 'ta', from: 12 }],
    ['up{job=|', { kind: 'none' }],
    ['up{job="|', { kind: 'value', label: 'job', metric: 'up', like: '', from: 8 }],
    ["up{job=~'li|", { kind: 'value', label: 'job', metric: 'up', like: 'li', from: 9 }],
    ['up{job="a\\"b|', { kind: 'value', label: 'job', metric: 'up', like: 'a\\"b', from: 8 }],
    ['up{job="a"}|', { kind: 'none' }],
    ['rate(up[5|', { kind: 'none' }],
    ['sum by (ta|) (rate(up{a="b"}[5m]))', { kind: 'label', metric: 'up', like: 'ta', from: 8 }],
    ['sum(up) by (ta|', { kind: 'label', metric: 'up', like: 'ta', from: 12 }],
    ['a / on(inst|) b', { kind: 'label', metric: 'a', like: 'inst', from: 7 }],
    ['label_replace(up, "x|', { kind: 'none' }],
    ['1e3|', { kind: 'none' }],
    ['up offset 5m|', { kind: 'none' }],
  ])('%s', (marked, wanted) => {
    expect(at(marked)).toEqual(wanted);
  });

  test('law: whatever stands there, it is read without an error, and a choice replaces only what was typed', () => {
    const piece = constantFrom(
      'up',
      '{',
      '}',
      '(',
      ')',
      '[',
      ']',
      '"',
      "'",
      '`',
      '\\',
      'job',
      '=',
      '=~',
      ',',
      ' ',
      'by',
      '5m',
      'sum',
      '+',
      'é😀',
    );
    assert(
      property(array(piece, { maxLength: 25 }), array(piece, { maxLength: 5 }), string(), (before, after, choice) => {
        const [head, tail] = [before.join(''), after.join('')];
        const wanted = wantedAt(head + tail, head.length);
        if (wanted.kind === 'none') return;
        expect(head.slice(wanted.from)).toBe(wanted.like);
        const done = completed(head + tail, head.length, wanted, choice);
        expect(done.text.startsWith(head.slice(0, wanted.from))).toBe(true);
        expect(done.text.endsWith(tail)).toBe(true);
        expect(done.text.slice(done.caret)).toBe(tail);
      }),
    );
  });
});

test('a function gets its bracket, a value what keeps its quotes whole', () => {
  const take = (marked: string, choice: string) => {
    const wanted = at(marked);
    if (wanted.kind === 'none') throw new Error('nothing is wanted');
    return completed(marked.replace('|', ''), marked.indexOf('|'), wanted, choice);
  };
  expect(take('ra|', 'rate')).toEqual({ text: 'rate(', caret: 5 });
  expect(take('sum(no|)', 'node_load1')).toEqual({ text: 'sum(node_load1)', caret: 14 });
  expect(take('up{job="|"}', 'C:\\a"b')).toEqual({ text: 'up{job="C:\\\\a\\"b"}', caret: 16 });
});
