import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PartHealth } from '../model/api.ts';
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
}

export async function statusOf(house: House, running: Pick<Status, 'startedMs' | 'url' | 'dataDir' | 'pids'>): Promise<Status> {
  const { store } = house;
  const [sizes, targets, open] = await Promise.all([
    store.sizes(),
    store.targets.list(),
    store.incidents.list({ state: 'open', limit: 1, offset: 0 }),
  ]);
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
  };
}

async function bytesOf(dir: string): Promise<number> {
  mkdirSync(dir, { recursive: true });
  const result = await run({ file: 'du', args: ['-sb', '--', dir] }, { timeoutMs: 5_000, maxBytes: 10_000 });
  return Number(result.stdout.split('\t')[0]) || 0;
}
