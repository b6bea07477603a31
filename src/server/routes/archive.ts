import { archiveStateSchema } from '../../model/archive.ts';
import type { Door } from '../door/door.ts';
import { defineRoute } from '../door/route.ts';
import type { House } from '../house.ts';

/** How far the archive is. It is set up in the configuration file alone. */
export function registerArchiveRoutes(door: Door, house: House): void {
  door.register(
    defineRoute({
      method: 'GET',
      path: '/api/archive',
      policy: 'operator',
      rate: 'read',
      summary: 'The rules of the archive: until when, how many points, what failed',
      schema: { response: archiveStateSchema },
      handler: () => house.archive?.state() ?? { configured: false, url: '', rules: [] },
    }),
  );
}
