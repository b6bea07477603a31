import type { LiveEvent } from '../model/api.ts';

/** Tells who listens that something changed. Listeners are bounded by whoever subscribes; a throwing one harms nobody. */
export interface Events {
  emit(event: LiveEvent): void;
  subscribe(listener: (event: LiveEvent) => void): () => void;
  readonly listeners: number;
}

export function createEvents(): Events {
  const listeners = new Set<(event: LiveEvent) => void>();
  return {
    emit(event) {
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get listeners() {
      return listeners.size;
    },
  };
}

/** After one event others wait for so long: a tick that touches two thousand entities is told in a few words. */
const gatherMs = 100;
/** Of more entities that changed in the same way at once, one event without an entity tells. */
const mostEntities = 20;

/** Sends an event at once, and what follows within the next moment together: each only once, and many as one. */
export function gatherEvents(send: (event: LiveEvent) => void): { take(event: LiveEvent): void; stop(): void } {
  /** By kind and profile, then by entity. */
  const waiting = new Map<string, Map<string, LiveEvent>>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = waiting.size === 0 ? undefined : setTimeout(flush, gatherMs);
    const groups = [...waiting.values()];
    waiting.clear();
    for (const group of groups) {
      const events = [...group.values()];
      const all = events.find(({ entity }) => entity === undefined);
      if (all !== undefined) send(all);
      else if (events.length <= mostEntities) for (const event of events) send(event);
      else {
        const { entity: _, ...rest } = events.at(-1) as LiveEvent;
        send(rest);
      }
    }
  };
  return {
    take(event) {
      if (timer === undefined) {
        timer = setTimeout(flush, gatherMs);
        send(event);
        return;
      }
      const key = `${event.kind}\n${event.profile ?? ''}`;
      const group = waiting.get(key) ?? new Map<string, LiveEvent>();
      waiting.set(key, group.set(event.entity ?? '', event));
    },
    stop: () => clearTimeout(timer),
  };
}
