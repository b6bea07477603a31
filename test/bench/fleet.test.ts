import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startExporter } from '../../bench/fleet/exporter.ts';
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
