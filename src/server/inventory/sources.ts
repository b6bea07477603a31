import { createDnsClient } from '../../clients/dns.ts';
import type { PartHealth } from '../../model/api.ts';
import type { Config } from '../../model/config.ts';
import { type DiscoverySource, noDiscovery } from '../../model/discovery.ts';
import { reasonOf } from '../../model/errors.ts';
import type { Store } from '../../store/contract.ts';
import type { Board } from '../board.ts';
import type { Events } from '../events.ts';
import type { Log } from '../log.ts';
import { type Loop, startLoop } from '../loops.ts';
import type { Shares } from '../shares.ts';
import { fileLooker, type Look, lookUp } from './look.ts';
import { changesFor, isOf, type Named, type SourceKey } from './named.ts';

/** The sources of the configuration that name targets; each is looked at again and again, and the inventory follows. */
export interface Sources {
  /** Nothing is looked at before. */
  begin(): void;
  list(): Promise<DiscoverySource[]>;
  health(): PartHealth[];
  /** Looks at all of them now. */
  wake(): void;
  stop(): Promise<void>;
}

interface Source extends SourceKey {
  /** Pause after something was wrong. */
  readonly retryMs: number;
  look(): Promise<{ readonly looks: readonly Look[]; readonly pauseMs: number }>;
  cancel(): void;
}

interface Known {
  /** What each place named when it could last be read. */
  readonly last: Map<string, readonly Named[]>;
  looks: readonly Look[];
  lookedMs: number | null;
  skipped: number;
}

const filesMs = 5_000;
const retryMs = 5_000;
const badAfterMs = 60_000;
/** Beyond this a source is cut off, and its reason says so. */
const mostTargets = 2_000;

/**
 * What the sources named last is in the store, so a restart forgets nothing, and a place that cannot be read leaves its targets as they
 * are. It never throws for what a source does: `health` tells.
 */
export async function createSources(options: {
  config: Config['discovery'];
  store: Pick<Store, 'targets'>;
  profiles: ReadonlyMap<string, unknown>;
  board: Pick<Board, 'remove'>;
  events: Pick<Events, 'emit'>;
  /** The one that leads keeps the books. */
  shares: Pick<Shares, 'leads'>;
  inventoryChanged: () => Promise<void>;
  now: () => number;
  log: Log;
}): Promise<Sources> {
  const { store, board, events, now } = options;
  const { dns, files } = options.config ?? noDiscovery;
  const slugs = new Set(options.profiles.keys());
  const sources: Source[] = [
    ...dns.map((source): Source => {
      const client = createDnsClient(source);
      const wait = typeof source.refresh === 'number' ? source.refresh : retryMs;
      return { kind: 'dns', name: source.name, retryMs: wait, look: () => lookUp(source, client), cancel: () => client.cancel() };
    }),
    ...files.map((source): Source => {
      const look = fileLooker(source, slugs);
      return { kind: 'file', name: source.name, retryMs, look: async () => ({ looks: look(), pauseMs: filesMs }), cancel: () => {} };
    }),
  ];

  // One after the other, so that two never give out the same id.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work);
    turn = mine.catch(() => {});
    return mine;
  };

  // The files for Prometheus lag behind the store.
  let behind = false;
  const derive = async (): Promise<void> => {
    await options.inventoryChanged();
    behind = false;
    events.emit({ kind: 'targets', tsMs: now() });
  };

  const settle = async (source: SourceKey, named: readonly Named[], whole: boolean): Promise<number> => {
    const inventory = await store.targets.list();
    const { insert, update, remove, skipped } = changesFor(source, inventory, named, { whole, nowMs: now() });
    for (const target of remove) await store.targets.remove(target.id);
    for (const target of update) await store.targets.update(target);
    for (const target of insert) await store.targets.insert(target);
    if (insert.length + update.length + remove.length > 0) {
      options.log.info(
        { source: `${source.kind} ${source.name}`, added: insert.length, changed: update.length, removed: remove.length },
        'the inventory follows a source',
      );
      for (const { profile, id } of remove) board.remove(profile, id);
      behind = true;
    }
    if (behind) await derive();
    return skipped.length;
  };

  // Targets of sources that the configuration names no more.
  for (const target of await store.targets.list()) {
    if (target.source === undefined || sources.some((each) => isOf(target, each))) continue;
    await store.targets.remove(target.id);
    behind = true;
  }

  const follow = (source: Source, known: Known): Loop => {
    const work = async (): Promise<number> => {
      const { looks, pauseMs } = await source.look();
      known.looks = looks;
      known.lookedMs = now();
      const places = new Set(looks.map(({ place }) => place));
      for (const { place, named } of looks) if (named !== null) known.last.set(place, named);
      // A file whose folder cannot be read is not gone.
      const away = looks.some(({ place, named }) => named === null && place.includes('*'));
      if (!away) for (const place of known.last.keys()) if (!places.has(place)) known.last.delete(place);
      const whole = looks.every(({ place }) => known.last.has(place));
      const named = [...known.last.values()].flat();
      if (options.shares.leads()) known.skipped = await inTurn(() => settle(source, named.slice(0, mostTargets), whole));
      const problems = looks.flatMap(({ problem }) => (problem === '' ? [] : [problem]));
      if (named.length > mostTargets) problems.push(`it names ${named.length} targets, of which only ${mostTargets} are watched`);
      if (problems.length > 0) throw new Error(inOneSentence(problems));
      return pauseMs;
    };
    return startLoop({
      name: `${source.kind === 'dns' ? 'dns' : 'files'} ${source.name}`,
      work,
      retryMs: source.retryMs,
      badAfterMs,
      now,
      log: options.log,
      onChange: () => events.emit({ kind: 'health', tsMs: now() }),
    });
  };
  const followed = sources.map((source) => {
    const known: Known = { last: new Map(), looks: [], lookedMs: null, skipped: 0 };
    return { source, known, loop: null as Loop | null };
  });

  return {
    begin() {
      if (behind)
        void inTurn(derive).catch((thrown: unknown) => options.log.error({ reason: reasonOf(thrown) }, 'rules are not made anew'));
      for (const each of followed) each.loop ??= follow(each.source, each.known);
    },
    async list() {
      const inventory = await store.targets.list();
      return followed.map(({ source, known, loop }): DiscoverySource => {
        const { state, reason } = loop?.health() ?? { state: 'unknown' as const, reason: '' };
        return {
          kind: source.kind,
          name: source.name,
          state,
          reason,
          lookedMs: known.lookedMs,
          targets: inventory.filter((target) => isOf(target, source)).length,
          skipped: known.skipped,
          places: known.looks.map(({ place, problem }) => ({ place, targets: known.last.get(place)?.length ?? null, problem })),
        };
      });
    },
    health: () => followed.flatMap(({ loop }) => loop?.health() ?? []),
    wake: () => followed.forEach(({ loop }) => loop?.wake()),
    async stop() {
      for (const { cancel } of sources) cancel();
      await Promise.all(followed.map(({ loop }) => loop?.stop()));
    },
  };
}

const shownProblems = 3;
const inOneSentence = (problems: readonly string[]): string =>
  [...problems.slice(0, shownProblems), ...(problems.length > shownProblems ? [`and ${problems.length - shownProblems} more`] : [])].join(
    '; ',
  );
