import type { Profile } from '../model/profile.ts';
import { isAtAddress, type Target, type TargetInput } from '../model/target.ts';
import type { Store } from '../store/contract.ts';
import type { ExporterAddresses } from './exporters.ts';

/** One scrape: whom to ask, and what. */
export interface Scrape {
  readonly scheme: 'http' | 'https';
  /** HOST:PORT. */
  readonly address: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
}

/** How a target is scraped: itself, or an exporter that is asked about it. */
export function scrapeOf(target: TargetInput, profile: Profile | undefined, exporters: ExporterAddresses): Scrape {
  const { scheme, address, metricsPath } = target;
  const through = profile?.through;
  if (through === undefined) return { scheme, address, path: metricsPath, params: {} };
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
  const asked = { url: `${scheme}://${address}${metricsPath}`, address, host }[through.asks];
  return { scheme: 'http', address: exporters[through.exporter], path: through.path, params: { target: asked, module: through.module } };
}

/** An entry of Prometheus's `http_sd`. */
export interface Discovered {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** What a target answers to Prometheus's `http_sd`: whom to scrape, and the labels that every series of it carries. */
export function discoveryOf(target: Target, profile: Profile | undefined, exporters: ExporterAddresses): Discovered {
  const { scheme, address, path, params } = scrapeOf(target, profile, exporters);
  return {
    targets: [address],
    labels: {
      ...target.labels,
      __scheme__: scheme,
      __metrics_path__: path,
      ...Object.fromEntries(Object.entries(params).map(([name, value]) => [`__param_${name}`, value])),
      target: target.id,
      profile: target.profile,
      instance: target.managedBy === 'vigia' ? target.id : target.address,
    },
  };
}

/** Those of a profile that are found at their addresses. */
export async function discoveriesOf(
  slug: string,
  store: Pick<Store, 'targets'>,
  profiles: ReadonlyMap<string, Profile>,
  exporters: ExporterAddresses,
): Promise<Discovered[]> {
  const targets = (await store.targets.list()).filter((target) => target.enabled && target.profile === slug && isAtAddress(target));
  return targets.map((target) => discoveryOf(target, profiles.get(slug), exporters));
}
