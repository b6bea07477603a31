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

/**
 * A real Vigía, with its own Prometheus, that watches `count` simulated hosts at 15 s, each with a model: memory and CPU over
 * `minutes`, and how long the overview takes in a real browser until its rows are there.
 */
export async function watchedFleet(
  { count, minutes, loads }: { count: number; minutes: number; loads: number },
  progress: (line: string) => void,
): Promise<Figure[]> {
  const at = await place();
  const exporter = await startExporter(count);
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
    while (performance.now() - startedMs < minutes * 60_000) {
      resident.push(residentBytes(pids.vigia) / megabyte);
      await sleep(1000);
    }
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
    return [...figures, ...(await pageLoads(vigia, count, loads, progress))];
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

async function pageLoads(vigia: Vigia, count: number, loads: number, progress: (line: string) => void): Promise<Figure[]> {
  const browser = await launch();
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const [name = '', value = ''] = vigia.cookie().split('=');
    await context.addCookies([{ name, value, url: vigia.url }]);
    const times: number[] = [];
    const rows = Math.min(count, 50);
    for (let load = 0; load <= loads; load += 1) {
      const page = await context.newPage();
      const startedMs = performance.now();
      await page.goto(vigia.url, { waitUntil: 'commit' });
      await page
        .locator('li.target-row')
        .nth(rows - 1)
        .waitFor();
      times.push(performance.now() - startedMs);
      progress(`overview: ${times.at(-1)?.toFixed(0)} ms`);
      await page.close();
      // Between two ticks and after one, as it comes.
      await sleep(3_300);
    }
    const [first = 0, ...again] = times;
    again.sort((a, b) => a - b);
    const api: number[] = [];
    let bytes = 0;
    for (let ask = 0; ask < 5; ask += 1) {
      const startedMs = performance.now();
      const answer = await request(`${vigia.url}/api/overview`, { headers: { cookie: vigia.cookie() } });
      bytes = (await answer.body.arrayBuffer()).byteLength;
      api.push(performance.now() - startedMs);
    }
    api.sort((a, b) => a - b);
    return [
      { what: 'overviewFirstMs', value: first, unit: 'ms', note: 'a browser that never saw it' },
      {
        what: 'overviewMs',
        value: again[again.length >> 1] ?? null,
        unit: 'ms',
        atMost: 1_000,
        note: `median of ${again.length}, until ${rows} rows are there`,
      },
      { what: 'overviewSlowestMs', value: again.at(-1) ?? null, unit: 'ms' },
      { what: 'overviewAnswerMs', value: api[2] ?? null, unit: 'ms', note: 'GET /api/overview' },
      { what: 'overviewAnswerBytes', value: bytes, unit: 'bytes' },
    ];
  } finally {
    await browser.close();
  }
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
