import { reasonOf } from '../../model/errors.ts';
import type { Alert } from '../../model/incident.ts';
import { freshMs, type House } from '../house.ts';
import { scrapeErrors, upOf, upOfOne } from './scrapes.ts';

/** What is asked once, however many targets it is about. */
export interface Facts {
  readonly nowMs: number;
  readonly freshMs: number;
  /** Why Prometheus says nothing, or null when it answers. */
  readonly silent: string | null;
  readonly up: ReadonlyMap<string, number>;
  readonly errors: ReadonlyMap<string, string>;
  /** By profile and entity. */
  readonly live: ReadonlyMap<string, readonly Alert[]>;
  readonly realtime: ReadonlyMap<string, boolean>;
}

export const keyOf = (profile: string, entity: string): string => `${profile}\n${entity}`;

/** Of one target, or of all. */
export async function facts(house: House, id?: string): Promise<Facts> {
  const [alerts, realtime, scrapes] = await Promise.all([
    house.store.incidents.liveAlerts(),
    house.store.pipeline.profileRealtime(),
    scrapesOf(house, id),
  ]);
  const live = new Map<string, Alert[]>();
  for (const { alert } of alerts) {
    const key = keyOf(alert.profile, alert.entity);
    const known = live.get(key);
    if (known === undefined) live.set(key, [alert]);
    else known.push(alert);
  }
  return { nowMs: house.now(), freshMs: freshMs(house.source), live, realtime, ...scrapes };
}

async function scrapesOf({ prometheus }: House, id: string | undefined): Promise<Pick<Facts, 'silent' | 'up' | 'errors'>> {
  try {
    const up = await (id === undefined ? upOf(prometheus) : upOfOne(prometheus, id));
    const down = [...up].filter(([, value]) => value !== 1).map(([target]) => target);
    // That they are down is known all the same.
    const errors = await scrapeErrors(prometheus, down).catch(() => new Map<string, string>());
    return { silent: null, up, errors };
  } catch (thrown) {
    return { silent: reasonOf(thrown), up: new Map(), errors: new Map() };
  }
}
