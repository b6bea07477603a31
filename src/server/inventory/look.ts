import { globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { classify } from '../../clients/address.ts';
import type { DnsClient } from '../../clients/dns.ts';
import type { DnsSource, FileSource } from '../../model/discovery.ts';
import { reasonOf } from '../../model/errors.ts';
import { addressProblem, type Named } from './named.ts';
import { parseTargetFile } from './target-file.ts';

/** What was seen at one place of a source: a file, or a DNS name. */
export interface Look {
  readonly place: string;
  /** Null where nothing could be learned: what was known before stays. */
  readonly named: readonly Named[] | null;
  /** A sentence without its full stop; empty when all is well. */
  readonly problem: string;
}

const mostFileBytes = 4 * 1024 * 1024;
const mostFiles = 500;
/** Without a TTL. */
const usualMs = 30_000;
const shortestMs = 5_000;
const longestMs = 3_600_000;

/** Looks at the files of a source; an unchanged one is not read again. */
export function fileLooker(source: FileSource, profiles: ReadonlySet<string>): () => Look[] {
  const known = new Map<string, { readonly mark: string; readonly look: Look }>();

  const look = (place: string): Look => {
    try {
      const { ino, size, mtimeNs, ctimeNs } = statSync(place, { bigint: true });
      const mark = [ino, size, mtimeNs, ctimeNs].join(' ');
      const before = known.get(place);
      if (before?.mark === mark) return before.look;
      if (size > mostFileBytes)
        return { place, named: null, problem: `${place} has ${size} bytes, more than the ${mostFileBytes} that are read` };
      const file = parseTargetFile(readFileSync(place, 'utf8'), { json: /\.json$/i.test(place), defaults: source, profiles });
      const found: Look =
        file.problem === null
          ? { place, named: file.named, problem: '' }
          : { place, named: null, problem: `${place}, line ${file.problem.line}: ${file.problem.reason}` };
      known.set(place, { mark, look: found });
      return found;
    } catch (thrown) {
      known.delete(place);
      return { place, named: null, problem: `${place}: ${reasonOf(thrown)}` };
    }
  };

  return () => {
    const places = new Set<string>();
    const looks: Look[] = [];
    for (const path of source.paths) {
      if (!path.includes('*')) {
        places.add(path);
        continue;
      }
      try {
        // A folder that is away is no reason to forget what its files named.
        readdirSync(dirname(path));
        for (const place of globSync(path)) places.add(place);
      } catch (thrown) {
        looks.push({ place: path, named: null, problem: `${path}: ${reasonOf(thrown)}` });
      }
    }
    const files = [...places].sort();
    looks.push(...files.slice(0, mostFiles).map(look));
    if (files.length > mostFiles)
      looks.push({
        place: source.paths.join(', '),
        named: [],
        problem: `there are ${files.length} files, of which only ${mostFiles} are read`,
      });
    for (const place of known.keys()) if (!places.has(place)) known.delete(place);
    return looks;
  };
}

/** Asks for all names of a source, and says when to ask again. */
export async function lookUp(source: DnsSource, client: DnsClient): Promise<{ looks: Look[]; pauseMs: number }> {
  const asked = await Promise.all(
    source.names.map(async (place): Promise<{ look: Look; ttlMs: number | null }> => {
      try {
        const { records, ttlMs, none } = await client.ask(place, source.type);
        const taken: Named[] = [];
        const problems: string[] = none === '' ? [] : [`${place}: ${none}`];
        for (const { host, port } of records) {
          const address = `${host.includes(':') ? `[${host}]` : host}:${port ?? source.port}`;
          const problem = recordProblem(host, address);
          if (problem === null) taken.push(namedBy(source, address));
          else problems.push(`${place}: ${address} is not taken, ${problem}`);
        }
        return { look: { place, named: taken.toSorted((a, b) => (a.address < b.address ? -1 : 1)), problem: problems.join('; ') }, ttlMs };
      } catch (thrown) {
        return { look: { place, named: null, problem: `${place}: ${reasonOf(thrown).replace(/\.$/, '')}` }, ttlMs: null };
      }
    }),
  );
  return {
    looks: asked.map(({ look }) => look),
    pauseMs: pauseFor(
      source,
      asked.map(({ ttlMs }) => ttlMs),
    ),
  };
}

/** As the configuration says; with `ttl` as long as the shortest answer holds, within 5 s and an hour. */
export function pauseFor({ refresh, type }: Pick<DnsSource, 'refresh' | 'type'>, ttls: readonly (number | null)[]): number {
  const wanted = refresh ?? (type === 'SRV' ? usualMs : 'ttl');
  if (wanted !== 'ttl') return wanted;
  const shortest = Math.min(...ttls.map((ms) => ms ?? usualMs));
  return Math.min(longestMs, Math.max(shortestMs, shortest));
}

const namedBy = ({ profile, scheme, metricsPath, labels }: DnsSource, address: string): Named => ({
  address,
  profile,
  scheme,
  metricsPath,
  labels,
  name: null,
});

/** Why Prometheus is not sent there. A record is somebody else's word, so it may not lead to where clouds give out credentials. */
function recordProblem(host: string, address: string): string | null {
  const problem = addressProblem(address);
  if (problem !== null) return `it is not ${problem}`;
  if (!/^[0-9.]+$|:/.test(host)) return null;
  try {
    const found = classify(host);
    return found.kind === 'denied' ? found.reason : null;
  } catch {
    return 'it is no address';
  }
}
