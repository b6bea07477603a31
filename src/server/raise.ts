import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import { createAlertmanagerClient } from '../clients/alertmanager.ts';
import { engineFetch } from '../clients/docker-tls.ts';
import { createGuardedFetch } from '../clients/guarded.ts';
import { createInfluxClient } from '../clients/influxdb.ts';
import { createPrometheusClient } from '../clients/prometheus.ts';
import type { Config } from '../model/config.ts';
import { reasonOf } from '../model/errors.ts';
import type { Profile } from '../model/profile.ts';
import { openStore, type StoreLocation } from '../store/open.ts';
import { start } from '../tools/run.ts';
import { openApp } from './app.ts';
import { exportCsv } from './archive/export.ts';
import { createArchive } from './archive/feed.ts';
import { archiveMetrics } from './archive/metrics.ts';
import { bandExposition } from './bands.ts';
import { answerRead } from './archive/read-back.ts';
import { createBoard } from './board.ts';
import { adoptedPlan } from './budget/plan.ts';
import { createCommands } from './commands.ts';
import { accessOptions, type ConfigFiles, listenOf } from './config.ts';
import { createChildren, type PartTools } from './children.ts';
import { keptSecret, openDataFolder, takeDataFolder } from './data-folder.ts';
import { ruleSpecs } from './derive/rules.ts';
import { createDetection } from './detection.ts';
import { createEngines } from './docker/engines.ts';
import { createEvents } from './events.ts';
import { createExporters, type ExportersOptions } from './exporters.ts';
import { freshMs, type House } from './house.ts';
import { createGrafanaProxy } from './grafana-proxy.ts';
import { discoveriesOf } from './discovery.ts';
import { createInternalListener } from './internal.ts';
import { createSearch } from './inventory/search.ts';
import { createSources } from './inventory/sources.ts';
import { startKubernetes } from './kubernetes/start.ts';
import { listen } from './listen.ts';
import { metricsOf } from './metrics.ts';
import { ownTarget } from './own-target.ts';
import { choosePorts } from './ports.ts';
import { withEnergyLevels } from './profiles.ts';
import { alone, holdShares } from './shares.ts';
import { publicUrlOf, ruleInput } from './rule-input.ts';
import { createMaintenance } from './maintenance.ts';
import { createSilences } from './silences.ts';
import { ownSource } from './source.ts';
import { statusOf } from './status.ts';
import { supervise } from './supervisor.ts';
import { startWork } from './work.ts';

export interface RaiseOptions {
  readonly config: Config;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly dataDir: string;
  readonly files: ConfigFiles;
  readonly storeLocation: StoreLocation;
  readonly pageDir: string;
  readonly parts: PartTools;
  /** Exporters that only some inventories need: where they are, and how they are had. */
  readonly exporterTools: Pick<ExportersOptions, 'find' | 'install'>;
  readonly version: string;
  readonly now: () => number;
  readonly remark: (line: string) => void;
}

export interface Raised {
  readonly url: string;
  readonly setupNeeded: boolean;
  /** Needed for the first account where others can reach the page; null on loopback. */
  readonly setupCode: string | null;
  stop(): Promise<void>;
}

/**
 * Builds the house and starts it: store, children, listeners, work. Everything is up when this resolves.
 * @throws VigiaError with what is in the way; whatever was started is stopped again.
 */
export async function raise(options: RaiseOptions): Promise<Raised> {
  const { config, dataDir, files, now } = options;
  const profiles = withEnergyLevels(options.profiles, config.energy);
  const stops: (() => Promise<unknown> | unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).toReversed()) await each();
  };
  try {
    return await build();
  } catch (thrown) {
    await stop();
    throw thrown;
  }

  async function build(): Promise<Raised> {
    const startedMs = now();
    const { host, port, isLoopback } = listenOf(config);
    openDataFolder(dataDir);
    const internalToken = keptSecret(dataDir, 'internal.token');
    const credential = { username: 'vigia', password: keptSecret(dataDir, 'children.secret') };
    const ports = await choosePorts(dataDir, ['internal', 'prometheus', 'alertmanager', 'node', 'blackbox', 'snmp'] as const);
    const url = `${config.server.tls === undefined ? 'http' : 'https'}://${config.server.listen}${config.server.basePath}`;
    const internalUrl = `http://127.0.0.1:${ports.internal}`;
    const taken = takeDataFolder(dataDir, { internalUrl, token: internalToken });
    stops.push(() => taken.release());

    const log = pino(
      { level: process.env['VIGIA_LOG'] ?? 'info' },
      pino.destination({ dest: join(dataDir, 'vigia.ndjson'), append: true, sync: true, mode: 0o600 }),
    );
    const store = await openStore(options.storeLocation, { now, backupDir: dataDir });
    stops.push(() => store.close());
    const ownMachine = await ownTarget(store, config, ports.node, now());

    const { proxy, noProxy } = config.network;
    const outward = { proxy, noProxy, caPem: files.caPem, forbiddenPorts: () => new Set(Object.values(ports)) };
    const fetch = createGuardedFetch(outward);
    const child = { fetch, ownChild: true, ...credential };
    const prometheus = createPrometheusClient({ name: 'Prometheus', baseUrl: `http://127.0.0.1:${ports.prometheus}`, ...child });
    const alertmanager = createAlertmanagerClient({ name: 'Alertmanager', baseUrl: `http://127.0.0.1:${ports.alertmanager}`, ...child });
    const plan = adoptedPlan(config, fetch, { now, log });
    const own = ownSource(prometheus, config);
    const source = () => plan?.source() ?? own;

    const archived = config.archive;
    const influx = archived === undefined ? null : createInfluxClient({ ...archived, name: 'InfluxDB', baseUrl: archived.url, fetch });
    const archive =
      archived === undefined || influx === null
        ? null
        : createArchive({
            config: archived,
            influx,
            source: () => ({ client: source().client as typeof prometheus, watermarkMs: source().watermarkMs }),
            store: store.archive,
            scrapeIntervalMs: config.prometheus.scrapeInterval,
            horizonMs: config.prometheus.retention,
            now,
            log,
          });

    const events = createEvents();
    let takeLead = async (): Promise<void> => {};
    const shares =
      store.leases === null
        ? alone
        : await holdShares({
            leases: store.leases,
            now,
            log,
            onLead: () => void takeLead(),
            onChange: () => events.emit({ kind: 'health', tsMs: now() }),
          });
    stops.push(() => shares.stop());
    const board = createBoard({
      profiles,
      get freshMs() {
        return freshMs(source());
      },
    });
    board.restore(await store.pipeline.board());
    const silences = createSilences({ store, alertmanager: () => alertmanager, now, log });
    let readySinceMs = Number.POSITIVE_INFINITY;
    const { stop: stopDetection, ...detection } = createDetection({
      config,
      profiles,
      store,
      source,
      board,
      shares,
      events,
      prometheus,
      alertmanager,
      settled: () => now() - readySinceMs > Math.max(45_000, 6 * config.prometheus.scrapeInterval),
      now,
      log,
    });
    stops.push(stopDetection);
    const { incidents, learner, backtests } = detection;
    const maintenance = createMaintenance({ store, alertmanager: () => alertmanager, learner, events, now, log });

    const engines = await createEngines({
      config,
      store,
      fetch,
      secureFetch: (socket) => engineFetch(files.engines?.get(socket), outward),
      internalPort: ports.internal,
      now,
      log,
      onChange: () => events.emit({ kind: 'targets', profile: 'container', tsMs: now() }),
      onHealth: () => events.emit({ kind: 'health', tsMs: now() }),
    });
    stops.push(() => engines.stop());

    const kubernetes =
      config.kubernetes === undefined || files.kubernetes === undefined
        ? null
        : startKubernetes({
            config: config.kubernetes,
            access: files.kubernetes,
            accessOptions: accessOptions(config.kubernetes),
            fetchOptions: outward,
            now,
            log,
            onChange: () => events.emit({ kind: 'kubernetes', tsMs: now() }),
            onDerive: () => children.derivePrometheus(true),
          });
    stops.push(() => kubernetes?.stop());

    const exporters = createExporters({
      config: config.exporters,
      profiles,
      targets: () => store.targets.list(),
      dataDir,
      ports,
      credential,
      ...options.exporterTools,
      fetch,
      start,
      log,
      now,
      onChange: () => events.emit({ kind: 'health', tsMs: now() }),
    });
    stops.push(() => exporters.stop());

    const search = createSearch({ config: config.discovery, store, profiles, ownPorts: ports, kubernetes, now });
    stops.push(() => search.stop());
    const inventoryChanged = async (): Promise<void> => {
      await exporters.sync();
      await children.derivePrometheus(true);
    };

    const internal = createInternalListener({
      token: internalToken,
      docker: engines,
      targetsOf: async (profile) => kubernetes?.discover(profile) ?? discoveriesOf(profile, store, profiles, exporters.addresses),
      kubernetes: () => kubernetes?.exposition() ?? null,
      metrics: () =>
        board.restored
          ? [
              board.exposition(now()),
              bandExposition({ board, learner, profiles, freshMs: freshMs(source()) }, now()),
              metricsOf({ startedMs, work: work?.counts }),
              archive === null ? '' : archiveMetrics(archive.state()),
            ].join('')
          : null,
      // Every instance's rules fire; the one that leads keeps the books.
      take: async (alerts) => (shares.leads() ? incidents.take(alerts) : undefined),
      status: () =>
        statusOf(house, {
          startedMs,
          url,
          dataDir,
          pids: { ...Object.fromEntries(supervised.map((each) => [each.name, each.pid()])), ...exporters.pids() },
        }),
      exportCsv: (range) => exportCsv(source().client as typeof prometheus, range),
      read: archived === undefined || influx === null ? null : (body) => answerRead(archived, influx, body),
      commands: createCommands({ store, profiles, learner, backtests, search, maintenance, inventoryChanged, now }),
      log,
    });
    let work: ReturnType<typeof startWork> | undefined;
    stops.push(() => internal.close());
    await internal.listen({ host: '127.0.0.1', port: ports.internal });

    const children = createChildren({
      dataDir,
      config,
      parts: options.parts,
      ports,
      credential,
      fetch,
      prometheus,
      alertmanager,
      prometheusInput: async () => ({
        scrapeIntervalMs: config.prometheus.scrapeInterval,
        internal: { port: ports.internal, token: internalToken },
        alertmanager: { ...credential, port: ports.alertmanager },
        own: credential,
        node: ownMachine === null ? undefined : { ...credential, port: ports.node, target: ownMachine },
        rules: await ruleInput({ config, store, profiles, discovered: kubernetes?.targets() }),
        kubernetes: kubernetes?.scrapeInput(),
        archive: archive !== null,
        exporters: { ...credential, names: exporters.own },
      }),
      alertmanagerInput: async () => ({
        receivers: [...config.alerts.receivers, ...(await store.settings.receivers())],
        sends: shares.leads(),
        groupWaitMs: config.alerts.groupWait,
        groupIntervalMs: config.alerts.groupInterval,
        repeatIntervalMs: config.alerts.repeatInterval,
        internal: { port: ports.internal, token: internalToken },
        own: credential,
        proxy: config.network.proxy,
        noProxy: config.network.noProxy,
      }),
      reapplySilences: async () => {
        await silences.reapply();
        await maintenance.apply();
      },
      log,
    });
    const onChange = () => {
      const ready = supervised.slice(0, 2).every((each) => each.health().phase === 'ready');
      if (!ready) readySinceMs = Number.POSITIVE_INFINITY;
      else if (readySinceMs === Number.POSITIVE_INFINITY) readySinceMs = now();
      events.emit({ kind: 'health', tsMs: now() });
    };
    const supervised: ReturnType<typeof supervise>[] = [];
    for (const spec of children.specs) supervised.push(supervise(spec, { start, log, now, onChange }));
    stops.push(() => Promise.all(supervised.map((each) => each.stop())));
    await exporters.sync();

    const sources = await createSources({ config: config.discovery, store, profiles, board, events, shares, inventoryChanged, now, log });
    stops.push(() => sources.stop());

    const house: House = {
      version: options.version,
      config,
      profiles,
      store,
      board,
      ...detection,
      silences,
      maintenance,
      events,
      log,
      fetch,
      get source() {
        return source();
      },
      plan,
      prometheus,
      alertmanager,
      archive,
      shares,
      engines,
      sources,
      search,
      kubernetes,
      grafana: config.grafana === undefined ? null : createGrafanaProxy({ config: config.grafana, fetch, dataDir, now }),
      exporters,
      alertmanagerUrl: `http://127.0.0.1:${ports.alertmanager}`,
      childCredential: credential,
      publicUrl: publicUrlOf(config),
      now,
      health: () => [
        ...supervised.map((each) => each.health()),
        ...exporters.health(),
        ...(work?.health() ?? []),
        ...shares.health(),
        ...(plan?.health() ?? []),
        ...engines.health(),
        ...sources.health(),
        ...(kubernetes === null ? [] : [kubernetes.health()]),
      ],
      rules: async () => ruleSpecs(await ruleInput({ config, store, profiles, discovered: kubernetes?.targets() })),
      inventoryChanged,
      receiversChanged: () => children.deriveAlertmanager(true),
      listenAlertmanager: (hear) => supervised[1]?.listen(hear) ?? (() => {}),
      wakeReader: () => work?.wake(),
    };

    // Only Alertmanager of the one that leads sends to people; it also applies the silences that were made elsewhere.
    takeLead = async () => {
      try {
        await house.receiversChanged();
        if (shares.leads()) await silences.reapply();
      } catch (thrown) {
        log.error({ reason: reasonOf(thrown) }, 'the receivers could not follow the lead');
      }
    };

    const setupNeeded = (await store.accounts.count()) === 0;
    const setupCode = setupNeeded && !isLoopback ? String(randomInt(0, 1e8)).padStart(8, '0') : null;
    const app = await openApp(house, { pageDir: options.pageDir, tls: files.tls, internalToken, setupCode });
    stops.push(() => app.close());
    await listen(app, host, port);

    for (const each of supervised) {
      await each.untilReady().catch((thrown: unknown) => {
        // What does not start is shown on the page; the rest goes on.
        options.remark(reasonOf(thrown));
      });
      if (each.health().phase === 'ready') options.remark(`${each.name} is ready`);
    }
    work = startWork(house);
    sources.begin();
    stops.push(() => work?.stop());
    // Before that, so that nothing waits for its budget.
    stops.push(() => plan?.close());
    taken.announce(url);
    return { url, setupNeeded, setupCode, stop };
  }
}
