import { dashboards } from '../../../dashboards/index.ts';
import type { Scope } from '../../model/account.ts';
import type { FeatureState, Host, HostSummary, PanelData, Rule } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Profile } from '../../model/profile.ts';
import type { House } from '../house.ts';
import { queriesOf } from '../panels.ts';
import { expectedOf, sharesOf } from '../scoring.ts';
import { type Binding, bind } from '../profiles.ts';
import { constant } from '../promql.ts';
import { bindingOfTarget, completeUntil, isOf, readWindow, sortedFeatures } from '../reader.ts';
import { partOverview, pointsOf, targetOverviews } from './overview.ts';

/** Most points of a chart: more cannot be seen. */
const maxPoints = 360;

/** @throws VigiaError `not-found`, also for what the account may not see. */
export async function targetOf(house: House, scope: Scope, id: string): Promise<{ target: Host['target']; profile: Profile }> {
  const target =
    (await targetOverviews(house, scope)).find((each) => each.id === id) ?? (await partOverview(house, scope, id)) ?? undefined;
  const profile = target === undefined ? undefined : house.profiles.get(target.profile);
  if (target === undefined || profile === undefined) throw new VigiaError('not-found', { thing: 'target', id });
  return { target, profile };
}

export async function hostView(house: House, scope: Scope, id: string): Promise<Host> {
  const { target, profile } = await targetOf(house, scope, id);
  const [features, alerts, rules, incidents, models] = await Promise.all([
    featureStates(house, profile, id),
    house.store.incidents.alerts({ entity: id, profile: profile.slug, limit: 50 }),
    rulesFor(house, profile, [id]),
    house.store.incidents.list({ entity: id, limit: 10, offset: 0 }),
    house.store.models.list({ profile: profile.slug, entity: id }),
  ]);
  return {
    target,
    summary: summaryOf(features),
    features,
    alerts,
    rules,
    incidents: incidents.incidents,
    model: models.find((model) => model.state === 'active') ?? null,
    corruptModels: models.filter((model) => model.state === 'corrupt').length,
  };
}

/** The newest complete step: value, expected range and share of each feature. Nulls where the source is silent. */
async function featureStates(house: House, profile: Profile, entity: string): Promise<FeatureState[]> {
  // The reader meets what this instance works on; another's model is loaded for the eye.
  if (!house.shares.owns(profile.slug, entity)) await house.learner.meet(profile, [entity]);
  const { detector } = house.learner.of(profile, entity);
  const nowMs = house.now();
  const expected = expectedOf(profile, detector, nowMs);
  const row = await newestRow(house, profile, entity);
  const shares = new Map(
    (detector === null || row === null ? [] : sharesOf(profile, detector, row, nowMs)).map((share) => [share.feature, share.share]),
  );
  return sortedFeatures(profile).map((feature, column) => {
    const value = row?.[column] ?? Number.NaN;
    return {
      feature: feature.name,
      unit: feature.unit,
      value: Number.isNaN(value) ? null : value,
      expectedLow: expected?.[column]?.low ?? null,
      expectedHigh: expected?.[column]?.high ?? null,
      share: shares.get(feature.name) ?? null,
    };
  });
}

async function newestRow(house: House, profile: Profile, entity: string): Promise<Float64Array | null> {
  try {
    const { source } = house;
    // One step behind now, not the watermark: a person looks at now, nothing is scored from this.
    const toMs = completeUntil(await source.client.nowMs(), { stepMs: source.stepMs, watermarkMs: 0 });
    const window = await readWindow(source, profile, { fromMs: toMs - 3 * source.stepMs, toMs, entities: [entity] });
    const found = window.entities.find((each) => each.entity === entity);
    const last = found?.present.lastIndexOf(1) ?? -1;
    const width = profile.features.length;
    return found === undefined || last < 0 ? null : found.rows.subarray(last * width, (last + 1) * width);
  } catch {
    // The page says elsewhere that the source is silent; here there is no value.
    return null;
  }
}

/** P06, from the features of that name. */
function summaryOf(features: readonly FeatureState[]): HostSummary {
  const value = (name: string) => features.find((feature) => feature.feature === name)?.value ?? null;
  return {
    cpuRatio: value('cpu'),
    memoryRatio: value('memory'),
    diskRatio: value('disk_space'),
    receiveBytesPerSecond: value('network_receive'),
    transmitBytesPerSecond: value('network_transmit'),
  };
}

/** P08: the rules that can fire for these entities, with their state as Prometheus says it; `unknown` when it does not answer. */
export async function rulesFor(house: House, profile: Profile, entities: readonly string[]): Promise<Rule[]> {
  const specs = (await house.rules()).filter(
    (spec) => spec.profile === profile.slug && (spec.entity === null || entities.includes(spec.entity)),
  );
  const states = await house.prometheus.rules().catch(() => null);
  return specs.map((spec) => {
    const alerts =
      states
        ?.filter((rule) => rule.name === spec.name && (spec.entity === null || rule.query.includes(constant(spec.entity))))
        .flatMap((rule) => rule.alerts) ?? [];
    const mine = alerts.filter((alert) => entities.includes(alert.labels['entity'] ?? ''));
    const state = mine.some((alert) => alert.state === 'firing') ? 'firing' : mine.length > 0 ? 'pending' : 'inactive';
    return {
      name: spec.name,
      severity: spec.severity,
      state: states === null ? 'unknown' : state,
      expr: spec.expr,
      forMs: spec.forMs,
      description: spec.title,
    };
  });
}

/** One chart of a target. @throws VigiaError `not-found`, `far-…`. */
export async function panelView(
  house: House,
  scope: Scope,
  id: string,
  panelId: string,
  range: { fromMs: number; toMs: number },
): Promise<PanelData> {
  const { profile } = await targetOf(house, scope, id);
  const bound = bindingOfTarget(house.source, profile, id);
  const drawn = await drawPanel(house, profile, panelId, range, bound, (labels) => isOf(house.source, profile, id, labels));
  const column = sortedFeatures(profile).findIndex((feature) => feature.name === drawn.feature);
  const expected = column < 0 ? null : (expectedOf(profile, house.learner.of(profile, id).detector, range.toMs)?.[column] ?? null);
  return { ...drawn.data, band: expected === null ? null : { low: expected.low, high: expected.high } };
}

/** A panel's series for whatever a binding means, without an expected band. @throws VigiaError `not-found`, `far-…`. */
export async function drawPanel(
  house: House,
  profile: Profile,
  panelId: string,
  range: { fromMs: number; toMs: number },
  bound: Binding,
  isWanted: (labels: Readonly<Record<string, string>>) => boolean = () => true,
): Promise<{ data: PanelData; feature: string | undefined }> {
  const panel = dashboards.find((dashboard) => dashboard.profile === profile.slug)?.panels.find((each) => each.id === panelId);
  if (panel === undefined) throw new VigiaError('not-found', { thing: 'panel', id: panelId });
  const { source } = house;
  const stepMs = source.stepMs * Math.max(1, Math.ceil((range.toMs - range.fromMs) / maxPoints / source.stepMs));
  const align = (ms: number) => Math.floor(ms / stepMs) * stepMs;
  const binding = { ...bound, rateMs: Math.max(source.rateMs, stepMs), stepMs };
  const results = await Promise.all(
    queriesOf(panel, profile).map(async (query) => ({
      query,
      found: await source.client.queryRange(bind(query.expr, binding), { fromMs: align(range.fromMs), toMs: align(range.toMs), stepMs }),
    })),
  );
  const series = results.flatMap(({ query, found }) =>
    found
      .filter((each) => isWanted(each.labels))
      .slice(0, 40)
      .map((each) => ({
        legend: query.legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => each.labels[label] ?? ''),
        points: pointsOf(each),
      })),
  );
  return { data: { panel: panel.id, unit: panel.unit, series, band: null }, feature: panel.feature };
}
