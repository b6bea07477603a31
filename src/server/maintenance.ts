import type { AlertmanagerClient } from '../clients/alertmanager.ts';
import { reasonOf, VigiaError } from '../model/errors.ts';
import type { Silence } from '../model/incident.ts';
import type { Maintenance, MaintenanceInput } from '../model/maintenance.ts';
import { type Mark, wholeProfile } from '../model/mark.ts';
import type { Store } from '../store/contract.ts';
import type { Events } from './events.ts';
import type { Learner } from './learner.ts';
import type { Log } from './log.ts';

/**
 * Maintenance windows: marks of their time, so that it is not learned, and for as long as they run or come a silence each in
 * Alertmanager, so that nobody is messaged. The marks are the truth; the silences are made of them.
 */
export interface MaintenanceWindows {
  /** Those that run and come, the next to begin first, then the newest of those that are over. */
  list(): Promise<Maintenance[]>;
  /** @throws VigiaError `not-found` for an entity or a group that nobody knows. */
  add(input: MaintenanceInput, by: string): Promise<Maintenance>;
  /** Now; one that has not begun yet is removed. @throws VigiaError `not-found`, `conflict` for one that is over. */
  end(id: number): Promise<Maintenance>;
  /** As if it had never been: its time may be learned. @throws VigiaError `not-found`. */
  remove(id: number): Promise<Maintenance>;
  /** What was learned of the time of these marks is learned anew, without it or with it; Alertmanager hears of it. */
  changed(marks: readonly Mark[]): Promise<void>;
  /** Makes Alertmanager's silences those of the windows. @throws VigiaError `far-…`; it may be asked again at any time. */
  apply(): Promise<void>;
}

type Draft = Omit<Silence, 'id'>;

const mostPast = 50;
/** Alertmanager wants an end. */
const endlessMs = 3650 * 86_400_000;
/** By its comment a silence is known as one of a window. */
const signature = /^Maintenance window (\d+)(?:: |$)/;

/** Marks that were made at once for one reason are one window. */
function windowsOf(marks: readonly Mark[]): Mark[][] {
  const windows = new Map<string, Mark[]>();
  for (const mark of marks) {
    if (mark.kind !== 'maintenance') continue;
    const { profile, createdMs, fromMs, toMs, by, text } = mark;
    const key = JSON.stringify([profile, createdMs, fromMs, toMs, by, text]);
    windows.set(key, [...(windows.get(key) ?? []), mark]);
  }
  return [...windows.values()].map((window) => window.toSorted((a, b) => a.id - b.id));
}

const firstOf = (window: readonly Mark[]): Mark => window[0] as Mark;
const lasts = ({ toMs }: Pick<Mark, 'toMs'>, nowMs: number): boolean => toMs === null || toMs > nowMs;

/** A name as an expression of Go's that means nothing else. */
const escaped = (name: string): string => name.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

function silenceOf(window: readonly Mark[], nowMs: number): Draft {
  const { id, profile, fromMs, toMs, by, text } = firstOf(window);
  const names = window.map(({ entity }) => entity);
  const matcher = (name: string, value: string, isRegex = false) => ({ name, value, isRegex, isEqual: true });
  return {
    matchers: [
      ...(names.includes(wholeProfile)
        ? []
        : names.length === 1
          ? [matcher('entity', names[0] as string)]
          : [matcher('entity', names.map(escaped).join('|'), true)]),
      matcher('profile', profile),
    ],
    // Alertmanager refuses a beginning in the past.
    startsMs: Math.max(fromMs, nowMs),
    endsMs: toMs ?? fromMs + endlessMs,
    createdBy: by,
    comment: `Maintenance window ${id}${text === '' ? '' : `: ${text}`}`,
  };
}

/** Whether a silence is what a window asks for; one that has begun says when it was made. */
function fits(there: Draft, wanted: Draft, nowMs: number): boolean {
  const matchers = (of: Draft) => JSON.stringify(of.matchers.map((each) => Object.entries(each).sort()).sort());
  const begins = wanted.startsMs > nowMs ? there.startsMs === wanted.startsMs : there.startsMs <= nowMs;
  return begins && there.endsMs === wanted.endsMs && there.comment === wanted.comment && matchers(there) === matchers(wanted);
}

export function createMaintenance(options: {
  store: Pick<Store, 'marks' | 'targets' | 'pipeline'>;
  alertmanager: () => Pick<AlertmanagerClient, 'silences' | 'putSilence' | 'deleteSilence'>;
  learner: Pick<Learner, 'relearn'>;
  events: Pick<Events, 'emit'>;
  now: () => number;
  log: Log;
}): MaintenanceWindows {
  const { store, now } = options;
  /** One after the other: two at once would each make what the other one makes. */
  let applying: Promise<unknown> = Promise.resolve();

  const applyOnce = async (): Promise<void> => {
    const alertmanager = options.alertmanager();
    const windows = windowsOf(await store.marks.list({ fromMs: now() })).filter((window) => lasts(firstOf(window), now()));
    const wanted = new Map(windows.map((window) => [firstOf(window).id, silenceOf(window, now())]));
    for (const { id, state, ...there } of await alertmanager.silences()) {
      const [, number] = signature.exec(there.comment) ?? [];
      if (number === undefined || state === 'expired') continue;
      const draft = wanted.get(Number(number));
      if (draft !== undefined && fits(there, draft, now())) wanted.delete(Number(number));
      else await alertmanager.deleteSilence(id);
    }
    for (const draft of wanted.values()) await alertmanager.putSilence(draft);
  };
  const apply = (): Promise<void> => {
    const mine = applying.then(applyOnce);
    applying = mine.catch(() => {});
    return mine;
  };

  const shown = async (windows: readonly (readonly Mark[])[]): Promise<Maintenance[]> => {
    const names = new Map((await store.targets.list()).map(({ id, name }) => [id, name]));
    return windows.map((window) => {
      const { id, profile, fromMs, toMs, text, by } = firstOf(window);
      const entities = window.map(({ entity }) => ({ entity, name: names.get(entity) ?? entity }));
      return {
        id,
        profile,
        entities: entities.some(({ entity }) => entity === wholeProfile) ? [] : entities,
        fromMs,
        toMs,
        state: fromMs > now() ? 'coming' : lasts({ toMs }, now()) ? 'running' : 'past',
        text,
        by,
      };
    });
  };
  const one = async (window: readonly Mark[]): Promise<Maintenance> => (await shown([window]))[0] as Maintenance;

  const find = async (id: number): Promise<Mark[]> => {
    const window = windowsOf(await store.marks.list({})).find((each) => firstOf(each).id === id);
    if (window === undefined) throw new VigiaError('not-found', { thing: 'maintenance window', id });
    return window;
  };

  const tell = async (marks: readonly Mark[]): Promise<void> => {
    for (const { profile, entity } of marks) {
      const of = entity === wholeProfile ? { profile } : { profile, entity };
      for (const kind of ['models', 'incidents'] as const) options.events.emit({ kind, ...of, tsMs: now() });
    }
    if (!marks.some(({ kind }) => kind === 'maintenance')) return;
    // Asked again within a minute; an Alertmanager that does not answer messages nobody.
    await apply().catch((thrown: unknown) =>
      options.log.warn({ reason: reasonOf(thrown) }, 'Alertmanager has not heard of a maintenance window yet'),
    );
  };

  const changed = async (marks: readonly Mark[]): Promise<void> => {
    for (const { profile, entity, fromMs, toMs } of marks) {
      const entities = entity === wholeProfile ? (await store.pipeline.entities(profile)).map((row) => row.entity) : [entity];
      for (const each of entities) options.learner.relearn({ slug: profile }, each, { fromMs, toMs: toMs ?? Number.POSITIVE_INFINITY });
    }
    await tell(marks);
  };

  /** Whose marks an input asks for. */
  const entitiesOf = async ({ profile, entities, group }: MaintenanceInput): Promise<readonly string[]> => {
    const targets = (await store.targets.list()).filter((target) => target.profile === profile);
    if (group !== undefined) {
      const members = targets.filter(({ labels }) => labels['group'] === group).map(({ id }) => id);
      if (members.length === 0) throw new VigiaError('not-found', { thing: `group of ${profile}`, id: group });
      return members;
    }
    if (entities.length === 0) return [wholeProfile];
    const known = new Set([...targets.map(({ id }) => id), ...(await store.pipeline.entities(profile)).map(({ entity }) => entity)]);
    const stranger = entities.find((entity) => !known.has(entity));
    if (stranger !== undefined) throw new VigiaError('not-found', { thing: `entity of ${profile}`, id: stranger });
    return [...new Set(entities)];
  };

  return {
    async list() {
      const windows = await shown(windowsOf(await store.marks.list({})));
      const past = windows.filter(({ state }) => state === 'past').sort((a, b) => b.fromMs - a.fromMs || b.id - a.id);
      const others = windows.filter(({ state }) => state !== 'past').sort((a, b) => a.fromMs - b.fromMs || a.id - b.id);
      return [...others, ...past.slice(0, mostPast)];
    },
    async add(input, by) {
      const { profile, fromMs, toMs, text } = input;
      const entities = await entitiesOf(input);
      const common = { profile, kind: 'maintenance', fromMs, toMs, text, by, incidentId: null } as const;
      const marks = await store.marks.addAll(entities.map((entity) => ({ ...common, entity })));
      await changed(marks);
      return one(marks.toSorted((a, b) => a.id - b.id));
    },
    async end(id) {
      const window = await find(id);
      const { fromMs } = firstOf(window);
      if (!lasts(firstOf(window), now())) throw new VigiaError('conflict', { reason: `The maintenance window ${id} is over already.` });
      if (fromMs >= now()) for (const mark of window) await store.marks.remove(mark.id);
      else
        await store.marks.end(
          window.map((mark) => mark.id),
          now(),
        );
      // What was learned before it and what was not in it stay as they are.
      await tell(window);
      return one(window.map((mark) => ({ ...mark, toMs: Math.max(fromMs, now()) })));
    },
    async remove(id) {
      const window = await find(id);
      for (const mark of window) await store.marks.remove(mark.id);
      await changed(window);
      return one(window);
    },
    changed,
    apply,
  };
}
