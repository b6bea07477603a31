import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startExporter } from '../../bench/fleet/exporter.ts';
import { faultKinds, withFaults } from '../../bench/fleet/faults.ts';
import { simulatedHost, simulatedHosts } from '../../bench/fleet/host.ts';
import { loadProfiles } from '../../src/server/profiles.ts';

const atMs = Date.UTC(2026, 5, 1);
const sample = (text: string, series: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length),
  );

describe('a simulated host', () => {
  it('has every feature of the profile', () => {
    const names = loadProfiles(join(import.meta.dirname, '..', '..', 'profiles'))
      .get('linux-host')
      ?.features.map((feature) => feature.name);
    expect(Object.keys(simulatedHost('a', 1).features).sort()).toEqual(names?.toSorted());
  });

  it('says the same as counters and as features', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 1e7 }), (seed, seconds) => {
        const host = simulatedHost('a', seed);
        const [fromMs, toMs] = [atMs + seconds * 1000, atMs + seconds * 1000 + 1000];
        const rate = (series: string) => sample(host.exposition(toMs), series) - sample(host.exposition(fromMs), series);
        const feature = (name: string) => host.features[name]?.((fromMs + toMs) / 2) ?? Number.NaN;
        // Counters are printed with two digits, rates over a second are flat to a per cent.
        expect(Math.abs(1 - rate('node_cpu_seconds_total{cpu="0",mode="idle"}') - feature('cpu'))).toBeLessThan(0.03);
        expect(rate('node_context_switches_total') / feature('context_switches')).toBeCloseTo(1, 1);
        expect(rate('node_network_receive_bytes_total{device="eth0"}') / feature('network_receive')).toBeCloseTo(1, 1);
      }),
      { numRuns: 50 },
    );
  });

  it('is the same for the same seed, and another for another', () => {
    const text = (seed: number) => simulatedHosts(3, seed).map((host) => host.exposition(atMs));
    expect(text(1)).toEqual(text(1));
    expect(new Set([...text(1), ...text(2)]).size).toBe(6);
  });
});

describe('a fault', () => {
  it.each(faultKinds)('of the kind %s changes what is said while it lasts, and lets no counter go back', (kind) => {
    const host = simulatedHost('a', 3);
    const faulty = withFaults(host, [{ kind, fromMs: atMs, toMs: atMs + 600_000 }]);
    expect(faulty.exposition(atMs - 1000)).toBe(host.exposition(atMs - 1000));
    expect(faulty.exposition(atMs + 300_000)).not.toBe(host.exposition(atMs + 300_000));
    const gaugesAfter = (text: string) => text.split('\n').filter((line) => !line.includes('_total') && line !== '');
    expect(gaugesAfter(faulty.exposition(atMs + 700_000))).toEqual(gaugesAfter(host.exposition(atMs + 700_000)));
    let before = new Map<string, number>();
    for (let ms = -60_000; ms <= 700_000; ms += 20_000) {
      const counters = faulty
        .exposition(atMs + ms)
        .split('\n')
        .filter((line) => line.includes('_total'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))] as const);
      for (const [series, value] of counters) expect(value, series).toBeGreaterThanOrEqual(before.get(series) ?? 0);
      before = new Map(counters);
    }
  });
});

describe('the simulated exporter', () => {
  it('answers for each host on an address of its own', { timeout: 60_000 }, async () => {
    const exporter = await startExporter(3);
    try {
      expect(new Set(exporter.targets.map((target) => target.address)).size).toBe(3);
      for (const { address } of exporter.targets) {
        const answer = await fetch(`http://${address}/metrics`);
        expect(answer.headers.get('content-type')).toContain('text/plain');
        expect(sample(await answer.text(), 'node_time_seconds')).toBeGreaterThan(1.7e9);
      }
    } finally {
      await exporter.stop();
    }
  });
});
