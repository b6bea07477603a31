import type { Scope } from '../../model/account.ts';
import type { Overview, Points, TargetOverview, TargetPage } from '../../model/api.ts';
import { finder } from '../../model/find.ts';
import { type Standing, standingOf } from '../../model/fleet.ts';
import type { Alert, IncidentSummary } from '../../model/incident.ts';
import { type Kind, kindSchema } from '../../model/profile.ts';
import type { State, Target } from '../../model/target.ts';
import type { BoardRow } from '../../model/score.ts';
import type { EntityRow } from '../../store/contract.ts';
import type { House } from '../house.ts';
import { anyOf } from '../promql.ts';
import { scrapeReason } from '../scrape-reason.ts';
import { type Facts, facts, keyOf } from './facts.ts';
import { type Listed, summaryOf, worstFirst } from './fleet.ts';
import { podTarget } from './pods.ts';

const noAlerts: readonly Alert[] = [];
const hourMs = 3_600_000;
const minuteMs = 60_000;

/** Whether an account may see things of this kind. */
export function inScope(scope: Scope, kind: Kind): boolean {
  return kind === 'container' ? scope.containers : scope.hosts;
}

export function kindOf(house: House, profile: string): Kind {
  return house.profiles.get(profile)?.kind ?? 'host';
}

/** The kinds an account may see, for store filters. */
export function kindsOf(scope: Scope): string[] {
  return kindSchema.options.filter((kind) => inScope(scope, kind));
}

/** A target, and what the pipeline knows of it; null before its first sample. */
export interface Watched {
  readonly target: Target;
  readonly entity: EntityRow | null;
}

/** Everything watched: the inventory, and entities that only an adopted source knows; with `parts` also what a target brings, as containers. */
export async function watched(house: House, scope: Scope, parts = false): Promise<Watched[]> {
  const [targets, entities] = await Promise.all([inventory(house), house.store.pipeline.entities()]);
  return placed(house, scope, { targets, entities, parts });
}

const inventory = async (house: House): Promise<Target[]> => [
  ...(await house.store.targets.list()),
  ...(house.kubernetes?.targets() ?? []),
];

function placed(
  house: House,
  scope: Scope,
  { targets, entities, parts }: { targets: readonly Target[]; entities: readonly EntityRow[]; parts: boolean },
): Watched[] {
  const byKey = new Map(entities.map((row) => [keyOf(row.profile, row.entity), row]));
  const own = targets.map((target) => {
    const key = keyOf(target.profile, target.id);
    const entity = byKey.get(key) ?? null;
    byKey.delete(key);
    return { target, entity };
  });
  const isShown = ({ profile }: EntityRow) => house.config.prometheus.source !== undefined || (parts && bringsMany(house, profile));
  const others = [...byKey.values()].filter((row) => row.lastSeenMs > 0 && isShown(row));
  const found = others.map((entity) => ({ entity, target: adoptedTarget(entity) }));
  return [...own, ...found].filter(({ target }) => inScope(scope, kindOf(house, target.profile)));
}

export interface Found extends Watched {
  /** What the cluster says of it, where it is a pod. */
  readonly pod: ReturnType<typeof podTarget>;
}

/** One thing by its id, where the account may see it: a target, or what a target brings along, such as a container or a pod. */
export async function findWatched(house: House, scope: Scope, id: string): Promise<Found | null> {
  const [own, entities] = await Promise.all([house.store.targets.get(id), house.store.pipeline.entities(undefined, [id])]);
  const known = own ?? house.kubernetes?.targets().find((target) => target.id === id);
  const all = { targets: known === undefined ? [] : [known], entities };
  const [whole] = placed(house, scope, { ...all, parts: false });
  if (whole !== undefined) return { ...whole, pod: null };
  const brought = placed(house, scope, { ...all, parts: true });
  const pod = podTarget(house, scope, id);
  const target = pod?.target ?? brought[0]?.target;
  if (target === undefined) return null;
  return { target, pod, entity: brought.find((each) => each.target.profile === target.profile)?.entity ?? null };
}

/** Whether a target of this profile brings many entities. */
export const bringsMany = (house: House, profile: string): boolean => (house.profiles.get(profile)?.identity.length ?? 1) > 1;

function adoptedTarget(row: EntityRow): Target {
  return {
    id: row.entity,
    name: row.entity,
    profile: row.profile,
    address: row.instance,
    scheme: 'http',
    metricsPath: '/metrics',
    labels: {},
    enabled: true,
    managedBy: 'vigia',
    createdMs: row.firstSeenMs,
  };
}

/** Points of all sparklines together: of many targets each has fewer. */
const sparkPoints = 12_000;
/** The same with their scores of the last hour; without them where Prometheus is silent. */
async function withSparks(house: House, targets: TargetOverview[], { silent }: Pick<Facts, 'silent'>): Promise<TargetOverview[]> {
  if (targets.length === 0 || silent !== null) return targets;
  const stepMs =
    [1, 2, 5, 10].map((minutes) => minutes * minuteMs).find((ms) => (targets.length * hourMs) / ms <= sparkPoints) ?? 15 * minuteMs;
  const toMs = Math.floor(house.now() / stepMs) * stepMs;
  const entities = named([...new Set(targets.map(({ id }) => id))]);
  const selector = entities === undefined ? '' : `{${anyOf('entity', entities)}}`;
  const series = await house.prometheus
    .queryRange(`vigia_anomaly_score${selector}`, { fromMs: toMs - hourMs, toMs, stepMs })
    .catch(() => []);
  const points = new Map(series.map((each) => [keyOf(each.labels['profile'] ?? '', each.labels['entity'] ?? ''), pointsOf(each)]));
  return targets.map((target) => ({ ...target, spark: points.get(keyOf(target.profile, target.id)) ?? [] }));
}

/** Points of a range series for the page: what is not finite becomes null. */
export function pointsOf(series: { readonly tsMs: Float64Array; readonly values: Float64Array }): Points {
  return Array.from(series.tsMs, (tsMs, at) => {
    const value = series.values[at] as number;
    return [tsMs, Number.isFinite(value) ? value : null];
  });
}

function stateOf(
  house: House,
  { target, entity }: Watched,
  known: Facts,
  alerts: readonly Alert[],
): { state: State; reason: string; sinceMs: number | null } {
  const firing = alerts.filter(({ severity, state }) => severity !== 'info' && state === 'firing').sort((a, b) => a.startsMs - b.startsMs);
  const [first] = firing;
  if (!target.enabled) return { state: 'unknown', reason: 'switched off', sinceMs: null };
  if (first !== undefined) return { state: 'bad', reason: first.annotations['summary'] ?? first.name, sinceMs: first.startsMs };
  if (known.silent !== null) return { state: 'unknown', reason: known.silent, sinceMs: entity?.lastSeenMs ?? null };
  const isPart = entity !== null && bringsMany(house, target.profile);
  if ((house.config.prometheus.source !== undefined || isPart) && !known.up.has(target.id)) {
    const fresh = entity !== null && known.nowMs - entity.lastSeenMs <= known.freshMs;
    return fresh
      ? { state: 'ok', reason: '', sinceMs: null }
      : { state: 'unknown', reason: 'no samples', sinceMs: entity?.lastSeenMs ?? null };
  }
  const up = known.up.get(target.id);
  if (up === undefined) return { state: 'unknown', reason: 'not scraped yet', sinceMs: null };
  if (up !== 1) return { state: 'bad', reason: scrapeReason(known.errors.get(target.id) ?? ''), sinceMs: entity?.lastSeenMs ?? null };
  return { state: 'ok', reason: '', sinceMs: null };
}

/** How a target stands, and what its row needs besides. */
interface Stood extends Listed, Watched {
  readonly reason: string;
  readonly alerts: readonly Alert[];
}

function standing(house: House, { target, entity }: Watched, known: Facts): Stood {
  const { id, name, profile, enabled } = target;
  const alerts = known.live.get(keyOf(profile, id)) ?? noAlerts;
  const { state, reason, sinceMs } = stateOf(house, { target, entity }, known, alerts);
  const { learningUntilMs: own } = house.learner.of({ slug: profile }, id);
  // Of what another instance works on, only the board knows.
  const learningUntilMs = own ?? (house.shares.owns(profile, id) ? null : (freshRow(house, target, known)?.learningUntilMs ?? null));
  return { id, name, enabled, state, reason, sinceMs, learningUntilMs, alerts, target, entity };
}

function freshRow(house: House, { profile, id }: Target, known: Facts): BoardRow | null {
  const row = house.board.get(profile, id);
  return row !== null && known.nowMs - row.tsMs <= known.freshMs ? row : null;
}

/** Without its scores of the last hour. */
function overviewOf(house: House, { target, entity, alerts, ...stands }: Stood, known: Facts): TargetOverview {
  const row = freshRow(house, target, known);
  return {
    ...target,
    state: stands.state,
    reason: stands.reason,
    sinceMs: stands.sinceMs,
    score: row?.score ?? null,
    threshold: row?.threshold ?? null,
    learningUntilMs: stands.learningUntilMs,
    realtime: entity?.realtime ?? known.realtime.get(target.profile) ?? house.config.detection.realtime,
    firing: alerts.filter(({ state }) => state === 'firing').length,
    spark: [],
  };
}

/** How all stand that are `wanted`. Of an inventory of thousands the pipeline's rows are read of those alone that are not well. */
async function standings(
  house: House,
  scope: Scope,
  wanted: (target: Target) => boolean = () => true,
): Promise<{ stood: Stood[]; known: Facts }> {
  const [targets, known] = await Promise.all([inventory(house), facts(house)]);
  const isAdopted = house.config.prometheus.source !== undefined;
  const unwell = targets.filter(({ id, enabled }) => enabled && known.up.get(id) !== 1).map(({ id }) => id);
  const entities = await house.store.pipeline.entities(undefined, isAdopted ? undefined : named(unwell));
  const all = placed(house, scope, { targets, entities, parts: false });
  return { stood: all.filter(({ target }) => wanted(target)).map((each) => standing(house, each, known)), known };
}

/** More are not named in a query: all are asked for. */
const mostNamed = 100;
const named = (ids: readonly string[]): readonly string[] | undefined => (ids.length > mostNamed ? undefined : ids);

/** Rows of those that stand so, without their scores of the last hour. */
async function overviewsOf(house: House, stood: readonly Stood[], known: Facts): Promise<TargetOverview[]> {
  const unread = stood.filter(({ entity }) => entity === null).map(({ id }) => id);
  const rows = await house.store.pipeline.entities(undefined, named(unread));
  const byKey = new Map(rows.map((row) => [keyOf(row.profile, row.entity), row]));
  return stood.map((each) => {
    const entity = each.entity ?? byKey.get(keyOf(each.target.profile, each.id)) ?? null;
    return overviewOf(house, { ...each, entity }, known);
  });
}

/** All that are `wanted`, without their scores of the last hour. */
export async function targetOverviews(house: House, scope: Scope, wanted: (target: Target) => boolean): Promise<TargetOverview[]> {
  const { stood, known } = await standings(house, scope, wanted);
  return overviewsOf(house, stood, known);
}

export async function oneOverview(house: House, found: Found): Promise<TargetOverview> {
  const { target, pod } = found;
  const known = await facts(house, target.id);
  const bare = overviewOf(house, standing(house, found, known), known);
  const [shown = bare] = await withSparks(house, [bare], known);
  return shown.firing > 0 || pod === null ? shown : { ...shown, state: pod.state, reason: pod.reason, sinceMs: pod.sinceMs };
}

/** Of one account's incidents that are not over, so many are looked at, and so many of each state are answered at most. */
const mostOpen = 1_000;
const mostAnswered = 200;

/** The first screen. Bad before unknown before ok: no data is never ok. `most`: how many targets and incidents it holds. */
export async function overview(
  house: House,
  scope: Scope,
  most: { targets?: number | undefined; incidents?: number | undefined } = {},
): Promise<Overview> {
  const [{ stood, known }, open, unknown] = await Promise.all([
    standings(house, scope),
    incidentsOf(house, scope, 'open'),
    incidentsOf(house, scope, 'unknown'),
  ]);
  const targets = worstFirst(stood);
  const parts = house.health();
  const states: State[] = [...targets.filter((target) => target.enabled).map((target) => target.state), ...parts.map((part) => part.state)];
  if (open.incidents.length > 0) states.push('bad');
  const incidents = [...open.incidents.slice(0, mostAnswered), ...unknown.incidents.slice(0, mostAnswered)];
  return {
    nowMs: house.now(),
    state: worst(states),
    summary: summaryOf(targets, open.incidents),
    targets: await listed(house, targets.slice(0, most.targets), known, open.incidents),
    incidents: incidents.sort((a, b) => b.openedMs - a.openedMs).slice(0, most.incidents),
    incidentsTotal: open.total + unknown.total,
    parts,
  };
}

/** Those that somebody looks for, the worst first. */
export async function overviewTargets(
  house: House,
  scope: Scope,
  asked: { find: string; standing?: Standing | undefined; ids?: readonly string[] | undefined; limit: number; offset: number },
): Promise<TargetPage> {
  const found = finder(asked.find);
  const ids = asked.ids === undefined ? null : new Set(asked.ids);
  const [{ stood, known }, open] = await Promise.all([
    standings(house, scope, (target) => (ids?.has(target.id) ?? true) && found(target)),
    incidentsOf(house, scope, 'open'),
  ]);
  const wanted = asked.standing === undefined ? stood : stood.filter((target) => standingOf(target) === asked.standing);
  const page = worstFirst(wanted).slice(asked.offset, asked.offset + asked.limit);
  return { targets: await listed(house, page, known, open.incidents), total: wanted.length };
}

const incidentsOf = (house: House, scope: Scope, state: 'open' | 'unknown') =>
  house.store.incidents.list({ state, kinds: kindsOf(scope), limit: mostOpen, offset: 0 });

/** What only those need that somebody looks at: scores of the last hour, and why. */
async function listed(house: House, targets: readonly Stood[], known: Facts, open: readonly IncidentSummary[]): Promise<TargetOverview[]> {
  const incidents = new Map(open.map((incident) => [keyOf(incident.profile, incident.entity), incident]));
  const withScores = await withSparks(house, await overviewsOf(house, targets, known), known);
  return withScores.map((target) => ({ ...target, incident: incidents.get(keyOf(target.profile, target.id)) ?? null }));
}

export function worst(states: readonly State[]): State {
  if (states.includes('bad')) return 'bad';
  return states.includes('unknown') ? 'unknown' : 'ok';
}
