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
