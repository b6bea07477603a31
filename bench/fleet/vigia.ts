import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { Overview } from '../../src/model/api.ts';
import { runningOn } from '../../src/server/data-folder.ts';
import { openStore } from '../../src/store/open.ts';
import { eventually } from '../../test/stand-ins/real.ts';
import { place, startVigia, type Vigia } from '../../test/walk/vigia.ts';
import { launch } from '../../test/web/browser.ts';
import type { Figure } from '../result.ts';
import { residentBytes } from '../walk/memory.ts';
import { learnAll } from '../walk/ticks.ts';
import { startExporter } from './exporter.ts';
import { simulatedHosts } from './host.ts';

const megabyte = 1_000_000;
const ticksPerSecond = 100;
/** As many as the page shows at first. */
const firstRows = 20;

/**
 * A real Vigía, with its own Prometheus, that watches `count` simulated hosts at 15 s, each with a model: memory and CPU over
 * `minutes`, and how long the overview takes in a real browser until its rows are there.
 */
export async function watchedFleet(
  { count, minutes, loads }: { count: number; minutes: number; loads: number },
  progress: (line: string) => void,
): Promise<Figure[]> {
  // First, for it takes thousands of ports: the one that Vigía is to have must still be free.
  const exporter = await startExporter(count);
  const at = await place();
  let vigia: Vigia | undefined;
  try {
    progress(`${count} hosts learn`);
    await fill(at.dataDir, exporter.targets);
    vigia = await startVigia(at, { parts: { nodeExporter: false } }, 120_000);
    const running = vigia;
    progress(`${count} hosts are watched; until each has its score takes about 2 minutes`);
    await eventually(
      'a score of every host',
      async () => {
        await sleep(5_000);
        const { targets } = await running.api<Overview>('GET', '/api/overview');
        return targets.filter((target) => target.score !== null).length === count;
      },
      600_000,
    );
    const pids = { vigia: (runningOn(at.dataDir) ?? vigia).pid, prometheus: (await vigia.status()).pids['Prometheus'] ?? 0 };
    const before = {
      ...(await ownMetrics(at.dataDir)),
      vigiaSeconds: cpuSeconds(pids.vigia),
      prometheusSeconds: cpuSeconds(pids.prometheus),
    };
    progress(`watching for ${minutes} minutes`);
    const resident: number[] = [];
    const startedMs = performance.now();
    const answers = answerTimes(vigia.url, minutes * 60_000);
    while (performance.now() - startedMs < minutes * 60_000) {
      resident.push(residentBytes(pids.vigia) / megabyte);
      await sleep(1000);
    }
    const waits = await answers;
    const seconds = (performance.now() - startedMs) / 1000;
    const after = await ownMetrics(at.dataDir);
    const ticks = after.ticks - before.ticks;
    const sorted = resident.toSorted((a, b) => a - b);
    const figures: Figure[] = [
      {
        what: 'vigiaTickMs',
        value: ((after.tickSeconds - before.tickSeconds) / ticks) * 1000,
        unit: 'ms',
        note: `mean of ${ticks}, in the product`,
      },
      {
        what: 'longestAnswerMs',
        value: waits.at(-1) ?? null,
        unit: 'ms',
        note: `GET /health, the longest of ${waits.length}; half within ${(waits[waits.length >> 1] ?? 0).toFixed(1)} ms`,
      },
      { what: 'vigiaResidentMb', value: sorted[sorted.length >> 1] ?? null, unit: 'MB', note: `median of ${minutes} minutes` },
      { what: 'vigiaResidentHighestMb', value: sorted.at(-1) ?? null, unit: 'MB' },
      { what: 'vigiaCores', value: (cpuSeconds(pids.vigia) - before.vigiaSeconds) / seconds, unit: 'ratio', note: 'share of one core' },
      {
        what: 'prometheusCores',
        value: (cpuSeconds(pids.prometheus) - before.prometheusSeconds) / seconds,
        unit: 'ratio',
        note: 'share of one core, with its scrapes and rules',
      },
    ];
    return [...figures, ...(await pageLoads(vigia, pids, { count, loads }, progress))];
  } finally {
    await vigia?.stop();
    await exporter.stop();
    at.remove();
  }
}

/** The inventory, and a model of each host, as they would be there after some hours. */
async function fill(dataDir: string, targets: readonly { name: string; address: string }[]): Promise<void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // As root, Vigía gives only a folder of its own to its user, and knows it by this file.
  writeFileSync(join(dataDir, 'ports.json'), '{}\n');
  const store = await openStore({ file: join(dataDir, 'vigia.sqlite') }, { now: Date.now });
  try {
    const common = {
      profile: 'linux-host',
      scheme: 'http',
      metricsPath: '/metrics',
      labels: {},
      enabled: true,
      managedBy: 'user',
    } as const;
    for (const { name, address } of targets) await store.targets.insert({ ...common, id: name, name, address, createdMs: Date.now() });
    await learnAll(store, simulatedHosts(targets.length));
  } finally {
    await store.close();
  }
}

/** How long a small answer takes while ticks go on, ascending: it waits for whatever blocks the event loop. */
async function answerTimes(url: string, ms: number): Promise<number[]> {
  const times: number[] = [];
  for (const endMs = performance.now() + ms; performance.now() < endMs; ) {
    const startedMs = performance.now();
    await (await request(`${url}/health`)).body.dump();
    times.push(performance.now() - startedMs);
    // Fewer than are answered in a minute.
    await sleep(70);
  }
  return times.sort((a, b) => a - b);
}

async function pageLoads(
  vigia: Vigia,
  pids: { vigia: number; prometheus: number },
  { count, loads }: { count: number; loads: number },
  progress: (line: string) => void,
): Promise<Figure[]> {
  const browser = await launch();
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const [name = '', value = ''] = vigia.cookie().split('=');
    await context.addCookies([{ name, value, url: vigia.url }]);
    const times: number[] = [];
    const page: number[] = [];
    const server: number[] = [];
    const serverSeconds = () => cpuSeconds(pids.vigia) + cpuSeconds(pids.prometheus);
    const rows = Math.min(count, firstRows);
    for (let load = 0; load <= loads; load += 1) {
      const tab = await context.newPage();
      const inside = await context.newCDPSession(tab);
      await inside.send('Performance.enable', { timeDomain: 'threadTicks' });
      const serverBefore = serverSeconds();
      const startedMs = performance.now();
      await tab.goto(vigia.url, { waitUntil: 'commit' });
      await tab
        .locator('li.target-row')
        .nth(rows - 1)
        .waitFor();
      times.push(performance.now() - startedMs);
      const { metrics } = await inside.send('Performance.getMetrics');
      page.push((metrics.find((metric) => metric.name === 'TaskDuration')?.value ?? Number.NaN) * 1000);
      server.push((serverSeconds() - serverBefore) * 1000);
      progress(`overview: ${times.at(-1)?.toFixed(0)} ms`);
      await tab.close();
      // Between two ticks and after one, as it comes.
      await sleep(3_300);
    }
    const [first = 0, ...again] = times;
    const middle = (some: readonly number[]): number | null => some.toSorted((a, b) => a - b)[some.length >> 1] ?? null;
    const asked = await apiTimes(vigia, `/api/overview?targets=${rows}&incidents=10`, pids.vigia);
    return [
      { what: 'overviewFirstMs', value: first, unit: 'ms', note: 'a browser that never saw it' },
      {
        what: 'overviewMs',
        value: middle(again),
        unit: 'ms',
        atMost: 1_000,
        note: `median of ${again.length}, until ${rows} rows are there`,
      },
      { what: 'overviewSlowestMs', value: Math.max(...again), unit: 'ms' },
      { what: 'overviewPageCpuMs', value: middle(page.slice(1)), unit: 'ms', note: "CPU time of the page's own thread" },
      { what: 'overviewServerCpuMs', value: middle(server.slice(1)), unit: 'ms', note: 'CPU time of Vigía and Prometheus meanwhile' },
      { what: 'overviewAnswerMs', value: asked.ms, unit: 'ms', note: 'what the page asks' },
      { what: 'overviewAnswerCpuMs', value: asked.cpuMs, unit: 'ms', note: 'CPU time of Vigía' },
      { what: 'overviewAnswerBytes', value: asked.bytes, unit: 'bytes' },
      { what: 'overviewWholeMs', value: (await apiTimes(vigia, '/api/overview', pids.vigia)).ms, unit: 'ms', note: `all ${count} targets` },
    ];
  } finally {
    await browser.close();
  }
}

/** Median time, CPU time each, and size of an answer. */
async function apiTimes(vigia: Vigia, path: string, pid: number): Promise<{ ms: number; cpuMs: number; bytes: number }> {
  const times: number[] = [];
  let bytes = 0;
  const before = cpuSeconds(pid);
  for (let ask = 0; ask < 20; ask += 1) {
    const startedMs = performance.now();
    const answer = await request(`${vigia.url}${path}`, { headers: { cookie: vigia.cookie() } });
    bytes = (await answer.body.arrayBuffer()).byteLength;
    times.push(performance.now() - startedMs);
  }
  const cpuMs = ((cpuSeconds(pid) - before) / times.length) * 1000;
  return { ms: times.sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN, cpuMs, bytes };
}

async function ownMetrics(dataDir: string): Promise<{ ticks: number; tickSeconds: number }> {
  const running = runningOn(dataDir);
  if (running === null) throw new Error('Vigía does not run');
  const answer = await request(`${running.internalUrl}/metrics`, { headers: { authorization: `Bearer ${running.token}` } });
  const text = await answer.body.text();
  const valueOf = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  return { ticks: valueOf('vigia_ticks_total'), tickSeconds: valueOf('vigia_tick_seconds_total') };
}

/** `utime` and `stime` of proc_pid_stat(5). */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
