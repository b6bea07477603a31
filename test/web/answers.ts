import { dashboardOf } from '../../dashboards/index.ts';
import type { Account } from '../../src/model/account.ts';
import type { IncidentDetail, PanelData } from '../../src/model/api.ts';
import type { Incident } from '../../src/model/incident.ts';
import type { TargetInput } from '../../src/model/target.ts';
import { aiAnswer } from './answers-ai.ts';
import { containerAnswer } from './containers.ts';
import { discoveryAnswer } from './discovery.ts';
import { energyAnswer, marksAnswer, promqlAnswer } from './answers-views.ts';
import { maintenanceAnswer } from './maintenance.ts';
import { similarTo } from './explanation.ts';
import { clusterAnswer } from './cluster.ts';
import { overviewAnswer } from './overview.ts';
import { notFound, type Reply } from './reply.ts';
import { allProfiles, wave, wobble } from './figures.ts';
import type { Scene } from './scenes.ts';

const minute = 60_000;

/** The stub's answers; what a request changes is changed in the scene. */
export function answer(scene: Scene, method: string, path: string, query: URLSearchParams, body: unknown): Reply {
  const [head = '', ...rest] = path.split('/').map(decodeURIComponent);
  const door = doorAnswer(scene, method, path, body);
  if (door) return door;
  if (scene.session.account === null) return { status: 401, body: { code: 'signin-required', message: 'Sign in first.' } };
  switch (head) {
    case 'overview':
      return overviewAnswer(scene, rest.join('/'), query);
    case 'profiles':
      return { body: { profiles: allProfiles } };
    case 'grafana':
      return { body: scene.grafana };
    case 'energy':
      return energyAnswer(rest.join('/'), query, scene.overview.targets.length === 0);
    case 'promql':
      return promqlAnswer(rest.join('/'), query);
    case 'hosts':
      if (rest[1] === 'marks') return marksAnswer(scene, rest[0] ?? '', query);
      return hostAnswer(scene, rest, query);
    case 'containers':
    case 'engines':
      return containerAnswer(scene, method, path, query, body);
    case 'discovery':
      return discoveryAnswer(scene, method, rest.join('/'), body);
    case 'targets':
      return targetAnswer(scene, method, rest, body as TargetInput);
    case 'incidents':
      return incidentAnswer(scene, method, rest, query, body);
    case 'kubernetes':
      return { body: clusterAnswer(scene, query) };
    case 'maintenance':
      return maintenanceAnswer(scene, method, rest, body);
    case 'marks':
      scene.marks = scene.marks.filter((mark) => mark.id !== Number(rest[0]));
      return { status: 204 };
    case 'ai':
      return aiAnswer(scene, method, rest.join('/'), query, body);
    default:
      return settingsAnswer(scene, method, path);
  }
}

function doorAnswer(scene: Scene, method: string, path: string, body: unknown): Reply | null {
  const { session } = scene;
  if (path === 'session' && method === 'GET') return { body: session };
  if (path === 'session' && method === 'DELETE') {
    session.account = null;
    return { status: 204 };
  }
  if (path === 'session' && method === 'POST') {
    const { password } = body as { password: string };
    if (password !== 'correct horse') return { status: 401, body: { code: 'signin-failed', message: 'E-mail or password is wrong.' } };
    session.account = admin();
    return { body: session };
  }
  if (path === 'setup' && method === 'POST') {
    const { name, email, code } = body as { name: string; email: string; code?: string };
    if (code !== '12345678') return { status: 403, body: { code: 'setup-code', message: 'The set-up code is wrong.' } };
    if (!email.includes('.'))
      return { status: 400, body: { code: 'input-invalid', message: 'email: Invalid e-mail address', field: 'email' } };
    session.setupNeeded = false;
    session.account = { ...admin(), name, email };
    return { body: session };
  }
  if (path === 'session/preferences' && session.account) {
    session.account.preferences = body as Account['preferences'];
    return { status: 204 };
  }
  if (path === 'session/password')
    return { status: 400, body: { code: 'input-invalid', message: 'current: this is not the present password', field: 'current' } };
  return null;
}

function admin(): Account {
  return {
    id: 1,
    name: 'Ana García',
    email: 'ana@example.org',
    role: 'administrator',
    scope: { hosts: true, containers: true },
    disabled: false,
    createdMs: Date.now(),
    preferences: { theme: 'auto', language: 'auto', timeZone: 'auto' },
  };
}

function hostAnswer(scene: Scene, [id = '', , panel = '']: string[], query: URLSearchParams): Reply {
  const host = scene.hosts.get(id);
  if (!host) return notFound('host', id);
  if (panel === '') return { body: host };
  const definition = dashboardOf(host.target.profile)?.panels.find((one) => one.id === panel);
  if (!definition) return notFound('panel', panel);
  const from = Number(query.get('fromMs'));
  const to = Number(query.get('toMs'));
  const stepMs = Math.max(5000, (to - from) / 240);
  const known = host.features.find(({ feature }) => feature === definition.feature);
  const legends =
    panel === 'cpu-modes'
      ? ['user', 'system', 'iowait', 'softirq']
      : panel === 'disk-space'
        ? ['/', '/home', '/var']
        : panel === 'disk-busy'
          ? ['sda', 'nvme0n1']
          : (host.lines ?? ['value']);
  const trouble = host.target.state === 'bad' ? (host.target.sinceMs ?? to) : Number.POSITIVE_INFINITY;
  // What was expected before an hour ago was a little less.
  const bandOf = (low: number, high: number): PanelData['band'] => ({
    low: wave(from, to, stepMs, (at) => (at < to - 3_600_000 ? 0.9 * low : low)),
    high: wave(from, to, stepMs, (at) => (at < to - 3_600_000 ? 0.95 * high : high)),
  });
  const data: PanelData = {
    panel,
    unit: definition.unit,
    series: legends.map((legend, nth) => ({
      legend,
      points: wave(from, to, stepMs, (at, index) => {
        if (index % 97 === 96) return null;
        if (known?.value !== null && known?.value !== undefined && at >= trouble) return known.value * (0.94 + 0.06 * wobble(index));
        if (known?.expectedLow !== null && known?.expectedLow !== undefined && known.expectedHigh !== null)
          return known.expectedLow + (known.expectedHigh - known.expectedLow) * (0.25 + 0.4 * wobble(index));
        return (0.08 + 0.07 * wobble(index + nth * 31)) * (nth + 1) * (definition.unit === 'ratio' ? 1 : 20);
      }),
    })),
    band:
      known?.expectedLow === null || known?.expectedLow === undefined || known.expectedHigh === null
        ? null
        : bandOf(known.expectedLow, known.expectedHigh),
  };
  return { body: data };
}

function targetAnswer(scene: Scene, method: string, [id = '']: string[], input: TargetInput): Reply {
  const { targets } = scene.overview;
  if (method === 'GET') return { body: { targets } };
  if (id === 'test') {
    return input.address.startsWith('10.')
      ? { body: { ok: false, message: 'connection refused', samples: 0, durationMs: 12 } }
      : { body: { ok: true, message: 'node_exporter 1.5.0', samples: 512, durationMs: 38 } };
  }
  if (method === 'DELETE') {
    targets.splice(
      targets.findIndex((one) => one.id === id),
      1,
    );
    return { status: 204 };
  }
  if (!/:\d+$/.test(input.address))
    return {
      status: 400,
      body: {
        code: 'input-invalid',
        message: 'address: HOST:PORT, for example 192.168.1.10:9100; address: a port between 1 and 65535',
        field: 'address',
      },
    };
  const old = targets.find((one) => one.id === id);
  if (old) {
    Object.assign(old, input);
    return { body: old };
  }
  const fresh = {
    ...input,
    id: `t${targets.length}`,
    managedBy: 'user' as const,
    createdMs: Date.now(),
    state: 'unknown' as const,
    reason: '',
    sinceMs: Date.now(),
  };
  targets.push({ ...fresh, score: null, threshold: null, learningUntilMs: Date.now() + 60 * minute, realtime: true, firing: 0, spark: [] });
  return { status: 201, body: fresh };
}

function incidentAnswer(scene: Scene, method: string, [id = '', act = '']: string[], query: URLSearchParams, body: unknown): Reply {
  if (id === '') {
    const found = scene.incidents.filter(
      (one) => (query.get('state') ?? one.state) === one.state && (query.get('entity') ?? one.entity) === one.entity,
    );
    return { body: { incidents: found, total: found.length } };
  }
  const incident = scene.incidents.find((one) => one.id === Number(id));
  if (!incident) return notFound('incident', id);
  if (act === 'moved') return { body: scene.moved };
  if (method === 'GET') {
    const past = scene.incidents.filter((one) => one.id < incident.id).flatMap(similarTo);
    return { body: detailOf(scene, incident, past) };
  }
  const by = scene.session.account?.name ?? null;
  if (act === 'notes') incident.timeline.push({ tsMs: Date.now(), kind: 'note', text: (body as { text: string }).text, by });
  if (act === 'silence') {
    incident.timeline.push({ tsMs: Date.now(), kind: 'silenced', text: `${(body as { minutes: number }).minutes} min`, by });
    for (const one of incident.alerts) one.silenced = true;
  }
  if (act === 'accept') incident.timeline.push({ tsMs: Date.now(), kind: 'accepted', text: 'Its level counts as normal from now on.', by });
  if (act === 'fault')
    scene.marks.push({
      id: scene.marks.length + 1,
      profile: incident.profile,
      entity: incident.entity,
      kind: 'fault',
      fromMs: incident.openedMs - minute,
      toMs: incident.closedMs,
      text: (body as { text: string }).text,
      by: by ?? '',
      incidentId: incident.id,
      createdMs: Date.now(),
    });
  return { status: 204 };
}

function detailOf(scene: Scene, incident: Incident, similar: IncidentDetail['similar']): IncidentDetail {
  return {
    ...incident,
    similar,
    marks: scene.marks.filter((mark) => mark.incidentId === incident.id),
    canAccept: incident.state !== 'closed' && !incident.timeline.some(({ kind }) => kind === 'accepted'),
    acceptAfterMs: 360 * minute,
    falseAlarmsPerWeek: 1,
  };
}

function settingsAnswer(scene: Scene, method: string, path: string): Reply {
  const now = Date.now();
  const common = { enabled: true, sendResolved: true, severities: ['critical' as const], categories: [] };
  if (path.endsWith('/test'))
    return path.includes('mail')
      ? { body: { ok: false, message: 'connection refused (127.0.0.1:25)' } }
      : { body: { ok: true, message: '200' } };
  if (method !== 'GET') return path === 'tokens' ? { status: 201, body: { token: 'vigia_0123456789abcdef', info: {} } } : { status: 204 };
  switch (path) {
    case 'settings/receivers':
      return {
        body: {
          receivers: [
            {
              ...common,
              name: 'night-watch',
              kind: 'telegram',
              botToken: '***',
              chatId: '-100123',
              apiUrl: 'https://api.telegram.org',
              readOnly: false,
            },
            {
              ...common,
              name: 'mail',
              kind: 'email',
              to: 'ops@example.org',
              from: 'vigia@example.org',
              smarthost: 'mail:25',
              username: '',
              password: '',
              requireTls: true,
              readOnly: true,
            },
          ],
        },
      };
    case 'silences':
      return {
        body: {
          silences: [
            {
              id: 's1',
              matchers: [{ name: 'entity', value: 'web1', isRegex: false, isEqual: true }],
              startsMs: now,
              endsMs: now + 60 * minute,
              createdBy: 'Ana García',
              comment: 'Disk swap',
            },
          ],
        },
      };
    case 'source':
      return {
        body: {
          source: {
            scrapeMs: 15_000,
            stepMs: 30_000,
            everySteps: 2,
            reason:
              'to keep within the query budget, the step is 30s instead of 15s: every scrape would cost 9,000 samples a minute of 5,000',
            budget: { series: null, samples: 5_000, seconds: 2 },
            profiles: [{ profile: 'linux-host', entities: 3, queries: 13, series: 900, samples: 4_500, seconds: 0.4 }],
            used: { series: 880, samples: 4_400, seconds: 0.3 },
            waiting: 1,
          },
        },
      };
    case 'archive':
      return {
        body: {
          configured: true,
          url: 'http://influxdb:8086',
          rules: [
            {
              name: 'hosts',
              match: '{job="linux-host"}',
              every: 'raw',
              keepMs: null,
              beganMs: now - 9e9,
              untilMs: now - minute,
              lagMs: minute,
              points: 123_456_789,
              refused: 3,
              refusal: 'field type conflict',
              notFinite: 12,
              infinite: 5,
              stale: 341,
              error: 'InfluxDB at http://influxdb:8086 does not answer: connection refused (nothing listens there).',
            },
          ],
        },
      };
    case 'accounts':
      return {
        body: {
          accounts: [
            scene.session.account,
            {
              ...admin(),
              id: 2,
              name: 'Luis',
              email: 'luis@example.org',
              role: 'viewer',
              scope: { hosts: true, containers: false },
              disabled: true,
            },
          ],
        },
      };
    case 'tokens':
      return {
        body: {
          tokens: [
            {
              id: 1,
              name: 'grafana',
              role: 'viewer',
              scope: { hosts: true, containers: true },
              createdMs: now - 9e8,
              expiresMs: null,
              lastUsedMs: now - 4 * minute,
            },
          ],
        },
      };
    case 'audit':
      return {
        body: {
          entries: [
            {
              id: 1,
              tsMs: now - minute,
              who: 'Ana García',
              address: '127.0.0.1',
              action: 'target.add',
              subject: 'web1',
              detail: '192.168.1.14:9100',
            },
          ],
          total: 1,
        },
      };
    default:
      return notFound('route', path);
  }
}
