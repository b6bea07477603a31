import type { GuardedFetch } from '../clients/guarded.ts';
import { createPrometheusClient, type PrometheusClient } from '../clients/prometheus.ts';
import type { Config } from '../model/config.ts';
import { formatDuration, parseDuration } from '../model/time.ts';
import type { Source } from './reader.ts';

/** VictoriaMetrics serves a frozen tail for this long after now. */
const foreignWatermarkMs = 30_000;

/** Which labels the series of a profile carry: in Vigía's own Prometheus, or as the configuration says of an adopted source. */
export function labelling(adopted: Config['prometheus']['source']): Pick<Source, 'selector' | 'identity'> {
  if (adopted === undefined) return { selector: (profile) => profile.selector, identity: (profile) => profile.identity };
  return {
    selector: (profile) => adopted.selectors[profile.slug] ?? '',
    identity: (profile) => profile.identity.map((label) => (label === 'target' ? adopted.identity : label)),
  };
}

/** Vigía's own Prometheus as a source: its targets carry `profile` and `target`. */
export function ownSource(client: PrometheusClient, config: Config): Source {
  const stepMs = config.prometheus.scrapeInterval;
  return {
    client,
    stepMs,
    watermarkMs: 2 * stepMs,
    rateMs: 4 * stepMs,
    ...labelling(undefined),
  };
}

/** An adopted source, read only: selectors per profile and the label that stands for `target`, as the configuration says. */
export function adoptedSource(config: Config, fetch: GuardedFetch): (Source & { readonly client: PrometheusClient }) | null {
  const adopted = config.prometheus.source;
  if (adopted === undefined) return null;
  const stepMs = config.prometheus.scrapeInterval;
  const client = createPrometheusClient({
    name: 'The source',
    baseUrl: adopted.url,
    headers: adopted.headers,
    username: adopted.username,
    password: adopted.password,
    tenant: adopted.tenant,
    partial: adopted.partial === 'wait' ? 'refuse' : 'take',
    fetch,
  });
  return {
    client,
    stepMs,
    watermarkMs: Math.max(2 * stepMs, foreignWatermarkMs),
    rateMs: 4 * stepMs,
    ...labelling(adopted),
  };
}

/** Rate windows are 4 x the job's own scrape interval, which only the far side knows; the longest of its jobs counts. */
export async function discoverRate(source: Source, client: Pick<PrometheusClient, 'targets'>): Promise<Source> {
  const intervals = (await client.targets().catch(() => [])).map((target) => parseDuration(target.scrapeInterval) ?? 0);
  const rateMs = 4 * Math.max(source.stepMs, ...intervals.filter((ms) => ms <= 300_000));
  return { ...source, rateMs: parseDuration(formatDuration(rateMs)) ?? source.rateMs };
}
