import type { Standing } from '../model/fleet.ts';

/** What the address remembers of each page. Anything unknown in it falls back to the usual, so old links keep working. */

type Raw = Readonly<Record<string, unknown>>;

const oneOf = <T extends string>(value: unknown, choices: readonly T[]): T | undefined => choices.find((choice) => choice === value);
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const number = (value: unknown, low: number, high: number): number | undefined =>
  typeof value === 'number' && value >= low && value <= high ? value : undefined;
const names = (value: unknown): readonly string[] | undefined => {
  const found = Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
  return found.length === 0 ? undefined : found;
};

/**
 * Every key may be left out by those who link. What was refused stays as an explicit `undefined`: the router lays the
 * checked search over the raw one, so that a key merely left out would come back unchecked.
 */
function checked<T extends Record<string, unknown>>(search: T): { [K in keyof T]?: T[K] | undefined } {
  return search;
}

/** Only a path of this page is followed after sign-in, never another site. */
export const loginSearch = (raw: Raw) => {
  const next = text(raw['next']);
  return checked({ next: next?.startsWith('/') && !next.startsWith('//') && !next.includes('\\') ? next : undefined });
};

/** A number in an address is a number, whoever typed it. */
const typed = (value: unknown): string | undefined => (typeof value === 'number' ? String(value) : text(value));

/** The worst first. */
export const standings = ['bad', 'unknown', 'learning', 'ok', 'off'] as const satisfies readonly Standing[];
export const mostRows = 1_000;
/** What somebody looks for among the targets, and how many rows they wanted to see. */
export const overviewSearch = (raw: Raw) =>
  checked({ find: typed(raw['find']), standing: oneOf(raw['standing'], standings), rows: number(raw['rows'], 21, mostRows) });

/** A page of the inventory, and what somebody looks for in it. */
export const targetsSearch = (raw: Raw) => checked({ find: typed(raw['find']), page: number(raw['page'], 2, 100_000) });

export const ranges = {
  '15m': 900_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '6h': 21_600_000,
  '24h': 86_400_000,
  '2d': 172_800_000,
  '7d': 604_800_000,
} as const;
export type Range = keyof typeof ranges;
export const rangeNames = Object.keys(ranges) as readonly Range[];

/** `small` and `wide`: ids of minimised and expanded panels. */
export const hostSearch = (raw: Raw) =>
  checked({ range: oneOf(raw['range'], rangeNames), small: names(raw['small']), wide: names(raw['wide']), ...spanSearch(raw) });

/** `from` and `to`: a stretch of the past, both or neither. */
function spanSearch(raw: Raw): { from: number | undefined; to: number | undefined } {
  const [from, to] = [number(raw['from'], 0, 8.64e15), number(raw['to'], 0, 8.64e15)];
  return from !== undefined && to !== undefined && from < to ? { from, to } : { from: undefined, to: undefined };
}

export const energySearch = (raw: Raw) => checked({ range: oneOf(raw['range'], rangeNames), ...spanSearch(raw) });

export const exploreSearch = (raw: Raw) =>
  checked({ expr: text(raw['expr']), range: oneOf(raw['range'], rangeNames), of: oneOf(raw['of'], ['own'] as const), ...spanSearch(raw) });

/** The stretch that an address names; null where it means the present. */
export function zoomOf({ from, to }: { readonly from?: number | undefined; readonly to?: number | undefined }) {
  return from === undefined || to === undefined ? null : { fromMs: from, toMs: to };
}

export const containersSearch = (raw: Raw) =>
  checked({
    application: text(raw['application']),
    range: oneOf(raw['range'], rangeNames),
    trouble: raw['trouble'] === true ? true : undefined,
  });

export const incidentsSearch = (raw: Raw) =>
  checked({
    state: oneOf(raw['state'], ['open', 'closed', 'unknown'] as const),
    entity: text(raw['entity']),
    page: number(raw['page'], 2, 100_000),
  });

/** The way down into a cluster. */
export const kubernetesSearch = (raw: Raw) =>
  checked({ node: text(raw['node']), namespace: text(raw['namespace']), trouble: raw['trouble'] === true ? true : undefined });

export const aiHours = [1, 3, 10, 24, 72, 168, 720] as const;
export const usualHours = 10;
export const aiSearch = (raw: Raw) =>
  checked({
    profile: text(raw['profile']),
    entity: text(raw['entity']),
    hours: number(raw['hours'], 0.05, 2160),
    min: number(raw['min'], 0, 1),
    page: number(raw['page'], 2, 100_000),
  });

/** What a maintenance window is planned for. */
export const settingsSearch = (raw: Raw) => checked({ profile: text(raw['profile']), entity: text(raw['entity']) });

export const sections = ['preferences', 'receivers', 'silences', 'maintenance', 'archive', 'accounts', 'tokens', 'audit'] as const;
export type Section = (typeof sections)[number];
export const sectionOf = (name: string): Section => oneOf(name, sections) ?? 'preferences';
