import { dashboardOf } from '../../dashboards/index.ts';
import type { PanelData, Rule } from '../../src/model/api.ts';
import type { Application, Container, Containers } from '../../src/model/docker.ts';
import type { Alert } from '../../src/model/incident.ts';
import { wave, wobble } from './figures.ts';
import { notFound, type Reply } from './reply.ts';
import type { Scene } from './scenes.ts';

const hour = 3_600_000;
const MiB = 1024 * 1024;

/** Three applications: one with load on a single replica, one in every kind of trouble, one without limits. */
export function someContainers(now: number): Containers {
  const compose = (service: string, number: number) => ({
    'com.docker.compose.project': 'shop',
    'com.docker.compose.service': service,
    'com.docker.compose.container-number': String(number),
    'org.opencontainers.image.description': 'Everything that the shop shows to people who look for something to buy',
  });
  const web = [1, 2, 3].map((number) => container(now, `shop-web-${number}`, { labels: compose('web', number) }));
  Object.assign(web[1] as Container, {
    verdict: 'bad',
    reason: 'Container shop-web-2 uses much CPU.',
    figures: { ...(web[1] as Container).figures, cpu: 0.487 },
    score: 0.81,
  });
  const trouble = [
    container(now, 'queue-1', {
      state: 'exited',
      oomKilled: true,
      exitCode: 137,
      finishedMs: now - 60_000,
      verdict: 'bad',
      figures: {},
      score: null,
    }),
    container(now, 'queue-2', {
      state: 'restarting',
      restarts: 12,
      exitCode: 1,
      finishedMs: now - 4_000,
      verdict: 'bad',
      figures: {},
      score: null,
    }),
    container(now, 'queue-3', { health: 'unhealthy', verdict: 'bad' }),
    container(now, 'queue-4-with-a-name-that-somebody-made-much-too-long', {
      state: 'ended',
      exitCode: 0,
      finishedMs: now - hour,
      figures: {},
      score: null,
    }),
  ];
  const free = ['alpha', 'beta', 'gamma'].map((name) => {
    const made = container(now, name, { memoryLimitBytes: null, cpuLimitCores: null, score: null });
    return { ...made, figures: { ...made.figures, memory_of_limit: null } };
  });
  const applications: Application[] = [
    { name: 'postgres', containers: free, alerts: [] },
    {
      name: 'queue',
      containers: trouble,
      alerts: [
        alert(now, 'ContainerOomKilled', 'queue-1', 'critical', 'Container queue-1 was killed for want of memory. Its limit is 64MiB.'),
        alert(now, 'ContainerRestartLoop', 'queue-2', 'critical', 'Container queue-2 ends again and again.'),
        alert(now, 'ContainerUnhealthy', 'queue-3', 'warning', 'Container queue-3 is unhealthy. It runs, but its own health check fails.'),
      ],
    },
    {
      name: 'shop/web',
      containers: web,
      alerts: [alert(now, 'ContainerCpuHigh', 'shop-web-2', 'warning', 'Container shop-web-2 uses much CPU. It uses 97 % of what it may.')],
    },
  ];
  return {
    engines: [
      {
        id: 'lab',
        name: 'lab',
        socket: 'unix:///var/run/docker.sock',
        from: 'file',
        state: 'ok',
        reason: '',
        version: 'Docker 20.10.24, API 1.41',
        containers: 10,
      },
      {
        id: 'build',
        name: 'build',
        socket: 'tcp://192.168.1.40:2375',
        from: 'page',
        state: 'bad',
        reason: 'Docker engine build at http://192.168.1.40:2375 does not answer: connection refused (nothing listens there).',
        version: '',
        containers: 0,
      },
    ],
    suggestion: null,
    applications,
  };
}

function container(now: number, name: string, part: Partial<Container>): Container {
  const seed = name.length + name.charCodeAt(name.length - 1);
  return {
    entity: `lab/${name}`,
    engine: 'lab',
    name,
    image: 'registry.example.org:5000/team/image:2026-11-20',
    labels: {},
    state: 'running',
    health: null,
    restarts: 0,
    exitCode: null,
    oomKilled: false,
    startedMs: now - 30 * hour,
    finishedMs: null,
    memoryLimitBytes: 64 * MiB,
    cpuLimitCores: 0.5,
    figures: {
      cpu: 0.02 + 0.03 * wobble(seed),
      memory: (20 + 6 * wobble(seed)) * MiB,
      memory_of_limit: 0.35,
      network_receive: 12_000 * (1 + wobble(seed)),
      network_transmit: 34_000 * (1 + wobble(seed)),
      disk_read: 0,
      disk_write: 4096 * (1 + wobble(seed)),
    },
    verdict: 'ok',
    reason: '',
    score: 0.31,
    threshold: 0.62,
    ...part,
  };
}

function alert(now: number, name: string, of: string, severity: Alert['severity'], summary: string): Alert {
  return {
    fingerprint: `${name} ${of}`,
    name,
    severity,
    entity: `lab/${of}`,
    profile: 'container',
    labels: { name: of },
    annotations: { summary },
    startsMs: now - 90_000,
    endsMs: null,
    state: 'firing',
    silenced: false,
  };
}

const rules: Rule[] = [
  ['ContainerCpuHigh', 'firing', 'CPU is above 80 % of its limit, or of one core where it has none, for 1 minute'],
  ['ContainerDown', 'inactive', 'It should run and does not for 1 minute'],
].map(([name = '', state, description = '']) => ({
  name,
  severity: 'warning',
  state: state as Rule['state'],
  expr: 'max by (name) (container_running) == 0',
  forMs: 60_000,
  description,
}));

export function containerAnswer(scene: Scene, method: string, path: string, query: URLSearchParams, body: unknown): Reply {
  const { containers } = scene;
  if (scene.session.account?.scope.containers !== true)
    return { status: 403, body: { code: 'out-of-scope', message: 'Your account may not see containers.' } };
  if (path === 'containers') return { body: containers };
  if (path === 'containers/rules') return { body: { rules } };
  if (path === 'engines/test') {
    const { socket } = body as { socket: string };
    return {
      body: socket.endsWith('.sock')
        ? { ok: true, message: 'Docker 20.10.24 (API 1.41) answers with 3 containers.' }
        : { ok: false, message: 'connection refused' },
    };
  }
  if (path === 'engines' && method === 'POST') {
    const { name, socket } = body as { name: string; socket: string };
    if (!socket.includes('/'))
      return { status: 400, body: { code: 'input-invalid', message: 'socket: a path like /var/run/docker.sock', field: 'socket' } };
    containers.engines.push({
      id: name,
      name,
      socket,
      from: 'page',
      state: 'unknown',
      reason: 'has not run yet',
      version: '',
      containers: 0,
    });
    containers.suggestion = null;
    return { status: 200, body: {} };
  }
  if (path.startsWith('engines/') && method === 'DELETE') {
    containers.engines = containers.engines.filter(({ id }) => `engines/${id}` !== path);
    return { status: 204 };
  }
  const panel = dashboardOf('container')?.panels.find(({ id }) => path === `containers/panels/${id}`);
  const application = containers.applications.find(({ name }) => name === query.get('application'));
  if (panel === undefined || application === undefined) return notFound('panel', path);
  const [from, to] = [Number(query.get('fromMs')), Number(query.get('toMs'))];
  const data: PanelData = {
    panel: panel.id,
    unit: panel.unit,
    band: null,
    series: application.containers.map(({ name }, nth) => ({
      legend: name,
      points: wave(
        from,
        to,
        Math.max(5000, (to - from) / 240),
        (_, index) => (0.08 + 0.07 * wobble(index + nth * 31)) * (panel.unit === 'ratio' ? 1 : 20),
      ),
    })),
  };
  return { body: data };
}
