import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AlertmanagerClient, createAlertmanagerClient, type KnownSilence } from '../../src/clients/alertmanager.ts';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import type { MaintenanceInput } from '../../src/model/maintenance.ts';
import { createMaintenance, type MaintenanceWindows } from '../../src/server/maintenance.ts';
import { quietGate } from '../../src/server/quiet.ts';
import type { Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { eventually, freePort, scratch, startAlertmanager, write } from '../stand-ins/real.ts';

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 0, 20);
let nowMs = startMs;
let dir: string;
let store: Store;
let windows: MaintenanceWindows;
/** Alertmanager's, by id. */
let silences: Map<string, KnownSilence>;
let isDown = false;
let relearned: string[];
let put = 0;

const alertmanager = {
  silences: async () => {
    if (isDown) throw new Error('connection refused');
    return [...silences.values()].map((each): KnownSilence => {
      const state = each.state === 'expired' || each.endsMs <= nowMs ? 'expired' : each.startsMs > nowMs ? 'pending' : 'active';
      return { ...each, state };
    });
  },
  putSilence: async (silence: Omit<KnownSilence, 'id' | 'state'>) => {
    if (isDown) throw new Error('connection refused');
    const id = `s${++put}`;
    silences.set(id, { ...silence, id, state: 'active' });
    return id;
  },
  deleteSilence: async (id: string) => {
    const there = silences.get(id);
    if (there !== undefined) silences.set(id, { ...there, state: 'expired' });
  },
};
const live = async () => (await alertmanager.silences()).filter(({ state }) => state !== 'expired');
const plan = (more: Partial<MaintenanceInput> = {}): Promise<unknown> =>
  windows.add({ profile: 'linux-host', entities: [], fromMs: nowMs, toMs: nowMs + hourMs, text: '', ...more }, 'Ana');

beforeEach(async () => {
  nowMs = startMs;
  silences = new Map();
  relearned = [];
  isDown = false;
  dir = mkdtempSync(join(tmpdir(), 'vigia-maintenance-'));
  store = await openStore({ file: join(dir, 'state.sqlite') }, { now: () => nowMs });
  const common = {
    profile: 'linux-host',
    scheme: 'http',
    metricsPath: '/metrics',
    enabled: true,
    managedBy: 'user',
    createdMs: 0,
  } as const;
  for (const [id, group] of [
    ['web1', 'web'],
    ['web2', 'web'],
    ['db.1', 'db'],
  ] as const)
    await store.targets.insert({ ...common, id, name: `The ${id}`, address: `${id}:9100`, labels: { group } });
  windows = windowsOn(alertmanager, () => nowMs);
});
const windowsOn = (far: typeof alertmanager | AlertmanagerClient, now: () => number): MaintenanceWindows =>
  createMaintenance({
    store,
    alertmanager: () => far,
    learner: { relearn: (_profile, entity) => void relearned.push(entity) },
    events: { emit: () => {} },
    now,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never,
  });
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const mayLearn = async () => quietGate(await store.silences.list(), await store.marks.list({}));

describe('a maintenance window', () => {
  it('of one entity is not learned, and silences it for as long as it lasts', async () => {
    expect(await plan({ entities: ['web1'], fromMs: startMs + hourMs, toMs: startMs + 2 * hourMs, text: 'new disk' })).toEqual({
      id: 1,
      profile: 'linux-host',
      entities: [{ entity: 'web1', name: 'The web1' }],
      fromMs: startMs + hourMs,
      toMs: startMs + 2 * hourMs,
      state: 'coming',
      text: 'new disk',
      by: 'Ana',
    });
    const gate = await mayLearn();
    expect([0.5, 1, 1.5, 2].map((hours) => gate('linux-host', 'web1', startMs + hours * hourMs))).toEqual([true, false, false, true]);
    expect(gate('linux-host', 'web2', startMs + 1.5 * hourMs)).toBe(true);
    expect(await live()).toMatchObject([
      {
        matchers: [
          { name: 'entity', value: 'web1', isRegex: false, isEqual: true },
          { name: 'profile', value: 'linux-host', isRegex: false, isEqual: true },
        ],
        startsMs: startMs + hourMs,
        endsMs: startMs + 2 * hourMs,
        createdBy: 'Ana',
        comment: 'Maintenance window 1: new disk',
      },
    ]);
    expect(relearned).toEqual(['web1']);
  });

  it('of a group is one window of those who are in it now, of a profile one of all that will ever be', async () => {
    await plan({ group: 'web' });
    await plan({ text: 'moving house' });
    expect((await windows.list()).map(({ entities }) => entities.map(({ entity }) => entity))).toEqual([['web1', 'web2'], []]);
    const gate = await mayLearn();
    expect(gate('linux-host', 'who comes later', startMs)).toBe(false);
    expect(gate('container', 'web1', startMs)).toBe(true);
    expect(
      (await live()).map(({ matchers }) => matchers.map(({ name, value, isRegex }) => `${name}${isRegex ? '=~' : '='}${value}`)),
    ).toEqual([['entity=~web1|web2', 'profile=linux-host'], ['profile=linux-host']]);
    expect(await store.marks.list({ profile: 'linux-host', entity: 'db.1' })).toHaveLength(1);
  });

  it('of names that mean something in an expression silences these names only', async () => {
    await plan({ entities: ['db.1', 'web1'] });
    const [value] = (await live()).flatMap(({ matchers }) => matchers.filter(({ isRegex }) => isRegex)).map((matcher) => matcher.value);
    expect(['db.1', 'web1', 'db-1', 'web'].map((name) => new RegExp(`^(?:${value})$`).test(name))).toEqual([true, true, false, false]);
  });

  it('of an entity or a group that nobody knows is refused', async () => {
    await expect(plan({ entities: ['web1', 'web9'] })).rejects.toMatchObject({
      code: 'not-found',
      message: 'There is no entity of linux-host "web9".',
    });
    await expect(plan({ group: 'mail' })).rejects.toMatchObject({ code: 'not-found' });
    expect(await windows.list()).toEqual([]);
  });

  it('is ended: from then on everything is learned and told again', async () => {
    await plan({ entities: ['web1', 'web2'], toMs: null });
    expect((await live()).map(({ endsMs }) => endsMs > startMs + 1000 * 24 * hourMs)).toEqual([true]);
    nowMs += hourMs;
    relearned = [];
    expect(await windows.end(1)).toMatchObject({ id: 1, state: 'past', toMs: nowMs });
    expect(await live()).toEqual([]);
    const gate = await mayLearn();
    expect([-1, 0].map((ms) => gate('linux-host', 'web2', nowMs + ms))).toEqual([false, true]);
    // What was learned before it is as good as it was.
    expect(relearned).toEqual([]);
    await expect(windows.end(1)).rejects.toMatchObject({ code: 'conflict' });
    expect((await windows.list()).map(({ state }) => state)).toEqual(['past']);
  });

  it('that has not begun goes when it is ended; one that is removed has never been', async () => {
    await plan({ fromMs: startMs + hourMs, toMs: startMs + 2 * hourMs });
    await windows.end(1);
    expect([await windows.list(), await live()]).toEqual([[], []]);
    await plan({ entities: ['web1'], fromMs: startMs - hourMs, toMs: startMs });
    expect(await live()).toEqual([]);
    relearned = [];
    await windows.remove(2);
    expect(relearned).toEqual(['web1']);
    expect((await mayLearn())('linux-host', 'web1', startMs - 1)).toBe(true);
    await expect(windows.remove(2)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is silenced once, again when Alertmanager has lost it, and later when it did not answer', async () => {
    isDown = true;
    await plan({ group: 'web', fromMs: startMs + hourMs, toMs: startMs + 3 * hourMs });
    expect(silences.size).toBe(0);
    isDown = false;
    await windows.apply();
    nowMs += 2 * hourMs;
    await windows.apply();
    expect(put).toBeGreaterThan(0);
    expect(silences.size).toBe(1);
    silences.clear();
    await Promise.all([windows.apply(), windows.apply()]);
    expect((await live()).map(({ startsMs, endsMs }) => [startsMs, endsMs])).toEqual([[nowMs, startMs + 3 * hourMs]]);
    // One of its entities is taken out.
    const [mark] = await store.marks.list({ entity: 'web2' });
    await store.marks.remove(mark?.id ?? 0);
    await windows.changed(mark === undefined ? [] : [mark]);
    expect((await live()).map(({ matchers }) => matchers[0])).toEqual([{ name: 'entity', value: 'web1', isRegex: false, isEqual: true }]);
    // Silences of people are theirs.
    await alertmanager.putSilence({ matchers: [], startsMs: nowMs, endsMs: nowMs + hourMs, createdBy: 'Ana', comment: 'disk' });
    await windows.remove(1);
    expect((await live()).map(({ comment }) => comment)).toEqual(['disk']);
  });
});

it('the real Alertmanager keeps still about those in it, and about nobody else', async () => {
  const place = scratch();
  write(place.dir, { 'alertmanager.yml': 'route: {receiver: none}\nreceivers: [{name: none}]\n' });
  const server = await startAlertmanager(place.dir, await freePort());
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });
  try {
    const far = createAlertmanagerClient({ name: 'Alertmanager', baseUrl: server.url, fetch });
    const real = windowsOn(far, Date.now);
    const labels = (entity: string) => ({ alertname: 'A', profile: 'linux-host', entity });
    await far.postAlerts(
      ['web1', 'db.1', 'web2'].map((entity) => ({ labels: labels(entity), annotations: {}, startsMs: Date.now() - 60_000 })),
    );
    const quiet = async () => (await far.alerts()).filter(({ state }) => state === 'suppressed').map((alert) => alert.labels['entity']);
    await eventually('three alerts', async () => (await far.alerts()).filter(({ state }) => state === 'active').length === 3);
    const now = Date.now();
    const common = { profile: 'linux-host', text: 'disks' };
    const running = await real.add({ ...common, entities: ['web1', 'db.1'], fromMs: now - 1000, toMs: null }, 'Ana');
    await real.add({ ...common, entities: [], fromMs: now + hourMs, toMs: now + 2 * hourMs }, 'Ana');
    expect((await eventually('silence', async () => ((await quiet()).length === 2 ? quiet() : undefined))).toSorted()).toEqual([
      'db.1',
      'web1',
    ]);
    const ids = async () =>
      (await far.silences())
        .filter(({ state }) => state !== 'expired')
        .map(({ id }) => id)
        .toSorted();
    const before = await ids();
    await real.apply();
    expect([before.length, await ids()]).toEqual([2, before]);
    await real.end(running.id);
    await eventually('alerts again', async () => (await quiet()).length === 0);
    expect(await ids()).toHaveLength(1);
  } finally {
    await fetch.close();
    await server.stop();
    await place.stop();
  }
}, 60_000);
