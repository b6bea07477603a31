import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArchiveState } from '../../src/model/archive.ts';
import type { AiState, Collected, Detected, Evaluation, FindingPage, IncidentDetail, Overview, ScoreHistory } from '../../src/model/api.ts';
import type { Alert, Incident, IncidentSummary } from '../../src/model/incident.ts';
import type { Maintenance } from '../../src/model/maintenance.ts';
import type { Mark } from '../../src/model/mark.ts';
import type { Target } from '../../src/model/target.ts';
import { archiveMetrics } from '../../src/server/archive/metrics.ts';
import { type FakeHouse, fakeHouse } from './fake-house.ts';
import { profile, stepMs, type World } from './fake-source.ts';

const startMs = Date.UTC(2026, 0, 1);
const faultMs = startMs + 60 * stepMs;
const calm = (feature: string, tsMs: number) => 0.1 + 0.02 * Math.sin(tsMs / 7_000 + feature.length);
const world: World = {
  nowMs: startMs,
  down: false,
  queries: 0,
  entities: new Map([
    [
      'web1',
      {
        present: () => true,
        value: (feature: string, tsMs: number) => (feature === 'memory' && tsMs > faultMs ? 0.9 : calm(feature, tsMs)),
      },
    ],
  ]),
};
const administrator = { role: 'administrator' } as const;
const operator = { role: 'operator' } as const;
const viewer = { role: 'viewer' } as const;
const onlyContainers = { role: 'viewer', scope: { hosts: false, containers: true } } as const;
const onlyHosts = { role: 'viewer', scope: { hosts: true, containers: false } } as const;
const alert: Alert = {
  fingerprint: 'f1',
  name: 'VigiaAnomaly',
  severity: 'warning',
  entity: 'web1',
  profile: profile.slug,
  labels: {},
  annotations: { summary: 'web1 behaves abnormally' },
  startsMs: faultMs,
  endsMs: null,
  state: 'firing',
  silenced: false,
};

let fake: FakeHouse;
beforeAll(async () => {
  fake = await fakeHouse(world);
  const { house } = fake;
  await fake.ask(operator, 'POST', '/api/targets', { name: 'web1', profile: profile.slug, address: '10.0.0.1:9100' });
  for (const nowMs of [startMs, startMs + 30 * stepMs, faultMs + 8 * stepMs]) {
    world.nowMs = nowMs;
    for (let more = true; more; ) more = (await house.pipeline.tick(profile)).behind;
    await house.learner.maintain(profile, nowMs);
  }
  await house.incidents.take([alert, { ...alert, fingerprint: 'f2', entity: 'shop.db', profile: 'container' }]);
});
afterAll(() => fake.stop());

describe('what an account may see (P04)', () => {
  it('is a filter on every list', async () => {
    const overview = async (who: typeof viewer | typeof onlyContainers | typeof onlyHosts) =>
      (await fake.ask(who, 'GET', '/api/overview')).json<Overview>();
    expect((await overview(viewer)).incidents).toHaveLength(2);
    expect((await overview(onlyHosts)).incidents.map((incident) => incident.entity)).toEqual(['web1']);
    const seen = await overview(onlyContainers);
    expect(seen.incidents.map((incident) => incident.entity)).toEqual(['shop.db']);
    expect(seen.targets).toEqual([]);
    expect((await fake.ask(onlyContainers, 'GET', '/api/targets')).json<{ targets: Target[] }>().targets).toEqual([]);
    expect((await fake.ask(onlyContainers, 'GET', '/api/ai')).json<AiState>().profiles.map((each) => each.profile)).toEqual(['container']);
  });

  it('refuses what is named directly', async () => {
    expect((await fake.ask(onlyContainers, 'GET', '/api/hosts/web1')).status).toBe(404);
    expect((await fake.ask(onlyHosts, 'GET', `/api/ai/findings?profile=container`)).status).toBe(403);
    const { incidents } = (await fake.ask(viewer, 'GET', '/api/incidents')).json<{ incidents: IncidentSummary[] }>();
    const hidden = incidents.find((incident) => incident.entity === 'shop.db');
    expect((await fake.ask(onlyHosts, 'GET', `/api/incidents/${hidden?.id}`)).status).toBe(404);
    expect((await fake.ask(onlyContainers, 'GET', `/api/incidents/${hidden?.id}`)).status).toBe(200);
  });
});

describe('overview', () => {
  it('says what is wrong, where, since when and why', async () => {
    const { state, targets } = (await fake.ask(viewer, 'GET', '/api/overview')).json<Overview>();
    expect(state).toBe('bad');
    expect(targets[0]).toMatchObject({ id: 'web1', state: 'bad', reason: 'web1 behaves abnormally', sinceMs: faultMs, firing: 1 });
    expect(targets[0]?.score).toBeGreaterThanOrEqual(targets[0]?.threshold as number);
  });

  it('calls a silent Prometheus unknown, never ok', async () => {
    world.down = true;
    await fake.house.incidents.take([{ ...alert, state: 'resolved', endsMs: world.nowMs }]);
    const { targets } = (await fake.ask(viewer, 'GET', '/api/overview')).json<Overview>();
    world.down = false;
    expect(targets[0]).toMatchObject({ state: 'unknown' });
    expect(targets[0]?.reason).not.toBe('');
    await fake.house.incidents.take([{ ...alert, startsMs: world.nowMs }]);
  });
});

describe('targets', () => {
  it('are made, changed and removed; the id stays', async () => {
    const made = (
      await fake.ask(operator, 'POST', '/api/targets', { name: 'Web Ñ 2', profile: profile.slug, address: '[fd00::1]:9100' })
    ).json<Target>();
    expect(made).toMatchObject({ id: 'web-n-2', managedBy: 'user', enabled: true });
    const change = { name: 'Renamed', profile: profile.slug, address: '10.0.0.2:9100' };
    expect((await fake.ask(operator, 'PUT', '/api/targets/web-n-2', change)).json<Target>()).toMatchObject({
      id: 'web-n-2',
      name: 'Renamed',
    });
    expect((await fake.ask(viewer, 'DELETE', '/api/targets/web-n-2')).status).toBe(403);
    expect((await fake.ask(operator, 'DELETE', '/api/targets/web-n-2')).status).toBe(204);
    expect((await fake.ask(operator, 'DELETE', '/api/targets/web-n-2')).status).toBe(404);
  });

  it.each([
    [{ address: '10.0.0.1' }, 'address'],
    [{ address: '10.0.0.1:99999' }, 'port'],
    [{ address: 'a b:9100' }, 'address'],
    [{ address: 'http://10.0.0.1:9100' }, 'address'],
    [{ profile: 'windows-host' }, 'there is no \\"windows-host\\"; there are linux-host'],
    [{ metricsPath: '/metrics?x=1' }, 'metricsPath'],
    [{ labels: { target: 'x' } }, 'is a label that Vigía sets itself'],
    [{ labels: { 'a b': 'x' } }, 'is no label name'],
    [{ colour: 'red' }, 'colour'],
  ])('refuse %j with a word about it', async (wrong, word) => {
    const answer = await fake.ask(operator, 'POST', '/api/targets', {
      name: 'x',
      profile: profile.slug,
      address: '10.0.0.9:9100',
      ...wrong,
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(word);
  });

  it('refuse the same address twice', async () => {
    const answer = await fake.ask(operator, 'POST', '/api/targets', { name: 'again', profile: profile.slug, address: '10.0.0.1:9100' });
    expect(answer.status).toBe(409);
  });
});

describe('the AI page', () => {
  const range = { profile: profile.slug, entity: 'web1', hours: 0.2 };

  it('collects, and gives the same rows as CSV (P16)', async () => {
    const collected = (await fake.ask(operator, 'POST', '/api/ai/collect', range)).json<Collected>();
    expect(collected).toMatchObject({ steps: 144, missing: 0 });
    const csv = await fake.ask(viewer, 'GET', `/api/ai/features.csv?profile=${profile.slug}&entity=web1&hours=0.2`);
    expect(csv.headers['content-disposition']).toBe('attachment; filename="features.csv"');
    expect(csv.text.trimEnd().split('\n')).toHaveLength(145);
    expect(csv.text).toMatch(/^time,cpu,disk,memory\n/);
  });

  it('trains, evaluates without and with labels, and detects (P17, P18, P19)', async () => {
    const trained = await fake.ask(operator, 'POST', '/api/ai/train', { ...range, hours: 0.1 });
    expect(trained.json()).toMatchObject({ entity: 'web1', state: 'active' });
    const plain = (await fake.ask(operator, 'POST', '/api/ai/evaluate', range)).json<Evaluation>();
    expect(plain).toMatchObject({ precision: null, recall: null });
    const labels = [{ fromMs: faultMs + 1, toMs: world.nowMs }];
    const labelled = (await fake.ask(operator, 'POST', '/api/ai/evaluate', { ...range, labels })).json<Evaluation>();
    expect(labelled.labelledSteps).toBeGreaterThan(3);
    expect(labelled.recall).toBe(1);
    expect(labelled.precision).toBeGreaterThan(0.8);
    const detected = (await fake.ask(operator, 'POST', '/api/ai/detect', range)).json<Detected>();
    expect(detected.findings[0]).toMatchObject({
      entity: 'web1',
      shares: expect.arrayContaining([expect.objectContaining({ feature: 'memory' })]) as unknown,
    });
  });

  it('keeps a history that is shown and downloaded (P20)', async () => {
    const page = (await fake.ask(viewer, 'GET', `/api/ai/findings?profile=${profile.slug}&limit=2`)).json<FindingPage>();
    expect(page.findings.length).toBeGreaterThan(0);
    const csv = await fake.ask(viewer, 'GET', `/api/ai/findings.csv?profile=${profile.slug}`);
    expect(csv.text).toMatch(/^time,profile,target,feature,value,expected_low,expected_high,share,score,threshold,model_version,late\r\n/);
    expect(csv.text).toContain(',web1,memory,0.9,');
    expect((await fake.ask(viewer, 'GET', `/api/ai/findings.json?profile=${profile.slug}`)).json<unknown[]>()).toHaveLength(page.total);
  });

  it('counts fewer past anomalies for a higher threshold, and keeps it (P21)', async () => {
    const history = (await fake.ask(viewer, 'GET', `/api/ai/scores?profile=${profile.slug}&entity=web1&hours=0.2`)).json<ScoreHistory>();
    const above = (threshold: number) => history.points.filter(([, score]) => score !== null && score >= threshold).length;
    expect(above(history.threshold as number)).toBeGreaterThan(above(1));
    expect((await fake.ask(operator, 'PUT', '/api/ai/threshold', { profile: profile.slug, entity: 'web1', threshold: 0.99 })).status).toBe(
      204,
    );
    const again = (await fake.ask(viewer, 'GET', `/api/ai/scores?profile=${profile.slug}&entity=web1&hours=0.2`)).json<ScoreHistory>();
    expect(again.threshold).toBe(0.99);
    await fake.ask(operator, 'PUT', '/api/ai/threshold', { profile: profile.slug, entity: 'web1', threshold: null });
  });

  it('takes the score of what is switched off from the board at once (P22)', async () => {
    expect(fake.house.board.get(profile.slug, 'web1')).not.toBeNull();
    await fake.ask(operator, 'PUT', '/api/ai/realtime', { profile: profile.slug, entity: 'web1', on: false });
    expect(fake.house.board.get(profile.slug, 'web1')).toBeNull();
    const state = (await fake.ask(viewer, 'GET', '/api/ai')).json<AiState>();
    expect(state.profiles[0]).toMatchObject({ realtime: true, entities: [expect.objectContaining({ realtime: false })] });
    await fake.ask(operator, 'PUT', '/api/ai/realtime', { profile: profile.slug, entity: 'web1', on: null });
  });

  it('says what is missing', async () => {
    expect((await fake.ask(operator, 'POST', '/api/ai/collect', { ...range, entity: 'nobody' })).text).toContain(
      'There is no sample of the last hours of',
    );
    expect((await fake.ask(operator, 'POST', '/api/ai/collect', { ...range, profile: 'nothing' })).text).toContain('There is no profile');
  });
});

describe('receivers', () => {
  const telegram = { kind: 'telegram', name: 'phone', botToken: '42:hush', chatId: '-1001' };

  it('show no secret, and keep it when the mask comes back', async () => {
    expect((await fake.ask(administrator, 'PUT', '/api/settings/receivers/phone', telegram)).status).toBe(204);
    const shown = await fake.ask(operator, 'GET', '/api/settings/receivers');
    expect(shown.text).toContain('"botToken":"***"');
    expect(shown.text).not.toContain('hush');
    await fake.ask(administrator, 'PUT', '/api/settings/receivers/phone', { ...telegram, botToken: '***', chatId: '-1002' });
    expect(fake.far.receivers[0]).toMatchObject({ botToken: '42:hush', chatId: '-1002' });
    expect(
      (await fake.ask(administrator, 'PUT', '/api/settings/receivers/other', { ...telegram, name: 'other', botToken: '***' })).status,
    ).toBe(400);
  });

  it('stay as they were when Alertmanager refuses the new ones', async () => {
    fake.far.refuse = 'no such thing';
    const answer = await fake.ask(administrator, 'PUT', '/api/settings/receivers/phone', { ...telegram, chatId: '-7' });
    fake.far.refuse = null;
    expect(answer.text).toContain('no such thing');
    expect((await fake.house.store.settings.receivers())[0]).toMatchObject({ chatId: '-1002' });
  });
});

describe('incidents', () => {
  it('take notes and silences', async () => {
    const { incidents } = (await fake.ask(viewer, 'GET', '/api/incidents?state=open&entity=web1')).json<{ incidents: IncidentSummary[] }>();
    const id = incidents[0]?.id;
    const noted = (await fake.ask(operator, 'POST', `/api/incidents/${id}/notes`, { text: '<b>the backup ran</b>' })).json<Incident>();
    expect(noted.timeline.at(-1)).toMatchObject({ kind: 'note', text: '<b>the backup ran</b>', by: 'operator' });
    const silence = (await fake.ask(operator, 'POST', `/api/incidents/${id}/silence`, { minutes: 60, comment: '' })).json<{ id: string }>();
    expect((await fake.ask(onlyContainers, 'GET', '/api/silences')).json<{ silences: unknown[] }>().silences).toEqual([]);
    expect((await fake.ask(viewer, 'GET', '/api/silences')).json<{ silences: unknown[] }>().silences).toHaveLength(1);
    expect((await fake.ask(operator, 'DELETE', `/api/silences/${silence.id}`)).status).toBe(204);
  });

  it('are marked as faults, accepted as normal while the anomaly goes on, and say so', async () => {
    const { incidents } = (await fake.ask(viewer, 'GET', '/api/incidents?state=open&entity=web1')).json<{ incidents: IncidentSummary[] }>();
    const id = incidents[0]?.id;
    const open = (await fake.ask(viewer, 'GET', `/api/incidents/${id}`)).json<IncidentDetail>();
    expect(open).toMatchObject({ canAccept: true, marks: [], acceptAfterMs: 21_600_000, falseAlarmsPerWeek: 1 });
    expect((await fake.ask(viewer, 'POST', `/api/incidents/${id}/accept`)).status).toBe(403);
    expect((await fake.ask(viewer, 'POST', `/api/incidents/${id}/fault`, {})).status).toBe(403);

    const marked = (await fake.ask(operator, 'POST', `/api/incidents/${id}/fault`, { text: 'disk' })).json<IncidentDetail>();
    expect(marked.marks).toMatchObject([{ kind: 'fault', text: 'disk', by: 'operator', incidentId: id, toMs: null }]);
    expect(marked.marks[0]?.fromMs).toBeLessThanOrEqual(open.openedMs);
    expect((await fake.ask(operator, 'DELETE', `/api/marks/${marked.marks[0]?.id}`)).status).toBe(204);
    expect((await fake.ask(operator, 'DELETE', `/api/marks/${marked.marks[0]?.id}`)).status).toBe(404);

    const accepted = (await fake.ask(operator, 'POST', `/api/incidents/${id}/accept`)).json<IncidentDetail>();
    expect(accepted.timeline.at(-1)).toMatchObject({ kind: 'accepted', by: 'operator' });
    expect(accepted.canAccept).toBe(false);
    const again = await fake.ask(operator, 'POST', `/api/incidents/${id}/accept`);
    expect([again.status, again.text.includes('could be accepted')]).toEqual([409, true]);
    world.nowMs += 2 * stepMs;
    await fake.house.pipeline.tick(profile);
    const row = fake.house.board.get(profile.slug, 'web1');
    expect(row?.basis).toBe('accepted');
    expect(row?.score).toBeLessThan(row?.threshold as number);
    const over = (await fake.ask(viewer, 'GET', `/api/incidents/${id}`)).json<IncidentDetail>();
    expect(over.marks).toMatchObject([{ kind: 'accepted', by: 'operator' }]);
    const { entries } = await fake.house.store.audit.list({ limit: 20, offset: 0 });
    expect(entries.map(({ action }) => action)).toEqual(expect.arrayContaining(['incident.accept', 'mark.add', 'mark.remove']));
  });

  it('and maintenance windows of any time are marked by those who may', async () => {
    const input = { profile: profile.slug, entity: 'web1', kind: 'maintenance', fromMs: 1000, toMs: 2000, text: 'new disk' };
    expect((await fake.ask(viewer, 'POST', '/api/marks', input)).status).toBe(403);
    expect((await fake.ask(operator, 'POST', '/api/marks', { ...input, toMs: 500 })).text).toContain('it ends before it begins');
    expect((await fake.ask(operator, 'POST', '/api/marks', { ...input, kind: 'accepted' })).status).toBe(400);
    expect((await fake.ask(operator, 'POST', '/api/marks', input)).json()).toMatchObject({ ...input, by: 'operator' });
    const { marks } = (await fake.ask(viewer, 'GET', `/api/marks?profile=${profile.slug}&entity=web1`)).json<{ marks: Mark[] }>();
    expect(marks.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['maintenance', 'accepted']));
    expect((await fake.ask(onlyContainers, 'GET', `/api/marks?profile=${profile.slug}`)).status).toBe(403);
  });

  it('do not message while maintenance runs, which operators plan and end', async () => {
    const input = { profile: profile.slug, entities: ['web1'], fromMs: world.nowMs, toMs: null, text: 'new disk' };
    expect((await fake.ask(viewer, 'POST', '/api/maintenance', input)).status).toBe(403);
    expect((await fake.ask(operator, 'POST', '/api/maintenance', { ...input, toMs: world.nowMs })).text).toContain(
      'it ends before it begins',
    );
    expect((await fake.ask(operator, 'POST', '/api/maintenance', { ...input, group: 'web' })).text).toContain('not both');
    expect((await fake.ask(operator, 'POST', '/api/maintenance', { ...input, entities: ['nobody'] })).status).toBe(404);
    expect((await fake.ask(onlyContainers, 'POST', '/api/maintenance', input)).status).toBe(403);
    const window = (await fake.ask(operator, 'POST', '/api/maintenance', input)).json<Maintenance>();
    expect(window).toMatchObject({
      profile: profile.slug,
      entities: [{ entity: 'web1' }],
      state: 'running',
      text: 'new disk',
      by: 'operator',
    });
    const seen = async (who: typeof viewer | typeof onlyContainers) =>
      (await fake.ask(who, 'GET', '/api/maintenance')).json<{ windows: Maintenance[] }>().windows.filter(({ id }) => id === window.id);
    expect([await seen(viewer), await seen(onlyContainers)]).toEqual([[window], []]);
    expect((await fake.ask(viewer, 'GET', '/api/hosts/web1')).json()).toMatchObject({ maintenance: { toMs: null, text: 'new disk' } });
    const stranger = { role: 'operator', scope: { hosts: false, containers: true } } as const;
    expect((await fake.ask(stranger, 'POST', `/api/maintenance/${window.id}/end`)).status).toBe(404);
    world.nowMs += stepMs;
    expect((await fake.ask(operator, 'POST', `/api/maintenance/${window.id}/end`)).json()).toMatchObject({
      state: 'past',
      toMs: world.nowMs,
    });
    expect((await fake.ask(operator, 'POST', `/api/maintenance/${window.id}/end`)).status).toBe(409);
    expect((await fake.ask(operator, 'DELETE', `/api/maintenance/${window.id}`)).status).toBe(204);
    expect(await seen(viewer)).toEqual([]);
    expect((await fake.ask(viewer, 'GET', '/api/hosts/web1')).json()).toMatchObject({ maintenance: null });
    const { entries } = await fake.house.store.audit.list({ limit: 20, offset: 0 });
    const actions = entries.filter(({ action }) => action.startsWith('maintenance.')).map(({ action, subject }) => `${action} ${subject}`);
    expect(actions.toReversed()).toEqual(['add', 'end', 'remove'].map((what) => `maintenance.${what} ${profile.slug}/web1`));
  });

  it('are reached by the link of a message, which tells strangers nothing', async () => {
    const url = `/go/incident?profile=${profile.slug}&entity=web1`;
    expect((await fake.ask(viewer, 'GET', url)).headers['location']).toMatch(/^\/incidents\/\d+$/);
    expect((await fake.ask(null, 'GET', url)).headers['location']).toBe('/incidents?entity=web1');
    expect((await fake.ask(null, 'GET', `/go/incident?profile=${profile.slug}&entity=nobody`)).headers['location']).toBe(
      '/incidents?entity=nobody',
    );
  });
});

describe('the archive', () => {
  it('says how far it is to those who run Vigía, also when there is none', async () => {
    expect((await fake.ask(viewer, 'GET', '/api/archive')).status).toBe(403);
    expect((await fake.ask(operator, 'GET', '/api/archive')).json()).toEqual({ configured: false, url: '', rules: [] });
    const rule = {
      name: 'hosts',
      match: 'up',
      every: 'raw' as const,
      keepMs: null,
      beganMs: 1,
      untilMs: 2,
      lagMs: 3_000,
      points: 4,
      refused: 5,
    };
    const state: ArchiveState = {
      configured: true,
      url: 'http://far:8086',
      rules: [{ ...rule, refusal: 'why', notFinite: 6, infinite: 2, stale: 7, error: 'down' }],
    };
    Object.assign(fake.house, { archive: { advance: async () => 0, state: () => state, stop: () => {} } });
    expect((await fake.ask(operator, 'GET', '/api/archive')).json()).toEqual(state);
    expect(archiveMetrics(state).match(/^vigia_.*$/gm)).toEqual([
      'vigia_archive_lag_seconds{rule="hosts"} 3',
      'vigia_archive_points_total{rule="hosts"} 4',
      'vigia_archive_refused_points_total{rule="hosts"} 5',
      'vigia_archive_not_finite_samples_total{rule="hosts"} 6',
      'vigia_archive_left_out_samples_total{rule="hosts",kind="nan"} 4',
      'vigia_archive_left_out_samples_total{rule="hosts",kind="infinite"} 2',
      'vigia_archive_left_out_samples_total{rule="hosts",kind="stale"} 7',
      'vigia_archive_failing{rule="hosts"} 1',
    ]);
  });
});
