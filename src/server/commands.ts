import { z } from 'zod';
import { backtestInputSchema, type Backtest, rollBackInputSchema } from '../model/backtest.ts';
import { VigiaError } from '../model/errors.ts';
import type { Profile } from '../model/profile.ts';
import type { ModelInfo } from '../model/score.ts';
import type { Store } from '../store/contract.ts';
import { acceptLevel } from './acceptance.ts';
import type { Backtests } from './backtests.ts';
import type { Learner } from './learner.ts';

/** What the command line asks of the Vigía that runs. Whoever can read its data folder may; the audit says so. */
export interface Commands {
  startBacktest(body: unknown): Promise<Backtest>;
  lastBacktest(): Backtest | null;
  cancelBacktest(): boolean;
  rollBack(body: unknown): Promise<ModelInfo>;
  /** @throws VigiaError `not-found`, `conflict`. */
  accept(body: unknown): Promise<{ incident: number; entity: string }>;
}

const who = 'command line';
const acceptInputSchema = z.strictObject({ incident: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });

export function createCommands(options: {
  store: Pick<Store, 'audit' | 'alarms' | 'incidents'>;
  profiles: ReadonlyMap<string, Profile>;
  learner: Learner;
  backtests: Backtests;
  now: () => number;
}): Commands {
  const { store, backtests, now } = options;
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
  };
}

function parsed<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new VigiaError('input-invalid', {
    problems: result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  });
}
