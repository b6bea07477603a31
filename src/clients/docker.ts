import { Agent, request } from 'undici';
import type { z } from 'zod';
import { VigiaError } from '../model/errors.ts';
import { checked, garbage, parseJson, refusal } from './answer.ts';
import {
  type EngineEvent,
  eventsOf,
  infoAnswer,
  inspectAnswer,
  type Inspected,
  listAnswer,
  type Stats,
  statsAnswer,
  versionAnswer,
} from './docker-answers.ts';
import { codeOf, connectionReason, isNotHttp } from './failure.ts';
import { collect, type GuardedAnswer, type GuardedFetch } from './guarded.ts';

/** What Vigía asks a Docker engine. It only reads: there is no method that changes anything. */
export interface DockerClient {
  /** Release and interface, and what the machine has. Asked anew each time. */
  engine(): Promise<EngineFacts>;
  /** All containers, also those that do not run; `nowMs` is the engine's own clock, to the second. */
  list(): Promise<{ ids: string[]; nowMs: number }>;
  /** Null for a container that is gone. */
  inspect(id: string): Promise<Inspected | null>;
  /** One reading; it takes the engine about a second. Null for a container that is gone or does not run. */
  stats(id: string): Promise<Stats | null>;
  /** What happened to containers from `fromMs` to `toMs` on the engine's clock, ends included; it remembers the last 256 events. */
  events(fromMs: number, toMs: number): Promise<EngineEvent[]>;
  close(): Promise<void>;
}

export interface EngineFacts {
  readonly release: string;
  /** The version of the interface that is spoken with it. */
  readonly api: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

interface Limits {
  readonly deadlineMs: number;
  readonly maxBytes: number;
}
type Fetch = (...call: Parameters<GuardedFetch>) => Promise<GuardedAnswer>;
type Ask = (path: string, limits: Limits) => Promise<GuardedAnswer>;

/** The versions of the Engine API whose answers are known. */
const oldest = [1, 24] as const;
const newest = [1, 51] as const;

const MiB = 1024 * 1024;
const small: Limits = { deadlineMs: 5_000, maxBytes: 4 * MiB };
const large: Limits = { deadlineMs: 5_000, maxBytes: 32 * MiB };
/** At most so many requests are open at once on one engine. */
const CONNECTIONS = 32;

/**
 * A client of one engine, by `unix:///path` or `tcp://HOST:PORT` (also `http`, `https`).
 * `secure` is a fetch that has the certificates of an engine with TLS; it is closed with the client.
 * @throws VigiaError `far-*` from every method.
 */
export function createDockerClient(options: {
  name: string;
  socket: string;
  fetch: GuardedFetch;
  secure?: GuardedFetch | undefined;
}): DockerClient {
  const { socket, secure } = options;
  const what = `Docker engine ${options.name}`;
  const { ask, close } = socket.startsWith('unix://')
    ? overSocket(socket.slice('unix://'.length), what)
    : secure === undefined
      ? overNetwork(socket.replace(/^tcp:/, 'http:'), what, options.fetch, async () => {})
      : overNetwork(socket.replace(/^tcp:/, 'https:'), what, hinted(secure), secure.close);
  let version: Promise<string> | null = null;

  const json = async <T>(path: string, schema: z.ZodType<T>, limits: Limits): Promise<{ value: T; answer: GuardedAnswer } | null> => {
    const answer = await ask(path, limits);
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw refusal(what, answer);
    return { value: checked(what, schema, parseJson(what, answer.body)), answer };
  };
  const must = async <T>(path: string, schema: z.ZodType<T>, limits: Limits): Promise<{ value: T; answer: GuardedAnswer }> => {
    const found = await json(path, schema, limits);
    if (found === null) throw garbage(what, `404 for ${path.split('?', 1)[0]}: is this a Docker engine?`);
    return found;
  };

  const versions = async (): Promise<{ release: string; api: string }> => {
    const { value } = await must('/version', versionAnswer, small);
    return { release: value.Version, api: spoken(what, value.ApiVersion, value.MinAPIVersion) };
  };
  /** The prefix of every path; asked for again after a failure, as the engine may be another release then. */
  const prefix = async (): Promise<string> => {
    version ??= versions().then(({ api }) => api);
    try {
      return `/v${await version}`;
    } catch (thrown) {
      version = null;
      throw thrown;
    }
  };
  const fresh = async <T>(work: (at: string) => Promise<T>): Promise<T> => {
    try {
      return await work(await prefix());
    } catch (thrown) {
      version = null;
      throw thrown;
    }
  };
  const ofContainer = (at: string, id: string, rest: string): string => `${at}/containers/${encodeURIComponent(id)}/${rest}`;

  return {
    async engine() {
      const found = await versions();
      version = Promise.resolve(found.api);
      const { value } = await must(`/v${found.api}/info`, infoAnswer, small);
      return { ...found, cores: value.NCPU, memoryBytes: value.MemTotal };
    },
    list: () =>
      fresh(async (at) => {
        const { value, answer } = await must(`${at}/containers/json?all=true`, listAnswer, large);
        return { ids: value.map(({ Id }) => Id), nowMs: dateOf(what, answer) };
      }),
    inspect: (id) =>
      fresh(async (at) => {
        return (await json(ofContainer(at, id, 'json'), inspectAnswer, small))?.value ?? null;
      }),
    stats: (id) =>
      fresh(async (at) => {
        // Older engines refuse what they do not know: they take the two readings that "one-shot" spares.
        const once = below(at.slice(2), [1, 41]) ? '' : '&one-shot=true';
        const found = await json(ofContainer(at, id, `stats?stream=false${once}`), statsAnswer, small);
        return found === null || found.value.read.startsWith('0001-') ? null : found.value;
      }),
    events: (fromMs, toMs) =>
      fresh(async (at) => {
        const query = new URLSearchParams({ since: seconds(fromMs), until: seconds(toMs), filters: '{"type":["container"]}' });
        const answer = await ask(`${at}/events?${query.toString()}`, small);
        if (answer.status !== 200) throw refusal(what, answer);
        return eventsOf(what, answer.body);
      }),
    close,
  };
}

/** The newest version that both know. @throws VigiaError far-garbage, which says who is too old. */
function spoken(what: string, has: string, least: string | undefined): string {
  if (below(has, oldest)) throw garbage(what, `its API ${has} is older than ${oldest.join('.')}, the oldest that is known here`);
  if (least !== undefined && !below(least, [newest[0], newest[1] + 1])) {
    throw garbage(what, `it speaks no API older than ${least}, and ${newest.join('.')} is the newest that is known here`);
  }
  return below(has, newest) ? has : newest.join('.');
}

function below(version: string, [major, minor]: readonly [number, number]): boolean {
  const [hasMajor = 0, hasMinor = 0] = version.split('.').map(Number);
  return hasMajor < major || (hasMajor === major && hasMinor < minor);
}

/** Seconds with nine decimals, as the engine reads times. */
const seconds = (ms: number): string => `${Math.floor(ms / 1000)}.${String(Math.round(ms % 1000)).padStart(3, '0')}000000`;

function dateOf(what: string, answer: GuardedAnswer): number {
  const ms = Date.parse(answer.headers['date'] ?? '');
  if (Number.isNaN(ms)) throw garbage(what, 'an answer without a Date header');
  return ms;
}

/** An engine that does not take a certificate may hang up before its word about it arrives. */
function hinted(fetch: GuardedFetch): Fetch {
  return async (url, options) => {
    try {
      return await fetch(url, options);
    } catch (thrown) {
      if (!(thrown instanceof VigiaError) || thrown.code !== 'far-unreachable') throw thrown;
      const reason = String(thrown.params['reason']);
      if (!reason.endsWith('cut off')) throw thrown;
      throw new VigiaError('far-unreachable', { ...thrown.params, reason: `${reason} (it may refuse our certificate, or miss one)` });
    }
  };
}

function overNetwork(baseUrl: string, what: string, fetch: Fetch, close: () => Promise<void>): { ask: Ask; close: () => Promise<void> } {
  return { ask: (path, limits) => fetch(`${baseUrl}${path}`, { ...limits, allowLoopback: true, what }), close };
}

/** Plain HTTP over a Unix socket, with the bounds of the guarded fetch: a total deadline, a byte cap, no redirects. */
function overSocket(socketPath: string, what: string): { ask: Ask; close: () => Promise<void> } {
  const agent = new Agent({ connect: { socketPath, timeout: 5_000 }, connections: CONNECTIONS, headersTimeout: 0, bodyTimeout: 0 });

  const perform = async (path: string, limits: Limits, signal: AbortSignal): Promise<GuardedAnswer> => {
    const answer = await request(`http://docker${path}`, { dispatcher: agent, signal });
    // A body that is given up emits an error of its own.
    answer.body.on('error', () => {});
    const headers: Record<string, string> = {};
    for (const name of ['date', 'content-type']) {
      const value = answer.headers[name];
      if (typeof value === 'string') headers[name] = value;
    }
    return { status: answer.statusCode, headers, body: await collect(answer.body, limits.maxBytes, what) };
  };

  const ask: Ask = async (path, limits) => {
    const stop = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const late = new VigiaError('far-timeout', { what, seconds: limits.deadlineMs / 1000 });
        reject(late);
        stop.abort(late);
      }, limits.deadlineMs);
    });
    try {
      return await Promise.race([perform(path, limits, stop.signal), deadline]);
    } catch (thrown) {
      if (thrown instanceof VigiaError) throw thrown;
      if (isNotHttp(thrown)) throw garbage(what, 'it does not speak HTTP');
      throw new VigiaError('far-unreachable', { what, url: socketPath, reason: socketReason(thrown) });
    } finally {
      clearTimeout(timer);
    }
  };
  return { ask, close: () => agent.destroy() };
}

function socketReason(thrown: unknown): string {
  switch (codeOf(thrown)) {
    case 'ENOENT':
      return 'there is no such socket (does the engine run?)';
    case 'EACCES':
    case 'EPERM':
      return 'Vigía may not open it (add its user to the group that owns the socket and start it again: "usermod -aG docker vigia")';
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
      return 'nothing listens there';
    default:
      return connectionReason(thrown);
  }
}
