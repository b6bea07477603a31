import type { AlertmanagerClient } from '../clients/alertmanager.ts';
import type { PrometheusClient } from '../clients/prometheus.ts';
import type { Config } from '../model/config.ts';
import { reasonOf } from '../model/errors.ts';
import type { Profile } from '../model/profile.ts';
import type { Store } from '../store/contract.ts';
import { type Alarms, createAlarms } from './alarms.ts';
import { type Backtests, createBacktests } from './backtests.ts';
import type { Board } from './board.ts';
import { createDetectors, type Detectors } from './detectors.ts';
import type { Events } from './events.ts';
import { freshMs } from './house.ts';
import { createIncidents, type Incidents } from './incidents.ts';
import { createLearner, type Learner } from './learner.ts';
import type { Log } from './log.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import { quietGate } from './quiet.ts';
import type { Source } from './reader.ts';
import type { Shares } from './shares.ts';
import { createHeavyThreads } from './threads/heavy-threads.ts';
import type { HeavyWork } from './threads/heavy-work.ts';

/** What learns, scores, judges and remembers, put together. */
export interface Detection {
  readonly detectors: Detectors;
  readonly heavy: HeavyWork;
  readonly learner: Learner;
  readonly alarms: Alarms;
  readonly backtests: Backtests;
  readonly incidents: Incidents;
  readonly pipeline: Pipeline;
  stop(): Promise<void>;
}

export function createDetection(options: {
  config: Config;
  profiles: ReadonlyMap<string, Profile>;
  store: Store;
  source: () => Source;
  board: Board;
  shares: Shares;
  events: Events;
  prometheus: PrometheusClient;
  alertmanager: AlertmanagerClient;
  /** Whether Prometheus and Alertmanager have been ready for so long that their silence means something. */
  settled: () => boolean;
  now: () => number;
  log: Log;
}): Detection {
  const { config, profiles, store, source, board, shares, events, prometheus, alertmanager, settled, now, log } = options;
  const changed = (kind: 'models' | 'incidents') => (profile: string, entity: string) =>
    events.emit({ kind, profile, entity, tsMs: now() });
  const detectors = createDetectors(config.detection);
  const heavy = createHeavyThreads(config.detection);
  const learner = createLearner({
    store,
    source,
    config: config.detection,
    detectors,
    heavy,
    gate: async () => quietGate(await store.silences.list(), await store.marks.list({})),
    owns: shares.owns,
    log,
    onChange: changed('models'),
  });
  const alarms = createAlarms({ store, config: config.detection, stepMs: () => source().stepMs, log });
  const backtests = createBacktests({ store, source, detectors, heavy, config: config.detection, now, log });
  const incidents = createIncidents({
    store,
    prometheus: () => prometheus,
    alertmanager: () => alertmanager,
    profiles,
    boardRow: (profile, entity) => board.get(profile, entity),
    now,
    settled,
    log,
    onChange: changed('incidents'),
  });
  const pipeline = createPipeline({
    store,
    source,
    learner,
    alarms,
    board,
    log,
    get freshMs() {
      return freshMs(source());
    },
    horizonMs: config.prometheus.retention,
    defaultRealtime: config.detection.realtime,
    shares,
    onRows: (profile, rows) => {
      events.emit({ kind: 'scores', profile: profile.slug, tsMs: now() });
      incidents
        .score(profile, rows)
        .catch((thrown: unknown) => log.error({ reason: reasonOf(thrown) }, 'an incident could not take a score'));
    },
    onAccepted: (profile, shifts) => {
      incidents
        .accepted(profile, shifts)
        .catch((thrown: unknown) => log.error({ reason: reasonOf(thrown) }, 'an incident could not say that its level was accepted'));
    },
  });
  return {
    detectors,
    heavy,
    learner,
    alarms,
    backtests,
    incidents,
    pipeline,
    async stop() {
      await backtests.stop();
      await heavy.stop();
    },
  };
}
