import type { Points } from '../model/api.ts';
import type { Profile } from '../model/profile.ts';
import { type Board, family, labelText } from './board.ts';
import type { House } from './house.ts';
import type { Learner } from './learner.ts';
import { constant } from './promql.ts';
import { expectedOf } from './scoring.ts';
import { sortedFeatures } from './reader.ts';

/** What was expected of a feature over time, in its unit; null where nobody expected anything. */
export interface ExpectedBand {
  readonly low: Points;
  readonly high: Points;
}

/** A bound on the series of a large installation: charts of further entities show the range that is expected now. */
const mostEntities = 200;
const LOW = 'vigia_expected_low';
const HIGH = 'vigia_expected_high';

/** What each model expects now, in the Prometheus text format, so that charts know later what was expected when. */
export function bandExposition(
  of: { board: Pick<Board, 'rows'>; learner: Pick<Learner, 'of'>; profiles: ReadonlyMap<string, Profile>; freshMs: number },
  nowMs: number,
): string {
  const bands = of.board
    .rows()
    .filter((row) => row.score !== null && Math.abs(nowMs - row.tsMs) <= of.freshMs)
    .slice(0, mostEntities)
    .flatMap(({ profile: slug, job, instance, entity, tsMs }) => {
      const profile = of.profiles.get(slug);
      const expected = profile === undefined ? null : expectedOf(profile, of.learner.of(profile, entity).detector, tsMs);
      if (profile === undefined || expected === null) return [];
      return sortedFeatures(profile).flatMap(({ name: feature }, column) => {
        const band = expected[column];
        return band === undefined ? [] : [{ labels: labelText({ profile: slug, job, instance, entity, feature }), ...band }];
      });
    });
  return [
    family(LOW, 'gauge', 'Lower end of what the model expects of a feature.', bands, ({ labels, low }) => [labels, low]),
    family(HIGH, 'gauge', 'Upper end of what the model expects of a feature.', bands, ({ labels, high }) => [labels, high]),
  ].join('');
}

/**
 * What was expected at the aligned steps of a chart: as it was written down then; where nothing was, before the first of it and after the last,
 * what the model expects now of those times. A gap in between stays one. Null without a model and without anything written down.
 */
export async function bandOf(
  house: Pick<House, 'prometheus' | 'learner'>,
  profile: Profile,
  entity: string,
  feature: string,
  range: { fromMs: number; toMs: number; stepMs: number },
): Promise<ExpectedBand | null> {
  const column = sortedFeatures(profile).findIndex(({ name }) => name === feature);
  if (column < 0) return null;
  const matchers = `profile=${constant(profile.slug)},entity=${constant(entity)},feature=${constant(feature)}`;
  const [lows, highs] = await Promise.all([LOW, HIGH].map((metric) => written(house, `max(${metric}{${matchers}})`, range)));
  const known = [...(lows?.keys() ?? [])].filter((ms) => highs?.has(ms));
  const [first = Number.POSITIVE_INFINITY, last = Number.NEGATIVE_INFINITY] = [known[0], known.at(-1)];
  const { detector } = house.learner.of(profile, entity);
  const band = { low: [] as Points, high: [] as Points };
  for (let ms = range.fromMs; ms <= range.toMs; ms += range.stepMs) {
    const now = ms < first || ms > last ? expectedOf(profile, detector, ms)?.[column] : undefined;
    band.low.push([ms, lows?.get(ms) ?? now?.low ?? null]);
    band.high.push([ms, highs?.get(ms) ?? now?.high ?? null]);
  }
  return band.low.some(([, low]) => low !== null) ? band : null;
}

async function written(
  { prometheus }: Pick<House, 'prometheus'>,
  expr: string,
  range: { fromMs: number; toMs: number; stepMs: number },
): Promise<Map<number, number>> {
  // Without an answer the chart says why elsewhere; the range of now is better than none.
  const [series] = await prometheus.queryRange(expr, range).catch(() => []);
  return new Map(Array.from(series?.tsMs ?? [], (ms, at) => [ms, series?.values[at] as number]));
}
