import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf, VigiaError } from '../../model/errors.ts';
import type { Change, KubernetesClient, Resource } from './client.ts';

export interface Follower {
  stop(): Promise<void>;
}

export interface FollowOptions<T> {
  readonly client: KubernetesClient;
  readonly resource: Resource<T>;
  /** All objects, after each list. */
  readonly replace: (items: readonly T[]) => void;
  readonly change: (change: Change<T>) => void;
  /** Null while what is known is kept up to date, else why it is not. */
  readonly tell: (problem: string | null) => void;
  /** First and longest pause after failures; each is twice the one before. */
  readonly pauses?: { readonly firstMs: number; readonly mostMs: number };
}

/** A watch that ends sooner is none, whatever the server says. */
const shortestWatchMs = 1_000;

/**
 * Keeps one kind of objects up to date: lists, watches from there, watches on from the newest version after a broken line, and
 * lists again when that version is too old. It never ends by itself and never throws.
 */
export function follow<T>({ client, resource, pauses = { firstMs: 1_000, mostMs: 60_000 }, ...to }: FollowOptions<T>): Follower {
  const stopping = new AbortController();
  const { signal } = stopping;
  let failures = 0;

  /** Half of it by chance, so that many watches do not come back together. */
  const pause = (): Promise<unknown> => {
    const ms = Math.min(pauses.mostMs, pauses.firstMs * 2 ** Math.min(20, failures++));
    return sleep(ms * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
  };
  const failed = async (thrown: unknown): Promise<void> => {
    if (signal.aborted) return;
    to.tell(reasonOf(thrown));
    await pause();
  };
  const fine = (): void => {
    failures = 0;
    to.tell(null);
  };

  const lasted = (openedMs: number): boolean => performance.now() - openedMs >= shortestWatchMs;

  const watchFrom = async (version: string): Promise<void> => {
    let at: string | null = version;
    const seen = (newest: string): void => void (at = newest);
    while (at !== null && !signal.aborted) {
      const openedMs = performance.now();
      try {
        at = await client.watch(resource, at, { opened: () => to.tell(null), change: to.change, seen }, signal);
        if (lasted(openedMs)) failures = 0;
        else await pause();
      } catch (thrown) {
        if (lasted(openedMs)) failures = 0;
        // What cannot be read would come again from the same version; a list skips it.
        const unreadable = thrown instanceof VigiaError && ['far-garbage', 'far-too-large'].includes(thrown.code);
        if (unreadable) at = null;
        await failed(thrown);
      }
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        const { items, version } = await client.list(resource, signal);
        to.replace(items);
        fine();
        await watchFrom(version);
      } catch (thrown) {
        await failed(thrown);
      }
    }
  };

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
