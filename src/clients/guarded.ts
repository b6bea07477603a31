import { lookup as dnsLookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { getCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Agent, buildConnector, type Dispatcher, ProxyAgent, request } from 'undici';
import { isIP } from 'node:net';
import { VigiaError } from '../model/errors.ts';
import { bypassesProxy, classify, metadataNames } from './address.ts';
import { codeOf, connectionReason, isNotHttp } from './failure.ts';

/**
 * The one door to the network. Every request of Vigía to a far side goes through it: resolve once, check every address,
 * connect to one that was checked, follow no redirect, keep a total deadline and a byte cap.
 */
export interface GuardedRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  /** Total, from the call to the last byte. */
  readonly deadlineMs: number;
  /** For the body as sent and as decompressed. */
  readonly maxBytes: number;
  /** An administrator named this machine itself. Without it only other machines are reached. */
  readonly allowLoopback?: boolean | undefined;
  /** The request is for a child process of Vigía; nothing else ever reaches their ports. */
  readonly ownChild?: boolean | undefined;
  /** The body as it was sent, whatever its compression: the caller unpacks it. */
  readonly packed?: boolean | undefined;
  /** Who is asked, for sentences; HOST:PORT by default. */
  readonly what?: string | undefined;
  /**
   * Takes the body of a 200 piece by piece as it comes, an empty piece first when the answer begins. There is no cap then, and the
   * answer's own body is empty. What it throws ends the request.
   */
  readonly onPiece?: ((piece: Uint8Array) => void) | undefined;
  /** Gives the request up. */
  readonly signal?: AbortSignal | undefined;
}

export interface GuardedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface GuardedFetch {
  /** @throws VigiaError `far-*`; no message ever holds more of the URL than scheme, host and port. */
  (url: string, options: GuardedRequest): Promise<GuardedAnswer>;
  /** Closes all kept connections. */
  close(): Promise<void>;
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export interface GuardedFetchOptions {
  readonly proxy?: string | undefined;
  readonly noProxy?: readonly string[] | undefined;
  /** Authorities to trust besides the usual ones, PEM. */
  readonly caPem?: string | undefined;
  /** For a far side with authorities of its own, which alone are trusted then, and a certificate for us. PEM. */
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
        readonly servername?: string | undefined;
      }
    | undefined;
  /** The setting that names authorities to trust, for sentences; `network.caFile` by default. */
  readonly caSetting?: string | undefined;
  /** Ports of Vigía and its children on this machine. */
  readonly forbiddenPorts: () => ReadonlySet<number>;
  readonly lookup?: ((hostname: string) => Promise<readonly ResolvedAddress[]>) | undefined;
  /** How long a connection may take to be made; 10 s by default. */
  readonly connectTimeoutMs?: number | undefined;
}

type Reach = 'far' | 'self' | 'child';

const CONNECT_TIMEOUT_MS = 10_000;
const decoders: Readonly<Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const lookup = options.lookup ?? ((hostname: string) => dnsLookup(hostname, { all: true }));
  const noProxy = options.noProxy ?? [];
  const usual = options.caPem === undefined ? {} : { ca: [...getCACertificates('default'), ...getCACertificates('system'), options.caPem] };
  const tls = { ...usual, ...Object.fromEntries(Object.entries(options.tls ?? {}).filter(([, value]) => value !== undefined)) };
  // A kept connection was checked for one reach; another reach must not find it. Hence one pool for each.
  const agents = new Map<Reach | 'proxy', Dispatcher>();

  async function resolveChecked(hostname: string, port: number, reach: Reach): Promise<ResolvedAddress[]> {
    const host = bare(hostname);
    const family = isIP(host);
    const addresses = family === 0 ? await lookup(host) : [{ address: host, family }];
    if (addresses.length === 0) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
    for (const { address } of addresses) checkAddress(address, port, reach);
    return [...addresses];
  }

  function checkAddress(address: string, port: number, reach: Reach): void {
    const found = classify(address);
    const shown = isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
    if (found.kind === 'denied') throw new VigiaError('far-forbidden', { address: shown, reason: found.reason });
    const own = found.kind === 'self' || isInterface(address);
    if (own && reach !== 'child' && options.forbiddenPorts().has(port)) {
      throw new VigiaError('far-forbidden', { address: shown, reason: 'it is a port of Vigía itself' });
    }
    if (found.kind === 'self' && reach === 'far') {
      throw new VigiaError('far-forbidden', { address: shown, reason: 'it is this machine itself, which this setting may not name' });
    }
    if (!own && reach === 'child') {
      throw new VigiaError('far-forbidden', { address: shown, reason: "Vigía's own parts listen on this machine only" });
    }
  }

  function direct(reach: Reach): Dispatcher {
    const open = async (target: buildConnector.Options, done: buildConnector.Callback): Promise<void> => {
      let addresses: ResolvedAddress[];
      try {
        const port = target.port === '' ? (target.protocol === 'https:' ? 443 : 80) : Number(target.port);
        addresses = await resolveChecked(target.hostname, port, reach);
      } catch (thrown) {
        done(thrown as Error, null);
        return;
      }
      const pinned = (_name: string, wanted: { all?: boolean }, answer: (...args: unknown[]) => void): void => {
        if (wanted.all === true) answer(null, addresses);
        else answer(null, addresses[0]?.address, addresses[0]?.family);
      };
      const settings = {
        ...tls,
        lookup: pinned,
        timeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
        allowH2: false,
        autoSelectFamily: true,
      };
      buildConnector(settings as buildConnector.BuildOptions)(target, done);
    };
    const connect: buildConnector.connector = (target, done) => void open(target, done);
    return new Agent({ connect, connections: 16, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 30_000, allowH2: false });
  }

  function dispatcherFor(url: URL, reach: Reach): Dispatcher {
    const port = portOf(url);
    const proxied = options.proxy !== undefined && reach !== 'child' && !bypassesProxy(url.hostname, port, noProxy);
    if (proxied) {
      // The proxy resolves names; what can be known without that is checked here.
      const host = bare(url.hostname);
      if (isIP(host) !== 0) checkAddress(host, port, reach);
      else if (metadataNames.has(host.replace(/\.$/, '')))
        throw new VigiaError('far-forbidden', { address: host, reason: 'it gives out credentials of the cloud' });
    }
    const key = proxied ? 'proxy' : reach;
    const kept = agents.get(key);
    if (kept !== undefined) return kept;
    const made = proxied
      ? new ProxyAgent({ uri: options.proxy as string, requestTls: tls, proxyTls: tls, headersTimeout: 0, bodyTimeout: 0, allowH2: false })
      : direct(reach);
    agents.set(key, made);
    return made;
  }

  async function perform(url: URL, wanted: GuardedRequest, what: string, signal: AbortSignal): Promise<GuardedAnswer> {
    const reach: Reach = wanted.ownChild === true ? 'child' : wanted.allowLoopback === true ? 'self' : 'far';
    const headers: Record<string, string> = { 'accept-encoding': 'gzip', ...basicOf(url), ...wanted.headers };
    const answer = await request(`${url.origin}${url.pathname}${url.search}`, {
      dispatcher: dispatcherFor(url, reach),
      method: wanted.method ?? 'GET',
      headers,
      body: wanted.body ?? null,
      signal,
    });
    // A body that is given up emits an error of its own, which would otherwise be thrown by nobody's fault.
    answer.body.on('error', () => {});
    const flat: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    const status = answer.statusCode;
    if (status >= 300 && status < 400 && status !== 304) {
      answer.body.destroy();
      throw new VigiaError('far-status', {
        what,
        status,
        reason: `it redirects to ${originOf(flat['location'], url)}; give that address instead`,
      });
    }
    if (wanted.onPiece !== undefined && status === 200) {
      wanted.onPiece(new Uint8Array(0));
      for await (const piece of answer.body as AsyncIterable<Uint8Array>) wanted.onPiece(piece);
      return { status, headers: flat, body: Buffer.alloc(0) };
    }
    const raw = await collect(answer.body, wanted.maxBytes, what);
    if (wanted.packed === true) return { status, headers: flat, body: raw };
    return { status, headers: flat, body: await decode(raw, flat['content-encoding'], wanted.maxBytes, what) };
  }

  async function guarded(address: string, wanted: GuardedRequest): Promise<GuardedAnswer> {
    const url = URL.parse(address);
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      throw new VigiaError('far-forbidden', {
        address: url === null ? 'this address' : `${url.protocol} addresses`,
        reason: 'only http:// and https:// are allowed',
      });
    }
    const what = wanted.what ?? url.host;
    const stop = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    let giveUp = (): void => {};
    // undici looks at the signal only once it is connected, so the deadline is raced as well.
    const deadline = new Promise<never>((_, reject) => {
      const end = (why: VigiaError): void => {
        reject(why);
        stop.abort(why);
      };
      timer = setTimeout(
        () => end(new VigiaError('far-timeout', { what, seconds: Math.round(wanted.deadlineMs / 100) / 10 })),
        wanted.deadlineMs,
      );
      giveUp = () => end(new VigiaError('far-unreachable', { what, url: url.origin, reason: 'the request was given up' }));
    });
    if (wanted.signal?.aborted === true) giveUp();
    else wanted.signal?.addEventListener('abort', giveUp);
    try {
      return await Promise.race([perform(url, wanted, what, stop.signal), deadline]);
    } catch (thrown) {
      if (thrown instanceof VigiaError) throw thrown;
      if (isNotHttp(thrown)) throw new VigiaError('far-garbage', { what, reason: 'it does not speak HTTP' });
      const reason = connectionReason(thrown).replace('network.caFile', options.caSetting ?? 'network.caFile');
      throw new VigiaError('far-unreachable', { what, url: url.origin, reason });
    } finally {
      clearTimeout(timer);
      wanted.signal?.removeEventListener('abort', giveUp);
    }
  }

  return Object.assign(guarded, {
    close: async () => {
      const open = [...agents.values()];
      agents.clear();
      await Promise.all(open.map((agent) => agent.destroy()));
    },
  });
}

export async function collect(body: AsyncIterable<Uint8Array>, maxBytes: number, what: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop destroys the body, and with it the connection.
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new VigiaError('far-too-large', { what, limit: maxBytes });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

async function decode(raw: Buffer, encoding: string | undefined, maxBytes: number, what: string): Promise<Buffer> {
  const name = (encoding ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '' || raw.length === 0) return raw;
  const decoder = Object.hasOwn(decoders, name) ? decoders[name] : undefined;
  if (decoder === undefined) throw new VigiaError('far-garbage', { what, reason: 'its compression is unknown' });
  try {
    return await decoder(raw, { maxOutputLength: maxBytes });
  } catch (thrown) {
    if (codeOf(thrown) === 'ERR_BUFFER_TOO_LARGE') throw new VigiaError('far-too-large', { what, limit: maxBytes });
    throw new VigiaError('far-garbage', { what, reason: `its ${name} body is damaged` });
  }
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

const portOf = (url: URL): number => (url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port));

/** User and password of a URL as a header, so that they are in no request line. */
function basicOf(url: URL): Record<string, string> {
  if (url.username === '' && url.password === '') return {};
  const plain = Buffer.from(`${unescape(url.username)}:${unescape(url.password)}`);
  return { authorization: `Basic ${plain.toString('base64')}` };
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function originOf(location: string | undefined, base: URL): string {
  const target = location === undefined ? null : URL.parse(location, base.href);
  return target === null
    ? 'nowhere'
    : target.origin === base.origin
      ? 'another path'
      : target.host === ''
        ? target.protocol
        : target.origin;
}

function isInterface(address: string): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.address === address) === true);
}
