import type { Maintenance, MaintenanceInput } from '../../src/model/maintenance.ts';
import type { Reply } from './reply.ts';
import type { Scene } from './scenes.ts';

const hour = 3_600_000;

/** One that comes, of a target whose name is hostile, and one of a whole profile that is over. */
export const someWindows = (now: number, hostileName: string): Maintenance[] => [
  {
    id: 4,
    profile: 'linux-host',
    entities: [{ entity: 'db-primary', name: hostileName }],
    fromMs: now + 10 * hour,
    toMs: now + 12 * hour,
    state: 'coming',
    text: '<i>new disks</i>',
    by: 'Ana García',
  },
  {
    id: 2,
    profile: 'linux-host',
    entities: [],
    fromMs: now - 30 * hour,
    toMs: now - 28 * hour,
    state: 'past',
    text: '',
    by: 'command line',
  },
];

export function maintenanceAnswer(scene: Scene, method: string, [id, act]: readonly string[], body: unknown): Reply {
  const now = Date.now();
  const window = scene.maintenance.find((each) => each.id === Number(id));
  if (method === 'GET') return { body: { windows: scene.maintenance } };
  if (id === undefined) {
    const { entities = [], ...input } = body as MaintenanceInput;
    const added: Maintenance = {
      ...input,
      id: 10 + scene.maintenance.length,
      entities: entities.map((entity) => ({ entity, name: entity })),
      state: input.fromMs > now ? 'coming' : 'running',
      by: scene.session.account?.name ?? '',
    };
    scene.maintenance.unshift(added);
    return { body: added };
  }
  if (act === 'end' && window?.state === 'running') Object.assign(window, { state: 'past', toMs: now });
  else scene.maintenance = scene.maintenance.filter((each) => each !== window);
  return act === 'end' ? { body: window } : { status: 204 };
}
