import { dashboardOf } from '../../../dashboards/index.ts';
import type { PanelQuery, VersionQuery } from '../../../dashboards/panel.ts';
import type { RangeSeries } from '../../clients/prometheus.ts';
import type { Annotation } from '../../model/annotation.ts';
import type { Profile } from '../../model/profile.ts';
import type { House } from '../house.ts';
import { bind } from '../profiles.ts';
import { bindingOfTarget, isOf } from '../reader.ts';

interface Steps {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** More cannot be told apart in a chart. */
const mostDeployments = 50;

/**
 * When another version took the place of one, from the last sample of the old alone to the first of the new alone, as the series of a
 * target tell it; nothing is guessed. None where its dashboard knows no versions, and none when the source is silent.
 */
export async function deploymentsOf(house: House, profile: Profile, id: string, steps: Steps): Promise<Annotation[]> {
  const { versions, rollouts } = dashboardOf(profile.slug) ?? {};
  const { source } = house;
  const ask = async ({ expr }: PanelQuery): Promise<RangeSeries[]> => {
    const bound = bind(expr, { ...bindingOfTarget(source, profile, id), stepMs: steps.stepMs });
    const found = await source.client.queryRange(bound, steps).catch(() => []);
    return found.filter(({ labels }) => isOf(source, profile, id, labels));
  };
  const [changed, going] = await Promise.all([
    versions === undefined ? [] : ask(versions).then((found) => changesOf(found, versions)),
    rollouts === undefined ? [] : ask(rollouts).then((found) => stretchesOf(found, rollouts, steps)),
  ]);
  return [...changed, ...going].sort((a, b) => a.fromMs - b.fromMs).slice(-mostDeployments);
}

/** The legend of a query for a series. */
export const legendOf = ({ legend }: PanelQuery, labels: Readonly<Record<string, string>>): string =>
  legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? '');

const deployment = (fromMs: number, toMs: number | null, text: string): Annotation => ({
  kind: 'deployment',
  fromMs,
  toMs,
  text: text.trim(),
  incident: null,
});

/** Changes of the label that names the version, among series of one legend; while old and new are both there, it goes on. */
export function changesOf(series: readonly RangeSeries[], query: VersionQuery): Annotation[] {
  const things = new Map<string, Map<number, Set<string>>>();
  for (const { labels, tsMs } of series) {
    const version = labels[query.version] ?? '';
    if (version === '') continue;
    const name = legendOf(query, labels);
    const moments = things.get(name) ?? new Map<number, Set<string>>();
    things.set(name, moments);
    for (const ms of tsMs) moments.set(ms, (moments.get(ms) ?? new Set()).add(version));
  }
  return [...things].flatMap(([name, moments]) => {
    const found: Annotation[] = [];
    let old: { version: string; aloneMs: number } | null = null;
    let newest = { version: '', ms: 0 };
    for (const [ms, versions] of [...moments].sort(([a], [b]) => a - b)) {
      newest = { version: [...versions].find((each) => each !== old?.version) ?? '', ms };
      const [only] = versions;
      if (versions.size !== 1 || only === undefined) continue;
      if (old !== null && old.version !== only) found.push(deployment(old.aloneMs, ms, `${name} ${old.version} → ${only}`));
      old = { version: only, aloneMs: ms };
    }
    // Both are still there.
    if (old !== null && newest.ms > old.aloneMs) found.push(deployment(old.aloneMs, null, `${name} ${old.version} → ${newest.version}`));
    return found;
  });
}

/** Stretches of time in which a value is above 0; one that reaches the last step goes on. */
export function stretchesOf(series: readonly RangeSeries[], query: PanelQuery, { toMs, stepMs }: Steps): Annotation[] {
  return series.flatMap(({ labels, tsMs, values }) => {
    const found: { fromMs: number; toMs: number }[] = [];
    for (const [at, ms] of tsMs.entries()) {
      if (!((values[at] as number) > 0)) continue;
      const last = found.at(-1);
      if (last !== undefined && ms - last.toMs <= 2 * stepMs) last.toMs = ms;
      else found.push({ fromMs: ms, toMs: ms });
    }
    return found.map((each) => deployment(each.fromMs, each.toMs > toMs - stepMs ? null : each.toMs + stepMs, legendOf(query, labels)));
  });
}
