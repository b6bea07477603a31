import type { Query, QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import type { LiveEvent } from '../../model/api.ts';
import { apiUrl } from './http.ts';

/** What the light in the top bar shows: events arrive, or since when they do not. */
export type LiveState = { readonly live: true } | { readonly live: false; readonly sinceMs: number; readonly first: boolean };

/** Which questions an event makes old, by the first word of their keys. */
const concerns: Readonly<Record<LiveEvent['kind'], readonly string[]>> = {
  scores: ['overview', 'host', 'containers', 'panel', 'marks', 'energy', 'energy-power', 'ai', 'scores', 'findings', 'kubernetes'],
  alerts: ['overview', 'host', 'containers', 'container-rules', 'incidents', 'incident'],
  incidents: ['overview', 'host', 'marks', 'containers', 'container-rules', 'incidents', 'incident', 'silences'],
  targets: ['overview', 'host', 'containers', 'targets', 'energy', 'ai'],
  health: ['overview', 'containers'],
  models: ['host', 'ai', 'scores', 'models'],
  kubernetes: ['kubernetes'],
  settings: ['receivers', 'silences', 'accounts', 'tokens', 'audit', 'session'],
};

const gatherMs = 400;
const retryMs = 3000;
let state: LiveState = { live: false, sinceMs: Date.now(), first: true };
const listeners = new Set<() => void>();

function become(next: LiveState): void {
  if (next.live && state.live) return;
  // The time of the first loss is kept while it lasts.
  if (!next.live && !state.live && state.first === next.first) return;
  state = next;
  for (const listener of listeners) listener();
}

/** Follows the event stream until the returned function is called; many events within 400 ms ask each question once. */
export function follow(client: QueryClient): () => void {
  const stale = new Set<string>();
  let source: EventSource | undefined;
  let gather: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let lost = false;

  const refresh = () => {
    gather = undefined;
    const now = new Set(stale);
    stale.clear();
    void client.invalidateQueries({ predicate: (query) => now.has(String(query.queryKey[0])) && worthAsking(query) });
  };
  const connect = () => {
    const opened = new EventSource(apiUrl('events'));
    source = opened;
    opened.addEventListener('open', () => {
      // Whatever happened while nobody listened is asked again.
      if (lost) void client.invalidateQueries();
      lost = false;
      become({ live: true });
    });
    opened.addEventListener('error', () => {
      lost = true;
      become({ live: false, sinceMs: Date.now(), first: false });
      // The browser tries again by itself after a broken line, but never after an answer such as 502.
      if (opened.readyState === EventSource.CLOSED) retry = setTimeout(connect, retryMs);
    });
    opened.addEventListener('message', (message: MessageEvent<string>) => {
      for (const key of concerns[kindOf(message.data)] ?? []) stale.add(key);
      gather ??= setTimeout(refresh, gatherMs);
    });
  };
  connect();
  return () => {
    clearTimeout(gather);
    clearTimeout(retry);
    source?.close();
    become({ live: false, sinceMs: Date.now(), first: true });
  };
}

const charts: ReadonlySet<string> = new Set(['panel', 'marks', 'energy-power', 'scores']);

/** A chart gains a pixel after 1/360 of its range; asking sooner shows nothing new. */
function worthAsking({ queryKey, state: { dataUpdatedAt } }: Query): boolean {
  const [name, , , range] = queryKey;
  if (!charts.has(String(name)) || typeof range !== 'number') return true;
  // Scores are asked for by the hour; their answer is a replay, which costs more than it shows when it comes too often.
  return Date.now() - dataUpdatedAt >= (name === 'scores' ? range * 3_600_000 : range) / 360;
}

function kindOf(data: string): LiveEvent['kind'] {
  try {
    return (JSON.parse(data) as LiveEvent).kind;
  } catch {
    return 'health';
  }
}

export function useLive(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}
