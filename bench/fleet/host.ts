import { createRandom, type Random } from '../../src/detect/index.ts';

/**
 * A simulated Linux host: every gauge and every counter is a function of time alone, so that history and now, exporter and
 * memory say the same. A rate is a mean with a few slow and quick waves on it; its counter is the integral of that.
 */
export interface SimulatedHost {
  readonly name: string;
  /** What node_exporter would answer at a time (Unix ms), in the text format; the series that the profile linux-host reads. */
  exposition(atMs: number): string;
  /** The features of the profile linux-host by name, each as a function of time (Unix ms). */
  readonly features: Readonly<Record<string, (atMs: number) => number>>;
}

interface Wave {
  /** Per second, or a level, at a time. */
  at(atMs: number): number;
  /** Integral from the start of time, in units x seconds: a counter. */
  total(atMs: number): number;
}

/** Counters begin here, so that they keep their digits: 1 January 2026. */
const epochMs = Date.UTC(2026, 0, 1);
/** Periods of the waves in seconds, from a minute to hours; none is a multiple of another. */
const periods = [61, 173, 607, 3_307, 17_011];

/** `depth` in [0, 1): how far the waves go from the mean, as a share of it, at the very most. */
function wave(random: Random, mean: number, depth: number): Wave {
  const parts = periods.map((period) => ({
    turn: (2 * Math.PI) / (period * (0.9 + 0.2 * random.uniform())),
    phase: 2 * Math.PI * random.uniform(),
    size: (mean * depth) / periods.length,
  }));
  return {
    at(atMs) {
      const seconds = (atMs - epochMs) / 1000;
      return parts.reduce((sum, { turn, phase, size }) => sum + size * Math.sin(turn * seconds + phase), mean);
    },
    total(atMs) {
      const seconds = (atMs - epochMs) / 1000;
      const swung = parts.reduce((sum, { turn, phase, size }) => sum + (size / turn) * (1 - Math.cos(turn * seconds + phase)), 0);
      return mean * seconds + swung;
    },
  };
}

const gibibyte = 2 ** 30;

export function simulatedHost(name: string, seed: number): SimulatedHost {
  const random = createRandom(seed);
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const cores = 2 ** (1 + random.below(4));
  const memoryBytes = cores * 4 * gibibyte;
  const diskBytes = between(50, 500) * gibibyte;
  const user = wave(random, between(0.03, 0.2), 0.6);
  const system = wave(random, between(0.01, 0.05), 0.6);
  const iowait = wave(random, between(0.001, 0.01), 0.8);
  const load = wave(random, cores * between(0.1, 0.4), 0.5);
  const available = wave(random, memoryBytes * between(0.4, 0.8), 0.05);
  const swapped = wave(random, between(0.1, 1), 0.9);
  const diskBusy = wave(random, between(0.01, 0.08), 0.8);
  const free = wave(random, diskBytes * between(0.3, 0.8), 0.01);
  const received = wave(random, between(2e4, 2e6), 0.7);
  const sent = wave(random, between(2e4, 2e6), 0.7);
  const errors = wave(random, between(0.001, 0.01), 0.9);
  const switches = wave(random, between(800, 8000), 0.5);
  const blocked = wave(random, 0.4, 0.99);
  const blockedNow = (atMs: number) => Math.round(blocked.at(atMs));

  const cpu = (atMs: number): string[] => {
    const used = { user: user.total(atMs), system: system.total(atMs), iowait: iowait.total(atMs) };
    const modes = { ...used, idle: (atMs - epochMs) / 1000 - used.user - used.system - used.iowait, irq: 0, nice: 0, softirq: 0, steal: 0 };
    return Object.entries(modes).flatMap(([mode, seconds]) =>
      Array.from({ length: cores }, (_, core) => `node_cpu_seconds_total{cpu="${core}",mode="${mode}"} ${seconds.toFixed(2)}`),
    );
  };
  const network = (atMs: number): string[] =>
    ['eth0', 'lo'].flatMap((device) => [
      `node_network_receive_bytes_total{device="${device}"} ${Math.round(received.total(atMs))}`,
      `node_network_transmit_bytes_total{device="${device}"} ${Math.round(sent.total(atMs))}`,
      `node_network_receive_errs_total{device="${device}"} ${device === 'eth0' ? errors.total(atMs).toFixed(3) : 0}`,
      `node_network_transmit_errs_total{device="${device}"} 0`,
      `node_network_receive_drop_total{device="${device}"} 0`,
      `node_network_transmit_drop_total{device="${device}"} 0`,
    ]);
  const disk = (atMs: number): string[] => [
    `node_disk_io_time_seconds_total{device="sda"} ${diskBusy.total(atMs).toFixed(3)}`,
    ...['/', '/var'].flatMap((mountpoint) => {
      const labels = `device="/dev/sda1",fstype="ext4",mountpoint="${mountpoint}"`;
      return [
        `node_filesystem_size_bytes{${labels}} ${Math.round(diskBytes)}`,
        `node_filesystem_free_bytes{${labels}} ${Math.round(free.at(atMs))}`,
        `node_filesystem_avail_bytes{${labels}} ${Math.round(free.at(atMs))}`,
      ];
    }),
  ];

  return {
    name,
    exposition: (atMs) =>
      [
        `node_time_seconds ${(atMs / 1000).toFixed(3)}`,
        `node_load1 ${load.at(atMs).toFixed(2)}`,
        `node_memory_MemTotal_bytes ${memoryBytes}`,
        `node_memory_MemAvailable_bytes ${Math.round(available.at(atMs))}`,
        `node_vmstat_pswpin ${swapped.total(atMs).toFixed(3)}`,
        `node_vmstat_pswpout ${swapped.total(atMs).toFixed(3)}`,
        `node_context_switches_total ${Math.round(switches.total(atMs))}`,
        `node_procs_blocked ${blockedNow(atMs)}`,
        ...cpu(atMs),
        ...disk(atMs),
        ...network(atMs),
        '',
      ].join('\n'),
    features: {
      cpu: (atMs) => user.at(atMs) + system.at(atMs) + iowait.at(atMs),
      iowait: iowait.at,
      load_per_core: (atMs) => load.at(atMs) / cores,
      memory: (atMs) => 1 - available.at(atMs) / memoryBytes,
      swap: (atMs) => 2 * swapped.at(atMs),
      disk_busy: diskBusy.at,
      disk_space: (atMs) => 1 - free.at(atMs) / diskBytes,
      network_receive: received.at,
      network_transmit: sent.at,
      network_errors: errors.at,
      context_switches: switches.at,
      processes_blocked: blockedNow,
    },
  };
}

/** `count` hosts called sim0001, sim0002, …; the same seed gives the same hosts. */
export function simulatedHosts(count: number, seed = 1): SimulatedHost[] {
  return Array.from({ length: count }, (_, index) => simulatedHost(`sim${String(index + 1).padStart(4, '0')}`, seed * 100_003 + index));
}
