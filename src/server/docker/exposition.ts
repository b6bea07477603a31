import type { EngineFacts } from '../../clients/docker.ts';
import type { Stats } from '../../clients/docker-answers.ts';
import { family as metric } from '../board.ts';
import type { Reading, SeenContainer } from './snapshot.ts';

/** Everything that an engine's metrics are made from. */
export interface Exposed {
  readonly facts: EngineFacts | null;
  readonly containers: readonly SeenContainer[];
  readonly readings: ReadonlyMap<string, Reading>;
  /** Kills for want of memory since the engine is watched, by id. */
  readonly oomEvents: ReadonlyMap<string, number>;
  /** Ids whose figures could not be read at the last try. */
  readonly unread: ReadonlySet<string>;
}

type Labels = Readonly<Record<string, string>>;
type Line = readonly [labels: Labels, value: number, atMs?: number];

/** Labels of a container are told on one metric only, and no more of them than a scrape takes. */
const mostLabels = 24;
const longestLabel = 256;

/**
 * The containers of an engine in the Prometheus text format, under cAdvisor's names and units, so that profile, panels and
 * rules are the same for both; and what cAdvisor does not say: whether a container runs, its health, restarts, exit code.
 * Counters carry the time of their reading, as cAdvisor's do, so that rates are exact.
 */
export function dockerExposition(exposed: Exposed): string {
  const { containers, facts } = exposed;
  const base = new Map(containers.map((each) => [each.id, labelsOf(each)]));
  const of = (each: SeenContainer): Labels => base.get(each.id) as Labels;
  const every = (value: (each: SeenContainer) => number | null): Line[] =>
    containers.flatMap((each): Line[] => {
      const found = value(each);
      return found === null ? [] : [[of(each), found]];
    });
  const read = containers.flatMap((each) => {
    const reading = each.state === 'running' || each.state === 'paused' ? exposed.readings.get(each.id) : undefined;
    return reading === undefined ? [] : [{ labels: of(each), ...reading }];
  });
  const figure = (value: (stats: Stats) => number | null | undefined): Line[] =>
    read.flatMap(({ labels, stats, atMs }): Line[] => {
      const found = value(stats);
      return found === null || found === undefined ? [] : [[labels, found, atMs]];
    });
  /** A gauge is of now: with an older time it would be lost between two scrapes. */
  const gauge = (value: (stats: Stats) => number | null | undefined): Line[] => figure(value).map(([labels, found]) => [labels, found]);
  const figures = (more: (stats: Stats) => readonly (readonly [Labels, number])[]): Line[] =>
    read.flatMap(({ labels, stats, atMs }) => more(stats).map(([extra, value]): Line => [{ ...labels, ...extra }, value, atMs]));
  const interfaces = (value: (network: NonNullable<Stats['networks']>[string]) => number): Line[] =>
    figures((stats) => Object.entries(stats.networks ?? {}).map(([name, network]) => [{ interface: name }, value(network)]));

  return [
    facts === null ? '' : family('machine_cpu_cores', 'gauge', 'CPU cores of the engine.', [[{}, facts.cores]]),
    facts === null ? '' : family('machine_memory_bytes', 'gauge', 'Memory of the engine.', [[{}, facts.memoryBytes]]),

    family(
      'container_running',
      'gauge',
      '1 while it runs, 0 while it should and does not; absent where nobody misses it.',
      every((each) => (each.running === null ? null : Number(each.running))),
    ),
    family(
      'container_unhealthy',
      'gauge',
      '1 while its health check fails; absent where it has none.',
      every((each) => (each.health === null || each.state !== 'running' ? null : Number(each.health === 'unhealthy'))),
    ),
    family(
      'container_restarting',
      'gauge',
      '1 while the engine waits to start it again.',
      every((each) => Number(each.state === 'restarting')),
    ),
    family(
      'container_restarts_total',
      'counter',
      'How often the engine started it again by itself.',
      every((each) => each.restarts),
    ),
    family(
      'container_oom_killed',
      'gauge',
      '1 if its last end was for want of memory.',
      every((each) => Number(each.oomKilled)),
    ),
    family(
      'container_oom_events_total',
      'counter',
      'Kills for want of memory since the engine is watched.',
      every((each) => exposed.oomEvents.get(each.id) ?? 0),
    ),
    family(
      'container_exit_code',
      'gauge',
      'Of its last end.',
      every((each) => (each.finishedMs === null ? null : each.exitCode)),
    ),
    family(
      'container_start_time_seconds',
      'gauge',
      'When it was started; only while it runs.',
      every((each) => (each.state === 'running' && each.startedMs !== null ? each.startedMs / 1000 : null)),
    ),
    family(
      'container_scrape_error',
      'gauge',
      '1 if its figures could not be read.',
      every((each) => (each.state === 'running' ? Number(exposed.unread.has(each.id)) : null)),
    ),
    family(
      'container_last_seen',
      'gauge',
      'When its figures were read; with its labels.',
      containers.flatMap((each): Line[] => {
        const reading = exposed.readings.get(each.id);
        return reading === undefined ? [] : [[{ ...of(each), id: `/docker/${each.id}`, ...ownLabels(each) }, reading.atMs / 1000]];
      }),
    ),

    family(
      'container_spec_memory_limit_bytes',
      'gauge',
      'Memory limit; 0 is none.',
      every((each) => each.memoryLimitBytes),
    ),
    family(
      'container_spec_cpu_period',
      'gauge',
      'Period of its CPU quota in microseconds.',
      every((each) => each.cpuPeriodUs),
    ),
    family(
      'container_spec_cpu_quota',
      'gauge',
      'CPU quota in microseconds per period; absent where there is none.',
      every((each) => (each.cpuQuotaUs > 0 ? each.cpuQuotaUs : null)),
    ),

    family(
      'container_cpu_usage_seconds_total',
      'counter',
      'CPU time.',
      figures(({ cpu_stats }) => [[{ cpu: 'total' }, cpu_stats.cpu_usage.total_usage / 1e9]]),
    ),
    family(
      'container_cpu_user_seconds_total',
      'counter',
      'CPU time as user.',
      figure(({ cpu_stats }) => cpu_stats.cpu_usage.usage_in_usermode / 1e9),
    ),
    family(
      'container_cpu_system_seconds_total',
      'counter',
      'CPU time in the kernel.',
      figure(({ cpu_stats }) => cpu_stats.cpu_usage.usage_in_kernelmode / 1e9),
    ),
    family(
      'container_cpu_cfs_periods_total',
      'counter',
      'Periods of its quota in which it wanted to run.',
      figure(({ cpu_stats }) => cpu_stats.throttling_data?.periods),
    ),
    family(
      'container_cpu_cfs_throttled_periods_total',
      'counter',
      'Periods in which its quota ended too early.',
      figure(({ cpu_stats }) => cpu_stats.throttling_data?.throttled_periods),
    ),
    family(
      'container_cpu_cfs_throttled_seconds_total',
      'counter',
      'Time for which it was held back.',
      figure(({ cpu_stats }) => (cpu_stats.throttling_data === undefined ? null : cpu_stats.throttling_data.throttled_time / 1e9)),
    ),

    family(
      'container_memory_usage_bytes',
      'gauge',
      'Memory with caches.',
      gauge(({ memory_stats }) => memory_stats.usage),
    ),
    family('container_memory_working_set_bytes', 'gauge', 'Memory that cannot be given back.', gauge(workingSet)),
    family(
      'container_memory_rss',
      'gauge',
      'Anonymous memory in bytes.',
      gauge(({ memory_stats: { stats } }) => stats?.['total_rss'] ?? stats?.['anon']),
    ),
    family(
      'container_memory_cache',
      'gauge',
      'Page cache in bytes.',
      gauge(({ memory_stats: { stats } }) => stats?.['total_cache'] ?? stats?.['file']),
    ),

    family(
      'container_network_receive_bytes_total',
      'counter',
      'Bytes received.',
      interfaces((each) => each.rx_bytes),
    ),
    family(
      'container_network_receive_packets_total',
      'counter',
      'Packets received.',
      interfaces((each) => each.rx_packets),
    ),
    family(
      'container_network_receive_errors_total',
      'counter',
      'Errors while receiving.',
      interfaces((each) => each.rx_errors),
    ),
    family(
      'container_network_receive_packets_dropped_total',
      'counter',
      'Packets dropped while receiving.',
      interfaces((each) => each.rx_dropped),
    ),
    family(
      'container_network_transmit_bytes_total',
      'counter',
      'Bytes sent.',
      interfaces((each) => each.tx_bytes),
    ),
    family(
      'container_network_transmit_packets_total',
      'counter',
      'Packets sent.',
      interfaces((each) => each.tx_packets),
    ),
    family(
      'container_network_transmit_errors_total',
      'counter',
      'Errors while sending.',
      interfaces((each) => each.tx_errors),
    ),
    family(
      'container_network_transmit_packets_dropped_total',
      'counter',
      'Packets dropped while sending.',
      interfaces((each) => each.tx_dropped),
    ),

    family(
      'container_fs_reads_bytes_total',
      'counter',
      'Bytes read from disks.',
      figures((stats) => blocksOf(stats.blkio_stats.io_service_bytes_recursive, 'read')),
    ),
    family(
      'container_fs_writes_bytes_total',
      'counter',
      'Bytes written to disks.',
      figures((stats) => blocksOf(stats.blkio_stats.io_service_bytes_recursive, 'write')),
    ),
    family(
      'container_fs_reads_total',
      'counter',
      'Reads from disks.',
      figures((stats) => blocksOf(stats.blkio_stats.io_serviced_recursive, 'read')),
    ),
    family(
      'container_fs_writes_total',
      'counter',
      'Writes to disks.',
      figures((stats) => blocksOf(stats.blkio_stats.io_serviced_recursive, 'write')),
    ),

    family(
      'container_threads',
      'gauge',
      'Threads and processes in it.',
      gauge(({ pids_stats }) => pids_stats.current),
    ),
  ].join('');
}

function labelsOf(each: SeenContainer): Labels {
  const { name, image, application, replica } = each;
  return { name, image: image.slice(0, longestLabel), application, replica };
}

/** As cAdvisor names them: `container_label_` and what a label name allows. */
function ownLabels({ labels }: SeenContainer): Labels {
  const found = Object.entries(labels)
    .slice(0, mostLabels)
    .map(([name, value]) => [`container_label_${name.replace(/[^a-zA-Z0-9_]/g, '_')}`, value.slice(0, longestLabel)]);
  return Object.fromEntries(found) as Labels;
}

/** Usage without what the kernel can drop at once, as cAdvisor counts it on cgroup v1 and v2. */
function workingSet({ memory_stats: { usage, stats } }: Stats): number | null {
  if (usage === undefined) return null;
  return Math.max(0, usage - (stats?.['total_inactive_file'] ?? stats?.['inactive_file'] ?? 0));
}

type Blocks = NonNullable<Stats['blkio_stats']['io_service_bytes_recursive']>;

/** Sums per device; cgroup v1 says `Read`, v2 `read`. Nothing where the engine counts no disk: that is not 0. */
function blocksOf(entries: Blocks | undefined, op: 'read' | 'write'): (readonly [Labels, number])[] {
  const devices = new Map<string, number>();
  for (const { major, minor, op: done, value } of entries ?? []) {
    if (done.toLowerCase() !== op) continue;
    const device = `${major}:${minor}`;
    devices.set(device, (devices.get(device) ?? 0) + value);
  }
  return [...devices].map(([device, value]) => [{ device }, value]);
}

const family = (name: string, type: 'gauge' | 'counter', help: string, lines: readonly Line[]): string =>
  metric(name, type, help, lines, (line) => line);
