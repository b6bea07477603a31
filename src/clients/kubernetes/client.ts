import { z } from 'zod';
import { VigiaError } from '../../model/errors.ts';
import { checked, parseJson, refusal } from '../answer.ts';
import type { GuardedAnswer, GuardedFetch } from '../guarded.ts';
import { reveal } from '../secret.ts';
import type { KubernetesAccess } from './access.ts';
import { lineCutter } from './lines.ts';

/** A kind of object that is listed and watched in all namespaces. */
export interface Resource<T> {
  /** In the plural, as a right names it: `pods`. */
  readonly name: string;
  readonly path: string;
  /** What is kept of an object. @throws VigiaError `far-garbage`. */
  readonly keep: (what: string, value: unknown) => T;
}

export interface Change<T> {
  readonly kind: 'set' | 'delete';
  readonly item: T;
}

export interface KubernetesClient {
  readonly server: string;
  /** All objects of a kind, and the version to watch them from. @throws VigiaError `far-…`, `cluster-too-large`. */
  list<T>(resource: Resource<T>, signal?: AbortSignal): Promise<{ items: T[]; version: string }>;
  /**
   * Hands on each change after a version until the server ends the answer, which it does every few minutes.
   * @returns the newest version, or null when the one that was asked for is too old and all must be listed again.
   * @throws VigiaError `far-…`; `seen` was told the newest version before.
   */
  watch<T>(
    resource: Resource<T>,
    version: string,
    to: { opened: () => void; change: (change: Change<T>) => void; seen: (version: string) => void },
    signal: AbortSignal,
  ): Promise<string | null>;
}

const WHAT = 'The Kubernetes API server';
const pageSize = 500;
/** The API server ends a watch after so long; a line that is dead without a word is noticed then. */
const watchSeconds = 240;
/** Objects have at most 1.5 MiB in etcd. */
const longestLine = 4 * 1024 * 1024;
const mostObjects = 50_000;

const listShape = z.object({
  metadata: z.object({ resourceVersion: z.string().min(1), continue: z.string().nullish() }),
  items: z.array(z.unknown()).nullish(),
});
const eventShape = z.object({ type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']), object: z.unknown() });
const versionShape = z.object({ metadata: z.object({ resourceVersion: z.string().min(1) }) });
const statusShape = z.object({ code: z.number().nullish(), message: z.string().nullish() });

/**
 * Lists and watches, and nothing else: the rights it needs are the verbs list and watch.
 * Source: Kubernetes API concepts, "Efficient detection of changes", "Watch bookmarks", "410 Gone responses".
 */
export function createKubernetesClient(options: { access: () => KubernetesAccess; fetch: GuardedFetch }): KubernetesClient {
  const ask = (
    path: string,
    query: Readonly<Record<string, string>>,
    more: { onPiece?: (piece: Uint8Array) => void; signal?: AbortSignal },
  ) => {
    const { server, token } = options.access();
    const streams = more.onPiece !== undefined;
    return options.fetch(`${server}${path}?${new URLSearchParams(query).toString()}`, {
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${reveal(token)}` }),
        ...(streams ? { 'accept-encoding': 'identity' } : {}),
      },
      deadlineMs: streams ? (watchSeconds + 30) * 1000 : 60_000,
      maxBytes: 64 * 1024 * 1024,
      allowLoopback: true,
      what: WHAT,
      onPiece: more.onPiece,
      signal: more.signal,
    });
  };

  async function page(resource: Resource<unknown>, from: string, signal: AbortSignal | undefined): Promise<GuardedAnswer> {
    const query = { limit: String(pageSize), ...(from === '' ? {} : { continue: from }) };
    return ask(resource.path, query, signal === undefined ? {} : { signal });
  }

  return {
    get server() {
      return options.access().server;
    },

    async list<T>(resource: Resource<T>, signal?: AbortSignal) {
      let items: T[] = [];
      let next = '';
      let restarts = 0;
      for (;;) {
        const answer = await page(resource, next, signal);
        // The pages that were begun are too old: a list takes minutes only where far more goes wrong.
        if (answer.status === 410 && next !== '' && restarts++ < 2) {
          items = [];
          next = '';
          continue;
        }
        if (answer.status !== 200) throw refused(resource, answer);
        const { metadata, items: found } = checked(WHAT, listShape, parseJson(WHAT, answer.body));
        for (const item of found ?? []) items.push(resource.keep(WHAT, item));
        if (items.length > mostObjects) throw new VigiaError('cluster-too-large', { limit: mostObjects, resource: resource.name });
        next = metadata.continue ?? '';
        if (next === '') return { items, version: metadata.resourceVersion };
      }
    },

    async watch(resource, version, to, signal) {
      let newest = version;
      let expired = false;
      const query = {
        watch: '1',
        allowWatchBookmarks: 'true',
        resourceVersion: version,
        // Not all at once, or the server would be asked by all watches at once.
        timeoutSeconds: String(Math.round(watchSeconds * (0.75 + Math.random() / 4))),
      };
      const take = (line: string): void => {
        const { type, object } = checked(WHAT, eventShape, parseJson(WHAT, Buffer.from(line)));
        if (type === 'ERROR') {
          const status = checked(WHAT, statusShape, object);
          if (status.code !== 410)
            throw new VigiaError('far-status', { what: WHAT, status: status.code ?? 500, reason: status.message ?? '' });
          expired = true;
          return;
        }
        newest = checked(WHAT, versionShape, object).metadata.resourceVersion;
        if (type !== 'BOOKMARK') to.change({ kind: type === 'DELETED' ? 'delete' : 'set', item: resource.keep(WHAT, object) });
        to.seen(newest);
      };
      const cut = lineCutter(WHAT, longestLine, take);
      const onPiece = (piece: Uint8Array): void => (piece.length === 0 ? to.opened() : cut(piece));
      const answer = await ask(resource.path, query, { onPiece, signal });
      if (answer.status === 410 || expired) return null;
      if (answer.status !== 200) throw refused(resource, answer);
      return newest;
    },
  };
}

/** A missing right is the most likely mistake, and its fix is known. */
function refused(resource: Resource<unknown>, answer: GuardedAnswer): VigiaError {
  const error = refusal(WHAT, answer);
  if (answer.status !== 403) return error;
  const reason = `${String(error.params['reason'])}. Vigía needs the verbs list and watch on ${resource.name} (docs/kubernetes.md)`;
  return new VigiaError('far-status', { what: WHAT, status: 403, reason });
}
