import type { AiState, Host, Overview, Session, TargetOverview } from '../../src/model/api.ts';
import type { Backtest } from '../../src/model/backtest.ts';
import type { Containers } from '../../src/model/docker.ts';
import type { Cluster } from '../../src/model/kubernetes.ts';
import type { GrafanaState } from '../../src/model/grafana.ts';
import type { Incident, IncidentSummary } from '../../src/model/incident.ts';
import type { Maintenance } from '../../src/model/maintenance.ts';
import type { Mark } from '../../src/model/mark.ts';
import type { Finding, ModelInfo } from '../../src/model/score.ts';
import type { Unit } from '../../src/model/profile.ts';
import { summaryOf } from '../../src/server/views/fleet.ts';
import { allProfiles, calmFigures, featuresOf, linuxHost, loadedFigures, sharesOf, wave, wobble } from './figures.ts';
import type { Moved } from '../../src/model/explanation.ts';
import { movedOf } from './explanation.ts';
import { doneBacktest } from './answers-ai.ts';
import { account } from './account.ts';
import { someContainers } from './containers.ts';
import { someWindows } from './maintenance.ts';
import { model, versionsOf } from './models.ts';

/** What the stub answers: made-up houses in three moods, typed as the API's own answers. */
export interface Scene {
  session: Session;
  overview: Overview;
  /** `lines` are the legends of its charts, where they are not one. */
  hosts: Map<string, Host & { readonly lines?: readonly string[] }>;
  incidents: Incident[];
  marks: Mark[];
  maintenance: Maintenance[];
  /** What else moved, whichever incident is asked for. */
  moved: Moved;
  grafana: GrafanaState;
  ai: AiState;
  findings: Finding[];
  versions: ModelInfo[];
  backtest: Backtest | null;
  containers: Containers;
  /** In the place of the made-up one. */
  cluster?: Cluster;
}
export type SceneName = 'calm' | 'incident' | 'empty' | 'kinds' | 'containers';

const minute = 60_000;
const hour = 60 * minute;

/** A name as an attacker would write it: it must only ever be seen as text. */
export const hostileName = '<img src=x onerror=alert(1)> "db" & co';

export function target(now: number, id: string, name: string, part: Partial<TargetOverview> = {}): TargetOverview {
  const seed = id.length;
  return {
    id,
    name,
    profile: 'linux-host',
    address: `192.168.1.${10 + seed}:9100`,
    scheme: 'http',
    metricsPath: '/metrics',
    labels: {},
    enabled: true,
    managedBy: 'user',
    createdMs: now - 30 * 24 * hour,
    state: 'ok',
    reason: '',
    sinceMs: now - 3 * 24 * hour,
    score: 0.34,
    threshold: 0.62,
    learningUntilMs: null,
    realtime: true,
    firing: 0,
    spark: wave(now - hour, now, minute, (_, index) => 0.3 + 0.12 * wobble(index + seed)),
    ...part,
  };
}

const rules: Host['rules'] = [
  {
    name: 'VigiaAnomaly',
    severity: 'warning',
    state: 'inactive',
    expr: 'vigia_anomaly_score >= vigia_anomaly_threshold',
    forMs: 15_000,
    description: 'The score reaches the threshold.',
  },
  {
    name: 'HostDown',
    severity: 'critical',
    state: 'inactive',
    expr: 'up{profile="linux-host"} == 0',
    forMs: minute,
    description: 'The host does not answer.',
  },
  {
    name: 'HighCpuDifference',
    severity: 'critical',
    state: 'inactive',
    expr: 'max(cpu) - min(cpu) > 0.2',
    forMs: minute,
    description: 'Two hosts of a group differ by more than 20 %.',
  },
];

function hostOf(now: number, shown: TargetOverview): Host {
  const learning = shown.learningUntilMs !== null;
  return {
    target: shown,
    summary: { cpuRatio: 0.07, memoryRatio: 0.41, diskRatio: 0.62, receiveBytesPerSecond: 182_000, transmitBytesPerSecond: 95_000 },
    features: featuresOf(calmFigures).map((one) =>
      learning ? { ...one, expectedLow: null, expectedHigh: null, share: null } : { ...one, share: null },
    ),
    alerts: [],
    rules,
    incidents: [],
    model: learning ? null : model(now, shown.id),
    pooledFrom: null,
    maintenance: null,
    corruptModels: 0,
  };
}

function aiOf(now: number, targets: readonly TargetOverview[]): AiState {
  return {
    detector: 'isolation-forest',
    detectors: ['ensemble', 'isolation-forest', 'robust-z'],
    falseAlarmsPerWeek: 1,
    profiles: [
      {
        profile: 'linux-host',
        title: linuxHost.title,
        realtime: true,
        features: linuxHost.features.map(({ name, title, unit }) => ({ name, title, unit })),
        entities: targets.map((one) => ({
          entity: one.id,
          name: one.name,
          realtime: one.realtime,
          score: one.score,
          threshold: one.threshold,
          basis: 'budget' as const,
          thresholdOverride: null,
          learningUntilMs: one.learningUntilMs,
          model: one.learningUntilMs === null ? model(now, one.id) : null,
        })),
      },
    ],
  };
}

const part = (name: string, now: number) => ({
  part: name,
  state: 'ok' as const,
  phase: 'ready' as const,
  reason: '',
  sinceMs: now - 3 * 24 * hour,
});

export function house(now: number, targets: TargetOverview[]): Scene {
  return {
    session: { account: structuredClone(account), setupNeeded: false, setupCodeNeeded: false, version: '0.1.0' },
    overview: {
      nowMs: now,
      state: 'ok',
      summary: summaryOf(targets, []),
      targets,
      incidents: [],
      incidentsTotal: 0,
      parts: ['Prometheus', 'Alertmanager', 'node_exporter', 'reader', 'store'].map((name) => part(name, now)),
    },
    hosts: new Map(targets.map((one) => [one.id, hostOf(now, one)])),
    incidents: [],
    marks: [],
    maintenance: someWindows(now, hostileName),
    moved: movedOf({ entity: 'web1', name: 'web1', openedMs: now - 12 * minute }, now),
    grafana: { answers: false, reason: '', panels: [] },
    ai: aiOf(now, targets),
    findings: [],
    versions: versionsOf(now),
    backtest: doneBacktest(),
    containers: { engines: [], suggestion: '/var/run/docker.sock', applications: [] },
  };
}

export function makeScene(name: SceneName, now = Date.now()): Scene {
  if (name === 'empty') {
    const scene = house(now, []);
    scene.session = { account: null, setupNeeded: true, setupCodeNeeded: true, version: '0.1.0' };
    return scene;
  }
  if (name === 'kinds') return kinds(now);
  if (name === 'containers')
    return { ...house(now, [target(now, 'lab', 'lab', { profile: 'container' })]), containers: someContainers(now) };
  const targets = [
    target(now, 'web1', 'web1', { managedBy: 'vigia', address: '127.0.0.1:9100', labels: { rack: 'a3' } }),
    target(now, 'db-primary', hostileName, { score: 0.41 }),
    target(now, 'backup', 'backup-of-the-north-building-with-a-long-name', {
      score: null,
      threshold: null,
      spark: [],
      sinceMs: null,
      learningUntilMs: now + 40 * minute,
    }),
  ];
  const scene = house(now, targets);
  scene.incidents = [pastIncident(now)];
  scene.findings = findings(now);
  return name === 'calm' ? scene : withIncident(scene, now);
}

/** One target of each profile, as it looks when all is well; of containers and pods there are several. */
function kinds(now: number): Scene {
  const scene = house(
    now,
    allProfiles.map(({ slug }) => target(now, slug, slug, { profile: slug })),
  );
  for (const profile of allProfiles) {
    const host = scene.hosts.get(profile.slug) as Host;
    const many = profile.identity.length > 1;
    const features = profile.features.map(({ name, unit, highest, minimumChange }, at) => {
      const middle = usual[unit] * (1 + 0.1 * at);
      const [value, expectedLow, expectedHigh] = [
        middle,
        middle * 0.8,
        Math.min(middle * 1.2 + minimumChange, highest ?? Number.MAX_VALUE),
      ];
      const known = many ? { value: null, expectedLow: null, expectedHigh: null } : { value, expectedLow, expectedHigh };
      return { feature: name, unit, ...known, share: null };
    });
    const now = (name: string) => features.find(({ feature }) => feature === name)?.value ?? null;
    scene.hosts.set(profile.slug, {
      ...host,
      ...(many ? { lines: ['shop-web-1', 'shop-web-2', 'shop-db-1'], model: null } : {}),
      features,
      summary: {
        cpuRatio: now('cpu'),
        memoryRatio: now('memory'),
        diskRatio: now('disk_space'),
        receiveBytesPerSecond: now('network_receive'),
        transmitBytesPerSecond: now('network_transmit'),
      },
    });
  }
  return scene;
}

/** A likely amount of each unit. */
const usual: Readonly<Record<Unit, number>> = {
  ratio: 0.3,
  bytes: 4e8,
  bytes_per_second: 2e5,
  seconds: 0.04,
  per_second: 40,
  count: 12,
  watts: 402.6,
  amperes: 1.9,
  celsius: 41,
};

function findings(now: number): Finding[] {
  return Array.from({ length: 34 }, (_, index) => ({
    id: index + 1,
    profile: 'linux-host',
    entity: 'web1',
    tsMs: now - index * 7 * minute,
    score: 0.63 + 0.3 * wobble(index),
    threshold: 0.62,
    basis: index < 20 ? 'budget' : 'detector',
    shares: sharesOf(loadedFigures),
    modelVersion: 4,
    late: index === 3,
  }));
}

function pastIncident(now: number): Incident {
  const openedMs = now - 50 * hour;
  const closedMs = openedMs + 22 * minute;
  return {
    ...summary(11, openedMs, closedMs),
    peakScore: 0.79,
    threshold: 0.62,
    shares: sharesOf(loadedFigures),
    alerts: [alert(openedMs, closedMs)],
    timeline: [
      { tsMs: openedMs, kind: 'opened', text: 'VigiaAnomaly fires', by: null },
      { tsMs: openedMs + 5 * minute, kind: 'note', text: 'A backup ran at the wrong time.', by: 'Ana García' },
      { tsMs: closedMs, kind: 'closed', text: '', by: null },
    ],
  };
}

function summary(id: number, openedMs: number, closedMs: number | null): IncidentSummary {
  return {
    id,
    entity: 'web1',
    profile: 'linux-host',
    kind: 'host',
    name: 'web1',
    severity: 'warning',
    state: closedMs === null ? 'open' : 'closed',
    title: 'Unusual behaviour',
    openedMs,
    closedMs,
    top: sharesOf(loadedFigures).slice(0, 3),
  };
}

function alert(startsMs: number, endsMs: number | null): Incident['alerts'][number] {
  return {
    fingerprint: '8f3a61c2',
    name: 'VigiaAnomaly',
    severity: 'warning',
    entity: 'web1',
    profile: 'linux-host',
    labels: { entity: 'web1' },
    annotations: { summary: 'web1 behaves abnormally: CPU busy 97 %, load per core 340 %.' },
    startsMs,
    endsMs,
    state: endsMs === null ? 'firing' : 'resolved',
    silenced: false,
  };
}

function withIncident(scene: Scene, now: number): Scene {
  const openedMs = now - 12 * minute;
  const first = summary(12, openedMs, null);
  const down = { ...alert(openedMs + 2 * minute, null), fingerprint: '77aa', name: 'HighCpuDifference', severity: 'critical' as const };
  down.annotations = { summary: 'web1 uses 88 % more CPU than db.' };
  scene.incidents.unshift({
    ...first,
    severity: 'critical',
    peakScore: 0.83,
    threshold: 0.62,
    basis: 'budget',
    shares: sharesOf(loadedFigures),
    alerts: [alert(openedMs, null), down],
    timeline: [
      { tsMs: openedMs, kind: 'opened', text: 'VigiaAnomaly fires', by: null },
      { tsMs: openedMs + 2 * minute, kind: 'alert-firing', text: 'HighCpuDifference', by: null },
      { tsMs: openedMs + 4 * minute, kind: 'score', text: '0.83', by: null },
    ],
  });
  scene.overview.state = 'bad';
  scene.overview.incidents = [{ ...first, severity: 'critical' }];
  const web1 = scene.overview.targets[0] as TargetOverview;
  Object.assign(web1, {
    state: 'bad',
    reason: 'CPU busy 97 % (expected 2–15 %), load per core 340 %',
    sinceMs: openedMs,
    score: 0.81,
    firing: 2,
    spark: wave(now - hour, now, minute, (at, index) => (at < openedMs ? 0.32 + 0.1 * wobble(index) : 0.76 + 0.07 * wobble(index))),
  });
  const reader = scene.overview.parts.find((one) => one.part === 'reader');
  if (reader) Object.assign(reader, { state: 'unknown', phase: 'degraded', reason: 'Last answer took 2.4 s.' });
  const host = scene.hosts.get('web1') as Host;
  host.target = web1;
  host.summary = { ...host.summary, cpuRatio: 0.97 };
  host.features = featuresOf(loadedFigures);
  host.alerts = scene.incidents[0]?.alerts ?? [];
  host.rules = rules.map((rule) => (rule.name === 'HostDown' ? rule : { ...rule, state: 'firing' }));
  host.incidents = scene.incidents;
  host.corruptModels = 1;
  return scene;
}
