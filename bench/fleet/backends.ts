import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient } from '../../src/clients/prometheus.ts';
import { configSchema } from '../../src/model/config.ts';
import type { Profile } from '../../src/model/profile.ts';
import { judgingApart } from '../../src/server/alarms.ts';
import { createDetectors } from '../../src/server/detectors.ts';
import { loadProfiles } from '../../src/server/profiles.ts';
import { readWindow, type Source } from '../../src/server/reader.ts';
import { scoreWindow } from '../../src/server/scoring.ts';
import { ownSource } from '../../src/server/source.ts';
import { rowsOf } from '../../src/server/training.ts';
import { ensureParts } from '../../src/tools/parts.ts';
import { run, start } from '../../src/tools/run.ts';
import { partsDir } from '../../src/cli/paths.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../../test/stand-ins/real.ts';
import type { Figure } from '../result.ts';
import { faultKinds, type HostFault, withFaults } from './faults.ts';
import { simulatedHosts } from './host.ts';

const stepMs = 15_000;
const learnSteps = 480;
const judgeSteps = 240;
const faultSteps = 40;
const least = 0.95;

interface Scores {
  /** By host, one per judged step; NaN without an opinion. */
  readonly scores: ReadonlyMap<string, Float64Array>;
  /** Host and step. */
  readonly found: ReadonlySet<string>;
}

/**
 * The same samples in a real Prometheus and a real VictoriaMetrics, each read, learned from and scored for itself: whether both
 * find the same faults, and how far their scores go together.
 */
export async function backends({ count }: { count: number }, progress: (line: string) => void): Promise<Figure[]> {
  const profile = loadProfiles(join(import.meta.dirname, '..', '..', 'profiles')).get('linux-host');
  if (profile === undefined) throw new Error('there is no profile linux-host');
  const { 'victoria-metrics': victoria, promtool } = await ensureParts(['victoria-metrics', 'promtool'], {
    partsDir,
    install: true,
    progress,
  });
  const endMs = Math.floor((Date.now() - 600_000) / stepMs) * stepMs;
  const judgeMs = endMs - judgeSteps * stepMs;
  const fromMs = judgeMs - learnSteps * stepMs;
  // Every other host has one of the faults.
  const faults = new Map<string, HostFault>();
  const hosts = simulatedHosts(count).map((host, index) => {
    if (index % 2 === 1) return withFaults(host, []);
    const kind = faultKinds[(index / 2) % faultKinds.length] as (typeof faultKinds)[number];
    const startMs = judgeMs + (60 + 7 * (index % 10)) * stepMs;
    const fault = { kind, fromMs: startMs, toMs: startMs + faultSteps * stepMs };
    faults.set(host.name, fault);
    return withFaults(host, [fault]);
  });

  const place = scratch();
  const fetching = createGuardedFetch({ forbiddenPorts: () => new Set() });
  const stops: (() => Promise<unknown>)[] = [() => place.stop(), () => fetching.close()];
  try {
    progress(`${count} hosts: three hours of samples`);
    const samples = join(place.dir, 'samples.txt');
    await writeSamples(samples, hosts, profile, { fromMs: fromMs - 300_000, toMs: endMs });

    write(place.dir, { 'prometheus.yml': '{}' });
    const made = await run(
      { ...promtool, args: ['tsdb', 'create-blocks-from', 'openmetrics', samples, join(place.dir, 'prometheus-data')] },
      { timeoutMs: 300_000, maxBytes: 1_000_000 },
    );
    if (made.exitCode !== 0) throw new Error(`promtool: ${made.stderr}`);
    const port = await freePort();
    const prometheus = await startPrometheus(place.dir, port, ['--query.lookback-delta=30s', '--log.level=error']);
    stops.push(() => prometheus.stop());

    const other = await freePort();
    const child = start({
      ...victoria,
      args: [
        `-storageDataPath=${join(place.dir, 'victoria')}`,
        `-httpListenAddr=127.0.0.1:${other}`,
        '-retentionPeriod=1',
        '-loggerLevel=ERROR',
      ],
    });
    stops.push(async () => {
      child.kill('SIGTERM');
      await child.exited;
    });
    const url = `http://127.0.0.1:${other}`;
    await eventually('VictoriaMetrics', async () => (await fetch(`${url}/health`)).ok);
    const pushed = await request(`${url}/api/v1/import/prometheus`, {
      method: 'POST',
      body: createReadStream(`${samples}.ms`),
      headersTimeout: 300_000,
    });
    if (pushed.statusCode !== 204) throw new Error(`VictoriaMetrics took nothing: ${pushed.statusCode} ${await pushed.body.text()}`);
    await fetch(`${url}/internal/force_flush`);

    const config = configSchema.parse({});
    const sourceOf = (baseUrl: string): Source => ownSource(createPrometheusClient({ name: 'It', baseUrl, fetch: fetching }), config);
    progress('both are read, learned from and scored');
    const about = { fromMs, judgeMs, endMs };
    const [a, b] = [await scoresOf(sourceOf(prometheus.url), profile, about), await scoresOf(sourceOf(url), profile, about)];
    return figuresOf(a, b, faults, judgeMs);
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

/** Every sample twice: as OpenMetrics (seconds) for promtool, as the text format (milliseconds) for VictoriaMetrics. */
async function writeSamples(
  file: string,
  hosts: readonly { name: string; exposition(atMs: number): string }[],
  profile: Profile,
  range: { fromMs: number; toMs: number },
): Promise<void> {
  const [seconds, milliseconds] = [createWriteStream(file), createWriteStream(`${file}.ms`)];
  for (let stepAtMs = range.fromMs; stepAtMs < range.toMs; stepAtMs += stepMs) {
    let [asSeconds, asMilliseconds] = ['', ''];
    for (const [index, host] of hosts.entries()) {
      // Each host is scraped at a moment of its own within the step, as Prometheus does.
      const atMs = stepAtMs + 1_000 + ((index * 1_237) % (stepMs - 2_000));
      const labels = `target="${host.name}",profile="${profile.slug}",job="${profile.slug}",instance="${host.name}:9100"`;
      for (const line of host.exposition(atMs).split('\n')) {
        if (line === '') continue;
        const at = line.lastIndexOf(' ');
        const series = line.slice(0, at);
        const labelled = series.endsWith('}') ? `${series.slice(0, -1)},${labels}}` : `${series}{${labels}}`;
        asSeconds += `${labelled}${line.slice(at)} ${(atMs / 1000).toFixed(3)}\n`;
        asMilliseconds += `${labelled}${line.slice(at)} ${atMs}\n`;
      }
    }
    if (!seconds.write(asSeconds)) await once(seconds, 'drain');
    if (!milliseconds.write(asMilliseconds)) await once(milliseconds, 'drain');
  }
  seconds.end('# EOF\n');
  milliseconds.end();
  await Promise.all([once(seconds, 'finish'), once(milliseconds, 'finish')]);
}

/** Learns each host from the hours before, and scores the judged steps. */
async function scoresOf(source: Source, profile: Profile, about: { fromMs: number; judgeMs: number; endMs: number }): Promise<Scores> {
  const detection = configSchema.parse({}).detection;
  const detectors = createDetectors(detection);
  const learned = await readWindow(source, profile, { fromMs: about.fromMs, toMs: about.judgeMs });
  const judged = await readWindow(source, profile, { fromMs: about.judgeMs, toMs: about.endMs });
  const scores = new Map<string, Float64Array>();
  const found = new Set<string>();
  for (const window of judged.entities) {
    const history = learned.entities.find((each) => each.entity === window.entity);
    if (history === undefined) continue;
    const detector = detectors.create(detection.detector, profile.features, detectors.optionsFor(stepMs));
    const { rows, times } = rowsOf(history, learned.times, profile.features.length, () => true);
    detector.learn(rows, times);
    // As in the product: what streams learns each row once it is scored.
    const options = { judging: judgingApart(detection, stepMs), override: null, mayLearn: () => true };
    const result = await scoreWindow(profile, detector, window, judged.times, options);
    scores.set(window.entity, result.scores);
    for (const each of result.found) found.add(`${window.entity} ${each.step}`);
  }
  return { scores, found };
}

function figuresOf(a: Scores, b: Scores, faults: ReadonlyMap<string, HostFault>, judgeMs: number): Figure[] {
  const pairs: [number, number][] = [];
  for (const [host, scores] of a.scores) {
    const others = b.scores.get(host);
    for (const [step, score] of scores.entries()) {
      const other = others?.[step] ?? Number.NaN;
      if (!Number.isNaN(score) && !Number.isNaN(other)) pairs.push([score, other]);
    }
  }
  const foundBy = (scores: Scores) =>
    [...faults].filter(([host, fault]) =>
      Array.from({ length: faultSteps }, (_, index) => (fault.fromMs - judgeMs) / stepMs + index).some((step) =>
        scores.found.has(`${host} ${step}`),
      ),
    ).length;
  const inBoth = [...a.found].filter((each) => b.found.has(each)).length;
  const [byPrometheus, byVictoria] = [foundBy(a), foundBy(b)];
  return [
    {
      what: 'scoreCorrelation',
      value: correlation(pairs),
      unit: 'ratio',
      atLeast: least,
      note: `${pairs.length} scores of ${a.scores.size} hosts`,
    },
    { what: 'faultsFoundByPrometheus', value: byPrometheus, unit: 'count', atLeast: faults.size, note: `of ${faults.size}` },
    { what: 'faultsFoundByVictoriaMetrics', value: byVictoria, unit: 'count', atLeast: faults.size, note: `of ${faults.size}` },
    {
      what: 'findingsInBoth',
      value: inBoth / Math.max(1, new Set([...a.found, ...b.found]).size),
      unit: 'ratio',
      note: `steps: ${a.found.size} in Prometheus, ${b.found.size} in VictoriaMetrics`,
    },
  ];
}

/** Pearson's coefficient. */
function correlation(pairs: readonly (readonly [number, number])[]): number | null {
  const mean = (at: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[at], 0) / pairs.length;
  const [meanA, meanB] = [mean(0), mean(1)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [a, b] of pairs) {
    ab += (a - meanA) * (b - meanB);
    aa += (a - meanA) ** 2;
    bb += (b - meanB) ** 2;
  }
  return aa === 0 || bb === 0 ? null : ab / Math.sqrt(aa * bb);
}
