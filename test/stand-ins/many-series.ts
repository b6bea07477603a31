import { createRandom } from '../../src/detect/index.ts';
import { startHttp } from './http.ts';

/** Series of many kinds that go on as they did, but for a few that move when told; seeded, so that two runs say the same. */
export interface ManySeries {
  /** The metrics that move, one series of each. */
  readonly movers: readonly string[];
  /** The next sample of every series, in the text format, with further labels and a time where history is written. */
  next(moved: boolean, history?: { readonly labels: string; readonly seconds: number }): string;
}

const kinds = ['level', 'work_total', 'setting', 'wave', 'busy_seconds_sum'] as const;
/** Series that share a metric. */
const perMetric = 10;

/**
 * @param count how many series; bound buckets, a series of Vigía's own and a clock come on top
 * @param moving how many of them move; at most a tenth of `count`
 */
export function manySeries(count: number, moving: number, seed: number): ManySeries {
  const random = createRandom(seed);
  const normal = () => Array.from({ length: 12 }, () => random.uniform()).reduce((a, b) => a + b, -6);
  const every = Math.floor(count / perMetric / moving) * perMetric;
  const series = Array.from({ length: count }, (_, index) => {
    const block = Math.floor(index / perMetric);
    const kind = kinds[block % kinds.length] as (typeof kinds)[number];
    return {
      metric: `demo_${Math.floor(block / kinds.length)}_${kind}`,
      part: index % perMetric,
      kind,
      // From thousandths to millions: a ranking must not care.
      level: 10 ** (9 * random.uniform() - 3),
      phase: random.uniform(),
      moves: index % every === 0 && index / every < moving,
      total: 0,
    };
  });
  let tick = 0;

  const valueOf = (one: (typeof series)[number], moved: boolean): number => {
    const level = one.level * (moved && one.moves ? 4 : 1);
    switch (one.kind) {
      case 'setting':
        return level;
      case 'level':
        return level * (1 + 0.1 * normal());
      case 'wave':
        return level * (1 + 0.2 * Math.sin(tick / 9 + 6 * one.phase) + 0.02 * normal());
      default:
        one.total += Math.max(0, level * (1 + 0.1 * normal()));
        return one.total;
    }
  };

  return {
    movers: series.filter((one) => one.moves).map((one) => one.metric),
    next(moved, history) {
      tick += 1;
      const line = (metric: string, labels: string, value: number) =>
        `${metric}{${history === undefined ? labels : `${labels},${history.labels}`}} ${value}${history === undefined ? '' : ` ${history.seconds}`}`;
      const lines = series.map((one) => line(one.metric, `part="${one.part}"`, valueOf(one, moved)));
      const own = moved ? 1 : 0;
      lines.push(line('vigia_anomaly_score', 'part="0"', own), line('demo_latency_seconds_bucket', 'le="1"', own));
      return `${lines.join('\n')}\n${line('demo_clock_seconds', 'part="0"', tick)}\n`;
    },
  };
}

export interface ManySeriesExporter {
  /** HOST:PORT. */
  readonly address: string;
  readonly scrapes: () => number;
  /** From now on the movers have moved. */
  move(): void;
  stop(): Promise<void>;
}

export async function startManySeries(series: ManySeries): Promise<ManySeriesExporter> {
  let moved = false;
  let scrapes = 0;
  const http = await startHttp((_, response) => {
    scrapes += 1;
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(series.next(moved));
  });
  return {
    address: `127.0.0.1:${http.port}`,
    scrapes: () => scrapes,
    move: () => {
      moved = true;
    },
    stop: () => http.stop(),
  };
}
