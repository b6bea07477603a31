import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AiState } from '../../src/model/api.ts';
import { runningOn } from '../../src/server/data-folder.ts';
import { eventually } from '../../test/stand-ins/real.ts';
import { place, startVigia, type Vigia } from '../../test/walk/vigia.ts';
import { launch } from '../../test/web/browser.ts';
import { startExporter } from '../fleet/exporter.ts';
import type { Figure } from '../result.ts';

const megabyte = 1_000_000;

/**
 * Memory of Vigía's own process with `entities` simulated hosts and the overview open in a browser: the highest resident
 * set, read each second over `minutes` after every host has its model. The children are processes of their own.
 */
export async function memory(
  options: { entities: number; minutes: number; learnSteps: number },
  progress: (line: string) => void,
): Promise<Figure[]> {
  const { entities, minutes, learnSteps } = options;
  const stepMs = 5_000;
  const at = await place();
  const exporter = await startExporter(entities);
  let vigia: Vigia | undefined;
  try {
    vigia = await startVigia(at, {
      prometheus: { scrapeInterval: '5s' },
      detection: { minimumSteps: learnSteps },
      parts: { nodeExporter: false },
    });
    const { pid } = runningOn(at.dataDir) ?? vigia;
    const atStart = residentBytes(pid);
    progress(`started: ${(atStart / megabyte).toFixed(0)} MB`);
    for (const { name, address } of exporter.targets) await vigia.api('POST', '/api/targets', { name, profile: 'linux-host', address });
    const closeBrowser = await openOverview(vigia);
    try {
      progress(`${entities} targets are in the inventory; learning takes about ${Math.ceil((learnSteps * stepMs) / 60_000) + 1} minutes`);
      const warm = await eventually(
        'a model for every host',
        async () => {
          await sleep(stepMs);
          const { profiles } = await (vigia as Vigia).api<AiState>('GET', '/api/ai');
          const learned = profiles.flatMap((profile) => profile.entities).filter((entity) => entity.model !== null).length;
          return learned >= entities && residentBytes(pid);
        },
        learnSteps * stepMs * 1.5 + entities * stepMs + 120_000,
      );
      progress(`warm: ${(warm / megabyte).toFixed(0)} MB; watching for ${minutes} minutes`);
      const seen = await watch(pid, minutes * 60_000);
      const sorted = seen.toSorted((a, b) => a - b);
      return [
        { what: 'resident, right after the start', value: atStart / megabyte, unit: 'MB' },
        { what: 'resident, when all have learned', value: warm / megabyte, unit: 'MB' },
        { what: `resident, median of ${minutes} minutes`, value: (sorted[sorted.length >> 1] as number) / megabyte, unit: 'MB' },
        {
          what: `resident, highest of ${minutes} minutes`,
          value: (sorted.at(-1) as number) / megabyte,
          unit: 'MB',
          atMost: 200,
          note: `node ${flagsOf(pid)}`,
        },
      ];
    } finally {
      await closeBrowser();
    }
  } finally {
    await vigia?.stop();
    await exporter.stop();
    at.remove();
  }
}

async function openOverview(vigia: Vigia): Promise<() => Promise<void>> {
  const browser = await launch();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const [name = '', value = ''] = vigia.cookie().split('=');
  await context.addCookies([{ name, value, url: vigia.url }]);
  await (await context.newPage()).goto(vigia.url);
  return () => browser.close();
}

async function watch(pid: number, ms: number): Promise<number[]> {
  const seen = [residentBytes(pid)];
  for (const untilMs = performance.now() + ms; performance.now() < untilMs; ) {
    await sleep(1000);
    seen.push(residentBytes(pid));
  }
  return seen;
}

/** `VmRSS` of proc_pid_status(5), which the kernel gives in units of 1024 bytes. */
export function residentBytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kibibytes === undefined) throw new Error(`the kernel says no resident memory of process ${pid}`);
  return Number(kibibytes) * 1024;
}

/** The flags of Node.js that a process runs with, from proc_pid_cmdline(5). */
function flagsOf(pid: number): string {
  const [, ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const end = words.findIndex((word) => !word.startsWith('--'));
  return words.slice(0, end).join(' ');
}
