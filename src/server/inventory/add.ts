import { VigiaError } from '../../model/errors.ts';
import type { Target, TargetInput } from '../../model/target.ts';
import type { Store } from '../../store/contract.ts';
import { freeId } from '../slug.ts';

/** @throws VigiaError `input-invalid`. */
export function mustBeOfProfile({ profile }: TargetInput, profiles: ReadonlyMap<string, unknown>): void {
  if (profiles.has(profile)) return;
  throw new VigiaError('input-invalid', { problems: `profile: there is no "${profile}"; there are ${[...profiles.keys()].join(', ')}` });
}

/** A target that a person asked for. @throws VigiaError `conflict` where the address is watched under this profile already. */
export async function addTarget(store: Pick<Store, 'targets'>, input: TargetInput, nowMs: number): Promise<Target> {
  const taken = new Set((await store.targets.list()).map((target) => target.id));
  const target: Target = { ...input, id: freeId(input.name, taken), managedBy: 'user', createdMs: nowMs };
  await store.targets.insert(target);
  return target;
}
