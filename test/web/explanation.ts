import type { Moved, MovedRow, SimilarIncident } from '../../src/model/explanation.ts';
import type { Incident } from '../../src/model/incident.ts';
import { wave, wobble } from './figures.ts';

const minute = 60_000;

interface Told {
  readonly metric: string | null;
  readonly labels?: Record<string, string>;
  readonly kind?: MovedRow['kind'];
  readonly before: number | null;
  readonly after: number | null;
  readonly unit?: MovedRow['unit'];
  readonly size: number;
  readonly lateMin?: number;
  readonly peer?: true;
  readonly alike?: number;
  readonly feature?: string;
}

const told: readonly Told[] = [
  { metric: 'node_procs_running', before: 2, after: 41, size: 96 },
  { metric: 'node_load1', before: 0.21, after: 7.4, size: 71, feature: 'load_per_core' },
  {
    metric: 'node_cpu_seconds_total',
    labels: { cpu: '0', mode: 'user' },
    before: 0.06,
    after: 0.96,
    unit: 'ratio',
    size: 64,
    alike: 3,
    feature: 'cpu',
  },
  {
    metric: 'node_cpu_seconds_total',
    labels: { cpu: '3', mode: 'idle' },
    kind: 'down',
    before: 0.93,
    after: 0.01,
    unit: 'ratio',
    size: 58,
    alike: 3,
    feature: 'cpu',
  },
  { metric: 'node_context_switches_total', before: 3_100, after: 31_000, unit: 'per_second', size: 44.2, lateMin: 1 },
  {
    metric: 'node_disk_written_bytes_total',
    labels: { device: '<b>sda</b>' },
    before: 210_000,
    after: 48_000_000,
    unit: 'bytes_per_second',
    size: 31,
    lateMin: 2,
    peer: true,
  },
  { metric: null, kind: 'vanished', before: null, after: null, size: 19, lateMin: 3, peer: true, alike: 511 },
  {
    metric: 'node_network_receive_bytes_total',
    labels: { device: 'eth0' },
    kind: 'wider',
    before: 182_000,
    after: 191_000,
    unit: 'bytes_per_second',
    size: 12,
    lateMin: -3,
  },
  {
    metric: 'node_filesystem_avail_bytes',
    labels: { device: '/dev/mapper/a-very-long-name-of-a-volume', fstype: 'ext4', mountpoint: '/srv' },
    kind: 'appeared',
    before: null,
    after: 4.1e11,
    unit: 'bytes',
    size: 9.4,
    lateMin: 2,
  },
  { metric: 'node_schedstat_waiting_seconds_total', labels: { cpu: '1' }, before: 0.00002, after: 0.61, unit: 'ratio', size: 8.8 },
  { metric: 'node_netstat_Tcp_CurrEstab', kind: 'narrower', before: 84, after: 80, size: 6.1, lateMin: 1 },
  { metric: 'node_vmstat_pgfault', before: 1_234_567, after: 9_876_543, unit: 'per_second', size: 4.4 },
];

export function movedOf(incident: Pick<Incident, 'entity' | 'name' | 'openedMs'>, now: number): Moved {
  const { openedMs } = incident;
  const fromMs = openedMs - 60 * minute;
  const rows = told.map((one, nth): MovedRow => {
    const movedMs = openedMs + (one.lateMin ?? 0) * minute;
    const height = (at: number) => (at < movedMs ? (one.before ?? Number.NaN) : (one.after ?? Number.NaN));
    const points = wave(fromMs, now, minute * 1.25, (at, index) => {
      const value = height(at) * (1 + (at >= movedMs && one.kind === 'wider' ? 1.6 : 0.1) * (wobble(index + nth * 7) - 0.5));
      return Number.isNaN(value) ? null : value;
    });
    return {
      entity: one.peer === true ? 'db-primary' : incident.entity,
      name: one.peer === true ? 'db' : incident.name,
      metric: one.metric,
      labels: one.labels ?? {},
      expr: `${one.metric}{target="${incident.entity}"}`,
      unit: one.unit ?? 'count',
      kind: one.kind ?? 'up',
      size: one.size,
      before: one.before,
      after: one.after,
      movedMs,
      alike: one.alike ?? 0,
      feature: one.feature ?? null,
      points: one.metric === null ? [] : points,
    };
  });
  return {
    fromMs,
    toMs: now,
    startMs: openedMs,
    stepMs: 30_000,
    complete: false,
    rows,
    compared: { series: 2_143, entities: 4 },
    movedSeries: 529,
    left: { series: 1_200, entities: 2 },
    tookMs: 640,
  };
}

export function similarTo(past: Pick<Incident, 'id' | 'entity' | 'name' | 'title' | 'openedMs' | 'closedMs'>): SimilarIncident[] {
  const { id, entity, name, title, openedMs, closedMs } = past;
  const one = { id, entity, name, title, openedMs, closedMs };
  return [
    { ...one, similarity: 0.97, note: { text: 'A backup ran at the wrong time.', by: 'Ana García' } },
    { ...one, id: 9, name: 'db', openedMs: openedMs - 5_000 * minute, closedMs: openedMs - 4_900 * minute, similarity: 0.72, note: null },
  ];
}
