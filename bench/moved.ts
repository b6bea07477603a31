/**
 * "What else moved" over the real Prometheus: four targets of which one had an incident, 75 minutes of history at 15 s written
 * into its storage beforehand, a few series of each that really move. Times are medians; what is found must be right.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createGuardedFetch } from '../src/clients/guarded.ts';
import { createPrometheusClient } from '../src/clients/prometheus.ts';
import type { Moved } from '../src/model/explanation.ts';
import type { Profile } from '../src/model/profile.ts';
import { compareMoved } from '../src/server/moved/compare.ts';
import { loadProfiles } from '../src/server/profiles.ts';
import type { Source } from '../src/server/reader.ts';
import { run as runTool } from '../src/tools/run.ts';
import { type ManySeries, manySeries } from '../test/stand-ins/many-series.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../test/stand-ins/real.ts';
import { type Figure, measured } from './result.ts';

const targets = ['web1', 'web2', 'web3', 'web4'];
const movers = 5;
const stepMs = 15_000;
const minuteMs = 60_000;
const rounds = 9;

/** The series of each target, from an hour and a half before the incident to half an hour after its start, as promtool reads it. */
function writeHistory(file: string, perTarget: number, openedMs: number): readonly ManySeries[] {
  const all = targets.map((_, index) => manySeries(perTarget, movers, index + 1));
  const to = openSync(file, 'w');
  for (let ms = openedMs - 90 * minuteMs; ms <= openedMs + 30 * minuteMs; ms += stepMs) {
    for (const [index, series] of all.entries()) {
      const labels = `target="${targets[index]}",profile="linux-host",job="linux-host",instance="${targets[index]}:9100"`;
      writeSync(to, series.next(ms >= openedMs - minuteMs, { labels, seconds: ms / 1000 }));
    }
  }
  writeSync(to, '# EOF\n');
  closeSync(to);
  return all;
}

async function startWithHistory(dir: string, file: string) {
  const made = await runTool(
    { file: 'promtool', args: ['tsdb', 'create-blocks-from', 'openmetrics', file, join(dir, 'prometheus-data')] },
    { timeoutMs: 600_000, maxBytes: 100_000 },
  );
  if (made.exitCode !== 0) throw new Error(`promtool could not write the history: ${made.stderr}`);
  write(dir, { 'prometheus.yml': 'global: {scrape_interval: 1h}\n' });
  return startPrometheus(dir, await freePort(), ['--query.lookback-delta=30s', '--storage.tsdb.retention.time=30d']);
}

/** A client that counts how long it waited for answers, and how long for answers and for reading them. */
function timedClient(baseUrl: string) {
  const spent = { waiting: 0, asking: 0 };
  const guarded = createGuardedFetch({ forbiddenPorts: () => new Set() });
  const fetch: typeof guarded = Object.assign(
    async (...args: Parameters<typeof guarded>) => {
      const startMs = performance.now();
      const answer = await guarded(...args);
      spent.waiting += performance.now() - startMs;
      return answer;
    },
    { close: () => guarded.close() },
  );
  const client = createPrometheusClient({ name: 'Prometheus', baseUrl, fetch, ownChild: true });
  const timed = {
    ...client,
    async queryRange(...args: Parameters<typeof client.queryRange>) {
      const startMs = performance.now();
      const answer = await client.queryRange(...args);
      spent.asking += performance.now() - startMs;
      return answer;
    },
  };
  return { client: timed, spent, close: () => guarded.close() };
}

/** Seconds of processor time that Prometheus says it has used. */
async function prometheusCpu(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (.+)$/m.exec(text)?.[1] ?? Number.NaN);
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** The series that moved and stand first, as a share of all that did. */
function foundShare(moved: Moved, all: readonly ManySeries[]): number {
  const wanted = new Set(all.flatMap(({ movers: names }, index) => names.map((name) => `${targets[index]} ${name}`)));
  const first = moved.rows.slice(0, wanted.size);
  return first.filter((row) => wanted.has(`${row.entity} ${row.metric}`)).length / wanted.size;
}

async function benchMoved(perTarget: number, progress: (line: string) => void): Promise<Figure[]> {
  const { dir, stop } = scratch();
  const stops: (() => Promise<void>)[] = [stop];
  try {
    const openedMs = Math.floor(Date.now() / minuteMs) * minuteMs - 24 * 60 * minuteMs;
    const history = join(dir, 'history.om');
    progress(`writing two hours of ${perTarget * targets.length} series`);
    const all = writeHistory(history, perTarget, openedMs);
    const server = await startWithHistory(dir, history);
    stops.push(server.stop);
    const { client, spent, close } = timedClient(server.url);
    stops.push(close);
    await eventually('Prometheus', () => client.ready().then(() => true));
    const profile = loadProfiles(join(import.meta.dirname, '..', 'profiles')).get('linux-host') as Profile;
    const source: Source = {
      client,
      stepMs,
      watermarkMs: 2 * stepMs,
      rateMs: 4 * stepMs,
      selector: (each) => each.selector,
      identity: (each) => each.identity,
    };
    const entities = targets.map((entity) => ({ entity, name: entity }));
    const incident = { startMs: openedMs, endMs: null, shares: [] };

    const times: { whole: number; waiting: number; reading: number; ranking: number }[] = [];
    let moved: Moved | undefined;
    const used = { prometheus: await prometheusCpu(server.url), own: process.cpuUsage() };
    for (let round = 0; round <= rounds; round++) {
      Object.assign(spent, { waiting: 0, asking: 0 });
      const startMs = performance.now();
      moved = await compareMoved(source, profile, incident, entities);
      const whole = performance.now() - startMs;
      times.push({ whole, waiting: spent.waiting, reading: spent.asking - spent.waiting, ranking: whole - spent.asking });
    }
    const cpu = process.cpuUsage(used.own);
    const ownCpu = (cpu.user + cpu.system) / 1e6 / times.length;
    const farCpu = ((await prometheusCpu(server.url)) - used.prometheus) / times.length;
    // The first one also warms up Prometheus and the compiler: it stands alone.
    const [first, ...rest] = times;
    const of = (part: keyof (typeof times)[number]) => median(rest.map((each) => each[part])) / 1000;
    const { compared, movedSeries, stepMs: gridMs, fromMs, toMs } = moved as Moved;
    return [
      { what: 'series compared', value: compared.series, unit: 'count', atLeast: perTarget * targets.length },
      { what: 'steps of each', value: (toMs - fromMs) / gridMs, unit: 'count' },
      { what: 'the whole answer', value: of('whole'), unit: 's', atMost: 2 },
      { what: 'the first answer of a fresh process', value: (first?.whole ?? Number.NaN) / 1000, unit: 's', atMost: 2 },
      { what: 'of it Prometheus: queries and transport', value: of('waiting'), unit: 's' },
      { what: 'of it reading the answers', value: of('reading'), unit: 's' },
      { what: 'of it comparing and ranking', value: of('ranking'), unit: 's' },
      { what: 'processor time of Prometheus per answer', value: farCpu, unit: 's' },
      { what: 'processor time of Vigía per answer', value: ownCpu, unit: 's' },
      {
        what: 'series that moved and rank first',
        value: foundShare(moved as Moved, all),
        unit: 'ratio',
        atLeast: 1,
        note: `${movers * targets.length} of them`,
      },
      { what: 'series said to have moved', value: movedSeries, unit: 'count' },
    ];
  } finally {
    for (const each of stops.toReversed()) await each();
  }
}

export const moved = {
  does: 'what else moved around an incident: all series of a target and its peers over the real Prometheus',
  options: { series: 'of all targets together; 2000' },
  run: async (options: Readonly<Record<string, string | undefined>>, progress: (line: string) => void) => {
    const series = Number(options['series'] ?? 2000);
    if (!Number.isInteger(series) || series < 400) throw new Error(`--series is "${options['series']}", no whole number of 400 or more`);
    const perTarget = Math.ceil(series / targets.length);
    const used = { series: perTarget * targets.length, targets: targets.length, rounds, step: '15s' };
    return [await measured('moved', used, () => benchMoved(perTarget, progress))];
  },
};
