import { setTimeout as sleep } from 'node:timers/promises';
import type { FindingPage, IncidentPage } from '../../src/model/api.ts';
import type { Figure } from '../result.ts';
import { type FaultKind, movedBy, type Walked, walkOf } from './fault.ts';
import type { WatchedMachine } from './house.ts';

/** A calm machine gives no alert. Messages are counted too: none may come without an incident. */
export async function quiet(machine: WatchedMachine, minutes: number): Promise<Figure[]> {
  const { vigia, telegram } = machine;
  const list = async () => (await vigia.api<IncidentPage>('GET', '/api/incidents')).incidents;
  const [known, messages, sinceMs] = [(await list()).map(({ id }) => id), telegram.received.length, Date.now()];
  await sleep(minutes * 60_000);
  const { profile, id } = await machine.target();
  const { total } = await vigia.api<FindingPage>(
    'GET',
    `/api/ai/findings?profile=${profile}&entity=${encodeURIComponent(id)}&fromMs=${sinceMs}`,
  );
  const incidents = (await list()).filter(({ id }) => !known.includes(id));
  // A machine that was not quiet after all shows in what it was.
  const note = incidents.map(({ title, openedMs }) => `after ${Math.round((openedMs - sinceMs) / 60_000)} min: ${title}`).join('; ');
  return [
    { what: `incidents in ${minutes} quiet minutes`, value: incidents.length, unit: 'count', atMost: 0, ...(note === '' ? {} : { note }) },
    { what: `messages in ${minutes} quiet minutes`, value: telegram.received.length - messages, unit: 'count', atMost: 0 },
    { what: 'single steps at or above threshold', value: total, unit: 'count', note: 'two in a row are an alert' },
  ];
}

/** CPU load, several times: the slowest of them, in its parts. */
export async function load(machine: WatchedMachine, options: { times: number; seed: number; atMost?: number }): Promise<Figure[]> {
  const walks: Walked[] = [];
  for (let time = 0; time < options.times; time++) walks.push(await walkOf(machine, 'cpu', options.seed + time));
  // A load that nobody was told of is the slowest of all.
  const delay = (walk: Walked) => walk.message ?? Number.POSITIVE_INFINITY;
  const slowest = walks.toSorted((a, b) => delay(b) - delay(a))[0];
  if (slowest === undefined) return [];
  const goal = options.atMost === undefined ? {} : { atMost: options.atMost };
  const all = walks.map((walk) => walk.message?.toFixed(1) ?? 'never').join(', ');
  return [
    { what: 'load start to first scrape', value: slowest.scraped, unit: 's' },
    { what: 'load start to abnormal step scored', value: slowest.scored, unit: 's' },
    { what: 'load start to score in Prometheus', value: slowest.shown, unit: 's' },
    { what: 'load start to rule pending', value: slowest.pending, unit: 's' },
    { what: 'load start to rule firing', value: slowest.firing, unit: 's' },
    { what: 'load start to message delivered', value: slowest.message, unit: 's', ...goal, note: `slowest of ${all}` },
    rankOf('cpu', slowest),
  ];
}

/** One fault of another kind. */
export async function fault(machine: WatchedMachine, kind: FaultKind, seed: number): Promise<Figure[]> {
  const walked = await walkOf(machine, kind, seed);
  return [{ what: `${kind} fault to message delivered`, value: walked.message, unit: 's' }, rankOf(kind, walked)];
}

/** A message names three features at most: one that the fault moves must be among them. */
function rankOf(kind: FaultKind, { features }: Walked): Figure {
  const rank = features.findIndex((feature) => movedBy[kind].includes(feature)) + 1;
  const note = `named: ${features.slice(0, 3).join(', ')}`;
  return { what: `  place of ${movedBy[kind].join(' or ')} by share`, value: rank === 0 ? null : rank, unit: 'count', atMost: 3, note };
}
