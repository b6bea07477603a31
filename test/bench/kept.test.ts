import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pageOf } from '../../bench/page.ts';
import { reasons } from '../../bench/reasons.ts';
import { resultsDir } from '../../bench/report.ts';
import { meets, type Result } from '../../bench/result.ts';

const results = readdirSync(resultsDir)
  .filter((name) => name.endsWith('.json'))
  .toSorted()
  .map((name) => JSON.parse(readFileSync(join(resultsDir, name), 'utf8')) as Result);

describe('the kept results', () => {
  it('say why a goal was missed, and of no other figure', () => {
    const missed = results.flatMap(({ results: parts }) =>
      parts.flatMap(({ part, figures }) => figures.filter((figure) => meets(figure) === false).map(({ what }) => `${part} ${what}`)),
    );
    const explained = Object.entries(reasons).flatMap(([part, figures]) => Object.keys(figures).map((what) => `${part} ${what}`));
    expect(explained.toSorted()).toEqual(missed.toSorted());
  });

  it('are what docs/benchmarks.md shows', () => {
    expect(readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'benchmarks.md'), 'utf8')).toBe(pageOf(results));
  });
});
