import type { SimulatedHost } from './host.ts';

/** Something that goes wrong on a host between two times (Unix ms): what its exporter says is changed, counters stay counters. */
export interface HostFault {
  readonly kind: keyof typeof kinds;
  readonly fromMs: number;
  readonly toMs: number;
}

type Change = (value: number, inside: boolean, secondsInside: number) => number;

/** By the beginning of a series: what becomes of its value during the fault, and after so many seconds of it. */
const kinds = {
  cpu: {
    '{mode="idle"': (value, _inside, seconds) => value - 0.6 * seconds,
    '{mode="user"': (value, _inside, seconds) => value + 0.6 * seconds,
    node_load1: (value, inside) => (inside ? value * 4 + 4 : value),
  },
  memory: { node_memory_MemAvailable_bytes: (value, inside) => (inside ? value * 0.1 : value) },
  disk: {
    node_disk_io_time_seconds_total: (value, _inside, seconds) => value + 0.85 * seconds,
    node_procs_blocked: (value, inside) => (inside ? value + 12 : value),
  },
  network: {
    node_network_receive_errs_total: (value, _inside, seconds) => value + 60 * seconds,
    node_network_receive_drop_total: (value, _inside, seconds) => value + 60 * seconds,
  },
} as const satisfies Record<string, Record<string, Change>>;

export const faultKinds = Object.keys(kinds) as (keyof typeof kinds)[];

/** The same host, with faults. */
export function withFaults(host: SimulatedHost, faults: readonly HostFault[]): Pick<SimulatedHost, 'name' | 'exposition'> {
  return {
    name: host.name,
    exposition: (atMs) =>
      host
        .exposition(atMs)
        .split('\n')
        .map((line) => faults.reduce((text, fault) => changed(text, fault, atMs), line))
        .join('\n'),
  };
}

function changed(line: string, { kind, fromMs, toMs }: HostFault, atMs: number): string {
  const secondsInside = Math.max(0, Math.min(atMs, toMs) - fromMs) / 1000;
  if (secondsInside === 0) return line;
  for (const [series, change] of Object.entries<Change>(kinds[kind])) {
    const isIt = series.startsWith('{') ? line.includes(series.slice(1)) : line.startsWith(series);
    if (!isIt) continue;
    const at = line.lastIndexOf(' ');
    return `${line.slice(0, at)} ${change(Number(line.slice(at + 1)), atMs <= toMs, secondsInside)}`;
  }
  return line;
}
