import { ADDRCONFIG } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { VigiaError } from '../model/errors.ts';
import { codeOf, connectionReason } from './failure.ts';

export interface DnsAnswer {
  /** Hosts as names or addresses; a port where the record says one. */
  readonly records: readonly { readonly host: string; readonly port: number | null }[];
  /** How long the shortest of them holds; null where the resolver does not tell, as for SRV. */
  readonly ttlMs: number | null;
  /** Why there is none, as the name servers say it: an answer like another. Empty otherwise. */
  readonly none: string;
}

/** Asks name servers for records, each time anew. */
export interface DnsClient {
  /** @throws VigiaError `far-unreachable`, `far-status`, `far-timeout`, `far-garbage`: nothing is known then. */
  ask(name: string, type: 'SRV' | 'A' | 'AAAA'): Promise<DnsAnswer>;
  /** Gives up what is being asked. */
  cancel(): void;
}

const tryMs = 2_000;
const tries = 2;

/** Answers that say that there is nothing (RFC 2308). */
const nothing: Readonly<Record<string, (type: string) => string>> = {
  ENOTFOUND: () => 'there is no such name (NXDOMAIN)',
  ENODATA: (type) => `it has no ${type} records`,
};
/** Answers that say that the server cannot or will not tell (RFC 1035, RCODE). */
const refusals: Readonly<Record<string, readonly [status: string, reason: string]>> = {
  ESERVFAIL: ['SERVFAIL', 'it could not find out'],
  EREFUSED: ['REFUSED', 'it does not answer us'],
  ENOTIMP: ['NOTIMP', 'it does not know the question'],
  EFORMERR: ['FORMERR', 'it does not understand the question'],
};

/** @param server an IP address with or without a port; without it the name servers of this machine. */
export function createDnsClient({ server }: { server?: string | undefined }): DnsClient {
  const resolver = new Resolver({ timeout: tryMs, tries });
  if (server !== undefined) resolver.setServers([server]);
  const what = server === undefined ? 'The name server' : `The name server ${server}`;

  const records = async (name: string, type: 'SRV' | 'A' | 'AAAA'): Promise<Omit<DnsAnswer, 'none'>> => {
    if (type === 'SRV') {
      const found = await resolver.resolveSrv(name);
      // A single "." means that the service is not there (RFC 2782).
      const there = found.map(({ name: host, port }) => ({ host: host.replace(/\.$/, '').toLowerCase(), port }));
      return { records: there.filter(({ host }) => host !== ''), ttlMs: null };
    }
    const found = type === 'A' ? await resolver.resolve4(name, { ttl: true }) : await resolver.resolve6(name, { ttl: true });
    const ttlMs = found.length === 0 ? null : 1000 * Math.min(...found.map(({ ttl }) => ttl));
    return { records: found.map(({ address }) => ({ host: address, port: null })), ttlMs };
  };

  return {
    async ask(name, type) {
      try {
        return { ...(await records(name, type)), none: '' };
      } catch (thrown) {
        const code = codeOf(thrown);
        const none = nothing[code]?.(type);
        if (none !== undefined) return { records: [], ttlMs: null, none };
        const refusal = refusals[code];
        if (refusal !== undefined) throw new VigiaError('far-status', { what, status: refusal[0], reason: refusal[1] });
        if (code === 'ETIMEOUT') throw new VigiaError('far-timeout', { what, seconds: (tries * tryMs) / 1000 });
        if (code === 'EBADRESP') throw new VigiaError('far-garbage', { what, reason: 'no DNS message' });
        throw new VigiaError('far-unreachable', {
          what: 'The name server',
          url: resolver.getServers().join(', '),
          reason: connectionReason(thrown),
        });
      }
    },
    cancel: () => resolver.cancel(),
  };
}

/** The addresses of a host of this machine's own view, files and all; none where it has none, or nobody says so in time. */
export async function addressesOf(host: string, deadlineMs: number): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never[]>((resolve) => (timer = setTimeout(() => resolve([]), deadlineMs)));
  const found = lookup(host, { all: true, hints: ADDRCONFIG }).then((all) => all.map(({ address }) => address));
  try {
    return await Promise.race([found.catch(() => []), late]);
  } finally {
    clearTimeout(timer);
  }
}
