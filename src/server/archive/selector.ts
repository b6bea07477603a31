import type { Matcher } from './remote-read.ts';

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The matchers of a PromQL series selector (prometheus.io/docs, "Time series selectors"). Null for a text that is none. */
export function matchersOf(selector: string): Matcher[] | null {
  const [, metric = '', inside = ''] = /^\s*([a-zA-Z_:][\w:]*)?\s*(?:\{([\s\S]*)\})?\s*$/.exec(selector) ?? [];
  const matchers: Matcher[] = metric === '' ? [] : [{ op: '=', name: '__name__', value: metric }];
  const one = /\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')\s*(?:,|$)/y;
  while (one.lastIndex < inside.trimEnd().length) {
    const found = one.exec(inside);
    if (found === null) return null;
    const [, name = '', op = '=', quoted = ''] = found;
    const value = unquoted(quoted.slice(1, -1));
    if (value === null) return null;
    matchers.push({ op: op as Matcher['op'], name, value });
  }
  return matchers.length === 0 ? null : matchers;
}

/** Go's escapes, as PromQL takes them. */
function unquoted(text: string): string | null {
  let isBad = false;
  const plain = text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gu,
    (_, x, u, big, octal, letter) => {
      const code = x ?? u ?? big;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code as string, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal as string, 8));
      const meant = escapes[letter as string] ?? (/["'\\]/.test(letter as string) ? (letter as string) : null);
      isBad ||= meant === null;
      return meant ?? '';
    },
  );
  return isBad ? null : plain;
}
