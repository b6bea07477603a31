import { existsSync } from 'node:fs';
import { createDockerClient } from '../../clients/docker.ts';
import type { GuardedFetch } from '../../clients/guarded.ts';
import type { PartHealth } from '../../model/api.ts';
import type { Config } from '../../model/config.ts';
import { type EngineInput, type EngineTest, engineInputSchema } from '../../model/docker.ts';
import { VigiaError } from '../../model/errors.ts';
import type { Target } from '../../model/target.ts';
import type { Store } from '../../store/contract.ts';
import { instanceOf } from '../derive/rule-spec.ts';
import type { Discovered } from '../discovery.ts';
import type { Log } from '../log.ts';
import { freeId } from '../slug.ts';
import { type EngineWatch, testEngine, watchEngine } from './watch.ts';

export interface WatchedEngine {
  readonly id: string;
  readonly name: string;
  readonly socket: string;
  /** `file`: named by the configuration. `page`: added by a person through the API. */
  readonly from: 'file' | 'page';
  readonly watch: EngineWatch;
}

/** The engines that somebody named: nothing is watched by itself. Each is a target, so that it has a page, rules and a state. */
export interface Engines {
  list(): readonly WatchedEngine[];
  /** @throws VigiaError `conflict` where it is watched already. */
  add(input: EngineInput): Promise<Target>;
  /** @throws VigiaError `not-found`; `conflict` for one of the configuration. */
  remove(id: string): Promise<void>;
  test(input: EngineInput): Promise<EngineTest>;
  /** A socket of this machine that nobody named yet; only its being there is looked at. */
  suggestion(): string | null;
  /** For Prometheus's `http_sd`. */
  discovery(): Promise<Discovered[]>;
  /** The metrics of one, at once; 503 with the reason where it does not answer. */
  metrics(id: string): { status: number; text: string };
  health(): PartHealth[];
  stop(): Promise<void>;
}

/** Where `add` keeps what it was told. */
const SETTING = 'docker.engines';
const PROFILE = 'container';
const usualSockets = ['/var/run/docker.sock', '/run/docker.sock'];

/** Watches the engines of the configuration and those added before; targets of engines that nobody names any more are removed. */
export async function createEngines(options: {
  config: Config;
  store: Pick<Store, 'targets' | 'settings'>;
  fetch: GuardedFetch;
  /** A new fetch with the certificates that the configuration names for an engine; undefined for one without TLS. */
  secureFetch?: (socket: string) => GuardedFetch | undefined;
  /** Of the listener where Prometheus finds their metrics. */
  internalPort: number;
  now: () => number;
  log: Log;
  onChange: () => void;
  onHealth: () => void;
}): Promise<Engines> {
  const { config, store, now, log } = options;
  const watched = new Map<string, WatchedEngine>();

  const clientOf = ({ name, socket }: EngineInput) =>
    createDockerClient({ name, socket, fetch: options.fetch, secure: options.secureFetch?.(socket) });
  const begin = (target: Target, from: WatchedEngine['from']): void => {
    const { id, name, address } = target;
    const watch = watchEngine({
      name,
      client: clientOf({ name, socket: address }),
      scrapeIntervalMs: config.prometheus.scrapeInterval,
      now,
      log,
      onChange: options.onChange,
      onHealth: options.onHealth,
    });
    watched.set(id, { id, name, socket: address, from, watch });
  };
  const added = async (): Promise<EngineInput[]> =>
    engineInputSchema
      .array()
      .catch([])
      .parse(await store.settings.get(SETTING));

  /** The target of an engine: known by its socket, so that a new name keeps its containers' models. */
  const targetOf = async ({ name, socket }: EngineInput): Promise<Target> => {
    const targets = await store.targets.list();
    const known = targets.find((target) => target.managedBy === 'docker' && target.address === socket);
    if (known !== undefined) {
      if (known.name !== name) await store.targets.update({ ...known, name });
      return { ...known, name };
    }
    const target: Target = {
      id: freeId(name, new Set(targets.map(({ id }) => id))),
      name,
      profile: PROFILE,
      address: socket,
      scheme: 'http',
      metricsPath: '/',
      labels: {},
      enabled: true,
      managedBy: 'docker',
      createdMs: now(),
    };
    await store.targets.insert(target);
    return target;
  };

  const ofFile = new Set(config.docker.map(({ socket }) => socket));
  const ofPage = (await added()).filter(({ socket }) => !ofFile.has(socket));
  const named = new Set([...ofFile, ...ofPage.map(({ socket }) => socket)]);
  for (const target of await store.targets.list()) {
    if (target.managedBy === 'docker' && !named.has(target.address)) await store.targets.remove(target.id);
  }
  for (const engine of config.docker) begin(await targetOf(engine), 'file');
  for (const engine of ofPage) begin(await targetOf(engine), 'page');

  const list = (): WatchedEngine[] => [...watched.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const isWatched = (socket: string): boolean => list().some((engine) => engine.socket === socket);

  return {
    list,
    async add(input) {
      if (isWatched(input.socket)) throw new VigiaError('conflict', { reason: `The engine at ${input.socket} is watched already` });
      const target = await targetOf(input);
      await store.settings.set(SETTING, [...(await added()).filter(({ socket }) => socket !== input.socket), input]);
      begin(target, 'page');
      return target;
    },
    async remove(id) {
      const engine = watched.get(id);
      if (engine === undefined) throw new VigiaError('not-found', { thing: 'engine', id });
      if (engine.from === 'file') {
        throw new VigiaError('conflict', {
          reason: `The engine ${engine.name} stands in the configuration: take it out of "docker" there`,
        });
      }
      watched.delete(id);
      await store.settings.set(
        SETTING,
        (await added()).filter(({ socket }) => socket !== engine.socket),
      );
      await store.targets.remove(id);
      await engine.watch.stop();
    },
    test: (input) => testEngine(clientOf(input)),
    suggestion: () => usualSockets.find((path) => existsSync(path) && !usualSockets.some((each) => isWatched(`unix://${each}`))) ?? null,
    async discovery() {
      const targets = (await store.targets.list()).filter(({ id, enabled }) => enabled && watched.has(id));
      return targets.map((target) => ({
        targets: [`127.0.0.1:${options.internalPort}`],
        labels: {
          ...target.labels,
          __metrics_path__: `/internal/docker/${encodeURIComponent(target.id)}`,
          job: target.profile,
          target: target.id,
          profile: target.profile,
          instance: instanceOf(target),
        },
      }));
    },
    metrics(id) {
      const watch = watched.get(id)?.watch;
      if (watch === undefined) return { status: 404, text: `there is no engine "${id}"\n` };
      const text = watch.exposition();
      return text === null ? { status: 503, text: `${watch.health().reason}\n` } : { status: 200, text };
    },
    health: () => list().map(({ watch }) => watch.health()),
    stop: async () => void (await Promise.all(list().map(({ watch }) => watch.stop()))),
  };
}
