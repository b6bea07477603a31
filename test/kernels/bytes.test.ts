import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytesFile, bytesText } from './compile.ts';

test('src/kernels/bytes.ts holds what the sources compile to: `npm run kernels` writes it', { timeout: 120_000 }, async () => {
  expect(readFileSync(bytesFile, 'utf8')).toBe(await bytesText());
});
