import type { Overview, TargetPage } from '../../src/model/api.ts';
import { finder } from '../../src/model/find.ts';
import { standingOf } from '../../src/model/fleet.ts';
import { summaryOf, worstFirst } from '../../src/server/views/fleet.ts';
import type { Reply } from './reply.ts';
import { house, type Scene, target } from './scenes.ts';

/** What is watched as the server answers it: counted, the worst first, as much of it as was asked for. */
export function overviewAnswer({ overview }: Scene, part: string, query: URLSearchParams): Reply {
  const targets = worstFirst(overview.targets).map((each) => ({
    ...each,
    incident: overview.incidents.find(({ entity, state }) => entity === each.id && state === 'open') ?? null,
  }));
  if (part === 'targets') return { body: rowsOf(targets, query) };
  const most = (name: string): number => Number(query.get(name) ?? Number.POSITIVE_INFINITY);
  const body: Overview = {
    ...overview,
    summary: summaryOf(
      targets,
      overview.incidents.filter(({ state }) => state === 'open'),
    ),
    targets: targets.slice(0, most('targets')),
    incidents: overview.incidents.slice(0, most('incidents')),
    incidentsTotal: overview.incidents.length,
  };
  return { body };
}

function rowsOf(targets: Overview['targets'], query: URLSearchParams): TargetPage {
  const ids = query.get('ids')?.split(',');
  const standing = query.get('standing');
  const found = targets
    .filter(finder(query.get('find') ?? ''))
    .filter((each) => (ids?.includes(each.id) ?? true) && (standing ?? standingOf(each)) === standingOf(each));
  return { targets: found.slice(0, Number(query.get('limit'))), total: found.length };
}

/** Two thousand hosts: a few are down, a few silent, some learn, one is switched off. */
export function fleetScene(now: number, count = 2_000): Scene {
  const hosts = Array.from({ length: count }, (_, at) => {
    const name = `node${at + 1}.rack${(at % 40) + 1}.example.org`;
    const labels = { rack: `r${(at % 40) + 1}` };
    const part = { address: `10.1.${at >> 8}.${at & 255}:9100`, labels, spark: [] };
    if (at % 500 === 7) return target(now, `node${at + 1}`, name, { ...part, state: 'bad', reason: 'connection refused', firing: 1 });
    if (at % 400 === 3) return target(now, `node${at + 1}`, name, { ...part, state: 'unknown', reason: 'no samples' });
    if (at % 300 === 5) return target(now, `node${at + 1}`, name, { ...part, score: null, learningUntilMs: now + 600_000 });
    return target(now, `node${at + 1}`, name, at === 42 ? { ...part, state: 'unknown', enabled: false } : part);
  });
  const scene = house(now, []);
  Object.assign(scene.overview, { targets: hosts, state: 'bad' });
  return scene;
}
