import type { PanelData } from '../../src/model/api.ts';
import type { Energy } from '../../src/model/energy.ts';
import type { Annotation } from '../../src/model/annotation.ts';
import type { Exploration } from '../../src/model/promql.ts';
import { wave, wobble } from './figures.ts';
import type { Reply } from './reply.ts';
import type { Scene } from './scenes.ts';

const minute = 60_000;

/** What is drawn into the charts of a target: one of each kind, as far as the range reaches back. */
export function marksAnswer(scene: Scene, id: string, query: URLSearchParams): Reply {
  const [fromMs, toMs] = [Number(query.get('fromMs')), Number(query.get('toMs'))];
  const now = scene.overview.nowMs;
  const marks: Annotation[] = [
    { kind: 'start', fromMs: now - 50 * minute, toMs: now - 50 * minute, text: '', incident: null },
    { kind: 'deployment', fromMs: now - 48 * minute, toMs: now - 45 * minute, text: 'Linux 6.1.0-37 → 6.1.0-38', incident: null },
    { kind: 'silence', fromMs: now - 40 * minute, toMs: now - 30 * minute, text: 'Disk swap', incident: null },
    ...scene.incidents
      .filter(({ entity }) => entity === id)
      .flatMap((incident): Annotation[] => [
        { kind: 'anomaly', fromMs: incident.openedMs, toMs: incident.closedMs ?? now, text: '', incident: null },
        { kind: 'incident', fromMs: incident.openedMs, toMs: incident.closedMs, text: incident.title, incident: incident.id },
      ]),
  ];
  const shown = marks.filter((mark) => mark.fromMs <= toMs && (mark.toMs ?? toMs) >= fromMs).sort((a, b) => a.fromMs - b.fromMs);
  return { body: { marks: shown } };
}

/** The five amounts of P13 and a device that is away. */
export const watts = [501, 500, 450, 400, 399, null] as const;

export function energyAnswer(path: string, query: URLSearchParams, empty: boolean): Reply {
  const devices = watts.map((value, at) => ({
    id: `plug-${at + 1}`,
    name: at === 2 ? 'Heat pump in the north building, second floor' : `Plug ${at + 1}`,
    address: `192.168.1.${40 + at}:80`,
    state: value === null ? ('bad' as const) : ('ok' as const),
    reason: value === null ? 'connection refused' : '',
    watts: value,
    amperes: value === null ? null : value / 195.5,
    kilowattHours: value === null ? null : (value * 14) / 1_000,
  }));
  if (path === '') {
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    const body: Energy = { sinceMs: midnight.getTime(), levels: { raised: 400, high: 500 }, devices: empty ? [] : devices };
    return { body };
  }
  const [fromMs, toMs] = [Number(query.get('fromMs')), Number(query.get('toMs'))];
  const step = Math.max(5_000, (toMs - fromMs) / 240);
  const series = devices.flatMap(({ name, watts: now }, at) =>
    now === null ? [] : [{ legend: name, points: wave(fromMs, toMs, step, (_, index) => now * (0.9 + 0.1 * wobble(index + 17 * at))) }],
  );
  const body: PanelData = { panel: 'power', unit: 'watts', series, band: null };
  return { body };
}

const metrics = ['node_load1', 'node_load5', 'node_cpu_seconds_total', 'node_memory_MemAvailable_bytes', 'up'];

/** A small Prometheus: it knows `up` and `node_load1`, and refuses what does not end. */
export function promqlAnswer(path: string, query: URLSearchParams): Reply {
  const like = query.get('like') ?? '';
  const named = (names: readonly string[]) => {
    const found = names.filter((name) => name.includes(like));
    return { body: { names: found, total: found.length } };
  };
  if (path === 'metrics') return named(metrics);
  if (path === 'labels') return named(['instance', 'job', 'target']);
  if (path === 'values') return named(['web1', 'db-primary']);
  const expr = query.get('expr') ?? '';
  if (/[({]$/.test(expr))
    return {
      status: 400,
      body: { code: 'input-invalid', message: `invalid parameter "query": 1:${expr.length + 1}: parse error: unclosed left parenthesis` },
    };
  const [fromMs, toMs] = [Number(query.get('fromMs')), Number(query.get('toMs'))];
  const stepMs = Math.max(5_000, (toMs - fromMs) / 240);
  const hosts = expr.includes('nothing') ? [] : ['web1', 'db-primary', '=cmd|"x"'];
  const body: Exploration = {
    stepMs,
    total: hosts.length === 0 ? 0 : 140,
    series: hosts.map((target, at) => ({
      labels: { __name__: 'node_load1', instance: `${target}:9100`, target },
      points: wave(fromMs, toMs, stepMs, (_, index) => (index % 61 === 60 ? null : 0.0004 * (at + 1) * (1 + wobble(index + at)))),
    })),
  };
  return { body };
}
