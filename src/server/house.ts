import type { AlertmanagerClient } from '../clients/alertmanager.ts';
import type { GuardedFetch } from '../clients/guarded.ts';
import type { PrometheusClient } from '../clients/prometheus.ts';
import type { PartHealth } from '../model/api.ts';
import type { Config } from '../model/config.ts';
import type { Profile } from '../model/profile.ts';
import type { Store } from '../store/contract.ts';
import type { Alarms } from './alarms.ts';
import type { Archive } from './archive/feed.ts';
import type { Backtests } from './backtests.ts';
import type { SourcePlan } from './budget/plan.ts';
import type { Board } from './board.ts';
import type { RuleSpec } from './derive/rule-spec.ts';
import type { Detectors } from './detectors.ts';
import type { Engines } from './docker/engines.ts';
import type { Events } from './events.ts';
import type { Exporters } from './exporters.ts';
import type { GrafanaProxy } from './grafana-proxy.ts';
import type { Incidents } from './incidents.ts';
import type { NetworkSearch } from './inventory/search.ts';
import type { Sources } from './inventory/sources.ts';
import type { Learner } from './learner.ts';
import type { Kubernetes } from './kubernetes/start.ts';
import type { Log } from './log.ts';
import type { MaintenanceWindows } from './maintenance.ts';
import type { Pipeline } from './pipeline.ts';
import type { Source } from './reader.ts';
import type { Shares } from './shares.ts';
import type { Silences } from './silences.ts';
import type { HeavyWork } from './threads/heavy-work.ts';

/** What the routes work on: the house after it is built. */
export interface House {
  readonly version: string;
  readonly config: Config;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly store: Store;
  readonly board: Board;
  readonly learner: Learner;
  readonly alarms: Alarms;
  readonly pipeline: Pipeline;
  readonly detectors: Detectors;
  /** What would hold up the event loop. */
  readonly heavy: Pick<HeavyWork, 'compare'>;
  readonly backtests: Backtests;
  readonly incidents: Incidents;
  readonly silences: Silences;
  readonly maintenance: MaintenanceWindows;
  readonly events: Events;
  readonly log: Log;
  readonly fetch: GuardedFetch;
  /** Where features are read: Vigía's own Prometheus, or an adopted source. */
  readonly source: Source;
  /** Null where features are read from Vigía's own Prometheus. */
  readonly plan: SourcePlan | null;
  /** Vigía's own Prometheus: scores, rules and alerts. */
  readonly prometheus: PrometheusClient;
  readonly alertmanager: AlertmanagerClient;
  readonly alertmanagerUrl: string;
  /** Exporters that are asked about others. */
  readonly exporters: Pick<Exporters, 'addresses' | 'own'>;
  /** Null where the configuration names none. */
  readonly archive: Archive | null;
  /** What this instance works on, where several share one database. */
  readonly shares: Shares;
  /** Docker engines that somebody named. */
  readonly engines: Engines;
  /** DNS names and files that name targets. */
  readonly sources: Sources;
  /** Of the network, when a person asks for it. */
  readonly search: NetworkSearch;
  /** Null where the configuration names none. */
  readonly kubernetes: Kubernetes | null;
  /** Null where the configuration names none. */
  readonly grafana: GrafanaProxy | null;
  /** What Vigía's own children ask of their callers. */
  readonly childCredential: { readonly username: string; readonly password: string };
  readonly publicUrl: string;
  now(): number;
  health(): PartHealth[];
  rules(): Promise<RuleSpec[]>;
  /** Targets or groups changed: rules are made anew. */
  inventoryChanged(): Promise<void>;
  /** Receivers changed: Alertmanager's files are made anew. @throws VigiaError `derived-refused`. */
  receiversChanged(): Promise<void>;
  /** Hears each line that Alertmanager prints. */
  listenAlertmanager(hear: (line: string) => void): () => void;
  /** The reader looks for complete steps at once. */
  wakeReader(): void;
}

/** A board row older than this many steps is history. */
export const freshSteps = 6;

export function freshMs(source: Pick<Source, 'stepMs' | 'everySteps' | 'watermarkMs'>): number {
  return Math.max(60_000, (freshSteps + (source.everySteps ?? 1) - 1) * source.stepMs) + source.watermarkMs;
}
