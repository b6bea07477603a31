import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardedFetch } from '../../clients/guarded.ts';
import type { PrometheusClient } from '../../clients/prometheus.ts';
import type { PartHealth } from '../../model/api.ts';
import type { Config } from '../../model/config.ts';
import { reasonOf } from '../../model/errors.ts';
import type { Profile } from '../../model/profile.ts';
import type { SourceState } from '../../model/source.ts';
import type { Log } from '../log.ts';
import type { Admit, Source } from '../reader.ts';
import { adoptedSource, discoverRate } from '../source.ts';
import { createBucket } from './bucket.ts';
import { type Cost, costOf, type Limits, type Pace, paceOf, perMinute, type ProfileCost } from './cost.ts';

/** How an adopted source is read: what that costs, known before the first query, and how it stays within the budget. */
export interface SourcePlan {
  /** The source at the pace of the plan; what is read through it is held back where the budget asks for that. */
  source(): Source;
  /**
   * Estimates what these profiles cost, where that is not known or an hour old, and asks for the far side's own scrape interval.
   * @returns those whose cost is known, which may be read, and why it is not of another; null where it is of all.
   */
  estimate(profiles: readonly Profile[]): Promise<{ ready: readonly Profile[]; failure: unknown }>;
  state(): SourceState;
  health(): PartHealth[];
  close(): void;
}

const estimateMs = 3_600_000;

/** The plan of the source that the configuration adopts; null where it adopts none. */
export function adoptedPlan(config: Config, fetch: GuardedFetch, about: { now: () => number; log: Log }): SourcePlan | null {
  const source = adoptedSource(config, fetch);
  return source && createSourcePlan({ source, client: source.client, limits: config.prometheus.source?.budget ?? null, ...about });
}

export function createSourcePlan(options: {
  source: Source;
  client: Pick<PrometheusClient, 'query' | 'targets'>;
  limits: Limits | null;
  now: () => number;
  log: Log;
}): SourcePlan {
  const { client, limits, now, log } = options;
  const scrapeMs = options.source.stepMs;
  const bucket = createBucket(limits ?? {}, {
    nowMs: () => performance.now(),
    sleep: async (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
  });
  const costs = new Map<string, ProfileCost & { readonly estimatedMs: number }>();
  let base = options.source;
  let pace: Pace = { stepMs: scrapeMs, everySteps: 1, reason: '' };
  let sinceMs = now();
  let failure = 'not estimated yet';

  const admit: Admit = async ({ profile, expr, steps, entities }) => {
    const known = costs.get(profile);
    const whole = known?.queries.get(expr) ?? { series: 0, samples: 0, seconds: 0 };
    // Some entities of many cost their share.
    const part = entities === undefined || known === undefined ? 1 : Math.min(1, entities / Math.max(1, known.entities));
    return bucket.admit({ series: whole.series * part, samples: whole.samples * part * steps, seconds: whole.seconds });
  };
  let paced: Source = { ...base, admit };

  const apply = (): void => {
    const quicker = paceOf([...costs.values()], limits, scrapeMs);
    const slowerMs = (of: Pace) => of.stepMs * of.everySteps;
    // A pace that would have to be taken back soon is not taken.
    const next = slowerMs(quicker) < slowerMs(pace) ? paceOf([...costs.values()], limits, scrapeMs, 0.5) : quicker;
    if (next.stepMs !== pace.stepMs || next.everySteps !== pace.everySteps) {
      sinceMs = now();
      if (next.reason !== '') log.warn({ source: true }, next.reason);
    }
    pace = next;
    const { stepMs, everySteps } = pace;
    paced = { ...base, stepMs, everySteps, watermarkMs: Math.max(base.watermarkMs, 2 * scrapeMs), admit };
  };

  return {
    source: () => paced,
    async estimate(profiles) {
      const due = profiles.filter(({ slug }) => {
        const known = costs.get(slug);
        return known === undefined || Math.abs(now() - known.estimatedMs) >= estimateMs;
      });
      let thrown: unknown = null;
      if (due.length > 0) base = await discoverRate(options.source, client);
      for (const profile of due) {
        try {
          costs.set(profile.slug, { ...(await costOf(base, client, profile)), estimatedMs: now() });
        } catch (refused) {
          // One profile whose series cannot be counted must not stop the others.
          thrown ??= refused;
        }
      }
      failure = thrown === null ? '' : reasonOf(thrown);
      if (due.length > 0) apply();
      return { ready: profiles.filter(({ slug }) => costs.has(slug)), failure: thrown };
    },
    state() {
      const rounded = (cost: Cost) => ({ series: Math.round(cost.series), samples: Math.round(cost.samples), seconds: cost.seconds });
      return {
        scrapeMs,
        stepMs: pace.stepMs,
        everySteps: pace.everySteps,
        reason: failure === '' ? pace.reason : failure,
        budget:
          limits === null ? null : { series: limits.series ?? null, samples: limits.samples ?? null, seconds: limits.seconds ?? null },
        profiles: [...costs.values()].map((cost) => ({
          profile: cost.profile,
          entities: cost.entities,
          queries: cost.queries.size,
          ...rounded(perMinute([cost], pace)),
        })),
        used: rounded(bucket.used()),
        waiting: bucket.waiting,
      };
    },
    health() {
      if (pace.reason === '' && bucket.waiting === 0) return [];
      const waits = bucket.waiting === 0 ? '' : 'queries wait for the budget of the minute';
      const reason = [pace.reason, waits].filter((text) => text !== '').join('; ');
      return [{ part: 'source', state: 'ok', phase: 'degraded', reason, sinceMs }];
    },
    close: () => bucket.close(),
  };
}
