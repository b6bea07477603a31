import type { ScrapeTarget, VectorSample } from '../../clients/prometheus.ts';
import type { Scope } from '../../model/account.ts';
import type { Overview, Points, TargetOverview } from '../../model/api.ts';
import { reasonOf } from '../../model/errors.ts';
import type { Alert } from '../../model/incident.ts';
import { type Kind, kindSchema } from '../../model/profile.ts';
import type { State, Target } from '../../model/target.ts';
import type { EntityRow } from '../../store/contract.ts';
import { freshMs, type House } from '../house.ts';
import { scrapeReason } from '../scrape-reason.ts';
import { podTarget } from './pods.ts';

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

/** Everything watched: the inventory, and entities that only an adopted source knows; with `parts` also what a target brings, as containers. */
export async function watched(house: House, scope: Scope, parts = false): Promise<{ target: Target; entity: EntityRow | null }[]> {
  const [inventory, entities] = await Promise.all([house.store.targets.list(), house.store.pipeline.entities()]);
  const targets = [...inventory, ...(house.kubernetes?.targets() ?? [])];
  const byKey = new Map(entities.map((row) => [`${row.profile}\n${row.entity}`, row]));
  const own = targets.map((target) => {
    const key = `${target.profile}\n${target.id}`;
    const entity = byKey.get(key) ?? null;
    byKey.delete(key);
    return { target, entity };
  });
  const isShown = ({ profile }: EntityRow) => house.config.prometheus.source !== undefined || (parts && bringsMany(house, profile));
  const others = [...byKey.values()].filter((row) => row.lastSeenMs > 0 && isShown(row));
  const found = others.map((entity) => ({ entity, target: adoptedTarget(entity) }));
  return [...own, ...found].filter(({ target }) => inScope(scope, kindOf(house, target.profile)));
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

interface Facts {
  readonly nowMs: number;
  /** Why Prometheus says nothing, or null when it answers. */
  readonly silent: string | null;
  readonly up: ReadonlyMap<string, VectorSample>;
  readonly scrapes: ReadonlyMap<string, ScrapeTarget>;
  readonly spark: ReadonlyMap<string, Points>;
  readonly live: readonly Alert[];
  readonly realtime: ReadonlyMap<string, boolean>;
}

/** Points of all sparklines together: of many targets each has fewer. */
const sparkPoints = 12_000;

async function facts(house: House, count: number): Promise<Facts> {
  const nowMs = house.now();
  const live = (await house.store.incidents.liveAlerts()).map(({ alert }) => alert);
  const realtime = await house.store.pipeline.profileRealtime();
  try {
    const stepMs = [1, 2, 5, 10].map((minutes) => minutes * minuteMs).find((ms) => (count * hourMs) / ms <= sparkPoints) ?? 15 * minuteMs;
    const toMs = Math.floor(nowMs / stepMs) * stepMs;
    const [up, scores] = await Promise.all([
      house.prometheus.query('up{target!=""}'),
      house.prometheus.queryRange('vigia_anomaly_score', { fromMs: toMs - hourMs, toMs, stepMs }),
    ]);
    // The list of all scrapes is long, and only what failed is looked up in it.
    const scrapes = up.every((sample) => sample.value === 1) ? [] : await house.prometheus.targets();
    return {
      nowMs,
      live,
      realtime,
      silent: null,
      // A target may have two endpoints, as a kubelet has: the one that does not answer counts.
      up: new Map(up.toSorted((a, b) => b.value - a.value).map((sample) => [sample.labels['target'] ?? '', sample])),
      scrapes: new Map(
        scrapes
          .toSorted((a, b) => Number(a.health === 'down') - Number(b.health === 'down'))
          .map((scrape) => [scrape.labels['target'] ?? '', scrape]),
      ),
      spark: new Map(scores.map((series) => [`${series.labels['profile']}\n${series.labels['entity']}`, pointsOf(series)])),
    };
  } catch (thrown) {
    return { nowMs, live, realtime, silent: reasonOf(thrown), up: new Map(), scrapes: new Map(), spark: new Map() };
  }
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
  target: Target,
  entity: EntityRow | null,
  known: Facts,
): { state: State; reason: string; sinceMs: number | null } {
  const alerts = known.live.filter((alert) => alert.entity === target.id && alert.profile === target.profile && alert.severity !== 'info');
  const firing = alerts.filter((alert) => alert.state === 'firing').sort((a, b) => a.startsMs - b.startsMs);
  const [first] = firing;
  if (!target.enabled) return { state: 'unknown', reason: 'switched off', sinceMs: null };
  if (first !== undefined) return { state: 'bad', reason: first.annotations['summary'] ?? first.name, sinceMs: first.startsMs };
  if (known.silent !== null) return { state: 'unknown', reason: known.silent, sinceMs: entity?.lastSeenMs ?? null };
  const isPart = entity !== null && bringsMany(house, target.profile);
  if ((house.config.prometheus.source !== undefined || isPart) && !known.up.has(target.id)) {
    const fresh = entity !== null && known.nowMs - entity.lastSeenMs <= freshMs(house.source);
    return fresh
      ? { state: 'ok', reason: '', sinceMs: null }
      : { state: 'unknown', reason: 'no samples', sinceMs: entity?.lastSeenMs ?? null };
  }
  const up = known.up.get(target.id);
  if (up === undefined) return { state: 'unknown', reason: 'not scraped yet', sinceMs: null };
  if (up.value !== 1) {
    return { state: 'bad', reason: scrapeReason(known.scrapes.get(target.id)?.lastError ?? ''), sinceMs: entity?.lastSeenMs ?? null };
  }
  return { state: 'ok', reason: '', sinceMs: null };
}

function overviewOf(house: House, target: Target, entity: EntityRow | null, known: Facts): TargetOverview {
  const row = house.board.get(target.profile, target.id);
  const fresh = row !== null && known.nowMs - row.tsMs <= freshMs(house.source);
  const learning = house.learner.of(house.profiles.get(target.profile) ?? { slug: target.profile }, target.id).learningUntilMs;
  return {
    ...target,
    ...stateOf(house, target, entity, known),
    score: fresh ? row.score : null,
    threshold: fresh ? row.threshold : null,
    // Of what another instance works on, only the board knows.
    learningUntilMs: learning ?? (fresh && !house.shares.owns(target.profile, target.id) ? row.learningUntilMs : null),
    realtime: entity?.realtime ?? known.realtime.get(target.profile) ?? house.config.detection.realtime,
    firing: known.live.filter((alert) => alert.entity === target.id && alert.profile === target.profile && alert.state === 'firing').length,
    spark: known.spark.get(`${target.profile}\n${target.id}`) ?? [],
  };
}

export async function targetOverviews(house: House, scope: Scope, parts = false): Promise<TargetOverview[]> {
  const everything = await watched(house, scope, parts);
  const known = await facts(house, everything.length);
  return everything.map(({ target, entity }) => overviewOf(house, target, entity, known));
}

/** One that a target brings along, such as a container or a pod; null where nothing is known of it. */
export async function partOverview(house: House, scope: Scope, id: string): Promise<TargetOverview | null> {
  const everything = await watched(house, scope, true);
  const pod = podTarget(house, scope, id);
  const target = pod?.target ?? everything.find((each) => each.target.id === id)?.target;
  if (target === undefined) return null;
  const entity = everything.find((each) => each.target.id === id && each.target.profile === target.profile)?.entity ?? null;
  const shown = overviewOf(house, target, entity, await facts(house, everything.length));
  return shown.firing > 0 || pod === null ? shown : { ...shown, state: pod.state, reason: pod.reason, sinceMs: pod.sinceMs };
}

/** The first screen. Bad before unknown before ok: no data is never ok. */
export async function overview(house: House, scope: Scope): Promise<Overview> {
  const targets = await targetOverviews(house, scope);
  const kinds = kindsOf(scope);
  const [open, unknown] = await Promise.all(
    (['open', 'unknown'] as const).map((state) => house.store.incidents.list({ state, kinds, limit: 200, offset: 0 })),
  );
  const incidents = [...(open?.incidents ?? []), ...(unknown?.incidents ?? [])].sort((a, b) => b.openedMs - a.openedMs);
  const parts = house.health();
  const states: State[] = [...targets.filter((target) => target.enabled).map((target) => target.state), ...parts.map((part) => part.state)];
  if (open !== undefined && open.incidents.length > 0) states.push('bad');
  return { nowMs: house.now(), state: worst(states), targets, incidents, parts };
}

export function worst(states: readonly State[]): State {
  if (states.includes('bad')) return 'bad';
  return states.includes('unknown') ? 'unknown' : 'ok';
}
