import { createHash } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import type { Alert, Incident } from '../../src/model/incident.ts';
import type { FeatureShare, Finding } from '../../src/model/score.ts';
import type { Target } from '../../src/model/target.ts';
import type { Store } from '../../src/store/contract.ts';
import { NOW, onBoth } from './both.ts';

const target: Target = {
  id: 'kitchen',
  name: 'Kitchen ☕',
  profile: 'linux-host',
  address: '192.168.1.10:9100',
  scheme: 'https',
  metricsPath: '/metrics',
  labels: { room: 'kitchen', quote: 'it\'s "here"; drop table target; --' },
  enabled: false,
  managedBy: 'user',
  createdMs: NOW,
};
const shares: FeatureShare[] = [
  { feature: 'cpu', value: 0.1 + 0.2, share: 2 / 3, expectedLow: 1e-300, expectedHigh: 1.7976931348623157e308 },
  { feature: 'memory', value: null, share: 1 / 3, expectedLow: -0.5, expectedHigh: 0.5 },
];
const finding = (tsMs: number, score: number): Omit<Finding, 'id'> => ({
  profile: 'linux-host',
  entity: 'kitchen',
  tsMs,
  score,
  threshold: 0.6,
  shares,
  modelVersion: 1,
  late: false,
});
const incident: Omit<Incident, 'id' | 'alerts' | 'timeline'> = {
  entity: 'kitchen',
  profile: 'linux-host',
  kind: 'host',
  name: 'Kitchen',
  severity: 'warning',
  state: 'open',
  title: 'CPU is unusual',
  openedMs: NOW,
  closedMs: null,
  top: shares.slice(0, 1),
  peakScore: 0.91,
  threshold: 0.6,
  shares,
};
const alert: Alert = {
  fingerprint: 'f00d',
  name: 'VigiaAnomaly',
  severity: 'warning',
  entity: 'kitchen',
  profile: 'linux-host',
  labels: { alertname: 'VigiaAnomaly', nul: 'a\u0000b' },
  annotations: { summary: 'x' },
  startsMs: NOW,
  endsMs: null,
  state: 'firing',
  silenced: false,
};

onBoth('the store', (bench) => {
  let store: Store;
  beforeAll(async () => {
    store = await bench.open();
  }, 60_000);

  it('keeps targets, and refuses twins', async () => {
    await store.targets.insert(target);
    expect(await store.targets.get('kitchen')).toEqual(target);
    await expect(store.targets.insert(target)).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.targets.insert({ ...target, id: 'other' })).rejects.toMatchObject({ code: 'conflict' });
    await store.targets.insert({ ...target, id: 'other', address: '192.168.1.11:9100' });
    await expect(store.targets.update({ ...target, id: 'other' })).rejects.toMatchObject({ code: 'conflict' });
    await store.targets.update({ ...target, enabled: true, labels: {} });
    expect(await store.targets.get('kitchen')).toEqual({ ...target, enabled: true, labels: {} });
    await expect(store.targets.update({ ...target, id: 'none', address: 'a:1' })).rejects.toMatchObject({ code: 'not-found' });
    expect(await store.targets.remove('other')).toBe(true);
    expect(await store.targets.remove('other')).toBe(false);
    expect(await store.targets.get('other')).toBeNull();
    expect(await store.targets.list()).toHaveLength(1);
  });

  it('keeps switches and thresholds of entities, seen or not', async () => {
    await store.pipeline.setEntityRealtime('p', 'unseen', false);
    await store.pipeline.setThreshold('p', 'unseen', 0.7);
    const [row] = await store.pipeline.entities('p');
    expect(row).toMatchObject({ entity: 'unseen', realtime: false, thresholdOverride: 0.7, scoredSteps: 0, firstSeenMs: NOW });
    await store.pipeline.setEntityRealtime('p', 'unseen', null);
    await store.pipeline.setThreshold('p', 'unseen', null);
    expect(await store.pipeline.entities('p')).toMatchObject([{ realtime: null, thresholdOverride: null }]);
    await store.pipeline.setProfileRealtime('p', true);
    await store.pipeline.setProfileRealtime('p', false);
    expect(await store.pipeline.profileRealtime()).toEqual(new Map([['p', false]]));
  });

  it('forgets entities unseen since, with their board rows and models', async () => {
    const board = { job: 'node', instance: 'i', tsMs: NOW, score: 0.5, threshold: 0.6, modelVersion: 1, learningUntilMs: null, shares };
    await store.pipeline.commitTick({
      profile: 'evict',
      fromMs: null,
      toMs: NOW,
      present: 0,
      missing: 0,
      late: false,
      findings: [],
      board: [
        { ...board, profile: 'evict', entity: 'old' },
        { ...board, profile: 'evict', entity: 'new' },
      ],
      seen: [
        { entity: 'old', job: 'node', instance: 'i', lastSeenMs: NOW - 1000, scored: 0 },
        { entity: 'new', job: 'node', instance: 'i', lastSeenMs: NOW, scored: 0 },
      ],
    });
    expect((await store.pipeline.board())[0]).toEqual({ ...board, profile: 'evict', entity: 'new', basis: null });
    const model = {
      detector: 'd',
      profileVersion: 1,
      createdMs: NOW,
      trainedFromMs: 0,
      trainedToMs: 1,
      steps: 1,
      dataSha256: '',
      options: {},
    };
    await store.models.save({ ...model, profile: 'evict', entity: 'old' }, new Uint8Array([1]), 1);
    expect(await store.pipeline.evict(NOW)).toEqual([{ profile: 'evict', entity: 'old' }]);
    expect((await store.pipeline.board()).map((row) => row.entity)).toEqual(['new']);
    expect(await store.models.list({ profile: 'evict' })).toEqual([]);
  });

  it('versions models, keeps a few, and sets a corrupt one aside', async () => {
    const model = {
      profile: 'linux-host',
      entity: 'kitchen',
      detector: 'isolation-forest',
      profileVersion: 2,
      createdMs: NOW,
      trainedFromMs: 1,
      trainedToMs: 2,
      steps: 3,
      dataSha256: 'b'.repeat(64),
      options: { trees: 100, timeZone: 'Europe/Madrid' },
    };
    const buffers = Array.from({ length: 5 }, (_, index) => Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7 + index) & 255));
    for (const buffer of buffers) await store.models.save(model, buffer, 2);
    const list = await store.models.list({ entity: 'kitchen' });
    expect(list.map((info) => [info.version, info.state])).toEqual([
      [5, 'active'],
      [4, 'retired'],
      [3, 'retired'],
    ]);
    const active = await store.models.active('linux-host', 'kitchen');
    expect(active?.info).toEqual(list[0]);
    expect(Buffer.compare(Buffer.from(active?.buffer ?? []), Buffer.from(buffers[4] ?? []))).toBe(0);
    expect(active?.info.sha256).toBe(
      createHash('sha256')
        .update(buffers[4] ?? '')
        .digest('hex'),
    );
    expect(active?.info.bytes).toBe(70_000);
    await store.models.markCorrupt(active?.info.id ?? 0, 'checksum');
    expect(await store.models.active('linux-host', 'kitchen')).toBeNull();
    expect((await store.models.save(model, new Uint8Array(), 2)).version).toBe(6);
    expect((await store.models.list({ entity: 'kitchen' })).map((info) => info.state)).toEqual(['active', 'corrupt', 'retired']);
  });

  const model = { profile: 'linux-host', entity: 'stream', detector: 'd', profileVersion: 1, createdMs: NOW, dataSha256: '', options: {} };

  it('saves what a streaming model learned since in its own version, and never something older or set aside', async () => {
    const model = {
      profile: 'linux-host',
      entity: 'stream',
      detector: 'd',
      profileVersion: 1,
      createdMs: NOW,
      dataSha256: '',
      options: {},
    };
    const first = await store.models.save({ ...model, trainedFromMs: 1, trainedToMs: 10, steps: 3 }, new Uint8Array([1]), 5);
    const saved = await store.models.checkpoint(first.id, { trainedToMs: 20, steps: 5 }, new Uint8Array([2, 3]));
    expect(saved).toEqual({
      ...first,
      trainedToMs: 20,
      steps: 5,
      bytes: 2,
      sha256: createHash('sha256')
        .update(new Uint8Array([2, 3]))
        .digest('hex'),
    });
    expect([...((await store.models.active('linux-host', 'stream'))?.buffer ?? [])]).toEqual([2, 3]);
    expect(await store.models.checkpoint(first.id, { trainedToMs: 20, steps: 6 }, new Uint8Array([4]))).toBeNull();
    const second = await store.models.save({ ...model, trainedFromMs: 1, trainedToMs: 30, steps: 3 }, new Uint8Array([5]), 5);
    expect(await store.models.checkpoint(first.id, { trainedToMs: 40, steps: 6 }, new Uint8Array([6]))).toBeNull();
    expect([...((await store.models.version('linux-host', 'stream', 1))?.buffer ?? [])]).toEqual([2, 3]);
    expect((await store.models.active('linux-host', 'stream'))?.info).toEqual(second);
  });

  it('rolls a model back to a version that is kept and sound, and pins it until the next one', async () => {
    const versions = async () => (await store.models.list({ entity: 'stream' })).map((info) => [info.version, info.state, info.pinned]);
    expect(await store.models.activate('linux-host', 'stream', 1)).toMatchObject({ version: 1, state: 'active', pinned: true });
    expect(await versions()).toEqual([
      [2, 'retired', false],
      [1, 'active', true],
    ]);
    await expect(store.models.activate('linux-host', 'stream', 9)).rejects.toMatchObject({ code: 'not-found' });
    // Nothing changed when it was refused.
    expect((await store.models.active('linux-host', 'stream'))?.info.version).toBe(1);
    const two = await store.models.version('linux-host', 'stream', 2);
    await store.models.markCorrupt(two?.info.id ?? 0, 'checksum');
    await expect(store.models.activate('linux-host', 'stream', 2)).rejects.toMatchObject({ code: 'not-found' });
    await store.models.save({ ...model, trainedFromMs: 1, trainedToMs: 50, steps: 3 }, new Uint8Array([7]), 5);
    expect(await versions()).toEqual([
      [3, 'active', false],
      [2, 'corrupt', false],
      [1, 'retired', false],
    ]);
  });

  it('adds a finding of a step once, and filters', async () => {
    expect(await store.findings.add([finding(1, 0.7), finding(2, 0.9), finding(3, 0.8)])).toBe(3);
    expect(await store.findings.add([finding(2, 0.1), finding(4, 0.95)])).toBe(1);
    const page = await store.findings.list({ entity: 'kitchen', minimumScore: 0.75, fromMs: 2, toMs: 4, limit: 2, offset: 0 });
    expect(page.total).toBe(3);
    expect(page.findings.map((it) => it.tsMs)).toEqual([4, 3]);
    expect(page.findings[0]).toMatchObject(finding(4, 0.95));
    expect((await store.findings.list({ profile: 'none', limit: 1, offset: 0 })).total).toBe(0);
  });

  it('keeps incidents with alerts and timeline, one open per entity', async () => {
    const id = await store.incidents.insert(incident);
    await expect(store.incidents.insert(incident)).rejects.toMatchObject({ code: 'conflict' });
    await store.incidents.upsertAlert(alert, id);
    await store.incidents.upsertAlert({ ...alert, fingerprint: 'beef', startsMs: NOW - 1, state: 'unknown' }, id);
    await store.incidents.addEvent(id, { tsMs: NOW, kind: 'opened', text: 'opened', by: null });
    await store.incidents.addEvent(id, { tsMs: NOW, kind: 'note', text: 'looking', by: 'Ana' });
    const open = await store.incidents.openOf('linux-host', 'kitchen');
    expect(open).toMatchObject({ ...incident, id });
    expect(open?.alerts[1]).toEqual(alert);
    expect(open?.timeline.map((event) => event.kind)).toEqual(['opened', 'note']);
    expect((await store.incidents.liveAlerts()).map((it) => it.incidentId)).toEqual([id, id]);
    await store.incidents.upsertAlert({ ...alert, state: 'resolved', endsMs: NOW + 5, silenced: true }, id);
    expect(await store.incidents.alerts({ entity: 'kitchen', limit: 1 })).toEqual([
      { ...alert, state: 'resolved', endsMs: NOW + 5, silenced: true },
    ]);
    expect(await store.incidents.liveAlerts()).toHaveLength(1);

    await store.incidents.update(id, { state: 'closed', closedMs: NOW + 9, top: shares });
    expect(await store.incidents.openOf('linux-host', 'kitchen')).toBeNull();
    const again = await store.incidents.insert({ ...incident, openedMs: NOW + 10, kind: 'container' });
    expect((await store.incidents.list({ limit: 10, offset: 0 })).incidents.map((it) => it.id)).toEqual([again, id]);
    expect(await store.incidents.list({ state: 'closed', kinds: ['host'], limit: 10, offset: 0 })).toMatchObject({
      total: 1,
      incidents: [{ id, top: shares }],
    });
    const carried = (profile: string, beforeMs: number) => store.incidents.carried({ profile, beforeMs, limit: 5 });
    await store.incidents.update(id, { shares: [] });
    expect(await carried('linux-host', NOW + 99)).toEqual([]);
    await store.incidents.update(id, { shares });
    expect(await carried('linux-host', NOW + 99)).toEqual([expect.objectContaining({ id, shares })]);
    expect(await carried('linux-host', incident.openedMs)).toEqual([]);
    expect(await carried('none', NOW + 99)).toEqual([]);
    expect((await store.incidents.list({ kinds: [], limit: 10, offset: 0 })).total).toBe(0);
    await expect(store.incidents.update(9999, { state: 'closed' })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('changes an incident completely or not at all', async () => {
    const before = await store.incidents.list({ limit: 10, offset: 0 });
    const failing = store.incidents.transaction(async (incidents) => {
      const id = await incidents.insert({ ...incident, entity: 'garage' });
      await incidents.addEvent(id, { tsMs: NOW, kind: 'opened', text: 'opened', by: null });
      throw new Error('power cut');
    });
    await expect(failing).rejects.toThrow('power cut');
    expect(await store.incidents.list({ limit: 10, offset: 0 })).toEqual(before);
    const id = await store.incidents.transaction((incidents) => incidents.insert({ ...incident, entity: 'garage' }));
    expect((await store.incidents.get(id))?.entity).toBe('garage');
  });

  it('keeps silences, settings and receivers', async () => {
    const silence = {
      id: 's1',
      matchers: [{ name: 'entity', value: 'kitchen', isRegex: false, isEqual: true }],
      startsMs: NOW,
      endsMs: NOW + 1,
      createdBy: 'Ana',
      comment: 'works',
    };
    await store.silences.save(silence);
    await store.silences.save({ ...silence, endsMs: NOW + 2 });
    expect(await store.silences.list()).toEqual([{ ...silence, endsMs: NOW + 2 }]);
    expect([await store.silences.remove('s1'), await store.silences.remove('s1')]).toEqual([true, false]);

    expect(await store.settings.get('a')).toBeUndefined();
    for (const value of [null, false, 'x', { deep: [1, 2.5] }]) {
      await store.settings.set('a', value);
      expect(await store.settings.get('a')).toEqual(value);
    }
    await store.settings.set('a', undefined);
    expect(await store.settings.get('a')).toBeUndefined();

    const receiver = {
      kind: 'webhook' as const,
      name: 'hook',
      enabled: true,
      sendResolved: true,
      severities: [],
      categories: [],
      url: 'http://127.0.0.1:1/',
      bearerToken: 't',
    };
    await store.settings.saveReceiver(receiver);
    await store.settings.saveReceiver({ ...receiver, enabled: false });
    expect(await store.settings.receivers()).toEqual([{ ...receiver, enabled: false }]);
    expect([await store.settings.removeReceiver('hook'), await store.settings.removeReceiver('hook')]).toEqual([true, false]);
  });

  it('prunes by age and tells sizes', async () => {
    await store.audit.add({ tsMs: 1, who: 'a', address: '::1', action: 'old', subject: '', detail: '' });
    await store.audit.add({ tsMs: NOW, who: 'a', address: '::1', action: 'new', subject: '', detail: '' });
    const removed = await store.prune({ incidentsMs: NOW + 10, findingsMs: 3, auditMs: 2, rangesMs: NOW + 1, sessionsMs: NOW });
    expect(removed).toEqual({ incident: 1, finding: 2, mark: 0, audit: 1, scoredRange: 0, session: 0 });
    expect((await store.audit.list({ limit: 5, offset: 0 })).entries.map((entry) => entry.action)).toEqual(['new']);
    const sizes = await store.sizes();
    expect(sizes.bytes).toBeGreaterThan(10_000);
    expect(sizes.rows).toMatchObject({ audit: 1, finding: 2, incident: 2, session: 0 });
    // Open incidents stay, however old, and alerts and events of the removed one went with it.
    expect(sizes.rows['alert']).toBe(0);
  });
});
