import { dashboards } from '../../../dashboards/index.ts';
import type { Scope } from '../../model/account.ts';
import type { FeatureState, Host, HostSummary, PanelData, Rule } from '../../model/api.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Profile } from '../../model/profile.ts';
import { pooledFrom } from '../../model/score.ts';
import { bandOf } from '../bands.ts';
import type { House } from '../house.ts';
import { queriesOf } from '../panels.ts';
import { expectedOf, sharesOf } from '../scoring.ts';
import { type Binding, bind } from '../profiles.ts';
import { anyOf } from '../promql.ts';
import { bindingOfTarget, completeUntil, isOf, readWindow, sortedFeatures } from '../reader.ts';
import { findWatched, type Found, oneOverview, pointsOf } from './overview.ts';

/** Most points of a chart: more cannot be seen. */
const maxPoints = 360;

/** What a chart needs of a target. @throws VigiaError `not-found`, also for what the account may not see. */
export async function targetOf(house: House, scope: Scope, id: string): Promise<Found & { readonly profile: Profile }> {
  const found = await findWatched(house, scope, id);
  const profile = found === null ? undefined : house.profiles.get(found.target.profile);
  if (found === null || profile === undefined) throw new VigiaError('not-found', { thing: 'target', id });
  return { ...found, profile };
}

export async function hostView(house: House, scope: Scope, id: string): Promise<Host> {
  const found = await targetOf(house, scope, id);
  const { profile } = found;
  const now = { fromMs: house.now(), toMs: house.now() };
  const [target, features, alerts, rules, incidents, models, marks] = await Promise.all([
    oneOverview(house, found),
    featureStates(house, profile, id),
    house.store.incidents.alerts({ entity: id, profile: profile.slug, limit: 50 }),
    rulesFor(house, profile, [id]),
    house.store.incidents.list({ entity: id, limit: 10, offset: 0 }),
    house.store.models.list({ profile: profile.slug, entity: id }),
    house.store.marks.list({ profile: profile.slug, entity: id, ...now }),
  ]);
  const model = models.find(({ state }) => state === 'active') ?? null;
  const running = marks.find(({ kind }) => kind === 'maintenance');
  return {
    target: await oneOverview(house, await targetOf(house, scope, target.id)),
    summary: summaryOf(features),
    features,
    alerts,
    rules,
    incidents: incidents.incidents,
    model,
    pooledFrom: model && pooledFrom(model),
    maintenance: running === undefined ? null : { toMs: running.toMs, text: running.text },
    corruptModels: models.filter(({ state }) => state === 'corrupt').length,
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
  // The list of all rules has one for each target; their alerts are few.
  const alerts = await house.prometheus.query(`ALERTS{${anyOf('entity', entities)}}`).catch(() => null);
  return specs.map((spec) => {
    const mine = alerts?.filter(({ labels }) => labels['alertname'] === spec.name && entities.includes(labels['entity'] ?? '')) ?? [];
    const state = mine.some(({ labels }) => labels['alertstate'] === 'firing') ? 'firing' : mine.length > 0 ? 'pending' : 'inactive';
    return {
      name: spec.name,
      severity: spec.severity,
      state: alerts === null ? 'unknown' : state,
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
  const { data, feature } = await drawPanel(house, profile, panelId, range, bound, (labels) => isOf(house.source, profile, id, labels));
  return { ...data, band: feature === undefined ? null : await bandOf(house, profile, id, feature, chartSteps(house.source, range)) };
}

/** The aligned steps of a chart: as many as can be seen. */
export function chartSteps(
  source: Pick<House['source'], 'stepMs'>,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): { fromMs: number; toMs: number; stepMs: number } {
  const stepMs = source.stepMs * Math.max(1, Math.ceil((toMs - fromMs) / maxPoints / source.stepMs));
  const align = (ms: number) => Math.floor(ms / stepMs) * stepMs;
  return { fromMs: align(fromMs), toMs: align(toMs), stepMs };
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
  const steps = chartSteps(source, range);
  const binding = { ...bound, rateMs: Math.max(source.rateMs, steps.stepMs), stepMs: steps.stepMs };
  const results = await Promise.all(
    queriesOf(panel, profile).map(async (query) => ({
      query,
      found: await source.client.queryRange(bind(query.expr, binding), steps),
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
