import { wellFormed } from './derive/yaml-text.ts';

/** A string constant inside a Go template action or a PromQL expression, whose lexer refuses a bare U+FFFD. */
export const constant = (text: string): string => JSON.stringify(wellFormed(text)).replaceAll('\ufffd', '\\ufffd');

/** A PromQL matcher for any of these exact values. */
export const anyOf = (label: string, values: readonly string[]): string =>
  `${label}=~${constant(values.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'))}`;
