import { VigiaError } from '../../model/errors.ts';
import type { Moved } from '../../model/explanation.ts';
import type { Incident } from '../../model/incident.ts';
import type { House } from '../house.ts';
import { watched } from '../views/overview.ts';
import { type Compared, compareMoved } from './compare.ts';
import { abnormalSpan, findingRange, mostMs, mostPeers, type Span } from './plan.ts';

/** Answers kept; one is about 60 KB. */
const mostKept = 50;
/** Questions that wait for their turn, and after how long one is worth asking again. */
const mostWaiting = 20;
const againSeconds = 10;

/** What else moved around the start of an incident; the answer is kept once nothing can change it any more. */
export interface MovedAnswers {
  /** @throws VigiaError `far-…` when the source does not answer, `not-found` for an incident of a profile that is gone, `too-many` when many wait. */
  of(incident: Incident): Promise<Moved>;
}

export function createMovedAnswers(house: House): MovedAnswers {
  const kept = new Map<number, Moved>();
  const asked = new Map<number, Promise<Moved>>();
  /** One comparison at a time: it reads more than everything else does. */
  let queue: Promise<unknown> = Promise.resolve();

  const compare = async (incident: Incident): Promise<Moved> => {
    const profile = house.profiles.get(incident.profile);
    if (profile === undefined) throw new VigiaError('not-found', { thing: 'profile', id: incident.profile });
    const { entities, left } = await entitiesOf(house, incident);
    const span = await spanOf(house, incident);
    const moved = await compareMoved(house.source, profile, { ...span, shares: incident.shares }, entities);
    const answer = { ...moved, left: { ...moved.left, entities: moved.left.entities + left } };
    // What was cut short for being slow may come out whole the next time.
    if (answer.complete && answer.tookMs < mostMs) {
      kept.set(incident.id, answer);
      if (kept.size > mostKept) kept.delete(kept.keys().next().value as number);
    }
    return answer;
  };

  return {
    async of(incident) {
      const known = kept.get(incident.id) ?? asked.get(incident.id);
      if (known !== undefined) return known;
      if (asked.size >= mostWaiting) throw new VigiaError('too-many', { seconds: againSeconds });
      const answer = queue.then(() => compare(incident));
      queue = answer.catch(() => {});
      asked.set(incident.id, answer);
      return answer.finally(() => asked.delete(incident.id));
    },
  };
}

async function spanOf(house: House, incident: Incident): Promise<Span> {
  const { profile, entity, openedMs } = incident;
  const range = findingRange(openedMs, house.source.stepMs);
  const { findings } = await house.store.findings.list({ profile, entity, ...range, limit: 1_000, offset: 0 });
  return abnormalSpan(
    incident,
    findings.map((finding) => finding.tsMs),
    house.source,
    house.now(),
  );
}

/** The incident's entity first, then its peers: its group where it has one, else its profile. Of one profile, so of one kind (P04). */
async function entitiesOf(house: House, incident: Incident): Promise<{ entities: Compared[]; left: number }> {
  const all = (await watched(house, { hosts: true, containers: true }))
    .map(({ target }) => target)
    .filter((target) => target.profile === incident.profile && target.enabled);
  const group = all.find((target) => target.id === incident.entity)?.labels['group'];
  const others = all.filter((target) => target.id !== incident.entity);
  const grouped = group === undefined ? [] : others.filter((target) => target.labels['group'] === group);
  const peers = (grouped.length > 0 ? grouped : others).map((target) => ({ entity: target.id, name: target.name }));
  return {
    entities: [{ entity: incident.entity, name: incident.name }, ...peers.slice(0, mostPeers)],
    left: Math.max(0, peers.length - mostPeers),
  };
}
