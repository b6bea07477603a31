import type { Config } from '../model/config.ts';
import type { Profile } from '../model/profile.ts';
import type { Target } from '../model/target.ts';
import type { Store } from '../store/contract.ts';
import type { RuleInput } from './derive/rule-spec.ts';

/** Where people reach the page: links in messages start with it. */
export function publicUrlOf(config: Config): string {
  const scheme = config.server.tls === undefined ? 'http' : 'https';
  return (config.server.publicUrl ?? `${scheme}://${config.server.listen}${config.server.basePath}`).replace(/\/+$/, '');
}

/** What rules are made from: the inventory, the profiles and the timing. */
export async function ruleInput(from: {
  config: Config;
  store: Pick<Store, 'targets'>;
  profiles: ReadonlyMap<string, Profile>;
  /** Targets that no person added. */
  discovered?: readonly Target[] | undefined;
}): Promise<RuleInput> {
  const { config } = from;
  return {
    profiles: [...from.profiles.values()],
    targets: [...(await from.store.targets.list()), ...(from.discovered ?? [])].filter((target) => target.enabled),
    scrapeIntervalMs: config.prometheus.scrapeInterval,
    keepFiringMs: config.alerts.keepFiring,
    publicUrl: publicUrlOf(config),
    archive: config.archive !== undefined,
    kubernetes: config.kubernetes !== undefined,
  };
}
