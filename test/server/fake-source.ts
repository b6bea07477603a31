import type { RangeSeries } from '../../src/clients/prometheus.ts';
import { VigiaError } from '../../src/model/errors.ts';
import type { Profile } from '../../src/model/profile.ts';
import type { Source } from '../../src/server/reader.ts';

/** A small world in place of Prometheus: entities with real samples at some steps, and a value for each feature. */
export interface World {
  nowMs: number;
  down: boolean;
  readonly entities: Map<string, { present: (tsMs: number) => boolean; value: (feature: string, tsMs: number) => number }>;
  queries: number;
  /** Answers instead of the entities, where it answers. */
  series?: (expr: string, range: { fromMs: number; toMs: number; stepMs: number }) => RangeSeries[] | undefined;
}

export const stepMs = 5_000;

export const profile: Profile = {
  slug: 'linux-host',
  version: 1,
  kind: 'host',
  title: { en: 'Linux host', es: 'Servidor Linux' },
  selector: 'profile="linux-host"',
  identity: ['target'],
  presence: 'presence',
  recognise: ['node_'],
  sampleLimit: 5_000,
  features: ['cpu', 'memory', 'disk'].map((name) => ({
    name,
    title: { en: name, es: name },
    expr: name,
    unit: 'ratio',
    direction: 'up',
    minimumChange: 0.1,
    lowest: 0,
  })),
};

export function fakeSource(world: World): Source {
  return {
    stepMs,
    watermarkMs: 2 * stepMs,
    rateMs: 4 * stepMs,
    selector: (each) => each.selector,
    identity: (each) => each.identity,
    client: {
      async nowMs() {
        if (world.down) throw new VigiaError('far-unreachable', { what: 'Prometheus', url: 'http://fake', reason: 'connection refused' });
        return world.nowMs;
      },
      async queryRange(expr, range) {
        const { fromMs, toMs } = range;
        if (world.down) throw new VigiaError('far-status', { what: 'Prometheus', status: 500, reason: 'it hurts' });
        world.queries++;
        const given = world.series?.(expr, range);
        if (given !== undefined) return given;
        // It knows samples, not what Vigía says of them.
        if (expr.includes('vigia_')) return [];
        return [...world.entities].flatMap(([target, entity]) => {
          const times: number[] = [];
          for (let tsMs = fromMs; tsMs <= toMs; tsMs += stepMs) {
            // Prometheus invents flat gauges in a hole: features are there where presence is not.
            if (expr !== 'presence' || entity.present(tsMs)) times.push(tsMs);
          }
          if (times.length === 0) return [];
          const values = times.map((tsMs) => (expr === 'presence' ? 1 : entity.value(expr, tsMs)));
          return [
            {
              labels: { target, job: 'linux-host', instance: `${target}:9100` },
              tsMs: Float64Array.from(times),
              values: Float64Array.from(values),
            },
          ];
        });
      },
    },
  };
}
