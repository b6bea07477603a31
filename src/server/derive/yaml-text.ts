import { Document, Scalar, visit } from 'yaml';

/** Characters that Go's YAML parser refuses, or that a reader of the file could not see. */
const unprintable = /[^\t\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;

/** Lone surrogates, which neither Go nor YAML takes, become U+FFFD. */
export const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');

/** YAML of a value, in the order of its keys; any text comes back as it was, control characters too. */
export function yamlText(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'string') return;
      node.value = wellFormed(node.value);
      if (unprintable.test(node.value as string)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  // Quoted they may be escaped; line ends are never escaped, as outside of quotes they are the file's own.
  return document
    .toString({ lineWidth: 0 })
    .replace(new RegExp(unprintable, 'gu'), (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}
