import type { ModelInfo } from '../../model/score.ts';
import type { House } from '../house.ts';
import type { Watched } from './overview.ts';

/** More models than these are read together. */
const mostApart = 50;

/**
 * The models in force, as far as possible those that are held: a row of the table of models lies behind its buffer, so that to
 * read all rows is to read all models.
 */
export async function activeModels(
  house: House,
  everything: readonly Watched[],
): Promise<(profile: string, entity: string) => ModelInfo | null> {
  const held = (profile: string, entity: string): ModelInfo | null =>
    house.shares.owns(profile, entity) ? house.learner.of({ slug: profile }, entity).info : null;
  const keys = everything.map(({ target }) => ({ profile: target.profile, entity: target.id }));
  const unknown = keys.filter(({ profile, entity }) => held(profile, entity) === null);
  const { models } = house.store;
  const found =
    unknown.length > mostApart
      ? await models.list({ state: 'active' })
      : (await Promise.all(unknown.map((key) => models.list({ ...key, state: 'active' })))).flat();
  const active = new Map(found.map((model) => [`${model.profile}\n${model.entity}`, model]));
  return (profile, entity) => held(profile, entity) ?? active.get(`${profile}\n${entity}`) ?? null;
}
