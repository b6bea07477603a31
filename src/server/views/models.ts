import type { Scope } from '../../model/account.ts';
import type { ModelComparison } from '../../model/backtest.ts';
import { VigiaError } from '../../model/errors.ts';
import type { ModelInfo } from '../../model/score.ts';
import type { House } from '../house.ts';
import { type AiRange, profileOf, readHours } from './ai.ts';

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
  const [a, b] = [
    await house.learner.version(profile, range.entity, versions[0]),
    await house.learner.version(profile, range.entity, versions[1]),
  ];
  const compared = await house.heavy.compare({
    profile,
    window: entity,
    times: window.times,
    models: [a.detector.save(), b.detector.save()],
    override: known?.thresholdOverride ?? null,
  });
  return {
    profile: profile.slug,
    entity: range.entity,
    fromMs: window.times[0] ?? 0,
    toMs: window.times.at(-1) ?? 0,
    steps: entity.present.reduce((sum, each) => sum + each, 0),
    correlation: compared.correlation,
    shared: compared.shared,
    sides: [a, b].flatMap(({ info: { version, detector } }, at) => {
      const side = compared.sides[at];
      return side === undefined ? [] : [{ version, detector, ...side }];
    }),
  };
}
