import { z } from 'zod';
import { backtestInputSchema, type Backtest, rollBackInputSchema } from '../model/backtest.ts';
import { foundAddressSchema, type Search, searchInputSchema, type Suggestion } from '../model/discovery.ts';
import { VigiaError } from '../model/errors.ts';
import { type Maintenance, maintenanceInputSchema } from '../model/maintenance.ts';
import type { Profile } from '../model/profile.ts';
import type { ModelInfo } from '../model/score.ts';
import type { Target } from '../model/target.ts';
import type { Store } from '../store/contract.ts';
import { acceptLevel } from './acceptance.ts';
import type { Backtests } from './backtests.ts';
import { addTarget } from './inventory/add.ts';
import type { NetworkSearch } from './inventory/search.ts';
import type { Learner } from './learner.ts';
import type { MaintenanceWindows } from './maintenance.ts';

/** What the command line asks of the Vigía that runs. Whoever can read its data folder may; the audit says so. */
export interface Commands {
  startBacktest(body: unknown): Promise<Backtest>;
  lastBacktest(): Backtest | null;
  cancelBacktest(): boolean;
  listMaintenance(): Promise<Maintenance[]>;
  /** @throws VigiaError `not-found`, `input-invalid`. */
  addMaintenance(body: unknown): Promise<Maintenance>;
  /** @throws VigiaError `not-found`, `conflict`. */
  endMaintenance(body: unknown): Promise<Maintenance>;
  /** @throws VigiaError `conflict`, `input-invalid`, `far-forbidden`. */
  startSearch(body: unknown): Promise<Search>;
  found(): Promise<{ search: Search | null; suggestions: Suggestion[]; dismissed: number }>;
  cancelSearch(): boolean;
  /** Watches what was found at an address. @throws VigiaError `not-found`, `conflict`. */
  addFound(body: unknown): Promise<Target>;
  /** @throws VigiaError `not-found`. */
  dismissFound(body: unknown): Promise<{ address: string; profile: string }>;
  rollBack(body: unknown): Promise<ModelInfo>;
  /** @throws VigiaError `not-found`, `conflict`. */
  accept(body: unknown): Promise<{ incident: number; entity: string }>;
}

const who = 'command line';
const number = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const acceptInputSchema = z.strictObject({ incident: number });
const endInputSchema = z.strictObject({ window: number });

export function createCommands(options: {
  store: Pick<Store, 'audit' | 'alarms' | 'incidents' | 'targets'>;
  profiles: ReadonlyMap<string, Profile>;
  learner: Learner;
  search: NetworkSearch;
  maintenance: MaintenanceWindows;
  inventoryChanged: () => Promise<void>;
  backtests: Backtests;
  now: () => number;
}): Commands {
  const { store, backtests, maintenance, now } = options;
  const profileOf = (slug: string): Profile => {
    const profile = options.profiles.get(slug);
    if (profile === undefined) throw new VigiaError('not-found', { thing: 'profile', id: slug });
    return profile;
  };
  const note = (action: string, subject: string, detail: string) =>
    store.audit.add({ tsMs: now(), who, address: '', action, subject, detail });
  return {
    async startBacktest(body) {
      const input = parsed(backtestInputSchema, body);
      const started = await backtests.start(profileOf(input.profile), input, who);
      await note('backtest.start', input.profile, `${input.days} days`);
      return started;
    },
    lastBacktest: () => backtests.last(),
    cancelBacktest: () => backtests.cancel(),
    async startSearch(body) {
      const started = options.search.start(parsed(searchInputSchema, body).network ?? null, who);
      await note('network.search', started.network ?? 'neighbours', `${started.addresses} addresses`);
      return started;
    },
    found: async () => ({
      search: options.search.last(),
      suggestions: await options.search.suggestions(),
      dismissed: await options.search.dismissed(),
    }),
    cancelSearch: () => options.search.cancel(),
    async addFound(body) {
      const target = await addTarget(store, await options.search.inputOf(parsed(foundAddressSchema, body).address), now());
      await options.inventoryChanged();
      await note('target.create', target.id, `${target.scheme}://${target.address}${target.metricsPath}`);
      return target;
    },
    async dismissFound(body) {
      const { address, profile } = await options.search.inputOf(parsed(foundAddressSchema, body).address);
      await options.search.dismiss({ address, profile });
      await note('suggestion.dismiss', address, profile);
      return { address, profile };
    },
    async rollBack(body) {
      const { profile, entity, version } = parsed(rollBackInputSchema, body);
      const info = await options.learner.rollBack(profileOf(profile), entity, version);
      await note('model.roll-back', `${profile}/${entity}`, `version ${version}`);
      return info;
    },
    async accept(body) {
      const { incident: id } = parsed(acceptInputSchema, body);
      const incident = await store.incidents.get(id);
      if (incident === null) throw new VigiaError('not-found', { thing: 'incident', id });
      await acceptLevel(options, incident, who);
      await note('incident.accept', `incident ${id}`, '');
      return { incident: id, entity: incident.entity };
    },
    listMaintenance: () => maintenance.list(),
    async addMaintenance(body) {
      const input = parsed(maintenanceInputSchema, body);
      profileOf(input.profile);
      const window = await maintenance.add(input, who);
      await note('maintenance.add', input.profile, `window ${window.id}`);
      return window;
    },
    async endMaintenance(body) {
      const window = await maintenance.end(parsed(endInputSchema, body).window);
      await note('maintenance.end', window.profile, `window ${window.id}`);
      return window;
    },
  };
}

function parsed<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new VigiaError('input-invalid', {
    problems: result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  });
}
