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
} from '../../model/api.ts';
import type { Account, ApiToken } from '../../model/account.ts';
import type { ArchiveState } from '../../model/archive.ts';
import type { Backtest, ModelList } from '../../model/backtest.ts';
import type { Containers } from '../../model/docker.ts';
import type { Moved } from '../../model/explanation.ts';
import type { Silence } from '../../model/incident.ts';
import type { Profile } from '../../model/profile.ts';
import type { Receiver } from '../../model/receiver.ts';
import type { SourceState } from '../../model/source.ts';
import type { Target } from '../../model/target.ts';
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

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => get<Overview>('overview', {}, signal),
});

export const targetsQuery = queryOptions({
  queryKey: ['targets'],
  queryFn: ({ signal }) => get<{ targets: Target[] }>('targets', {}, signal),
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

/** `rangeMs` back from now; the span is taken when the question is asked, so that a live event moves the window on. */
export const panelQuery = (id: string, panel: string, rangeMs: number) =>
  queryOptions({
    queryKey: ['panel', id, panel, rangeMs],
    queryFn: async ({ signal }): Promise<PanelData & Span> => {
      const toMs = Date.now();
      const span = { fromMs: toMs - rangeMs, toMs };
      return { ...(await get<PanelData>(`hosts/${segment(id)}/panels/${segment(panel)}`, { ...span }, signal)), ...span };
    },
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
export const auditQuery = queryOptions({
  queryKey: ['audit'],
  queryFn: ({ signal }) => get<AuditPage>('audit', {}, signal),
});
