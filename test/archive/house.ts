import { setTimeout as sleep } from 'node:timers/promises';
import { createGuardedFetch, type GuardedFetch } from '../../src/clients/guarded.ts';
import { createInfluxClient, type InfluxClient } from '../../src/clients/influxdb.ts';
import { createPrometheusClient, type PrometheusClient, type RangeSeries } from '../../src/clients/prometheus.ts';
import { type ArchiveConfig, archiveSchema } from '../../src/model/archive.ts';
import { createArchive } from '../../src/server/archive/feed.ts';
import type { ArchiveStore } from '../../src/store/contract.ts';
import { run } from '../../src/tools/run.ts';
import { write } from '../stand-ins/real.ts';

export const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;

export const guardedFetch = (): GuardedFetch => createGuardedFetch({ forbiddenPorts: () => new Set() });

export function prometheusAt(url: string, fetch: GuardedFetch): PrometheusClient {
  return createPrometheusClient({ name: 'Prometheus', baseUrl: url, fetch });
}

/** Samples of the past as Prometheus's own blocks, made by promtool. Lines are OpenMetrics: `name{labels} value seconds`. */
export async function pastBlocks(dir: string, types: readonly string[], lines: readonly string[]): Promise<void> {
  write(dir, { 'past.txt': `${[...types.map((name) => `# TYPE ${name} gauge`), ...lines, '# EOF'].join('\n')}\n` });
  const result = await run(
    { file: 'promtool', args: ['tsdb', 'create-blocks-from', 'openmetrics', `${dir}/past.txt`, `${dir}/prometheus-data`] },
    { timeoutMs: 60_000, maxBytes: 100_000 },
  );
  if (result.exitCode !== 0) throw new Error(`promtool: ${result.stderr || result.stdout}`);
}

export function memoryStore(): ArchiveStore {
  const rows = new Map<string, Awaited<ReturnType<ArchiveStore['list']>>[number]>();
  return {
    list: async () => [...rows.values()],
    async advance({ rule, fromMs, toMs, written, refused, notFinite, infinite = 0, stale = 0 }) {
      const row = rows.get(rule);
      if ((row?.cursorMs ?? null) !== fromMs) return false;
      const before = row ?? { beganMs: toMs, written: 0, refused: 0, notFinite: 0, infinite: 0, stale: 0 };
      rows.set(rule, {
        rule,
        beganMs: before.beganMs,
        cursorMs: toMs,
        written: before.written + written,
        refused: before.refused + refused,
        notFinite: before.notFinite + notFinite,
        infinite: before.infinite + infinite,
        stale: before.stale + stale,
      });
      return true;
    },
  };
}

export const archiveConfig = (url: string, rules: readonly object[]): ArchiveConfig =>
  archiveSchema.parse({ url, version: 1, database: 'vigia', rules });

/** The archive over a real Prometheus and a real InfluxDB; `fetch` is how InfluxDB is reached. */
export function archiveOf(options: {
  config: ArchiveConfig;
  fetch: GuardedFetch;
  client: PrometheusClient;
  store?: ArchiveStore;
  horizonMs: number;
  watermarkMs?: number;
}) {
  const influx: InfluxClient = createInfluxClient({
    name: 'InfluxDB',
    baseUrl: options.config.url,
    version: options.config.version,
    fetch: options.fetch,
    batchLines: 1_000,
    deadlineMs: 5_000,
  });
  const archive = createArchive({
    config: options.config,
    influx,
    source: () => ({ client: options.client, watermarkMs: options.watermarkMs ?? 2_000 }),
    store: options.store ?? memoryStore(),
    scrapeIntervalMs: 1_000,
    horizonMs: options.horizonMs,
    now: Date.now,
    log,
  });
  return { archive, influx };
}

/** Goes on until every rule has everything until `untilMs`, over failures too; `failed` hears of each. */
export async function untilArchived(
  archive: ReturnType<typeof archiveOf>['archive'],
  untilMs: number,
  failed: (thrown: unknown) => Promise<void> | void = (thrown) => {
    throw thrown;
  },
): Promise<void> {
  for (let round = 0; round < 600; round++) {
    try {
      await archive.advance();
      if (archive.state().rules.every((rule) => (rule.untilMs ?? 0) >= untilMs)) return;
    } catch (thrown) {
      await failed(thrown);
    }
    await sleep(20);
  }
  throw new Error(`not archived until ${untilMs}: ${JSON.stringify(archive.state())}`);
}

/** `series → time → bits of the value`, of what is finite. */
export type Ledger = Map<string, Map<number, bigint>>;

export function ledgerOf(all: readonly Pick<RangeSeries, 'labels' | 'tsMs' | 'values'>[]): {
  ledger: Ledger;
  notFinite: number;
  infinite: number;
} {
  const ledger: Ledger = new Map();
  let notFinite = 0;
  let infinite = 0;
  for (const { labels, tsMs, values } of all) {
    const points = new Map<number, bigint>();
    const bits = new BigUint64Array(Float64Array.from(values).buffer);
    for (const [at, value] of values.entries()) {
      if (Number.isFinite(value)) points.set(tsMs[at] as number, bits[at] as bigint);
      else {
        notFinite++;
        if (!Number.isNaN(value)) infinite++;
      }
    }
    if (points.size > 0) ledger.set(JSON.stringify(Object.entries(labels).sort()), points);
  }
  return { ledger, notFinite, infinite };
}
