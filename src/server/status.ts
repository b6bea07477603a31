import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PartHealth } from '../model/api.ts';
import type { Maintenance } from '../model/maintenance.ts';
import type { State } from '../model/target.ts';
import { run } from '../tools/run.ts';
import type { House } from './house.ts';
import { worst } from './views/overview.ts';

/** What `vigia status` prints. */
export interface Status {
  readonly version: string;
  readonly pid: number;
  readonly startedMs: number;
  readonly state: State;
  readonly url: string;
  readonly dataDir: string;
  readonly parts: readonly PartHealth[];
  readonly pids: Readonly<Record<string, number | null>>;
  readonly storeBytes: number;
  readonly prometheusBytes: number;
  readonly rssBytes: number;
  readonly targets: number;
  readonly openIncidents: number;
  /** Targets without a score, for too little was seen of them, and until when (Unix ms) the last of them learns. */
  readonly learning: { readonly targets: number; readonly untilMs: number } | null;
  /** Who is messaged; without any nobody is. */
  readonly receivers: number;
  /** Maintenance windows that run: nobody is messaged about what they name. */
  readonly maintenance: readonly Maintenance[];
}

export async function statusOf(house: House, running: Pick<Status, 'startedMs' | 'url' | 'dataDir' | 'pids'>): Promise<Status> {
  const { store } = house;
  const [sizes, targets, open, receivers, windows] = await Promise.all([
    store.sizes(),
    store.targets.list(),
    store.incidents.list({ state: 'open', limit: 1, offset: 0 }),
    store.settings.receivers(),
    house.maintenance.list(),
  ]);
  const learning = targets.flatMap(({ profile, id }) => house.learner.of({ slug: profile }, id).learningUntilMs ?? []);
  const parts = house.health();
  return {
    version: house.version,
    pid: process.pid,
    ...running,
    state: worst(parts.map((part) => part.state)),
    parts,
    storeBytes: sizes.bytes,
    prometheusBytes: await bytesOf(join(running.dataDir, 'prometheus', 'data')),
    rssBytes: process.memoryUsage.rss(),
    targets: targets.length,
    openIncidents: open.total,
    learning: learning.length === 0 ? null : { targets: learning.length, untilMs: Math.max(...learning) },
    receivers: house.config.alerts.receivers.length + receivers.length,
    maintenance: windows.filter(({ state }) => state === 'running'),
  };
}

async function bytesOf(dir: string): Promise<number> {
  mkdirSync(dir, { recursive: true });
  const result = await run({ file: 'du', args: ['-sb', '--', dir] }, { timeoutMs: 5_000, maxBytes: 10_000 });
  return Number(result.stdout.split('\t')[0]) || 0;
}
