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
  incidents: ['overview', 'host', 'marks', 'containers', 'container-rules', 'incidents', 'incident', 'silences', 'maintenance'],
  targets: ['overview', 'host', 'containers', 'targets', 'energy', 'ai'],
  health: ['overview', 'containers'],
  models: ['host', 'ai', 'scores', 'models'],
  kubernetes: ['kubernetes'],
  settings: ['receivers', 'silences', 'accounts', 'tokens', 'audit', 'session'],
};

/** Where the key of a question names what it is about: an event about something else does not make it old. */
const entityAt: Readonly<Record<string, number>> = { host: 1, panel: 1, marks: 1, scores: 2, models: 2 };
/** A long answer about everything is asked for less often. */
const restMs: Readonly<Record<string, number>> = { ai: 5_000 };

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
  /** By the first word of a key, whom the events were about; null is everybody. */
  const stale = new Map<string, Set<string> | null>();
  const askedMs = new Map<string, number>();
  let source: EventSource | undefined;
  let gather: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let lost = false;

  const refresh = () => {
    const nowMs = Date.now();
    const now = new Map([...stale].filter(([key]) => nowMs - (askedMs.get(key) ?? 0) >= (restMs[key] ?? 0)));
    for (const key of now.keys()) {
      stale.delete(key);
      askedMs.set(key, nowMs);
    }
    gather = stale.size === 0 ? undefined : setTimeout(refresh, gatherMs);
    void client.invalidateQueries({ predicate: (query) => isOf(now, query) && worthAsking(query) });
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
      const { kind, entity } = eventOf(message.data);
      for (const key of concerns[kind] ?? []) {
        const about = stale.get(key);
        if (entity === undefined || about === null) stale.set(key, null);
        else stale.set(key, (about ?? new Set<string>()).add(entity));
      }
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

function isOf(stale: ReadonlyMap<string, ReadonlySet<string> | null>, { queryKey }: Query): boolean {
  const name = String(queryKey[0]);
  const about = stale.get(name);
  const at = entityAt[name];
  if (about === undefined || about === null || at === undefined) return about !== undefined;
  const id = String(queryKey[at]);
  // A target is concerned by what it brings along, such as its containers.
  return about.has(id) || [...about].some((entity) => entity.startsWith(`${id}/`));
}

const charts: ReadonlySet<string> = new Set(['panel', 'marks', 'energy-power', 'scores']);

/** A chart gains a pixel after 1/360 of its range; asking sooner shows nothing new. */
function worthAsking({ queryKey, state: { dataUpdatedAt } }: Query): boolean {
  const [name, , , range] = queryKey;
  if (!charts.has(String(name)) || typeof range !== 'number') return true;
  // Scores are asked for by the hour; their answer is a replay, which costs more than it shows when it comes too often.
  return Date.now() - dataUpdatedAt >= (name === 'scores' ? range * 3_600_000 : range) / 360;
}

function eventOf(data: string): Pick<LiveEvent, 'kind' | 'entity'> {
  try {
    return JSON.parse(data) as LiveEvent;
  } catch {
    return { kind: 'health' };
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
