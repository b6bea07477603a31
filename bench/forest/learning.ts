/** Learning as the server does it, one model after the other: what it takes, and how long requests wait meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { configSchema } from '../../src/model/config.ts';
import { createDetectors } from '../../src/server/detectors.ts';
import { createLearner } from '../../src/server/learner.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { createHeavyThreads } from '../../src/server/threads/heavy-threads.ts';
import { type HeavyWork, heavyWorkHere } from '../../src/server/threads/heavy-work.ts';
import { openStore } from '../../src/store/open.ts';
import { simulatedHosts } from '../fleet/host.ts';
import { inMemory, memorySource } from '../fleet/memory-source.ts';
import type { Figure } from '../result.ts';

const hosts = simulatedHosts(100);
const quietly = () => {};
const log = { debug: quietly, info: quietly, warn: quietly, error: quietly };

interface Learned {
  /** CPU time of the whole process. */
  readonly totalMs: number;
  readonly longestMs: number;
}

const msOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;

/** The longest turn of the event loop, in CPU time of its thread: what a request would wait on a machine that does nothing else. */
function watchTurns(): () => number {
  let last = msOf(process.threadCpuUsage());
  let longest = 0;
  const turn = setInterval(() => {
    const now = msOf(process.threadCpuUsage());
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  return () => {
    clearInterval(turn);
    return longest;
  };
}

async function learn(heavy: HeavyWork, config: ReturnType<typeof configSchema.parse>): Promise<Learned> {
  const linuxHost = loadProfiles(join(import.meta.dirname, '..', '..', 'profiles')).get('linux-host');
  if (linuxHost === undefined) throw new Error('there is no profile linux-host');
  const profile = inMemory(linuxHost);
  const dir = mkdtempSync(join(tmpdir(), 'vigia-bench-'));
  const store = await openStore({ file: join(dir, 'vigia.sqlite') }, { now: Date.now });
  const memory = memorySource(hosts, config.prometheus.scrapeInterval, Date.now);
  // Answers come over the network, each in a turn of its own.
  const client: typeof memory.client = {
    ...memory.client,
    queryRange: async (expr, range) => {
      await setImmediate();
      return memory.client.queryRange(expr, range);
    },
  };
  const source = { ...memory, client };
  const learner = createLearner({ store, source: () => source, config: config.detection, heavy, log, onChange: quietly });
  try {
    const names = hosts.map((host) => host.name);
    await learner.meet(profile, names);
    // One model first: the compilers have seen all of it, and a thread is there.
    await learner.train(profile, names[0] ?? '', Date.now(), config.detection.window);
    const longest = watchTurns();
    const before = process.cpuUsage();
    let learned = 0;
    for (let more = true; more; ) {
      const some = await learner.maintain(profile, Date.now());
      learned += some.length;
      more = some.length > 0;
    }
    if (learned !== hosts.length - 1) throw new Error(`${learned} of ${hosts.length - 1} simulated hosts learned`);
    return { totalMs: msOf(process.cpuUsage(before)), longestMs: longest() };
  } finally {
    await store.close();
    rmSync(dir, { recursive: true });
  }
}

export async function learningFigures(): Promise<Figure[]> {
  const config = configSchema.parse({});
  const threads = createHeavyThreads(config.detection);
  const there = await learn(threads, config).finally(() => threads.stop());
  const here = await learn(heavyWorkHere(createDetectors(config.detection), config.detection), config);
  const each = (learned: Learned): number => learned.totalMs / (hosts.length - 1);
  return [
    {
      what: 'longest turn of the event loop',
      value: there.longestMs,
      unit: 'ms',
      atMost: 50,
      note: `while ${hosts.length - 1} hosts x 12 features learned from ten hours each; reading is simulated`,
    },
    { what: 'read, learn and save one', value: each(there), unit: 'ms', note: 'CPU time, all threads' },
    { what: 'longest turn of the event loop, without a thread', value: here.longestMs, unit: 'ms' },
    { what: 'read, learn and save one, without a thread', value: each(here), unit: 'ms' },
  ];
}
