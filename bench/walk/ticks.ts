import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGuardedFetch, type GuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient } from '../../src/clients/prometheus.ts';
import { configSchema } from '../../src/model/config.ts';
import { createAlarms } from '../../src/server/alarms.ts';
import { createBoard } from '../../src/server/board.ts';
import { createLearner } from '../../src/server/learner.ts';
import { createPipeline } from '../../src/server/pipeline.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import type { Source } from '../../src/server/reader.ts';
import { ownSource } from '../../src/server/source.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../../test/stand-ins/real.ts';
import { startExporter } from '../fleet/exporter.ts';
import { type SimulatedHost, simulatedHosts } from '../fleet/host.ts';
import { inMemory, memorySource } from '../fleet/memory-source.ts';
import type { Figure } from '../result.ts';
import { stopwatch } from './stopwatch.ts';

const stepMs = 15_000;
const freshMs = 120_000;
/** Steps each model has learned from: more than the rows that a tree sees, so that trees have their full size. */
const learnedSteps = 300;
const config = configSchema.parse({ detection: { window: `${(learnedSteps * stepMs) / 1000}s` } });
const linuxHost = loadProfiles(join(import.meta.dirname, '..', '..', 'profiles')).get('linux-host');
if (linuxHost === undefined) throw new Error('there is no profile linux-host');
const profile = linuxHost;
const quietly = () => {};
const log = { debug: quietly, info: quietly, warn: quietly, error: quietly };

/** Milliseconds of one tick by part. */
interface TickTimes {
  readonly total: number;
  readonly queries: number;
  readonly parse: number;
  readonly score: number;
  readonly commit: number;
  /** The longest time for which the event loop took nothing else. */
  readonly block: number;
  /** CPU time of the process, its threads included. */
  readonly cpu: number;
}

/**
 * Time per tick of `count` simulated hosts x 12 features at a step of 15 s, each with a model of its own: once through a real
 * Prometheus that scrapes them, once without it. A tick reads one step of all hosts, scores, and commits to SQLite.
 */
export async function ticks(options: { count: number; ticks: number }, progress: (line: string) => void): Promise<Figure[]> {
  const { count } = options;
  const { learnMs, real, pure } = await timeTicks(options, progress);
  return [
    { what: `learn one of ${count} models`, value: learnMs, unit: 'ms' },
    {
      what: `tick of ${count} hosts: total, median`,
      value: median(real, 'total'),
      unit: 'ms',
      note: `highest ${highest(real, 'total').toFixed(0)} ms`,
    },
    { what: '  queries (Prometheus and transport)', value: median(real, 'queries'), unit: 'ms' },
    { what: '  parse', value: median(real, 'parse'), unit: 'ms' },
    { what: '  score and assemble', value: median(real, 'score'), unit: 'ms' },
    { what: '  commit', value: median(real, 'commit'), unit: 'ms' },
    { what: '  the event loop was blocked, longest', value: highest(real, 'block'), unit: 'ms' },
    { what: `tick of ${count} hosts without Prometheus: score and assemble`, value: median(pure, 'score'), unit: 'ms' },
    { what: '  commit', value: median(pure, 'commit'), unit: 'ms' },
  ];
}

/** Milliseconds of learning one model, and of each tick with and without Prometheus. */
export async function timeTicks(
  options: { count: number; ticks: number },
  progress: (line: string) => void,
): Promise<{ learnMs: number; real: readonly TickTimes[]; pure: readonly TickTimes[] }> {
  const { count } = options;
  const place = scratch();
  const hosts = simulatedHosts(count);
  const store = await openStore({ file: join(place.dir, 'vigia.sqlite') }, { now: Date.now });
  try {
    progress(`${count} hosts learn`);
    const learnMs = await learnAll(store, hosts);
    const real = await throughPrometheus({ ...options, dir: place.dir, store }, progress);
    progress(`${count} hosts without Prometheus`);
    const pure = await withoutPrometheus(hosts, store, options.ticks);
    return { learnMs: learnMs / count, real, pure };
  } finally {
    await store.close();
    await place.stop();
  }
}

const learnerOf = (store: Store, source: Source) =>
  createLearner({ store, source: () => source, config: config.detection, log, onChange: quietly });

/** Every host learns from simulated history. @returns milliseconds. */
export async function learnAll(store: Store, hosts: readonly SimulatedHost[]): Promise<number> {
  const learner = learnerOf(store, memorySource(hosts, stepMs, Date.now));
  const profileInMemory = inMemory(profile);
  await learner.meet(
    profileInMemory,
    hosts.map((host) => host.name),
  );
  const startedMs = performance.now();
  for (let learned = 0; learned < hosts.length; ) {
    const now = await learner.maintain(profileInMemory, Date.now());
    if (now.length === 0) throw new Error(`only ${learned} of ${hosts.length} simulated hosts learned`);
    learned += now.length;
  }
  return performance.now() - startedMs;
}

/** A pipeline whose parts are timed at their edges; models come from the store. */
function timedPipeline(source: Source, store: Store, fetching = stopwatch()) {
  const reading = stopwatch();
  const committing = stopwatch();
  const { client } = source;
  const timed: Source = { ...source, client: { nowMs: reading.wrap(client.nowMs), queryRange: reading.wrap(client.queryRange) } };
  const pipeline = createPipeline({
    store: { alarms: store.alarms, pipeline: { ...store.pipeline, commitTick: committing.wrap(store.pipeline.commitTick) } },
    source: () => timed,
    learner: learnerOf(store, timed),
    alarms: createAlarms({ store, config: config.detection, stepMs: () => stepMs, log }),
    board: createBoard({ profiles: new Map([[profile.slug, profile]]), freshMs }),
    log,
    freshMs,
    horizonMs: 3_600_000,
    defaultRealtime: true,
    onRows: quietly,
  });
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  return async (of: typeof profile) => {
    for (const watch of [reading, committing, fetching]) watch.take();
    loop.reset();
    // Blocks are counted from its next turn on.
    await sleep(3);
    const cpuBefore = process.cpuUsage();
    const startedMs = performance.now();
    const result = await pipeline.tick(of);
    const total = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    const [read, commit, queries] = [reading.take(), committing.take(), fetching.take()];
    // What blocked last is noted with the next turn.
    await sleep(3);
    const looped = { block: loop.max / 1e6, cpu: (user + system) / 1000 };
    const times: TickTimes = { total, queries, parse: read - queries, score: total - read - commit, commit, ...looped };
    return { ...result, times };
  };
}

async function withoutPrometheus(hosts: readonly SimulatedHost[], store: Store, count: number): Promise<TickTimes[]> {
  // Later than what went through Prometheus, for it is the same profile of the same store.
  let nowMs = Date.now() + 10 * stepMs;
  const tick = timedPipeline(
    memorySource(hosts, stepMs, () => nowMs),
    store,
  );
  const of = inMemory(profile);
  for (let warm = 0; warm < 3; ) {
    if (!(await tick(of)).behind) warm++;
    nowMs += stepMs;
  }
  const times: TickTimes[] = [];
  for (let done = 0; done < count; done++) {
    const { present, times: each } = await tick(of);
    if (present !== hosts.length) throw new Error(`a tick saw ${present} of ${hosts.length} hosts`);
    times.push(each);
    nowMs += stepMs;
  }
  return times;
}

async function throughPrometheus(
  options: { count: number; ticks: number; dir: string; store: Store },
  progress: (line: string) => void,
): Promise<TickTimes[]> {
  const { count, dir, store } = options;
  const exporter = await startExporter(count);
  const targets = exporter.targets.map(({ name, address }) => ({
    targets: [address],
    labels: { target: name, profile: profile.slug },
  }));
  const scraping = { global: { scrape_interval: '15s' }, scrape_configs: [{ job_name: profile.slug, static_configs: targets }] };
  write(dir, { 'prometheus.yml': JSON.stringify(scraping) });
  const port = await freePort();
  const prometheus = await startPrometheus(dir, port, ['--query.lookback-delta=30s', '--log.level=error']);
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set([port]) });
  try {
    const fetching = stopwatch();
    const timedFetch: GuardedFetch = Object.assign(fetching.wrap(fetch), { close: () => fetch.close() });
    const client = createPrometheusClient({ name: 'Prometheus', baseUrl: prometheus.url, fetch: timedFetch, ownChild: true });
    await eventually('a sample of every host', async () => (await client.query('count(node_time_seconds)'))[0]?.value === count, 120_000);
    progress(`${count} hosts are scraped; ${options.ticks} ticks take about ${Math.ceil(((options.ticks + 8) * stepMs) / 60_000)} minutes`);
    const tick = timedPipeline(ownSource(client, config), store, fetching);
    const times: TickTimes[] = [];
    // Until each host has been there for a whole rate window, and its model is loaded, ticks are no ordinary ones.
    for (let warm = 0; times.length < options.ticks; ) {
      const result = await tick(profile);
      if (result.present === count && ++warm > 6) times.push(result.times);
      await sleep(result.behind ? 0 : stepMs - (result.nowMs % stepMs) + 50);
    }
    return times;
  } finally {
    await fetch.close();
    await prometheus.stop();
    await exporter.stop();
  }
}

export const median = (times: readonly TickTimes[], part: keyof TickTimes): number =>
  times.map((each) => each[part]).toSorted((a, b) => a - b)[times.length >> 1] as number;

export const highest = (times: readonly TickTimes[], part: keyof TickTimes): number => Math.max(...times.map((each) => each[part]));
