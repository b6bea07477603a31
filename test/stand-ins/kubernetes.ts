import { createServer as createPlain, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KubernetesObject } from './kubernetes-objects.ts';
import { recorded } from './recorded.ts';

/** Kinds that the least rights of Vigía reach, with what the API calls them. */
const kinds = {
  nodes: { path: '/api/v1/nodes', group: '', list: 'NodeList' },
  namespaces: { path: '/api/v1/namespaces', group: '', list: 'NamespaceList' },
  pods: { path: '/api/v1/pods', group: '', list: 'PodList' },
  deployments: { path: '/apis/apps/v1/deployments', group: 'apps', list: 'DeploymentList' },
  replicasets: { path: '/apis/apps/v1/replicasets', group: 'apps', list: 'ReplicaSetList' },
  statefulsets: { path: '/apis/apps/v1/statefulsets', group: 'apps', list: 'StatefulSetList' },
  daemonsets: { path: '/apis/apps/v1/daemonsets', group: 'apps', list: 'DaemonSetList' },
} as const;
export type Kind = keyof typeof kinds;

interface Event {
  readonly version: number;
  readonly kind: Kind;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubernetesObject;
}

interface Watcher {
  readonly kind: Kind;
  readonly bookmarks: boolean;
  readonly response: ServerResponse;
}

export interface KubernetesStandIn {
  readonly url: string;
  readonly port: number;
  /** VERB RESOURCE of each request that was allowed, and the query it came with. */
  readonly calls: readonly { readonly what: string; readonly query: Readonly<Record<string, string>> }[];
  /** METHOD PATH and why, of each request that was refused. */
  readonly refused: readonly string[];
  /** Adds an object, or puts it in the place of the one of its name. */
  set(kind: Kind, object: KubernetesObject): void;
  remove(kind: Kind, name: string, namespace?: string): void;
  /** Forgets history: what was listed or watched before is too old now, as after five minutes in a real one. */
  compact(): void;
  /** Tells those who asked for it the newest version. */
  bookmark(): void;
  /** Ends all watches without a word, as a broken line does. */
  cut(): void;
  /** Sends a line to all watches of a kind as it is. */
  say(kind: Kind, line: string): void;
  /** The only one that is taken; undefined where a client certificate is. */
  token: string | undefined;
  /** Rights that are taken away: `list pods`, `watch nodes`, `get nodes/proxy`. */
  readonly denied: Set<string>;
  /** Whether an expired watch is told by the status of the answer, or by an event in it; real servers do both. */
  gone: 'status' | 'event';
  /** Statuses for the next requests, in order. */
  readonly statuses: number[];
  watches(kind: Kind): number;
  stop(): Promise<void>;
}

/**
 * A strict stand-in of a Kubernetes API server: it knows one token (or a client certificate) with the least rights that
 * docs/kubernetes.md names, and answers everything else as a real one would.
 */
export async function startKubernetes(
  options: { token?: string; tls?: { key: string; cert: string; clientCa?: string }; pageSize?: number } = {},
): Promise<KubernetesStandIn> {
  const objects = new Map<Kind, Map<string, KubernetesObject>>(Object.keys(kinds).map((kind) => [kind as Kind, new Map()]));
  const calls: { what: string; query: Record<string, string> }[] = [];
  const refused: string[] = [];
  const denied = new Set<string>();
  const statuses: number[] = [];
  const watchers = new Set<Watcher>();
  let history: Event[] = [];
  let version = 100;
  /** Versions up to here are forgotten. */
  let compacted = 0;
  const startedMs = performance.now();
  const cadvisor = recorded('kubelet-1.20-cadvisor.txt.gz');
  const kubelet = recorded('kubelet-1.20.txt.gz');
  const user = 'system:serviceaccount:monitoring:vigia';

  const status = (response: ServerResponse, code: number, reason: string, message: string): void => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code }));
  };
  const expired = (): object => ({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: `too old resource version`,
    reason: 'Expired',
    code: 410,
  });

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://api');
    const refuse = (code: number, reason: string, message: string): void => {
      refused.push(`${request.method} ${url.pathname}: ${message}`);
      status(response, code, reason, message);
    };
    const scripted = statuses.shift();
    if (scripted !== undefined) return status(response, scripted, 'InternalError', 'scripted');
    const certified = 'authorized' in request.socket && request.socket.authorized === true;
    if (standIn.token !== undefined ? request.headers.authorization !== `Bearer ${standIn.token}` : !certified)
      return refuse(401, 'Unauthorized', 'Unauthorized');
    const may = (verb: string, resource: string, group: string): boolean => {
      if (!denied.has(`${verb} ${resource}`)) return true;
      const where = `in API group "${group}" at the cluster scope`;
      refuse(403, 'Forbidden', `${resource} is forbidden: User "${user}" cannot ${verb} resource "${resource}" ${where}`);
      return false;
    };
    const forbidden = (): void =>
      refuse(403, 'Forbidden', `forbidden: User "${user}" cannot ${request.method?.toLowerCase()} path "${url.pathname}"`);
    if (request.method !== 'GET') return forbidden();
    const query = Object.fromEntries(url.searchParams);

    const [, node, endpoint] = /^\/api\/v1\/nodes\/([^/]+)\/proxy(\/metrics|\/metrics\/cadvisor)$/.exec(url.pathname) ?? [];
    if (node !== undefined) {
      if (!may('get', 'nodes/proxy', '')) return;
      if (!objects.get('nodes')?.has(keyOf(node))) return refuse(404, 'NotFound', `nodes "${node}" not found`);
      calls.push({ what: `get nodes/${node}/proxy${endpoint}`, query });
      const text = (endpoint === '/metrics' ? kubelet : cadvisor)((performance.now() - startedMs) / 1000);
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
      return;
    }
    const kind = (Object.keys(kinds) as Kind[]).find((each) => kinds[each].path === url.pathname);
    if (kind === undefined) return forbidden();
    const watching = query['watch'] !== undefined;
    const known = watching ? ['watch', 'allowWatchBookmarks', 'resourceVersion', 'timeoutSeconds'] : ['limit', 'continue'];
    const strange = Object.keys(query).find((name) => !known.includes(name));
    if (strange !== undefined) return refuse(400, 'BadRequest', `unknown parameter ${strange}`);
    if (!may(watching ? 'watch' : 'list', kind, kinds[kind].group)) return;
    calls.push({ what: `${watching ? 'watch' : 'list'} ${kind}`, query });
    if (watching) watch(kind, query, response, refuse);
    else list(kind, query, response, refuse);
  };

  type Refuse = (code: number, reason: string, message: string) => void;

  function list(kind: Kind, query: Record<string, string>, response: ServerResponse, refuse: Refuse): void {
    const limit = Math.min(Number(query['limit'] ?? 0) || Number.MAX_SAFE_INTEGER, options.pageSize ?? 500);
    const from =
      query['continue'] === undefined ? { version, at: 0 } : (JSON.parse(atob(query['continue'])) as { version: number; at: number });
    if (from.version < compacted) return refuse(410, 'Expired', 'The provided continue parameter is too old');
    const all = [...(objects.get(kind)?.values() ?? [])];
    const items = all.slice(from.at, from.at + limit);
    const next = from.at + items.length < all.length ? btoa(JSON.stringify({ version: from.version, at: from.at + items.length })) : '';
    const metadata = { resourceVersion: String(from.version), ...(next === '' ? {} : { continue: next }) };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kind: kinds[kind].list, apiVersion: 'v1', metadata, items }));
  }

  function watch(kind: Kind, query: Record<string, string>, response: ServerResponse, refuse: Refuse): void {
    const from = Number(query['resourceVersion']);
    const seconds = Number(query['timeoutSeconds']);
    if (!['1', 'true'].includes(query['watch'] ?? '') || !Number.isInteger(from) || !(seconds > 0))
      return refuse(400, 'BadRequest', 'a watch needs watch, resourceVersion and timeoutSeconds');
    if (from < compacted && standIn.gone === 'status') return status(response, 410, 'Expired', 'too old resource version');
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    response.flushHeaders();
    if (from < compacted) {
      response.end(`${JSON.stringify({ type: 'ERROR', object: expired() })}\n`);
      return;
    }
    for (const event of history) if (event.kind === kind && event.version > from) send(response, event);
    const watcher: Watcher = { kind, bookmarks: query['allowWatchBookmarks'] === 'true', response };
    watchers.add(watcher);
    const timer = setTimeout(() => response.end(), seconds * 1000);
    response.on('close', () => {
      clearTimeout(timer);
      watchers.delete(watcher);
    });
  }

  const send = (response: ServerResponse, { type, object }: Pick<Event, 'type' | 'object'>): void =>
    void response.write(`${JSON.stringify({ type, object })}\n`);

  function tell(kind: Kind, type: Event['type'], object: KubernetesObject): void {
    const event = { version, kind, type, object };
    history.push(event);
    for (const watcher of watchers) if (watcher.kind === kind) send(watcher.response, event);
  }

  const keyOf = (name: string, namespace = ''): string => `${namespace}/${name}`;
  const standIn = {
    calls,
    refused,
    denied,
    statuses,
    gone: 'event' as 'status' | 'event',
    token: options.token,
    set(kind: Kind, object: KubernetesObject) {
      const held = objects.get(kind) as Map<string, KubernetesObject>;
      const key = keyOf(object.metadata.name, object.metadata.namespace);
      version += 1;
      const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
      const type = held.has(key) ? 'MODIFIED' : 'ADDED';
      held.set(key, stored);
      tell(kind, type, stored);
    },
    remove(kind: Kind, name: string, namespace?: string) {
      const held = objects.get(kind) as Map<string, KubernetesObject>;
      const object = held.get(keyOf(name, namespace));
      if (object === undefined) throw new Error(`there is no ${kind} ${name}`);
      version += 1;
      held.delete(keyOf(name, namespace));
      tell(kind, 'DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
    },
    compact() {
      version += 1;
      compacted = version;
      history = [];
    },
    bookmark() {
      for (const { kind, bookmarks, response } of watchers) {
        if (!bookmarks) continue;
        const object = {
          kind: kinds[kind].list.replace(/List$/, ''),
          apiVersion: 'v1',
          metadata: { resourceVersion: String(version), creationTimestamp: null },
        };
        response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
      }
    },
    cut() {
      for (const { response } of watchers) response.destroy();
    },
    say(kind: Kind, line: string) {
      for (const watcher of watchers) if (watcher.kind === kind) watcher.response.write(line);
    },
    watches: (kind: Kind) => [...watchers].filter((each) => each.kind === kind).length,
  };

  const { tls } = options;
  const server: Server =
    tls === undefined
      ? createPlain(handle)
      : createTls(
          {
            key: tls.key,
            cert: tls.cert,
            ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: false }),
          },
          handle,
        );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(standIn, {
    port,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
