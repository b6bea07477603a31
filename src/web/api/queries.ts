import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type {
  AiState,
  AuditPage,
  FindingPage,
  Host,
  IncidentDetail,
  IncidentPage,
  Overview,
  PanelData,
  Rule,
  ScoreHistory,
  Session,
  TargetPage,
} from '../../model/api.ts';
import type { Account, ApiToken } from '../../model/account.ts';
import type { ArchiveState } from '../../model/archive.ts';
import type { Backtest, ModelList } from '../../model/backtest.ts';
import type { DiscoverySource, Found } from '../../model/discovery.ts';
import type { Containers } from '../../model/docker.ts';
import type { Energy } from '../../model/energy.ts';
import type { Moved } from '../../model/explanation.ts';
import type { Standing } from '../../model/fleet.ts';
import type { Cluster } from '../../model/kubernetes.ts';
import type { Silence } from '../../model/incident.ts';
import type { GrafanaState } from '../../model/grafana.ts';
import type { Maintenance } from '../../model/maintenance.ts';
import type { Annotation } from '../../model/annotation.ts';
import type { Profile } from '../../model/profile.ts';
import type { Completions, Exploration } from '../../model/promql.ts';
import type { Receiver } from '../../model/receiver.ts';
import type { SourceState } from '../../model/source.ts';
import type { Target } from '../../model/target.ts';
import type { Wanted } from '../pages/explore/complete.ts';
import { get, segment } from './http.ts';

/** Every question the page asks, by key. The first word of a key is what the event stream invalidates (live.ts). */

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => get<Session>('session', {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

export const profilesQuery = queryOptions({
  queryKey: ['profiles'],
  queryFn: ({ signal }) => get<{ profiles: Profile[] }>('profiles', {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

/** What a person looks at without asking for more; the worst of everything is in it. */
export const firstTargets = 20;
export const firstIncidents = 10;
export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => get<Overview>('overview', { targets: firstTargets, incidents: firstIncidents }, signal),
});

export interface TargetFilter {
  readonly find?: string | undefined;
  readonly standing?: Standing | undefined;
  readonly limit: number;
}

/** More of what is watched, or a part of it: the worst first. */
export const targetRowsQuery = (filter: TargetFilter) =>
  queryOptions({
    queryKey: ['overview', filter],
    queryFn: ({ signal }) => get<TargetPage>('overview/targets', { ...filter }, signal),
    placeholderData: keepPreviousData,
  });

/** How some targets of the inventory stand. */
export const standingsQuery = (ids: readonly string[]) =>
  queryOptions({
    queryKey: ['overview', ids],
    queryFn: ({ signal }) => get<TargetPage>('overview/targets', { ids: ids.join(','), limit: ids.length }, signal),
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
  });

export const targetsQuery = queryOptions({
  queryKey: ['targets'],
  queryFn: ({ signal }) => get<{ targets: Target[] }>('targets', {}, signal),
});

export const discoverySourcesQuery = queryOptions({
  queryKey: ['targets', 'sources'],
  queryFn: ({ signal }) => get<{ sources: DiscoverySource[] }>('discovery/sources', {}, signal),
  refetchInterval: ({ state }) => (state.data && state.data.sources.length > 0 ? 15_000 : false),
});
/** Asked again while a search runs. */
export const foundQuery = queryOptions({
  queryKey: ['targets', 'found'],
  queryFn: ({ signal }) => get<Found>('discovery/found', {}, signal),
  refetchInterval: ({ state }) => (state.data?.search?.state === 'running' ? 1000 : false),
});

export const hostQuery = (id: string) =>
  queryOptions({
    queryKey: ['host', id],
    queryFn: ({ signal }) => get<Host>(`hosts/${segment(id)}`, {}, signal),
  });

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** So many ms back from now, or a stretch of the past. */
export type TimeWindow = number | Span;

/** A window's span is taken when the question is asked, so that a live event moves the window on; the past stays as it is. */
const spanOf = (window: TimeWindow): Span => {
  if (typeof window !== 'number') return window;
  const toMs = Date.now();
  return { fromMs: toMs - window, toMs };
};
const asked = (name: string, window: TimeWindow) => (typeof window === 'number' ? name : `${name}-past`);
const again = (window: TimeWindow) => (typeof window === 'number' ? 60_000 : false);

export const panelQuery = (id: string, panel: string, window: TimeWindow) =>
  queryOptions({
    queryKey: [asked('panel', window), id, panel, window],
    queryFn: async ({ signal }): Promise<PanelData & Span> => {
      const span = spanOf(window);
      return { ...(await get<PanelData>(`hosts/${segment(id)}/panels/${segment(panel)}`, { ...span }, signal)), ...span };
    },
    placeholderData: keepPreviousData,
    refetchInterval: again(window),
  });

/** What is drawn into all charts of a target. */
export const marksQuery = (id: string, window: TimeWindow) =>
  queryOptions({
    queryKey: [asked('marks', window), id, '', window],
    queryFn: async ({ signal }) => (await get<{ marks: Annotation[] }>(`hosts/${segment(id)}/marks`, { ...spanOf(window) }, signal)).marks,
    placeholderData: keepPreviousData,
    refetchInterval: again(window),
  });

/** Whether a configured Grafana answers, and which panels it has. */
export const grafanaQuery = queryOptions({
  queryKey: ['grafana'],
  queryFn: ({ signal }) => get<GrafanaState>('grafana', {}, signal),
  refetchInterval: 15_000,
});

export const energyQuery = queryOptions({
  queryKey: ['energy'],
  queryFn: ({ signal }) => get<Energy>('energy', {}, signal),
  refetchInterval: 15_000,
});

export const energyPowerQuery = (window: TimeWindow) =>
  queryOptions({
    queryKey: [asked('energy-power', window), '', '', window],
    queryFn: async ({ signal }): Promise<PanelData & Span> => {
      const span = spanOf(window);
      return { ...(await get<PanelData>('energy/power', { ...span }, signal)), ...span };
    },
    placeholderData: keepPreviousData,
    refetchInterval: again(window),
  });

/** The samples that are watched, or Vigía's own Prometheus where those are an adopted source's. */
export type Which = 'own' | 'source';

/** A query that a person wrote; what is wrong with it is said at once. */
export const explorationQuery = (of: Which, expr: string, window: TimeWindow) =>
  queryOptions({
    queryKey: ['exploration', of, expr, window],
    queryFn: async ({ signal }): Promise<Exploration & Span> => {
      const span = spanOf(window);
      return { ...(await get<Exploration>('promql/range', { ...span, expr, of }, signal)), ...span };
    },
    enabled: expr !== '',
    retry: false,
    refetchInterval: again(window),
  });

/** Names that complete what stands at the caret. */
export const completionsQuery = (of: Which, wanted: Wanted) =>
  queryOptions({
    queryKey: ['completions', of, wanted],
    queryFn: ({ signal }): Promise<Completions> => {
      if (wanted.kind === 'none') return Promise.resolve({ names: [], total: 0 });
      const { kind, from: _, ...rest } = wanted;
      return get<Completions>({ metric: 'promql/metrics', label: 'promql/labels', value: 'promql/values' }[kind], { ...rest, of }, signal);
    },
    staleTime: 30_000,
    refetchInterval: false,
    retry: false,
    placeholderData: keepPreviousData,
  });

export const containersQuery = queryOptions({
  queryKey: ['containers'],
  queryFn: ({ signal }) => get<Containers>('containers', {}, signal),
});

export const applicationRulesQuery = (application: string) =>
  queryOptions({
    queryKey: ['container-rules', application],
    queryFn: ({ signal }) => get<{ rules: Rule[] }>('containers/rules', { application }, signal),
  });

export const applicationPanelQuery = (application: string, panel: string, rangeMs: number) =>
  queryOptions({
    queryKey: ['panel', `application ${application}`, panel, rangeMs],
    queryFn: async ({ signal }): Promise<PanelData & Span> => {
      const toMs = Date.now();
      const span = { fromMs: toMs - rangeMs, toMs };
      return { ...(await get<PanelData>(`containers/panels/${segment(panel)}`, { application, ...span }, signal)), ...span };
    },
    placeholderData: keepPreviousData,
  });

export interface IncidentFilter {
  readonly state?: 'open' | 'closed' | 'unknown' | undefined;
  readonly entity?: string | undefined;
  readonly page: number;
}

export const incidentsPerPage = 25;
export const incidentsQuery = (filter: IncidentFilter) =>
  queryOptions({
    queryKey: ['incidents', filter],
    queryFn: ({ signal }) =>
      get<IncidentPage>(
        'incidents',
        { state: filter.state, entity: filter.entity, limit: incidentsPerPage, offset: (filter.page - 1) * incidentsPerPage },
        signal,
      ),
    placeholderData: keepPreviousData,
  });

export const incidentQuery = (id: number) =>
  queryOptions({
    queryKey: ['incident', id],
    queryFn: ({ signal }) => get<IncidentDetail>(`incidents/${segment(id)}`, {}, signal),
  });

/** Asked again while the time after the start still grows; then the answer stays. */
export const movedQuery = (id: number) =>
  queryOptions({
    queryKey: ['moved', id],
    queryFn: ({ signal }) => get<Moved>(`incidents/${segment(id)}/moved`, {}, signal),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (state.data?.complete === false ? 30_000 : false),
  });

export const kubernetesQuery = (node: string | undefined, namespace: string | undefined) =>
  queryOptions({
    queryKey: ['kubernetes', node, namespace],
    queryFn: ({ signal }) => get<Cluster>('kubernetes', { node, namespace }, signal),
    placeholderData: keepPreviousData,
  });

export const aiQuery = queryOptions({
  queryKey: ['ai'],
  queryFn: ({ signal }) => get<AiState>('ai', {}, signal),
});

export const scoresQuery = (profile: string, entity: string, hours: number) =>
  queryOptions({
    queryKey: ['scores', profile, entity, hours],
    queryFn: ({ signal }) => get<ScoreHistory>('ai/scores', { profile, entity, hours }, signal),
    placeholderData: keepPreviousData,
  });

export const modelsQuery = (profile: string, entity: string) =>
  queryOptions({
    queryKey: ['models', profile, entity],
    queryFn: ({ signal }) => get<ModelList>('ai/models', { profile, entity }, signal),
  });

/** Asked again while it runs. */
export const backtestQuery = queryOptions({
  queryKey: ['backtest'],
  queryFn: ({ signal }) => get<{ backtest: Backtest | null }>('ai/backtest', {}, signal),
  refetchInterval: ({ state }) => (state.data?.backtest?.state === 'running' ? 1000 : false),
});

export interface FindingFilter {
  readonly profile: string;
  readonly entity: string;
  readonly fromMs?: number | undefined;
  readonly minimumScore?: number | undefined;
}

export const findingsPerPage = 20;
export const findingsQuery = (filter: FindingFilter, page: number) =>
  queryOptions({
    queryKey: ['findings', filter, page],
    queryFn: ({ signal }) =>
      get<FindingPage>('ai/findings', { ...filter, limit: findingsPerPage, offset: (page - 1) * findingsPerPage }, signal),
    placeholderData: keepPreviousData,
  });

/** `readOnly`: the receiver comes from the configuration file and is changed there. */
export type ShownReceiver = Receiver & { readonly readOnly: boolean };

export const receiversQuery = queryOptions({
  queryKey: ['receivers'],
  queryFn: ({ signal }) => get<{ receivers: ShownReceiver[] }>('settings/receivers', {}, signal),
});
export const silencesQuery = queryOptions({
  queryKey: ['silences'],
  queryFn: ({ signal }) => get<{ silences: Silence[] }>('silences', {}, signal),
});
export const maintenanceQuery = queryOptions({
  queryKey: ['maintenance'],
  queryFn: ({ signal }) => get<{ windows: Maintenance[] }>('maintenance', {}, signal),
  // A window that comes begins without an event.
  refetchInterval: 30_000,
});
export const accountsQuery = queryOptions({
  queryKey: ['accounts'],
  queryFn: ({ signal }) => get<{ accounts: Account[] }>('accounts', {}, signal),
});
export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: ({ signal }) => get<{ tokens: ApiToken[] }>('tokens', {}, signal),
});
export const archiveQuery = queryOptions({
  queryKey: ['archive'],
  queryFn: ({ signal }) => get<ArchiveState>('archive', {}, signal),
  refetchInterval: 15_000,
});
export const sourceQuery = queryOptions({
  queryKey: ['source'],
  queryFn: ({ signal }) => get<{ source: SourceState | null }>('source', {}, signal),
  refetchInterval: ({ state }) => (state.data?.source ? 15_000 : false),
});
export const auditPerPage = 50;
export const auditQuery = (page: number) =>
  queryOptions({
    queryKey: ['audit', page],
    queryFn: ({ signal }) => get<AuditPage>('audit', { limit: auditPerPage, offset: (page - 1) * auditPerPage }, signal),
    placeholderData: keepPreviousData,
  });
