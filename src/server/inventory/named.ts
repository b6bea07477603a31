import { addressSchema, type Target } from '../../model/target.ts';
import { freeId } from '../slug.ts';

/** A target as a source of the configuration names it. */
export interface Named {
  /** HOST:PORT. */
  readonly address: string;
  readonly profile: string;
  readonly scheme: 'http' | 'https';
  readonly metricsPath: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What it is called; null where the source does not say. */
  readonly name: string | null;
}

/** What is wrong with an address; null when nothing is. */
export function addressProblem(address: string): string | null {
  const checked = addressSchema.safeParse(address);
  return checked.success ? null : (checked.error.issues[0]?.message ?? 'HOST:PORT');
}

/** One source of the inventory: which kind, and what the configuration calls it. */
export interface SourceKey {
  readonly kind: 'dns' | 'file';
  readonly name: string;
}

export const isOf = (target: Pick<Target, 'managedBy' | 'source'>, { kind, name }: SourceKey): boolean =>
  target.managedBy === kind && target.source === name;

export interface Changes {
  readonly insert: readonly Target[];
  readonly update: readonly Target[];
  readonly remove: readonly Target[];
  /** In the inventory because of this source, after the changes. */
  readonly kept: number;
  /** Named, but there already because of somebody else. */
  readonly skipped: readonly Named[];
}

const keyOf = ({ profile, address }: Pick<Named, 'profile' | 'address'>): string => `${profile}\n${address}`;
const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');

/**
 * What has to change so that the inventory holds what a source names. An address that somebody else watches under the same profile
 * stays theirs; a switch that a person turned stays turned; ids never change.
 * @param whole false while some place of the source could not be read since Vigía started: then nothing is removed.
 */
export function changesFor(
  source: SourceKey,
  inventory: readonly Target[],
  named: readonly Named[],
  { whole, nowMs }: { readonly whole: boolean; readonly nowMs: number },
): Changes {
  const own = new Map(inventory.filter((target) => isOf(target, source)).map((target) => [keyOf(target), target]));
  const foreign = new Set(inventory.filter((target) => !isOf(target, source)).map(keyOf));
  const taken = new Set(inventory.map(({ id }) => id));
  // Named twice, the first counts.
  const wanted = new Map<string, Named>();
  for (const each of named) if (!wanted.has(keyOf(each))) wanted.set(keyOf(each), each);
  const ofHost = new Map<string, number>();
  for (const { profile, address } of wanted.values()) {
    const host = `${profile}\n${hostOf(address)}`;
    ofHost.set(host, (ofHost.get(host) ?? 0) + 1);
  }
  const insert: Target[] = [];
  const update: Target[] = [];
  const skipped: Named[] = [];
  for (const [key, each] of wanted) {
    const { profile, address, scheme, metricsPath, labels } = each;
    if (foreign.has(key)) {
      skipped.push(each);
      continue;
    }
    const alone = ofHost.get(`${profile}\n${hostOf(address)}`) === 1;
    const name = (each.name ?? (alone ? hostOf(address) : address)).slice(0, 64);
    const said = { name, scheme, metricsPath, labels: { ...labels } };
    const known = own.get(key);
    if (known === undefined) {
      const id = freeId(name, taken);
      taken.add(id);
      insert.push({ ...said, id, profile, address, enabled: true, managedBy: source.kind, source: source.name, createdMs: nowMs });
    } else if (!isSame(known, said)) update.push({ ...known, ...said });
  }
  const remove = whole ? [...own].filter(([key]) => !wanted.has(key)).map(([, target]) => target) : [];
  return { insert, update, remove, kept: own.size + insert.length - remove.length, skipped };
}

type Said = Pick<Target, 'name' | 'scheme' | 'metricsPath' | 'labels'>;

function isSame(a: Said, b: Said): boolean {
  const text = ({ name, scheme, metricsPath, labels }: Said) =>
    JSON.stringify([name, scheme, metricsPath, Object.entries(labels).toSorted(([x], [y]) => (x < y ? -1 : 1))]);
  return text(a) === text(b);
}
