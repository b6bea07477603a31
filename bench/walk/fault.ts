import { mkdirSync, rmSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../src/detect/index.ts';
import type { FindingPage, IncidentPage } from '../../src/model/api.ts';
import type { Incident } from '../../src/model/incident.ts';
import { start } from '../../src/tools/run.ts';
import { stressCommand, type StressOptions } from '../../src/tools/stress-ng.ts';
import { eventually } from '../../test/stand-ins/real.ts';
import type { TelegramMessage } from '../../test/stand-ins/telegram.ts';
import type { WatchedMachine } from './house.ts';

export type FaultKind = 'cpu' | 'disk' | 'memory';

/** Which features a fault of a kind moves first: one of them must be named. */
export const movedBy: Readonly<Record<FaultKind, readonly string[]>> = {
  cpu: ['cpu', 'load_per_core'],
  disk: ['disk_busy', 'iowait', 'processes_blocked'],
  memory: ['memory'],
};

/** When each part of the walk was reached, in seconds since the fault began; null where no trace of it was found. */
export interface Walked {
  readonly scraped: number | null;
  readonly scored: number | null;
  readonly shown: number | null;
  readonly pending: number | null;
  readonly firing: number | null;
  /** Null when no message came. */
  readonly message: number | null;
  /** Features of the incident, largest share first; none when there was no incident. */
  readonly features: readonly string[];
}

const longestMs = 180_000;
const calmMs = 60_000;

/** Everything about a fault but the machine it meets is its seed's: how hard it is, and when within a step it begins. */
function faultOf(kind: FaultKind, seed: number, workingDir: string): { stress: StressOptions; delayShare: number } {
  const random = createRandom(seed);
  const delayShare = random.uniform();
  const common = { timeoutMs: longestMs, workingDir };
  const share = 0.2 + 0.1 * random.uniform();
  if (kind === 'cpu') return { delayShare, stress: { ...common, cpuWorkers: cpus().length } };
  if (kind === 'memory') return { delayShare, stress: { ...common, memoryBytes: Math.round(totalmem() * share) } };
  return { delayShare, stress: { ...common, diskWorkers: 1 + random.below(2), diskBytes: 256 * 2 ** 20 } };
}

/** On a calm machine makes a real fault with stress-ng, waits for the message, ends the fault, and waits until its incident is closed. */
export async function walkOf(machine: WatchedMachine, kind: FaultKind, seed: number): Promise<Walked> {
  const { vigia, telegram, stepMs } = machine;
  const workingDir = join(machine.dir, 'stress');
  mkdirSync(workingDir, { recursive: true });
  const { stress, delayShare } = faultOf(kind, seed, workingDir);
  await calm(machine);
  await sleep(delayShare * stepMs);

  const before = telegram.received.length;
  const beganMs = Date.now();
  const load = start(stressCommand({ file: 'stress-ng', env: {} }, stress));
  const isNews = (message: TelegramMessage) => telegram.received.indexOf(message) >= before && message.text.includes('FIRING');
  const came = await telegram.waitFor(isNews, longestMs).then(
    () => true,
    () => false,
  );
  const message = came ? (Date.now() - beganMs) / 1000 : null;
  load.kill('SIGTERM');
  await load.exited;
  rmSync(workingDir, { recursive: true, force: true });

  const walked = { ...(await tracesOf(machine, beganMs)), message };
  const { incidents } = await vigia.api<IncidentPage>('GET', '/api/incidents');
  const newest = incidents.find((incident) => incident.openedMs >= beganMs);
  if (newest === undefined) return { ...walked, features: [] };
  const closed = await eventually(
    'the end of the incident',
    async () => {
      await sleep(1_000);
      const incident = await vigia.api<Incident>('GET', `/api/incidents/${newest.id}`);
      return incident.state === 'closed' && incident;
    },
    600_000,
  );
  return { ...walked, features: closed.shares.map((share) => share.feature) };
}

/** Waits until the machine has been below its threshold for a minute, and nothing is open. */
async function calm(machine: WatchedMachine): Promise<void> {
  let sinceMs = performance.now();
  await eventually(
    'a calm machine',
    async () => {
      await sleep(1_000);
      const { score, threshold, firing } = await machine.target();
      if (firing > 0 || score === null || threshold === null || score >= threshold) sinceMs = performance.now();
      return performance.now() - sinceMs >= calmMs;
    },
    calmMs + 900_000,
  );
}

/** What Prometheus, the findings and the event stream say about when a fault was seen. */
async function tracesOf(machine: WatchedMachine, beganMs: number): Promise<Omit<Walked, 'message' | 'features'>> {
  const { vigia, stepMs, scoredMs } = machine;
  const { id, profile } = await machine.target();
  const since = (ms: number | undefined): number | null => (ms === undefined ? null : (ms - beganMs) / 1000);
  const firstSample = async (selector: string): Promise<number | null> => {
    // A range vector: the samples themselves, with the times at which they were scraped or evaluated.
    const series = (await vigia.query(`${selector}[10m]`)) as unknown as readonly { values: readonly [number, string][] }[];
    const times = series.flatMap(({ values }) => values.map(([seconds]) => seconds * 1000)).filter((ms) => ms >= beganMs);
    return since(times.length === 0 ? undefined : Math.min(...times));
  };
  const range = `profile=${profile}&entity=${encodeURIComponent(id)}&fromMs=${beganMs - stepMs}&limit=1000`;
  const { findings } = await vigia.api<FindingPage>('GET', `/api/ai/findings?${range}`);
  const firstStepMs = Math.min(...findings.map((finding) => finding.tsMs));
  const alert = (state: string) => firstSample(`ALERTS{alertname="VigiaAnomaly",alertstate="${state}",entity="${id}"}`);
  return {
    scraped: await firstSample(`node_time_seconds{target="${id}"}`),
    // A step is scored when it is older than the watermark, and the event says so at once.
    scored: since(scoredMs.find((ms) => ms >= firstStepMs + 2 * stepMs)),
    shown: await firstSample(`vigia_anomaly_contribution{entity="${id}"}`),
    pending: await alert('pending'),
    firing: await alert('firing'),
  };
}
