import type { DiscoverySource, Found, Search } from '../../src/model/discovery.ts';
import type { Reply } from './reply.ts';
import type { Scene } from './scenes.ts';

interface Discovery {
  found: Found;
  sources: DiscoverySource[];
  /** How often a search that runs was asked about. */
  looks: number;
}

/** Of each scene what was searched and dismissed in it. */
const known = new WeakMap<Scene, Discovery>();

/** Sources of both kinds, one of them in trouble, and a network that nobody has searched yet. */
function someDiscovery(now: number): Discovery {
  const files = '/etc/vigia/targets/a-rather-long-name-of-a-file-of-targets.yml';
  return {
    looks: 0,
    found: { search: null, suggestions: [], dismissed: 0, networks: ['192.168.1.0/24'] },
    sources: [
      {
        kind: 'dns',
        name: 'web',
        state: 'ok',
        reason: '',
        lookedMs: now - 12_000,
        targets: 3,
        skipped: 1,
        places: [{ place: '_node._tcp.example.org', targets: 4, problem: '' }],
      },
      {
        kind: 'file',
        name: 'lab',
        state: 'unknown',
        reason: `${files}, line 4: "web1" is no target: HOST:PORT, for example 192.168.1.10:9100`,
        lookedMs: now - 2_000,
        targets: 2,
        skipped: 0,
        places: [{ place: files, targets: 2, problem: `${files}, line 4: "web1" is no target: HOST:PORT, for example 192.168.1.10:9100` }],
      },
    ],
  };
}

const suggestions: Found['suggestions'] = [
  { address: '192.168.1.120:9100', profile: 'linux-host', name: 'nas', begins: 'node_', matching: 912, samples: 960 },
  { address: '192.168.1.121:9121', profile: 'redis', name: 'redis 192.168.1.121', begins: 'redis_', matching: 240, samples: 280 },
];

export function discoveryAnswer(scene: Scene, method: string, path: string, body: unknown): Reply {
  const discovery = known.get(scene) ?? someDiscovery(Date.now());
  known.set(scene, discovery);
  const { found } = discovery;
  const change = (part: Partial<Search>) => {
    if (found.search) found.search = { ...found.search, ...part };
  };
  if (path === 'sources') return { body: { sources: discovery.sources } };
  if (path === 'found') {
    if (found.search?.state === 'running' && discovery.looks++ > 0) {
      change({ state: 'done', tried: found.search.total, answered: 2, endedMs: Date.now() });
      found.suggestions = [...suggestions];
    }
    const watched = new Set(scene.overview.targets.map(({ address }) => address));
    return { body: { ...found, suggestions: found.suggestions.filter(({ address }) => !watched.has(address)) } };
  }
  if (path === 'search' && method === 'POST') {
    const { network = null } = body as { network?: string };
    if (network?.startsWith('8.')) {
      const message =
        'Vigía does not connect to 8.8.8.0/24: only private networks (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16) and this machine itself are searched.';
      return { status: 403, body: { code: 'far-forbidden', message } };
    }
    if (network !== null && !/^[\d./]+$/.test(network)) {
      const message = `network: "${network}" is no network: write it like 192.168.1.0/24`;
      return { status: 400, body: { code: 'input-invalid', message, field: 'network' } };
    }
    discovery.looks = 0;
    found.search = {
      id: 1,
      network,
      state: 'running',
      by: 'Ana García',
      startedMs: Date.now(),
      endedMs: null,
      addresses: 12,
      tried: 30,
      total: 84,
      answered: 1,
    };
    return { body: found.search };
  }
  if (path === 'search') change({ state: 'cancelled', endedMs: Date.now() });
  if (path === 'dismissed' && method === 'POST') {
    const { address } = body as { address: string };
    found.suggestions = found.suggestions.filter((each) => each.address !== address);
    found.dismissed++;
  }
  if (path === 'dismissed' && method === 'DELETE') {
    found.suggestions = [...suggestions];
    found.dismissed = 0;
  }
  return { status: 204 };
}
