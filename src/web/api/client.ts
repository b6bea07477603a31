import { QueryCache, QueryClient } from '@tanstack/react-query';
import type { Session } from '../../model/api.ts';
import { ApiError } from './http.ts';
import { sessionQuery } from './queries.ts';

/** The store of answers. `signedOut` runs when an answer says that the session is over. */
export function createClient(signedOut: () => void): QueryClient {
  const client: QueryClient = new QueryClient({
    defaultOptions: {
      queries: {
        // Events say when an answer is old (live.ts); the slow question is for the time without events.
        staleTime: 10_000,
        refetchInterval: 60_000,
        retry: (failures, error) => failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
      },
    },
    queryCache: new QueryCache({
      onError: (error) => {
        if (!(error instanceof ApiError) || error.code !== 'signin-required') return;
        client.setQueryData<Session>(sessionQuery.queryKey, (session) => session && { ...session, account: null });
        signedOut();
      },
    }),
  });
  return client;
}
