import { expect, test } from 'vitest';
import type { RangeSeries } from '../../src/clients/prometheus.ts';
import { VigiaError } from '../../src/model/errors.ts';
import type { BoardRow } from '../../src/model/score.ts';
import { bandExposition, bandOf } from '../../src/server/bands.ts';
import { profile } from './fake-source.ts';

/** A model that expects of every feature from `low` to `high`, and what Prometheus holds of earlier times. */
function house(expects: { low: number; high: number } | null, written: Record<string, readonly (readonly [number, number])[]> | null) {
  const detector = { expected: () => (expects === null ? null : profile.features.map(() => expects)) };
  const asked: string[] = [];
  return {
    asked,
    learner: { of: () => ({ detector: expects === null ? null : detector, info: null, learningUntilMs: null }) } as never,
    prometheus: {
      queryRange: async (expr: string): Promise<RangeSeries[]> => {
        asked.push(expr);
        if (written === null) throw new VigiaError('far-timeout', { what: 'Prometheus', seconds: 1 });
        const points = written[/vigia_expected_(low|high)/.exec(expr)?.[1] ?? ''] ?? [];
        if (points.length === 0) return [];
        return [{ labels: {}, tsMs: Float64Array.from(points, ([ms]) => ms), values: Float64Array.from(points, ([, value]) => value) }];
      },
    } as never,
  };
}
const range = { fromMs: 10, toMs: 50, stepMs: 10 };
const band = async (of: ReturnType<typeof house>, feature = 'memory') => {
  const found = await bandOf(of, profile, 'web"1', feature, range);
  return found === null ? null : found.low.map(([ms, low], at) => [ms, low, found.high[at]?.[1]]);
};

test('a band is what was written down then, gaps and all, and what the model expects now before and after that', async () => {
  const written = {
    low: [
      [20, 0.1],
      [40, 0.2],
    ],
    high: [
      [20, 0.4],
      [40, 0.5],
    ],
  } as const;
  const of = house({ low: 0.3, high: 0.6 }, written);
  expect(await band(of)).toEqual([
    [10, 0.3, 0.6],
    [20, 0.1, 0.4],
    [30, null, null],
    [40, 0.2, 0.5],
    [50, 0.3, 0.6],
  ]);
  expect(of.asked).toContain('max(vigia_expected_low{profile="linux-host",entity="web\\"1",feature="memory"})');
});

test('without anything written down it is the range of now, of which no more is told than can be; without a model there is none', async () => {
  const flat = [10, 20, 30, 40, 50].map((ms) => [ms, 0, 0.6]);
  expect(await band(house({ low: -1, high: 0.6 }, {}))).toEqual(flat);
  expect(await band(house({ low: -1, high: 0.6 }, null))).toEqual(flat);
  expect(await band(house(null, {}))).toBeNull();
  expect(await band(house({ low: 0, high: 1 }, {}), 'no such feature')).toBeNull();
});

test('what is expected of every feature is told as metrics, of scored and fresh entities, and of no more than so many', () => {
  const row = (entity: string, more: Partial<BoardRow> = {}): BoardRow => ({
    profile: profile.slug,
    entity,
    job: 'linux-host',
    instance: `${entity}:9100`,
    tsMs: 1_000,
    score: 0.2,
    threshold: 0.6,
    basis: null,
    modelVersion: 1,
    learningUntilMs: null,
    shares: [],
    ...more,
  });
  const text = (rows: BoardRow[]) =>
    bandExposition(
      {
        board: { rows: () => rows },
        learner: house({ low: 0.3, high: 0.6 }, {}).learner,
        profiles: new Map([[profile.slug, profile]]),
        freshMs: 60_000,
      },
      2_000,
    );
  const lines = text([row('a'), row('learns', { score: null }), row('old', { tsMs: -90_000 }), row('x', { profile: 'gone' })])
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const labels = (feature: string) => `{profile="linux-host",job="linux-host",instance="a:9100",entity="a",feature="${feature}"}`;
  expect(lines).toEqual([
    ...['cpu', 'disk', 'memory'].map((feature) => `vigia_expected_low${labels(feature)} 0.3`),
    ...['cpu', 'disk', 'memory'].map((feature) => `vigia_expected_high${labels(feature)} 0.6`),
  ]);
  const many = text(Array.from({ length: 500 }, (_, at) => row(`h${at}`)));
  expect(many.split('\n').filter((line) => line.startsWith('vigia_expected_low{'))).toHaveLength(200 * 3);
  expect(text([])).toBe('');
});
