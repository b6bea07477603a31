import type { Scope } from '../../model/account.ts';
import type { Overview, Points, TargetOverview, TargetPage } from '../../model/api.ts';
import { reasonOf } from '../../model/errors.ts';
import { finder } from '../../model/find.ts';
import { type Standing, standingOf } from '../../model/fleet.ts';
import type { Alert, IncidentSummary } from '../../model/incident.ts';
import { type Kind, kindSchema } from '../../model/profile.ts';
import type { State, Target } from '../../model/target.ts';
import type { EntityRow } from '../../store/contract.ts';
import { freshMs, type House } from '../house.ts';
import { anyOf } from '../promql.ts';
import { scrapeReason } from '../scrape-reason.ts';
import { summaryOf, worstFirst } from './fleet.ts';
import { podTarget } from './pods.ts';
import { scrapeErrors, upOf, upOfOne } from './scrapes.ts';

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
  const [inventory, entities] = await Promise.all([house.store.targets.list(), house.store.pipeline.entities()]);
  return placed(house, scope, { targets: [...inventory, ...(house.kubernetes?.targets() ?? [])], entities, parts });
}

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
  const [own, entities] = await Promise.all([house.store.targets.get(id), house.store.pipeline.entities(undefined, id)]);
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

const keyOf = (profile: string, entity: string): string => `${profile}\n${entity}`;

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

/** What is asked once, however many targets it is about. */
interface Facts {
  readonly nowMs: number;
  readonly freshMs: number;
  /** Why Prometheus says nothing, or null when it answers. */
  readonly silent: string | null;
  readonly up: ReadonlyMap<string, number>;
  readonly errors: ReadonlyMap<string, string>;
  /** By profile and entity. */
  readonly live: ReadonlyMap<string, readonly Alert[]>;
  readonly realtime: ReadonlyMap<string, boolean>;
}

/** Of one target, or of all. */
async function facts(house: House, id?: string): Promise<Facts> {
  const { prometheus } = house;
  const live = new Map<string, Alert[]>();
  for (const { alert } of await house.store.incidents.liveAlerts()) {
    const key = keyOf(alert.profile, alert.entity);
    const alerts = live.get(key);
    if (alerts === undefined) live.set(key, [alert]);
    else alerts.push(alert);
  }
  const realtime = await house.store.pipeline.profileRealtime();
  const common = { nowMs: house.now(), freshMs: freshMs(house.source), live, realtime };
  try {
    const up = await (id === undefined ? upOf(prometheus) : upOfOne(prometheus, id));
    const down = [...up].filter(([, value]) => value !== 1).map(([target]) => target);
    // That they are down is known all the same.
    const errors = await scrapeErrors(prometheus, down).catch(() => new Map<string, string>());
    return { ...common, silent: null, up, errors };
  } catch (thrown) {
    return { ...common, silent: reasonOf(thrown), up: new Map(), errors: new Map() };
  }
}

/** Points of all sparklines together: of many targets each has fewer. */
const sparkPoints = 12_000;
/** More are not named in a query: all are asked for. */
const mostNamed = 100;

/** The same with their scores of the last hour; without them where Prometheus is silent. */
async function withSparks(house: House, targets: TargetOverview[], { silent }: Pick<Facts, 'silent'>): Promise<TargetOverview[]> {
  if (targets.length === 0 || silent !== null) return targets;
  const stepMs =
    [1, 2, 5, 10].map((minutes) => minutes * minuteMs).find((ms) => (targets.length * hourMs) / ms <= sparkPoints) ?? 15 * minuteMs;
  const toMs = Math.floor(house.now() / stepMs) * stepMs;
  const named = targets.length > mostNamed ? '' : `{${anyOf('entity', [...new Set(targets.map(({ id }) => id))])}}`;
  const series = await house.prometheus.queryRange(`vigia_anomaly_score${named}`, { fromMs: toMs - hourMs, toMs, stepMs }).catch(() => []);
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

/** Without its scores of the last hour. */
function overviewOf(house: House, { target, entity }: Watched, known: Facts): TargetOverview {
  const row = house.board.get(target.profile, target.id);
  const fresh = row !== null && known.nowMs - row.tsMs <= known.freshMs;
  const learning = house.learner.of({ slug: target.profile }, target.id).learningUntilMs;
  const alerts = known.live.get(keyOf(target.profile, target.id)) ?? [];
  return {
    ...target,
    ...stateOf(house, { target, entity }, known, alerts),
    score: fresh ? row.score : null,
    threshold: fresh ? row.threshold : null,
    // Of what another instance works on, only the board knows.
    learningUntilMs: learning ?? (fresh && !house.shares.owns(target.profile, target.id) ? row.learningUntilMs : null),
    realtime: entity?.realtime ?? known.realtime.get(target.profile) ?? house.config.detection.realtime,
    firing: alerts.filter(({ state }) => state === 'firing').length,
    spark: [],
  };
}

/** All that are `wanted`, without their scores of the last hour; `silent` says why Prometheus says nothing. */
export async function targetOverviews(
  house: House,
  scope: Scope,
  wanted: (target: Target) => boolean = () => true,
): Promise<{ targets: TargetOverview[]; silent: string | null }> {
  const [everything, known] = await Promise.all([watched(house, scope), facts(house)]);
  const targets = everything.filter(({ target }) => wanted(target)).map((each) => overviewOf(house, each, known));
  return { targets, silent: known.silent };
}

export async function oneOverview(house: House, found: Found): Promise<TargetOverview> {
  const { target, pod } = found;
  const known = await facts(house, target.id);
  const bare = overviewOf(house, found, known);
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
  const [everything, open, unknown] = await Promise.all([
    targetOverviews(house, scope),
    incidentsOf(house, scope, 'open'),
    incidentsOf(house, scope, 'unknown'),
  ]);
  const targets = worstFirst(everything.targets);
  const parts = house.health();
  const states: State[] = [...targets.filter((target) => target.enabled).map((target) => target.state), ...parts.map((part) => part.state)];
  if (open.incidents.length > 0) states.push('bad');
  const incidents = [...open.incidents.slice(0, mostAnswered), ...unknown.incidents.slice(0, mostAnswered)];
  return {
    nowMs: house.now(),
    state: worst(states),
    summary: summaryOf(targets, open.incidents),
    targets: await listed(house, targets.slice(0, most.targets), everything, open.incidents),
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
  const [everything, open] = await Promise.all([
    targetOverviews(house, scope, (target) => (ids?.has(target.id) ?? true) && found(target)),
    incidentsOf(house, scope, 'open'),
  ]);
  const { targets } = everything;
  const wanted = asked.standing === undefined ? targets : targets.filter((target) => standingOf(target) === asked.standing);
  const page = worstFirst(wanted).slice(asked.offset, asked.offset + asked.limit);
  return { targets: await listed(house, page, everything, open.incidents), total: wanted.length };
}

const incidentsOf = (house: House, scope: Scope, state: 'open' | 'unknown') =>
  house.store.incidents.list({ state, kinds: kindsOf(scope), limit: mostOpen, offset: 0 });

/** What only those need that somebody looks at: scores of the last hour, and why. */
async function listed(
  house: House,
  targets: TargetOverview[],
  known: Pick<Facts, 'silent'>,
  open: readonly IncidentSummary[],
): Promise<TargetOverview[]> {
  const incidents = new Map(open.map((incident) => [keyOf(incident.profile, incident.entity), incident]));
  const withScores = await withSparks(house, targets, known);
  return withScores.map((target) => ({ ...target, incident: incidents.get(keyOf(target.profile, target.id)) ?? null }));
}

export function worst(states: readonly State[]): State {
  if (states.includes('bad')) return 'bad';
  return states.includes('unknown') ? 'unknown' : 'ok';
}
