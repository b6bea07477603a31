import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { configSchema } from '../../src/model/config.ts';
import type { Receiver } from '../../src/model/receiver.ts';
import type { Account, Role, Scope } from '../../src/model/account.ts';
import { hashPassword } from '../../src/server/accounts/passwords.ts';
import { readConfigFiles } from '../../src/server/config.ts';
import { createAlarms } from '../../src/server/alarms.ts';
import { openApp } from '../../src/server/app.ts';
import { createBacktests } from '../../src/server/backtests.ts';
import { createBoard } from '../../src/server/board.ts';
import { createDetectors } from '../../src/server/detectors.ts';
import { ruleSpecs } from '../../src/server/derive/rules.ts';
import { createEngines } from '../../src/server/docker/engines.ts';
import { createEvents } from '../../src/server/events.ts';
import type { House } from '../../src/server/house.ts';
import { createIncidents } from '../../src/server/incidents.ts';
import { createSearch } from '../../src/server/inventory/search.ts';
import { createSources } from '../../src/server/inventory/sources.ts';
import { createLearner } from '../../src/server/learner.ts';
import { createMaintenance } from '../../src/server/maintenance.ts';
import { createPipeline } from '../../src/server/pipeline.ts';
import { quietGate } from '../../src/server/quiet.ts';
import { ruleInput } from '../../src/server/rule-input.ts';
import { alone } from '../../src/server/shares.ts';
import { createHeavyThreads } from '../../src/server/threads/heavy-threads.ts';
import { heavyWorkHere } from '../../src/server/threads/heavy-work.ts';
import { openStore } from '../../src/store/open.ts';
import { fakeDetectors } from './fake-detector.ts';
import { fakeSource, profile, type World } from './fake-source.ts';

/** A profile of the kind that hosts are not, for P04. */
const containers = { ...profile, slug: 'container', kind: 'container' as const, selector: 'profile="container"' };
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as never;
const password = 'correct horse battery';

export interface FakeHouse {
  readonly house: House;
  readonly app: FastifyInstance;
  readonly world: World;
  /** What Alertmanager was asked; a test may make it refuse. */
  readonly far: { refuse: string | null; receivers: readonly Receiver[]; silences: Map<string, unknown> };
  /** One call of the API by an account of this role and scope. */
  ask(who: { role: Role; scope?: Scope } | null, method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  json<T>(): T;
}

/**
 * The whole server but for its children: real store, door, views and pipeline over a small world instead of Prometheus. With
 * `threads` heavy work is done where the server does it, by the detectors that it has.
 */
export async function fakeHouse(world: World, settings: object = {}, parts: Partial<House> = {}, threads = false): Promise<FakeHouse> {
  const dir = mkdtempSync(join(tmpdir(), 'vigia-house-'));
  const pageDir = join(dir, 'page');
  mkdirSync(join(pageDir, 'assets'), { recursive: true });
  writeFileSync(join(pageDir, 'index.html'), '<base href="/"><meta property="csp-nonce" nonce="__CSP_NONCE__">');
  writeFileSync(join(pageDir, 'assets', 'a-1.js'), '1');
  writeFileSync(join(pageDir, 'assets', 'a-1.js.gz'), gzipSync('1'));
  const now = () => world.nowMs;
  const store = await openStore({ file: join(dir, 'vigia.sqlite') }, { now });
  const config = configSchema.parse({ detection: { minimumSteps: 40, window: '1h' }, ...settings });
  const profiles = new Map([profile, containers].map((each) => [each.slug, each]));
  const source = fakeSource(world);
  const board = createBoard({ profiles, freshMs: 60_000 });
  board.restore([]);
  const events = createEvents();
  const detectors = threads ? createDetectors(config.detection) : fakeDetectors();
  const heavy = threads ? createHeavyThreads(config.detection) : heavyWorkHere(detectors, config.detection);
  const gate = async () => quietGate(await store.silences.list(), await store.marks.list({}));
  const learner = createLearner({
    store,
    source: () => source,
    config: config.detection,
    detectors,
    heavy,
    gate,
    log,
    onChange: () => {},
  });
  const alarms = createAlarms({ store, config: config.detection, stepMs: () => source.stepMs, log });
  const backtests = createBacktests({ store, source: () => source, detectors, config: config.detection, now, log });
  const pipeline = createPipeline({
    store,
    source: () => source,
    learner,
    alarms,
    board,
    log,
    freshMs: 60_000,
    horizonMs: 86_400_000,
    defaultRealtime: true,
    onRows: () => {},
    onAccepted: (of, shifts) => void incidents.accepted(of, shifts),
  });
  const far: FakeHouse['far'] = { refuse: null, receivers: [], silences: new Map() };
  const prometheus = { ...source.client, query: async () => [], targets: async () => [] };
  const alertmanager = { alerts: async () => [], silences: async () => [], putSilence: async () => 's1', deleteSilence: async () => {} };
  const incidents = createIncidents({
    store,
    prometheus: () => prometheus as never,
    alertmanager: () => alertmanager as never,
    profiles,
    boardRow: (of, entity) => board.get(of, entity),
    now,
    settled: () => true,
    log,
    onChange: () => {},
  });
  const fetch = (async () => {
    throw new Error('nothing is fetched here');
  }) as never;
  const engines = await createEngines({ config, store, fetch, internalPort: 1, now, log, onChange: () => {}, onHealth: () => {} });
  const inventoryChanged = async () => {};
  const sources = await createSources({
    config: config.discovery,
    store,
    profiles,
    board,
    events,
    shares: alone,
    inventoryChanged,
    now,
    log,
  });
  sources.begin();
  // No interface and no neighbour: nobody but this machine is ever asked.
  const nobody = { interfaces: () => [], arp: () => '', ownPorts: {}, kubernetes: null };
  const search = createSearch({ config: config.discovery, store, profiles, now, ...nobody });
  let silenceCount = 0;
  const house: House = {
    version: '0.0.0',
    config,
    profiles,
    store,
    board,
    learner,
    alarms,
    pipeline,
    detectors,
    heavy,
    backtests,
    incidents,
    events,
    log,
    source,
    prometheus: prometheus as never,
    alertmanager: alertmanager as never,
    alertmanagerUrl: 'http://127.0.0.1:1',
    exporters: { addresses: { blackbox: '127.0.0.1:9115', snmp: '127.0.0.1:9116' }, own: new Set() },
    archive: null,
    shares: alone,
    plan: null,
    kubernetes: null,
    grafana: null,
    childCredential: { username: 'vigia', password: 'x' },
    publicUrl: 'http://vigia.example',
    engines,
    sources,
    search,
    fetch,
    silences: {
      list: async () => [...far.silences.values()] as never,
      add: async (silence) => {
        const id = `00000000-0000-0000-0000-${String(++silenceCount).padStart(12, '0')}`;
        far.silences.set(id, { ...silence, id });
        return { ...silence, id };
      },
      end: async (id) => void far.silences.delete(id),
      reapply: async () => {},
    },
    maintenance: createMaintenance({ store, alertmanager: () => alertmanager, learner, events, now, log }),
    now,
    health: () => [],
    rules: async () => ruleSpecs(await ruleInput({ config, store, profiles })),
    inventoryChanged,
    receiversChanged: async () => {
      const { VigiaError } = await import('../../src/model/errors.ts');
      if (far.refuse !== null) throw new VigiaError('derived-refused', { tool: 'amtool', part: 'Alertmanager', reason: far.refuse });
      far.receivers = await store.settings.receivers();
    },
    listenAlertmanager: () => () => {},
    wakeReader: () => {},
    ...parts,
  };
  const app = await openApp(house, { pageDir, tls: readConfigFiles(config).tls, internalToken: 'machine', setupCode: null });
  const cookies = new Map<string, string>();
  const signIn = async ({ role, scope = { hosts: true, containers: true } }: { role: Role; scope?: Scope }): Promise<string> => {
    const key = JSON.stringify([role, scope]);
    const known = cookies.get(key);
    if (known !== undefined) return known;
    const email = `${role}-${cookies.size}@example.org`;
    const account: Account = await store.accounts.insert(
      { name: role, email, role, scope, disabled: false },
      await hashPassword(password),
      now(),
    );
    const answer = await app.inject({ method: 'POST', url: '/api/session', payload: { email: account.email, password } });
    const cookie = String([answer.headers['set-cookie']].flat()[0]).split(';')[0] as string;
    cookies.set(key, cookie);
    return cookie;
  };
  return {
    house,
    app,
    world,
    far,
    async ask(who, method, url, body) {
      const headers = who === null ? {} : { cookie: await signIn(who) };
      const answer = await app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body as object }) });
      return { status: answer.statusCode, headers: answer.headers, text: answer.body, json: <T>() => JSON.parse(answer.body) as T };
    },
    async stop() {
      await backtests.stop();
      await heavy.stop();
      await engines.stop();
      await sources.stop();
      await search.stop();
      await app.close();
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
}
