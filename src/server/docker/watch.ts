import type { DockerClient, EngineFacts } from '../../clients/docker.ts';
import type { EngineEvent } from '../../clients/docker-answers.ts';
import type { PartHealth } from '../../model/api.ts';
import { reasonOf } from '../../model/errors.ts';
import { engineIntervalMs } from '../derive/rule-spec.ts';
import type { Log } from '../log.ts';
import { startLoop } from '../loops.ts';
import { dockerExposition } from './exposition.ts';
import { type Reading, type SeenContainer, seenOf } from './snapshot.ts';

/** One engine that is watched: asked again and again, so that a scrape never waits for it. */
export interface EngineWatch {
  /** `docker NAME`, with the reason when it does not answer. */
  health(): PartHealth;
  facts(): EngineFacts | null;
  /** As it said last. */
  containers(): readonly SeenContainer[];
  /** False until it has answered, and when its last answer is too old to be believed. */
  fresh(): boolean;
  /** Metrics of the newest answers; null where they are not fresh. */
  exposition(): string | null;
  stop(): Promise<void>;
}

/** Beyond this, containers are left out, and the reason says how many. */
const mostContainers = 1_000;
const inspectedAtOnce = 8;
/** The engine reads all of them once a second anyway; more at once would only queue inside of it. */
const readAtOnce = 24;
/** How far back the engine is asked at first: it remembers who stopped what. */
const historyMs = 86_400_000;
const mostRemembered = 20_000;
/** An answer cannot be later than its deadline: beyond that, a clock was set. */
const mostLateMs = 6_000;

export function watchEngine(options: {
  name: string;
  client: DockerClient;
  scrapeIntervalMs: number;
  now: () => number;
  log: Log;
  /** Containers came or went, or changed their state. */
  onChange: () => void;
  onHealth: () => void;
}): EngineWatch {
  const { client, now } = options;
  const stateMs = engineIntervalMs(options.scrapeIntervalMs);
  // Twice per scrape interval, so that a rate always finds enough; a reading takes the engine a second.
  const readMs = Math.max(1_000, Math.floor(options.scrapeIntervalMs / 2));
  const believedMs = Math.max(10_000, 3 * stateMs);
  let facts: EngineFacts | null = null;
  let seen: readonly SeenContainer[] = [];
  let seenMs = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  let eventsToMs: number | null = null;
  let taken = new Set<string>();
  const readings = new Map<string, Reading>();
  const oomEvents = new Map<string, number>();
  const stopped = new Set<string>();
  let unread = new Set<string>();
  const clock = createClock();

  /** Kills and stops since the last time; the engine's answer overlaps by a moment, so each counts once. */
  const take = (events: readonly EngineEvent[]): void => {
    const keys = events.map((event) => `${event.timeNano} ${event.id} ${event.action}`);
    for (const [at, { action, id }] of events.entries()) {
      if (taken.has(keys[at] as string)) continue;
      if (action === 'oom') oomEvents.set(id, (oomEvents.get(id) ?? 0) + 1);
      if (action === 'kill' || action === 'stop') stopped.add(id);
      if (action === 'start') stopped.delete(id);
    }
    taken = new Set(keys);
    // Containers that are long gone; only engines that make thousands an hour come here.
    for (const memory of [oomEvents, stopped]) for (const id of memory.keys()) if (memory.size > mostRemembered) memory.delete(id);
  };

  const look = async (): Promise<number> => {
    facts ??= await client.engine();
    const { ids, nowMs } = await client.list();
    take(await client.events(eventsToMs ?? nowMs - historyMs, nowMs));
    eventsToMs = nowMs;
    const asked = ids.slice(0, mostContainers);
    const before = seen;
    const known = new Map(before.map((each) => [each.id, each]));
    const failed: unknown[] = [];
    const found = await atOnce(inspectedAtOnce, asked, async (id) => {
      try {
        const inspected = await client.inspect(id);
        return inspected === null ? undefined : seenOf(inspected, { nowMs, stoppedByHand: stopped.has(id) });
      } catch (thrown) {
        // An engine may hang over one container and answer for the rest: that one is as it was.
        failed.push(thrown);
        return known.get(id);
      }
    });
    if (failed.length > 0 && failed.length === asked.length) throw failed[0];
    seen = found.filter((each) => each !== undefined).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    seenMs = now();
    leftOut = ids.length - asked.length;
    const there = new Set(ids);
    for (const id of readings.keys()) if (!there.has(id)) readings.delete(id);
    if (outline(before) !== outline(seen)) {
      options.onChange();
      // A new container's figures need not wait for their turn.
      reader.wake();
    }
    if (leftOut > 0) throw new Error(`it has ${ids.length} containers, of which only ${mostContainers} are watched`);
    return stateMs;
  };

  const readAll = async (): Promise<number> => {
    const startedMs = now();
    const running = seen.filter(({ state }) => state === 'running' || state === 'paused');
    const failed = new Map<string, unknown>();
    await atOnce(readAtOnce, running, async ({ id }) => {
      try {
        const stats = await client.stats(id);
        if (stats !== null) readings.set(id, { atMs: clock(Date.parse(stats.read), now()), stats });
      } catch (thrown) {
        failed.set(id, thrown);
      }
    });
    unread = new Set(failed.keys());
    if (failed.size > 0 && failed.size === running.length) throw [...failed.values()][0];
    return Math.max(0, readMs - (now() - startedMs));
  };

  const common = { now, log: options.log };
  const state = startLoop({
    ...common,
    name: `docker ${options.name}`,
    work: async () => {
      try {
        return await look();
      } catch (thrown) {
        facts = null;
        throw thrown;
      }
    },
    retryMs: stateMs,
    badAfterMs: believedMs,
    onChange: options.onHealth,
  });
  const reader = startLoop({
    ...common,
    name: `docker ${options.name}: figures`,
    work: readAll,
    retryMs: readMs,
    badAfterMs: 60_000,
    onChange: options.onHealth,
  });

  const fresh = (): boolean => now() - seenMs <= believedMs;
  return {
    health: () => {
      const [states, figures] = [state.health(), reader.health()];
      return states.state === 'ok' && figures.state !== 'ok' && seen.length > 0 ? { ...figures, part: states.part } : states;
    },
    facts: () => facts,
    containers: () => seen,
    fresh,
    exposition: () => {
      if (!fresh()) return null;
      const oldestMs = now() - Math.max(believedMs, 4 * options.scrapeIntervalMs);
      const newest = new Map([...readings].filter(([, { atMs }]) => atMs >= oldestMs));
      return dockerExposition({ facts, containers: seen, readings: newest, oomEvents, unread });
    },
    async stop() {
      await client.close();
      await Promise.all([state.stop(), reader.stop()]);
    },
  };
}

const outline = (containers: readonly SeenContainer[]): string =>
  containers.map(({ id, name, state, health, restarts }) => [id, name, state, health, restarts].join(' ')).join('\n');

/**
 * When something was read, on our clock, from the engine's: their difference is that of the fastest answer, so that an answer
 * that came late moves no rate. It gives way by a millisecond a time, as clocks drift, and at once to one that was set.
 */
function createClock(): (theirMs: number, receivedMs: number) => number {
  let offsetMs = Number.POSITIVE_INFINITY;
  return (theirMs, receivedMs) => {
    const lateMs = receivedMs - theirMs;
    if (Number.isNaN(lateMs)) return receivedMs;
    offsetMs = Math.abs(lateMs - offsetMs) > mostLateMs ? lateMs : Math.min(offsetMs + 1, lateMs);
    return theirMs + offsetMs;
  };
}

/** Work on each item, at most `most` at a time; answers in their order. The first failure ends it. */
async function atOnce<In, Out>(most: number, items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const answers: Out[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      answers[at] = await work(items[at] as In);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  return answers;
}

/** Whether an engine answers, in a sentence; nothing of it is kept. */
export async function testEngine(client: DockerClient): Promise<{ ok: boolean; message: string }> {
  try {
    const { release, api } = await client.engine();
    const { ids } = await client.list();
    return { ok: true, message: `Docker ${release} (API ${api}) answers with ${ids.length} containers.` };
  } catch (thrown) {
    return { ok: false, message: reasonOf(thrown) };
  } finally {
    await client.close();
  }
}
