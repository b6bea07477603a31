import type { Profile } from '../../model/profile.ts';

/** What an exporter's answer says of itself. */
export interface Recognised {
  readonly profile: string;
  /** The beginning of metric names that tells. */
  readonly begins: string;
  readonly matching: number;
  readonly samples: number;
  /** What it calls itself; null where it does not say. */
  readonly hostname: string | null;
}

const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})?\s+(NaN|[+-]?Inf|[+-]?[0-9.]+([eE][+-]?[0-9]+)?)(\s+-?[0-9.]+)?$/;
/** Where exporters of hosts say how the host is called. It is the far side's word: only what looks like a name is taken. */
const hostnames = [
  /^node_uname_info\{(?:.*,)?nodename="([A-Za-z0-9][A-Za-z0-9._-]{0,62})"/,
  /^windows_(?:cs|os)_hostname\{(?:.*,)?hostname="([A-Za-z0-9][A-Za-z0-9._-]{0,62})"/,
];

/**
 * The profile that fits an exposition best: the one whose `recognise` most samples begin with. Of a cluster's own profiles and of those
 * that ask through another exporter none is told from a port. Null when there are no metrics, or of none of the profiles.
 */
export function recognise(exposition: string, profiles: Iterable<Profile>): Recognised | null {
  const lines = exposition.split('\n').map((line) => line.trimEnd());
  const names = lines.flatMap((line) => (line.startsWith('#') ? [] : (sample.exec(line)?.[1] ?? [])));
  const hostname = hostnames.flatMap((pattern) => lines.map((line) => pattern.exec(line)?.[1] ?? null)).find((name) => name !== null);
  let best: Omit<Recognised, 'samples' | 'hostname'> | null = null;
  for (const { slug, recognise: beginnings, through } of profiles) {
    if (through !== undefined || slug.startsWith('k8s-')) continue;
    for (const begins of beginnings) {
      const matching = names.filter((name) => name.startsWith(begins)).length;
      if (matching > (best?.matching ?? 0)) best = { profile: slug, begins, matching };
    }
  }
  return best === null ? null : { ...best, samples: names.length, hostname: hostname ?? null };
}
