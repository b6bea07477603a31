import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient } from '../../src/clients/prometheus.ts';
import { configSchema } from '../../src/model/config.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { completeUntil, readWindow } from '../../src/server/reader.ts';
import { ownSource } from '../../src/server/source.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../../test/stand-ins/real.ts';
import type { Figure } from '../result.ts';
import { startExporter } from './exporter.ts';

const stepMs = 60_000;

/**
 * What reading costs a real Prometheus that scrapes `count` hosts every 60 s: its own CPU time of a minute in which a tick's
 * queries are asked again and again, minus that of the quiet minutes before and after, per tick.
 */
export async function queryLoad({ count, ticks }: { count: number; ticks: number }, progress: (line: string) => void): Promise<Figure[]> {
  const profile = loadProfiles(join(import.meta.dirname, '..', '..', 'profiles')).get('linux-host');
  if (profile === undefined) throw new Error('there is no profile linux-host');
  const place = scratch();
  const exporter = await startExporter(count);
  const targets = exporter.targets.map(({ name, address }) => ({ targets: [address], labels: { target: name, profile: profile.slug } }));
  write(place.dir, {
    'prometheus.yml': JSON.stringify({
      global: { scrape_interval: '60s' },
      scrape_configs: [{ job_name: profile.slug, static_configs: targets }],
    }),
  });
  const port = await freePort();
  const prometheus = await startPrometheus(place.dir, port, ['--query.lookback-delta=120s', '--log.level=error']);
  const fetching = createGuardedFetch({ forbiddenPorts: () => new Set([port]) });
  try {
    const client = createPrometheusClient({ name: 'Prometheus', baseUrl: prometheus.url, fetch: fetching, ownChild: true });
    const source = ownSource(client, configSchema.parse({ prometheus: { scrapeInterval: '60s' } }));
    progress(`${count} hosts are scraped every 60 s; the window of a rate is full after about 5 minutes`);
    const full = `count(count_over_time(node_time_seconds[${source.rateMs / 1000}s]) >= 4)`;
    await eventually('full windows', async () => (await sleep(2_000), (await client.query(full))[0]?.value === count), 600_000);

    const cpuSeconds = async () =>
      Number(/^process_cpu_seconds_total (\S+)$/m.exec(await (await fetch(`${prometheus.url}/metrics`)).text())?.[1]);
    /** CPU seconds of a minute; each target is scraped once in it. */
    const minute = async (during: () => Promise<void>): Promise<number> => {
      const endMs = performance.now() + 60_000;
      const before = await cpuSeconds();
      await during();
      await sleep(Math.max(0, endMs - performance.now()));
      return (await cpuSeconds()) - before;
    };
    const quiet = [await minute(async () => {})];
    const busy: number[] = [];
    let tickMs = 0;
    for (let round = 0; round < 2; round += 1) {
      busy.push(
        await minute(async () => {
          const startedMs = performance.now();
          for (let tick = 0; tick < ticks; tick += 1) {
            const toMs = completeUntil(await client.nowMs(), source);
            const { entities } = await readWindow(source, profile, { fromMs: toMs - stepMs, toMs });
            if (entities.length !== count) throw new Error(`a tick read ${entities.length} of ${count} hosts`);
            await sleep(Math.max(0, startedMs + ((tick + 1) * 50_000) / ticks - performance.now()));
          }
          tickMs = (performance.now() - startedMs) / ticks;
        }),
      );
      quiet.push(await minute(async () => {}));
    }
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const perTick = (mean(busy) - mean(quiet)) / ticks;
    return [
      { what: 'queryCpuSharePerCore', value: perTick / 60, unit: 'ratio', atMost: 0.01, note: 'one tick per 60 s' },
      { what: 'queryCpuMsPerTick', value: perTick * 1000, unit: 'ms', note: `mean of ${2 * ticks}, one each ${tickMs.toFixed(0)} ms` },
      { what: 'scrapeCpuSharePerCore', value: mean(quiet) / 60, unit: 'ratio', note: 'without Vigía: scrapes alone' },
    ];
  } finally {
    await fetching.close();
    await prometheus.stop();
    await exporter.stop();
    await place.stop();
  }
}
