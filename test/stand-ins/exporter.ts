import type { ServerResponse } from 'node:http';
import { startHttp } from './http.ts';

/** What the host behind the exporter does, in the terms of the profile linux-host. A test sets it and nothing else moves it. */
export interface HostValues {
  /** Share of the CPU that is busy, in [0, 1]. */
  cpu: number;
  load: number;
  /** Share of the memory that is used. */
  memory: number;
  contextSwitchesPerSecond: number;
  receiveBytesPerSecond: number;
}

/** How it answers a scrape: with metrics, with a web page, slowly and without end, fast and without end, or not at all. */
export type Manner = 'metrics' | 'garbage' | 'drip' | 'endless' | 'never';

export interface Exporter {
  /** HOST:PORT. */
  readonly address: string;
  set(values: Partial<HostValues>): void;
  answer(manner: Manner): void;
  stop(): Promise<void>;
}

export const calmHost: Readonly<HostValues> = {
  cpu: 0.1,
  load: 0.2,
  memory: 0.3,
  contextSwitchesPerSecond: 1_000,
  receiveBytesPerSecond: 10_000,
};
/** Far outside of what a calm host does, in four features. */
export const burningHost: Readonly<HostValues> = {
  cpu: 0.97,
  load: 9,
  memory: 0.92,
  contextSwitchesPerSecond: 200_000,
  receiveBytesPerSecond: 10_000,
};

const gigabyte = 2 ** 30;
const cores = 2;

/** A stand-in of node_exporter with the metrics that linux-host reads; counters go on at the rates that were set. */
export async function startExporter(): Promise<Exporter> {
  const values: HostValues = { ...calmHost };
  const totals = { busy: 0, idle: 0, contextSwitches: 0, received: 0 };
  let manner: Manner = 'metrics';
  let countedMs = performance.now();
  const drips = new Set<NodeJS.Timeout>();

  const count = (): void => {
    const nowMs = performance.now();
    const seconds = (nowMs - countedMs) / 1000;
    countedMs = nowMs;
    totals.busy += values.cpu * seconds;
    totals.idle += (1 - values.cpu) * seconds;
    totals.contextSwitches += values.contextSwitchesPerSecond * seconds;
    totals.received += values.receiveBytesPerSecond * seconds;
  };

  const metrics = (): string => {
    count();
    const perCore = Array.from({ length: cores }, (_, cpu) => [
      `node_cpu_seconds_total{cpu="${cpu}",mode="idle"} ${totals.idle}`,
      `node_cpu_seconds_total{cpu="${cpu}",mode="iowait"} 0`,
      `node_cpu_seconds_total{cpu="${cpu}",mode="user"} ${totals.busy}`,
    ]);
    const nic = ['receive', 'transmit'].flatMap((way) => [
      `node_network_${way}_bytes_total{device="eth0"} ${totals.received}`,
      `node_network_${way}_errs_total{device="eth0"} 0`,
      `node_network_${way}_drop_total{device="eth0"} 0`,
    ]);
    return `${[
      ...perCore.flat(),
      ...nic,
      `node_time_seconds ${Date.now() / 1000}`,
      `node_load1 ${values.load}`,
      `node_memory_MemTotal_bytes ${8 * gigabyte}`,
      `node_memory_MemAvailable_bytes ${8 * gigabyte * (1 - values.memory)}`,
      'node_vmstat_pswpin 0',
      'node_vmstat_pswpout 0',
      'node_disk_io_time_seconds_total{device="sda"} 0',
      `node_filesystem_size_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} ${100 * gigabyte}`,
      `node_filesystem_free_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} ${65 * gigabyte}`,
      `node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} ${60 * gigabyte}`,
      `node_context_switches_total ${totals.contextSwitches}`,
      'node_procs_blocked 0',
    ].join('\n')}\n`;
  };

  /** Sends pieces until the other side goes away. */
  const pour = (response: ServerResponse, piece: string, everyMs: number): void => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
    const timer = setInterval(() => response.write(piece), everyMs);
    drips.add(timer);
    response.on('close', () => {
      clearInterval(timer);
      drips.delete(timer);
    });
  };

  const http = await startHttp((_, response) => {
    switch (manner) {
      case 'metrics':
        return response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(metrics());
      case 'garbage':
        return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Router</title><p>Please sign in</p>\n');
      case 'drip':
        return pour(response, 'n', 200);
      case 'endless':
        return pour(response, '# nothing but comments\n'.repeat(50_000), 10);
      case 'never':
        return response;
    }
  });
  return {
    address: `127.0.0.1:${http.port}`,
    set(changed) {
      count();
      Object.assign(values, changed);
    },
    answer: (next) => {
      manner = next;
    },
    async stop() {
      for (const timer of drips) clearInterval(timer);
      await http.stop();
    },
  };
}
