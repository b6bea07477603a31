import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { addressesOf } from '../../clients/dns.ts';
import { createGuardedFetch, type GuardedFetch } from '../../clients/guarded.ts';
import type { Config } from '../../model/config.ts';
import { noDiscovery, type Search, type Suggestion, type SuggestionKey, suggestionKeySchema } from '../../model/discovery.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Profile } from '../../model/profile.ts';
import type { TargetInput } from '../../model/target.ts';
import type { Store } from '../../store/contract.ts';
import type { Kubernetes } from '../kubernetes/start.ts';
import { addressesIn, type Interface, nearby, networksOf } from './network.ts';
import { recognise } from './recognise.ts';

/** Looks for exporters on the network when a person asks for it, and only then. What it finds is suggested, never added. */
export interface NetworkSearch {
  /**
   * Begins a search and answers at once.
   * @param network null for the neighbours of this machine.
   * @throws VigiaError `conflict` while one runs; `input-invalid`, `far-forbidden` for a network that is not searched.
   */
  start(network: string | null, by: string): Search;
  last(): Search | null;
  /** False when none runs. */
  cancel(): boolean;
  /** What was found and is neither watched nor dismissed. */
  suggestions(): Promise<Suggestion[]>;
  /** What a target made of a suggestion would be. @throws VigiaError `not-found`. */
  inputOf(address: string): Promise<TargetInput>;
  /** It is not suggested again. @throws VigiaError `not-found`. */
  dismiss(key: SuggestionKey): Promise<void>;
  /** How many are dismissed. */
  dismissed(): Promise<number>;
  /** All that were dismissed are suggested again. */
  restore(): Promise<void>;
  networks(): string[];
  /** Cancels, and resolves when nothing runs any more. */
  stop(): Promise<void>;
}

const SETTING = 'discovery.dismissed';
const mostDismissed = 10_000;
/** Connections at once. */
const atOnce = 64;
const connectMs = 1_000;
const deadlineMs = 3_000;
/** The names of an exporter's metrics are in its first megabyte. */
const enoughBytes = 1024 * 1024;
const lookupMs = 2_000;

const keyOf = ({ address, profile }: SuggestionKey): string => `${profile}\n${address}`;

export function createSearch(options: {
  store: Pick<Store, 'targets' | 'settings'>;
  profiles: ReadonlyMap<string, Profile>;
  config: Config['discovery'];
  /** Ports of Vigía and its children on this machine, by name. */
  ownPorts: Readonly<Record<string, number>>;
  /** A cluster whose nodes are watched. */
  kubernetes: Pick<Kubernetes, 'targets'> | null;
  now: () => number;
  interfaces?: () => readonly Interface[];
  arp?: () => string;
}): NetworkSearch {
  const { store, profiles, now } = options;
  const { ports } = options.config ?? noDiscovery;
  const interfaces = options.interfaces ?? (() => Object.values(networkInterfaces()).flatMap((each) => each ?? []));
  const arp = options.arp ?? arpTable;
  let last: Search | null = null;
  let abort = new AbortController();
  let work: Promise<void> = Promise.resolve();
  const found = new Map<string, Suggestion>();
  /** Addresses of the targets that are named otherwise, as they were at the last search. */
  let resolved: ReadonlyMap<string, readonly string[]> = new Map();

  /** One word for each machine, so that this one is the same by all of its addresses. */
  const machineOf = (host: string): string => {
    const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
    const own = bare === 'localhost' || bare === '::1' || bare.startsWith('127.') || interfaces().some(({ address }) => address === bare);
    return own ? 'this machine' : bare;
  };
  const split = (address: string): [host: string, port: string] => {
    const at = address.lastIndexOf(':');
    return [address.slice(0, at), address.slice(at + 1)];
  };
  const spot = (address: string): string => {
    const [host, port] = split(address);
    return `${machineOf(host)} ${port}`;
  };

  async function watched(): Promise<Set<string>> {
    const addresses = [
      ...(await store.targets.list()).map(({ address }) => address),
      ...(options.kubernetes?.targets() ?? []).map(({ address }) => address),
    ];
    const spots = new Set(addresses.map(spot));
    for (const address of addresses) {
      const [host, port] = split(address);
      for (const each of resolved.get(host) ?? []) spots.add(`${machineOf(each)} ${port}`);
    }
    return spots;
  }

  async function resolveNames(): Promise<void> {
    const hosts = (await store.targets.list()).map(({ address }) => split(address)[0]);
    const names = [...new Set(hosts)].filter((host) => /[a-z]/i.test(host) && !/[/[\]]/.test(host) && host !== 'localhost');
    resolved = new Map(await Promise.all(names.map(async (name) => [name, await addressesOf(name, lookupMs)] as const)));
  }

  async function run(search: Search, addresses: readonly string[], signal: AbortSignal): Promise<void> {
    // No proxy: it would look at its own network, not at this one.
    const fetch = createGuardedFetch({ forbiddenPorts: () => new Set(Object.values(options.ownPorts)), connectTimeoutMs: connectMs });
    const asked = new Set(addresses);
    for (const [key, { address }] of found) if (asked.has(split(address)[0])) found.delete(key);
    let [next, tried, answered] = [0, 0, 0];
    const told = (change: Partial<Search>): void => {
      last = { ...search, tried, answered, ...change };
    };
    const worker = async (): Promise<void> => {
      while (next < addresses.length * ports.length && !signal.aborted) {
        const at = next++;
        // Port by port, so that no machine is asked for all of them at once.
        const address = `${addresses[at % addresses.length]}:${ports[Math.floor(at / addresses.length)]}`;
        const text = await exposition(fetch, address, signal);
        tried++;
        const what = text === null ? null : recognise(text, profiles.values());
        if (what !== null) {
          answered++;
          take(address, what);
        }
        told({});
      }
    };
    try {
      await resolveNames();
      await Promise.all(Array.from({ length: atOnce }, worker));
    } finally {
      await fetch.close();
      told({ state: signal.aborted ? 'cancelled' : 'done', endedMs: now() });
    }
  }

  function take(address: string, { profile, hostname, begins, matching, samples }: NonNullable<ReturnType<typeof recognise>>): void {
    const [host] = split(address);
    const isLoopback = host.startsWith('127.');
    // This machine answers at several of its addresses; loopback stands for them all.
    const twin = [...found.values()].find((each) => each.profile === profile && spot(each.address) === spot(address));
    if (twin !== undefined && !isLoopback) return;
    if (twin !== undefined) found.delete(keyOf(twin));
    const name = hostname !== null && profiles.get(profile)?.kind === 'host' ? hostname : `${profile} ${host}`;
    found.set(keyOf({ address, profile }), { address, profile, name, begins, matching, samples });
  }

  const dismissedKeys = async (): Promise<SuggestionKey[]> =>
    suggestionKeySchema
      .array()
      .catch([])
      .parse(await store.settings.get(SETTING));

  async function suggestions(): Promise<Suggestion[]> {
    const [spots, gone] = [await watched(), new Set((await dismissedKeys()).map(keyOf))];
    return [...found.values()].filter((each) => !spots.has(spot(each.address)) && !gone.has(keyOf(each))).toSorted(byAddress);
  }

  return {
    start(network, by) {
      if (last?.state === 'running')
        throw new VigiaError('conflict', { reason: 'A search is running already. Wait for its end, or cancel it' });
      const addresses = network === null ? nearby(interfaces(), arp()) : addressesIn(network);
      const search: Search = {
        id: (last?.id ?? 0) + 1,
        network,
        state: 'running',
        by,
        startedMs: now(),
        endedMs: null,
        addresses: addresses.length,
        tried: 0,
        total: addresses.length * ports.length,
        answered: 0,
      };
      last = search;
      abort = new AbortController();
      work = run(search, addresses, abort.signal);
      // A failure is a bug, which must not end the process; the search is over either way.
      work.catch(() => {});
      return search;
    },
    last: () => last,
    cancel() {
      if (last?.state !== 'running') return false;
      abort.abort();
      return true;
    },
    suggestions,
    async inputOf(address) {
      const suggestion = (await suggestions()).find((each) => each.address === address);
      if (suggestion === undefined) throw new VigiaError('not-found', { thing: 'suggestion', id: address });
      const { name, profile } = suggestion;
      return { name, profile, address, scheme: 'http', metricsPath: '/metrics', labels: {}, enabled: true };
    },
    async dismiss(key) {
      if (!(await suggestions()).some((each) => keyOf(each) === keyOf(key)))
        throw new VigiaError('not-found', { thing: 'suggestion', id: key.address });
      await store.settings.set(SETTING, [...(await dismissedKeys()), key].slice(-mostDismissed));
    },
    dismissed: async () => (await dismissedKeys()).length,
    restore: () => store.settings.set(SETTING, undefined),
    networks: () => networksOf(interfaces()),
    async stop() {
      abort.abort();
      await work.catch(() => {});
    },
  };
}

/** The beginning of what an address answers to GET /metrics; null where it does not, or with something else than 200. */
async function exposition(fetch: GuardedFetch, address: string, signal: AbortSignal): Promise<string | null> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    await fetch(`http://${address}/metrics`, {
      // Not packed, so that the beginning of a long answer can be read.
      headers: { accept: 'text/plain;version=0.0.4', 'accept-encoding': 'identity' },
      deadlineMs,
      maxBytes: 64 * 1024,
      allowLoopback: true,
      signal,
      onPiece(piece) {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes > enoughBytes) throw new Error('that is enough');
      },
    });
  } catch {
    // Nobody there, no HTTP, too slow: what came before that may still tell.
  }
  return bytes === 0 ? null : Buffer.concat(pieces).toString('utf8');
}

function arpTable(): string {
  try {
    return readFileSync('/proc/net/arp', 'utf8');
  } catch {
    // Not Linux, or not to be seen from inside a container: then there are no neighbours to ask.
    return '';
  }
}

const byAddress = (a: Suggestion, b: Suggestion): number => a.address.localeCompare(b.address, 'en', { numeric: true });
