import type { Role } from '../../model/account.ts';
import { VigiaError } from '../../model/errors.ts';
import { type Kind, kindSchema } from '../../model/profile.ts';
import type { Principal } from '../../store/contract.ts';

const rank: Readonly<Record<Role, number>> = { viewer: 1, operator: 2, administrator: 3 };

/** administrator > operator > viewer. */
export function mayDo(principal: Principal, needed: Role): boolean {
  return rank[principal.role] >= rank[needed];
}

/** P04: whether things of this kind are shown to somebody; every read, event and incident asks this. All but containers belong to hosts. */
export function maySee(principal: Principal, kind: Kind): boolean {
  return kind === 'container' ? principal.scope.containers : principal.scope.hosts;
}

/** For the filters of lists. */
export function visibleKinds(principal: Principal): readonly Kind[] {
  return kindSchema.options.filter((kind) => maySee(principal, kind));
}

/** @throws VigiaError `out-of-scope`. */
export function mustSee(principal: Principal, kind: Kind): void {
  if (!maySee(principal, kind)) throw new VigiaError('out-of-scope', { what: `${kind}s` });
}
