import type { Labels } from '../../clients/prometheus.ts';
import type { PanelData, Rule, TargetOverview } from '../../model/api.ts';
import type { Application, Container, Containers, Engine } from '../../model/docker.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Alert } from '../../model/incident.ts';
import type { Profile } from '../../model/profile.ts';
import { isAtAddress, type Target } from '../../model/target.ts';
import { replicaOf } from '../docker/application.ts';
import type { WatchedEngine } from '../docker/engines.ts';
import type { SeenContainer } from '../docker/snapshot.ts';
import { freshMs, type House } from '../house.ts';
import { anyOf, constant } from '../promql.ts';
import { bindingOf, completeUntil, readWindow, sortedFeatures } from '../reader.ts';
import { drawPanel, rulesFor } from './host.ts';
import { targetOverviews } from './overview.ts';

const slug = 'container';
/** What the table shows. */
const shown = ['cpu', 'memory', 'memory_of_limit', 'network_receive', 'network_transmit', 'disk_read', 'disk_write'];
/** Labels by which Compose says whose replica a container is, as cAdvisor spells them. */
const composeLabels = ['project', 'service', 'container_number'].map((name) => `container_label_com_docker_compose_${name}`);

type Placed = Container & { readonly application: string };
/** A container as whoever brings it knows it, before figures, alerts and scores are added. */
type Known = Omit<Placed, 'figures' | 'verdict' | 'reason' | 'score' | 'threshold'> & {
  readonly silent: string | null;
  readonly wrong: boolean;
};

/** P10: the engines, and all containers by application. */
export async function containersView(house: House): Promise<Containers> {
  const profile = house.profiles.get(slug);
  if (profile === undefined) return { engines: [], suggestion: null, applications: [] };
  const [{ engines, known }, figures, live] = await Promise.all([
    everyContainer(house),
    newestFigures(house, profile),
    house.store.incidents.liveAlerts(),
  ]);
  const alerts = live.map(({ alert }) => alert).filter((alert) => alert.profile === slug);
  const placed = known.map((container) => complete(house, container, figures.get(container.entity), alerts));
  const names = [...new Set(placed.map(({ application }) => application))].sort();
  const applications: Application[] = names.map((name) => {
    const containers = placed
      .filter(({ application }) => application === name)
      .map(({ application: _application, ...container }) => container);
    const entities = new Set(containers.map(({ entity }) => entity));
    return { name, containers, alerts: alerts.filter(({ entity }) => entities.has(entity)) };
  });
  return { engines, suggestion: house.engines.suggestion(), applications };
}

/** P08: the rules that can fire for an application, or for an engine under it. @throws VigiaError `not-found`. */
export async function applicationRules(house: House, application: string): Promise<Rule[]> {
  const { profile, entities } = await replicas(house, application);
  return rulesFor(house, profile, [...entities, ...new Set(entities.map((entity) => entity.split('/', 1)[0] as string))]);
}

/** A chart of an application: a line per replica. @throws VigiaError `not-found`, `far-…`. */
export async function applicationPanel(
  house: House,
  application: string,
  panel: string,
  range: { fromMs: number; toMs: number },
): Promise<PanelData> {
  const { profile, entities } = await replicas(house, application);
  return (await drawPanel(house, profile, panel, range, bindingOf(house.source, profile, entities))).data;
}

async function replicas(house: House, application: string): Promise<{ profile: Profile; entities: string[] }> {
  const profile = house.profiles.get(slug);
  const found = (await everyContainer(house)).known.filter((each) => each.application === application);
  if (profile === undefined || found.length === 0) throw new VigiaError('not-found', { thing: 'application', id: application });
  return { profile, entities: found.map(({ entity }) => entity) };
}

async function everyContainer(house: House): Promise<{ engines: Engine[]; known: Known[] }> {
  const watched = house.engines.list();
  const cadvisors = await cadvisorTargets(house);
  const seen = await cadvisorContainers(house, cadvisors, watched);
  const own = watched.map((engine): Engine => {
    const { state, reason } = engine.watch.health();
    const facts = engine.watch.facts();
    const { id, name, socket, from } = engine;
    const version = facts === null ? '' : `Docker ${facts.release}, API ${facts.api}`;
    return { id, name, socket, from, state, reason, version, containers: engine.watch.containers().length };
  });
  const others = cadvisors.map(({ id, name, address, state, reason }): Engine => {
    return {
      id,
      name,
      socket: address,
      from: 'target',
      state,
      reason,
      version: '',
      containers: seen.filter((each) => each.engine === id).length,
    };
  });
  return { engines: [...own, ...others], known: [...watched.flatMap(engineContainers).map(({ known }) => known), ...seen] };
}

/** cAdvisors of the inventory, each with its state; nothing is asked where there is none. */
async function cadvisorTargets(house: House): Promise<TargetOverview[]> {
  const isCadvisor = (target: Target): boolean => target.profile === slug && isAtAddress(target);
  if (!(await house.store.targets.list()).some(isCadvisor)) return [];
  return targetOverviews(house, { hosts: false, containers: true }, isCadvisor);
}

function engineContainers(engine: WatchedEngine): { id: string; known: Known }[] {
  const fresh = engine.watch.fresh();
  const { reason } = engine.watch.health();
  const knownOf = (each: SeenContainer): Known => ({
    entity: `${engine.id}/${each.name}`,
    engine: engine.id,
    name: each.name,
    application: each.application,
    image: each.image,
    labels: { ...each.labels },
    state: fresh ? each.state : ('unknown' as const),
    health: each.state === 'running' ? each.health : null,
    restarts: each.restarts,
    exitCode: each.finishedMs === null ? null : each.exitCode,
    oomKilled: each.oomKilled,
    startedMs: each.startedMs,
    finishedMs: each.finishedMs,
    memoryLimitBytes: each.memoryLimitBytes || null,
    cpuLimitCores: each.cpuQuotaUs > 0 ? each.cpuQuotaUs / each.cpuPeriodUs : null,
    silent: fresh ? null : reason || 'its engine does not answer',
    wrong: isWrong(each),
  });
  return engine.watch.containers().map((each) => ({ id: each.id, known: knownOf(each) }));
}

const isWrong = ({ running, health, state }: SeenContainer): boolean =>
  running === false || state === 'restarting' || (state === 'running' && health === 'unhealthy');

/**
 * Of cAdvisor: that a container is there, and its limits. Where an engine that is watched has the same container, whatever cAdvisor
 * calls it, the rest comes from there.
 */
async function cadvisorContainers(house: House, cadvisors: readonly Target[], watched: readonly WatchedEngine[]): Promise<Known[]> {
  if (cadvisors.length === 0) return [];
  const selector = `profile=${constant(slug)},name!="",${anyOf(
    'target',
    cadvisors.map(({ id }) => id),
  )}`;
  const by = ['target', 'name', 'image', 'application', 'id', ...composeLabels].join(', ');
  const most = (metric: string): string => `max by (target, name) (${metric}{${selector}})`;
  const ask = (expr: string) => house.prometheus.query(expr).catch(() => []);
  const [found, memory, cores] = await Promise.all([
    ask(`max by (${by}) (container_start_time_seconds{${selector}})`),
    ask(`${most('container_spec_memory_limit_bytes')} > 0`),
    ask(`${most('container_spec_cpu_quota')} / ${most('container_spec_cpu_period')} > 0`),
  ]);
  const nameOf = ({ target, name }: Labels): string => `${target}/${name}`;
  const limits = (samples: typeof memory) => new Map(samples.map(({ labels, value }) => [nameOf(labels), value]));
  const [memoryLimits, coreLimits] = [limits(memory), limits(cores)];
  const engines = new Map(watched.flatMap((engine) => engineContainers(engine).map((each) => [each.id, each.known] as const)));
  // One that was made anew is there twice for a moment: the newer one counts.
  const newest = new Map(found.toSorted((a, b) => a.value - b.value).map((sample) => [nameOf(sample.labels), sample]));
  return [...newest].map(([entity, { labels, value }]) => {
    const { target = '', name = '', image = '', id = '' } = labels;
    const twin = engines.get(/[0-9a-f]{64}(?=(\.scope)?$)/.exec(id)?.[0] ?? '');
    if (twin !== undefined && twin.silent === null) return { ...twin, entity, engine: target, name };
    const own = Object.fromEntries(
      composeLabels.flatMap((label) => (labels[label] ? [[composeName(label), labels[label]]] : [])),
    ) as Record<string, string>;
    return {
      entity,
      engine: target,
      name,
      application: labels['application'] || replicaOf({ name, image, labels: own }).application,
      image,
      labels: own,
      state: 'running' as const,
      health: null,
      restarts: null,
      exitCode: null,
      oomKilled: false,
      startedMs: value * 1000,
      finishedMs: null,
      memoryLimitBytes: memoryLimits.get(entity) ?? null,
      cpuLimitCores: coreLimits.get(entity) ?? null,
      silent: null,
      wrong: false,
    };
  });
}

const composeName = (label: string): string =>
  label.replace('container_label_com_docker_compose_', 'com.docker.compose.').replace('container_number', 'container-number');

function complete(house: House, known: Known, figures: ReadonlyMap<string, number | null> | undefined, alerts: readonly Alert[]): Placed {
  const { silent, wrong, ...container } = known;
  const firing = alerts.filter(({ entity, state, severity }) => entity === container.entity && state === 'firing' && severity !== 'info');
  const worst = firing.find(({ severity }) => severity === 'critical') ?? firing[0];
  const verdict = worst !== undefined || wrong ? 'bad' : container.state === 'running' || container.state === 'ended' ? 'ok' : 'unknown';
  const row = house.board.get(slug, container.entity);
  const fresh = row !== null && house.now() - row.tsMs <= freshMs(house.source);
  return {
    ...container,
    figures: Object.fromEntries(shown.map((name) => [name, figures?.get(name) ?? null])),
    verdict: silent === null ? verdict : 'unknown',
    reason: silent ?? worst?.annotations['summary'] ?? '',
    score: fresh ? row.score : null,
    threshold: fresh ? row.threshold : null,
  };
}

/** Features of the newest step of each container; empty where the source is silent, which the page says elsewhere. */
async function newestFigures(house: House, profile: Profile): Promise<Map<string, Map<string, number | null>>> {
  const { source } = house;
  const figures = new Map<string, Map<string, number | null>>();
  try {
    // One step behind now, not the watermark: a person looks at now, nothing is scored from this.
    const toMs = completeUntil(await source.client.nowMs(), { stepMs: source.stepMs, watermarkMs: 0 });
    const { entities } = await readWindow(source, profile, { fromMs: toMs - 3 * source.stepMs, toMs });
    const features = sortedFeatures(profile);
    for (const { entity, rows, present } of entities) {
      const last = present.lastIndexOf(1);
      // One that has stopped meanwhile uses nothing; its last figures would say otherwise.
      if (last < present.length - 2) continue;
      const row = rows.subarray(last * features.length, (last + 1) * features.length);
      figures.set(entity, new Map(features.map(({ name }, column) => [name, Number.isNaN(row[column]) ? null : (row[column] as number)])));
    }
  } catch {
    // No figures is "no data" in each cell.
  }
  return figures;
}
