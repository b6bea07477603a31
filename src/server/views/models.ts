import type { Scope } from '../../model/account.ts';
import type { ModelComparison } from '../../model/backtest.ts';
import { VigiaError } from '../../model/errors.ts';
import type { ModelInfo } from '../../model/score.ts';
import { rankCorrelation } from '../../detect/index.ts';
import { createEpisodes } from '../episodes.ts';
import type { House } from '../house.ts';
import { plainJudging } from '../alarms.ts';
import { scoreWindow } from '../scoring.ts';
import { type AiRange, profileOf, readHours } from './ai.ts';

/** The newest episodes that a comparison shows of each side. */
const shownEpisodes = 20;

/** The versions that are kept of an entity, newest first. @throws VigiaError `not-found`, `out-of-scope`. */
export async function modelsOf(house: House, scope: Scope, of: { profile: string; entity: string }): Promise<ModelInfo[]> {
  const { slug } = profileOf(house, scope, of.profile);
  return house.store.models.list({ profile: slug, entity: of.entity });
}

/**
 * Two kept versions on the same recent rows: each as it is saved, learning nothing from them.
 * @throws VigiaError `not-found`, `model-corrupt`, `model-unfit`, `far-…`.
 */
export async function compareModels(
  house: House,
  scope: Scope,
  { versions, ...range }: AiRange & { versions: readonly [number, number] },
): Promise<ModelComparison> {
  if (versions[0] === versions[1]) throw new VigiaError('input-invalid', { problems: 'b: a version compared with itself says nothing' });
  const { profile, window, entity } = await readHours(house, scope, range);
  const known = (await house.store.pipeline.entities(profile.slug)).find((row) => row.entity === range.entity);
  const results = [];
  for (const version of versions) {
    const { info, detector } = await house.learner.version(profile, range.entity, version);
    const result = await scoreWindow(profile, detector, entity, window.times, {
      judging: plainJudging(),
      override: known?.thresholdOverride ?? null,
    });
    const episodes = createEpisodes(shownEpisodes);
    episodes.add(range.entity, window.times, result.found);
    results.push({ info, result, episodes });
  }
  const [a, b] = results.map(({ result }) => result) as [(typeof results)[0]['result'], (typeof results)[0]['result']];
  const correlation = rankCorrelation(a.scores, b.scores);
  const inA = new Set(a.found.map(({ step }) => step));
  return {
    profile: profile.slug,
    entity: range.entity,
    fromMs: window.times[0] ?? 0,
    toMs: window.times.at(-1) ?? 0,
    steps: entity.present.reduce((sum, each) => sum + each, 0),
    correlation: Number.isNaN(correlation) ? null : correlation,
    shared: b.found.filter(({ step }) => inA.has(step)).length,
    sides: results.map(({ info, result, episodes }) => ({
      version: info.version,
      detector: info.detector,
      threshold: result.threshold,
      scored: result.scored,
      findings: result.found.length,
      episodes: episodes.latest(),
    })),
  };
}
