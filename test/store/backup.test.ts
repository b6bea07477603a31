import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/contract.ts';
import { type Migration, migrations } from '../../src/store/migrations.ts';
import { tables } from '../../src/store/schema.ts';
import { bench, NOW, onBoth } from './both.ts';
import { startMs, tickFrom } from './ticks.ts';

async function linesOf(store: Store): Promise<string[]> {
  const lines: string[] = [];
  await store.dump(async (line) => {
    lines.push(line);
  });
  return lines;
}

async function* stream(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

/** Something in every table. */
async function fill(store: Store): Promise<void> {
  const profile = 'linux-host';
  await store.pipeline.commitTick({
    profile,
    fromMs: null,
    toMs: startMs,
    present: 0,
    missing: 0,
    late: false,
    board: [],
    seen: [],
    findings: [],
  });
  for (let tick = 0; tick < 450; tick += 1) await store.pipeline.commitTick(tickFrom(profile, startMs + tick * 1000));
  await store.pipeline.setProfileRealtime(profile, false);
  await store.pipeline.setThreshold(profile, 'a', 0.1 + 0.2);
  const buffer = Uint8Array.from({ length: 1000 }, (_, at) => at & 255);
  const model = {
    profile,
    entity: 'a',
    detector: 'd',
    profileVersion: 1,
    createdMs: NOW,
    trainedFromMs: 0,
    trainedToMs: 1,
    steps: 1,
    dataSha256: 'd',
    options: {},
  };
  for (let version = 0; version < 3; version += 1) await store.models.save(model, buffer, 5);
  await store.targets.insert({
    id: 't',
    name: 'Ñandú "☕"\n',
    profile,
    address: '[::1]:9100',
    scheme: 'http',
    metricsPath: '/metrics',
    labels: { a: 'b' },
    enabled: true,
    managedBy: 'vigia',
    createdMs: NOW,
  });
  const common = { entity: 'a', profile, name: 'a', severity: 'critical' as const };
  const id = await store.incidents.insert({
    ...common,
    kind: 'host',
    state: 'open',
    title: 'x',
    openedMs: NOW,
    closedMs: null,
    top: [],
    peakScore: null,
    threshold: null,
    shares: [],
  });
  await store.incidents.addEvent(id, { tsMs: NOW, kind: 'opened', text: '', by: null });
  await store.incidents.upsertAlert(
    { ...common, fingerprint: 'f', labels: {}, annotations: {}, startsMs: NOW, endsMs: null, state: 'firing', silenced: true },
    id,
  );
  await store.silences.save({ id: 's', matchers: [], startsMs: 1, endsMs: 2, createdBy: 'a', comment: '' });
  await store.settings.set('x', { y: [null, 1.5] });
  await store.settings.saveReceiver({
    kind: 'webhook',
    name: 'hook',
    enabled: true,
    sendResolved: true,
    severities: [],
    categories: [],
    url: 'http://127.0.0.1/',
    bearerToken: 't',
  });
  const scope = { hosts: true, containers: false };
  const account = await store.accounts.insert({ name: 'Ana', email: 'a@b.cd', role: 'administrator', scope, disabled: false }, 'hash', NOW);
  await store.accounts.addSession({ idHash: 'session', accountId: account.id, createdMs: NOW, expiresMs: NOW + 1000, address: '' });
  await store.accounts.addToken({ name: 't', role: 'viewer', scope, tokenHash: 'h', createdMs: NOW, expiresMs: null });
  await store.archive.advance({ rule: 'all', fromMs: null, toMs: NOW, written: 1, refused: 2, notFinite: 3 });
  await store.marks.add({
    profile: 'linux-host',
    entity: 'a',
    kind: 'fault',
    fromMs: 1,
    toMs: null,
    text: 'x',
    by: 'Ana',
    incidentId: null,
  });
  await store.audit.add({ tsMs: NOW, who: 'a', address: '', action: 'x', subject: '', detail: '' });
}

describe('a backup', () => {
  const sqlite = bench('sqlite');
  const postgresql = bench('postgresql');
  let full: Store;
  let lines: string[];
  beforeAll(async () => {
    full = await sqlite.open();
    await fill(full);
    lines = await linesOf(full);
  }, 60_000);

  it('goes from SQLite to PostgreSQL and back and stays the same, but for sessions', async () => {
    const there = await postgresql.open();
    await there.load(stream(lines));
    expect(await linesOf(there)).toEqual(lines);
    const back = await sqlite.open();
    await back.load(stream((await linesOf(there)).map((line) => `${line}\r\n`)));
    expect(await linesOf(back)).toEqual(lines);
    const { session, lease, ...rows } = (await full.sizes()).rows;
    expect(session).toBe(1);
    expect(lease).toBe(0);
    expect((await back.sizes()).rows).toEqual({ ...rows, session: 0, lease: 0 });
    expect(Object.values(rows).every((count) => count > 0)).toBe(true);
    expect((await there.models.active('linux-host', 'a'))?.buffer).toHaveLength(1000);
    // Counters go on where they were.
    for (const store of [there, back]) {
      await store.audit.add({ tsMs: NOW + 1, who: 'b', address: '', action: 'y', subject: '', detail: '' });
      expect((await store.audit.list({ limit: 1, offset: 0 })).entries[0]?.id).toBe(2);
    }
  }, 60_000);

  it('does not stop the pipeline while it is written', async () => {
    const store = await sqlite.open();
    await store.load(stream(lines));
    const cursor = (await store.pipeline.cursor('linux-host')) ?? 0;
    const written: string[] = [];
    await store.dump(async (line) => {
      if (written.length === 100) await store.pipeline.commitTick(tickFrom('linux-host', cursor));
      written.push(line);
    });
    expect(written).toEqual(lines);
    expect(await store.pipeline.cursor('linux-host')).toBe(cursor + 1000);
  });

  const damaged: [string, (lines: string[]) => string[], string][] = [
    ['empty', () => [], 'it is empty'],
    ['only a header', (all) => all.slice(0, 1), 'no header or no trailer'],
    ['cut in the middle', (all) => all.slice(0, 200), 'its end is missing'],
    ['without its last line', (all) => all.slice(0, -1), 'its end is missing'],
    ['cut within a line', (all) => [...all.slice(0, 99), all[99]?.slice(0, 20) ?? ''], 'its end is missing'],
    ['without one row', (all) => all.toSpliced(50, 1), 'rows of'],
    ['with a changed row', (all) => all.with(2, (all[2] ?? '').replace(/\d(?=\})/, '7')), 'checksum'],
    ['with two rows swapped', (all) => all.with(300, all[301] ?? '').with(301, all[300] ?? ''), 'checksum'],
    ['something else', () => ['{"hello": 1}', '{}'], 'not the header'],
    ['no JSON', () => ['# Vigía', 'x'], 'line 1 is no JSON'],
    ['with a foreign table', (all) => all.with(5, '["sqlite_master",{"name":"x"}]'), 'no row of a table'],
    ['with a session', (all) => all.with(5, '["session",{"id_hash":"x"}]'), 'no row of a table'],
    ['with a foreign column', (all) => all.with(1, '["target",{"id\\"; drop table account; --":"x"}]'), 'do not fit'],
    ['longer than its end', (all) => [...all, '["setting",{"key":"k","value_json":"1"}]'], 'no row of a table'],
  ];
  for (const kind of ['sqlite', 'postgresql'] as const) {
    it(`that is damaged is refused and changes nothing on ${kind}`, async () => {
      const store = await (kind === 'sqlite' ? sqlite : postgresql).open();
      await store.settings.set('mine', 1);
      const before = await linesOf(store);
      for (const [name, damage, reason] of damaged) {
        const loading = store.load(stream(damage(lines)), 'my.backup');
        await expect(loading, name).rejects.toMatchObject({ code: 'backup-invalid', message: expect.stringContaining(reason) });
        await expect(loading, name).rejects.toThrow(/^my\.backup is no Vigía backup: /);
        expect(await linesOf(store), name).toEqual(before);
      }
    }, 60_000);
  }

  it('of a newer Vigía is refused', async () => {
    const newer = lines.with(0, (lines[0] ?? '').replace(/"schema":\d+/, '"schema":99'));
    await expect((await sqlite.open()).load(stream(newer))).rejects.toMatchObject({ code: 'data-newer', params: { found: 99 } });
  });
});

const next: Migration = {
  name: 'next',
  statements: () => [`alter table setting add column note text not null default 'migrated'`],
};
const broken: Migration = { name: 'broken', statements: () => ['create table half (id text primary key)', 'select nonsense'] };

onBoth('migrating', (place) => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'vigia-migrate-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  async function old() {
    const at = await place.place();
    const store = await place.open(at);
    await store.settings.set('kept', 'yes');
    const lines = await linesOf(store);
    await store.close();
    return { at, lines };
  }
  const backups = (at: object) => {
    const folder = 'file' in at ? dirname(String(at.file)) : dir;
    return readdirSync(folder)
      .filter((name) => name.includes(`.schema-${migrations.length}.`))
      .map((name) => join(folder, name));
  };

  it('keeps the data, after a backup that only its owner may read', async () => {
    const { at, lines } = await old();
    const store = await place.open(at, { migrations: [...migrations, next], backupDir: dir });
    expect(await store.settings.get('kept')).toBe('yes');
    const [copy] = backups(at);
    expect(statSync(copy ?? '').mode & 0o777).toBe(0o600);
    if ('file' in at) {
      const database = new DatabaseSync(copy ?? '', { readOnly: true });
      expect(database.prepare('select * from setting').all()).toEqual([{ key: 'kept', value_json: '"yes"' }]);
      expect(database.prepare('select max(version) as version from migration').get()).toEqual({ version: migrations.length });
      database.close();
    } else {
      expect(readFileSync(copy ?? '', 'utf8')).toBe(`${lines.join('\n')}\n`);
    }
    // Once only.
    await store.close();
    await place.open(at, { migrations: [...migrations, next], backupDir: dir });
    expect(backups(at)).toHaveLength(1);
  });

  it('brings models of schema 1 along, saying honestly that it does not know what they were made of', async () => {
    const model = {
      id: 7,
      profile: 'linux-host',
      entity: 'a',
      version: 3,
      detector: 'isolation-forest',
      profile_version: 1,
      created_ms: 5,
      trained_from_ms: 1,
      trained_to_ms: 4,
      steps: 9,
      bytes: 2,
      sha256: 'e',
      state: 'active',
      reason: '',
      buffer: { base64: 'AQI=' },
    };
    const rows = [{ vigia: 'backup', schema: 1, date: new Date(NOW).toISOString() }, ['model', model]].map((row) => JSON.stringify(row));
    const sha256 = createHash('sha256')
      .update(rows.map((row) => `${row}\n`).join(''))
      .digest('hex');
    const at = await place.place();
    const before = await place.open(at, { migrations: migrations.slice(0, 1) });
    await before.load(stream([...rows, JSON.stringify({ rows: { model: 1 }, sha256 })]));
    await before.close();
    const after = await place.open(at, { backupDir: dir });
    const saved = await after.models.active('linux-host', 'a');
    expect(saved?.info).toMatchObject({ version: 3, steps: 9, dataSha256: '', options: {}, pinned: false });
    expect([...(saved?.buffer ?? [])]).toEqual([1, 2]);
  });

  it('loads a backup of the schema before', async () => {
    const { lines } = await old();
    const store = await place.open(undefined, { migrations: [...migrations, next] });
    await store.load(stream(lines));
    expect(await store.settings.get('kept')).toBe('yes');
    expect(JSON.parse((await linesOf(store))[1] ?? '')).toEqual(['setting', { key: 'kept', value_json: '"yes"', note: 'migrated' }]);
  });

  it('refuses data of a newer Vigía and leaves them alone', async () => {
    const { at } = await old();
    await (await place.open(at, { migrations: [...migrations, next] })).close();
    await expect(place.open(at)).rejects.toMatchObject({
      code: 'data-newer',
      params: { found: migrations.length + 1, known: migrations.length },
    });
    expect(await (await place.open(at, { migrations: [...migrations, next] })).settings.get('kept')).toBe('yes');
  });

  it('that fails leaves everything as it was', async () => {
    const { at, lines } = await old();
    await expect(place.open(at, { migrations: [...migrations, next, broken] })).rejects.toThrow(/nonsense/);
    expect(await linesOf(await place.open(at))).toEqual(lines);
  });

  it.runIf(place.kind === 'postgresql')('runs once when several instances start at once', async () => {
    const at = await place.place();
    const stores = await Promise.all(Array.from({ length: 4 }, () => place.open(at)));
    await stores[0]?.settings.set('a', 1);
    expect(await stores[3]?.settings.get('a')).toBe(1);
  });
});

describe('a database', () => {
  const sqlite = bench('sqlite');
  it('that cannot be opened is said in a sentence', async () => {
    await expect(sqlite.open({ file: '/nonexistent/folder/vigia.db' })).rejects.toMatchObject({ code: 'data-unwritable' });
    const at = await sqlite.place();
    if (!('file' in at)) throw new Error('a file was expected');
    writeFileSync(at.file, 'this is no database, whatever its name says '.repeat(50));
    await expect(sqlite.open(at)).rejects.toMatchObject({ code: 'data-damaged', message: expect.stringContaining('not a database') });
    const nobody = sqlite.open({ url: 'postgresql://vigia:secret@127.0.0.1:1/vigia' });
    await expect(nobody).rejects.toMatchObject({ code: 'far-unreachable', params: { url: 'postgresql://vigia@127.0.0.1:1/vigia' } });
    await expect(nobody).rejects.not.toThrow(/secret/);
  });

  it('has no table but those listed for backups', async () => {
    const at = await sqlite.place();
    await sqlite.open(at);
    if (!('file' in at)) throw new Error('a file was expected');
    const database = new DatabaseSync(at.file, { readOnly: true });
    const rows = database.prepare(`select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`).all();
    database.close();
    expect(rows.map((row) => row['name']).sort()).toEqual([...tables.map((table) => table.name), 'migration'].sort());
  });

  it('is readable by its owner only', async () => {
    const at = await sqlite.place();
    await sqlite.open(at);
    if ('file' in at) for (const suffix of ['', '-wal', '-shm']) expect(statSync(at.file + suffix).mode & 0o777).toBe(0o600);
  });
});
