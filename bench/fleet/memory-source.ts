import type { Profile } from '../../src/model/profile.ts';
import type { Source } from '../../src/server/reader.ts';
import type { SimulatedHost } from './host.ts';

/** The profile with features that the source below understands; models learned under it fit the real one. */
export function inMemory(profile: Profile): Profile {
  const features = profile.features.map((feature) => ({ ...feature, expr: `${feature.name} $selector` }));
  return { ...profile, features, presence: 'presence $selector', selector: '' };
}

/** Simulated hosts as a source, without Prometheus in between. */
export function memorySource(hosts: readonly SimulatedHost[], stepMs: number, nowMs: () => number): Source {
  return {
    stepMs,
    watermarkMs: 2 * stepMs,
    rateMs: 4 * stepMs,
    selector: () => '',
    identity: () => ['target'],
    client: {
      nowMs: async () => nowMs(),
      async queryRange(expr, range) {
        const name = expr.split(' ')[0] ?? '';
        const [, wanted] = /target=~"([^"]*)"/.exec(expr) ?? [];
        const names = wanted === undefined ? null : new Set(wanted.split('|'));
        const steps = Math.floor((range.toMs - range.fromMs) / range.stepMs) + 1;
        const tsMs = Float64Array.from({ length: steps }, (_, step) => range.fromMs + step * range.stepMs);
        return hosts
          .filter((host) => names?.has(host.name) ?? true)
          .map((host) => ({
            labels: { target: host.name, job: 'linux-host', instance: host.name },
            tsMs,
            values: tsMs.map(name === 'presence' ? () => 1 : (host.features[name] ?? (() => Number.NaN))),
          }));
      },
    },
  };
}
