import type { PrometheusClient } from '../../clients/prometheus.ts';
import type { Config } from '../../model/config.ts';
import type { Profile } from '../../model/profile.ts';
import { formatDuration, parseDuration } from '../../model/time.ts';
import { bind } from '../profiles.ts';
import { bindingOf, type Source } from '../reader.ts';

/** What queries cost the source: series touched, samples loaded, seconds of answering. */
export interface Cost {
  readonly series: number;
  readonly samples: number;
  readonly seconds: number;
}

export type Limits = NonNullable<NonNullable<Config['prometheus']['source']>['budget']>;
export const resources = ['series', 'samples', 'seconds'] as const;

/** What a profile costs: by the expressions as the profile has them, one query over one step. */
export interface ProfileCost {
  readonly profile: string;
  readonly entities: number;
  readonly queries: ReadonlyMap<string, Cost>;
}

/** How the source is read: the step, how many steps at once, and why, where it is not every scrape as it comes. */
export interface Pace {
  readonly stepMs: number;
  readonly everySteps: number;
  readonly reason: string;
}

const zero: Cost = { series: 0, samples: 0, seconds: 0 };
/** A budget is planned to be used up to here: training and charts want something too. */
const headroom = 0.8;
/** Results wait at most so long for each other. */
const longestWaitMs = 120_000;
const longestStepMs = 600_000;

/** The vector selectors of an expression of a profile, and how far back each looks; null where it looks at one sample. */
export function selectorsOf(expr: string): { selector: string; windowMs: number | null }[] {
  const found = expr.matchAll(/([a-zA-Z_:][\w:]*)\s*(\{(?:[^{}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*\})(?:\[([0-9a-z]+)[^\]]*\])?/g);
  return [...found].map(([, name = '', matchers = '', window]) => ({
    selector: `${name}${matchers}`,
    windowMs: window === undefined ? null : parseDuration(window),
  }));
}

/**
 * Asks the source how many series each expression touches, by counting them at one instant: each series is looked at once, and
 * nothing else is read. The time that takes stands for the time of the query itself. @throws VigiaError `far-…`.
 */
export async function costOf(source: Source, client: Pick<PrometheusClient, 'query'>, profile: Profile): Promise<ProfileCost> {
  const bound = bindingOf(source, profile);
  const scrapeMs = source.rateMs / 4;
  const counted = new Map<string, { series: number; seconds: number }>();
  const count = async (vector: string) => {
    const known = counted.get(vector);
    if (known !== undefined) return known;
    const startedMs = performance.now();
    const [sample] = await client.query(`count(${vector})`);
    const found = { series: sample?.value ?? 0, seconds: (performance.now() - startedMs) / 1000 };
    counted.set(vector, found);
    return found;
  };
  const queries = new Map<string, Cost>();
  for (const expr of [profile.presence, ...profile.features.map((feature) => feature.expr)]) {
    let cost = zero;
    for (const { selector, windowMs } of selectorsOf(bind(expr, bound))) {
      const { series, seconds } = await count(selector);
      cost = sum(cost, { series, samples: series * (windowMs === null ? 1 : Math.max(1, Math.ceil(windowMs / scrapeMs))), seconds });
    }
    queries.set(expr, cost);
  }
  const { series: entities } = await count(`count by (${bound.by.join(', ')}) (${bind(profile.presence, bound)})`);
  return { profile: profile.slug, entities, queries };
}

/** What a minute costs at a pace. */
export function perMinute(costs: readonly ProfileCost[], { stepMs, everySteps }: Pick<Pace, 'stepMs' | 'everySteps'>): Cost {
  const times = 60_000 / (stepMs * everySteps);
  const all = costs.flatMap((each) => [...each.queries.values()]).reduce(sum, zero);
  return { series: all.series * times, samples: all.samples * everySteps * times, seconds: all.seconds * times };
}

/**
 * The quickest pace that keeps within the budget. What touches too many series, or takes too long, is asked for several steps
 * at once; what loads too many samples needs a longer step. No entity is ever left out: where nothing helps, the pace is the
 * slowest there is, and scoring falls behind.
 */
export function paceOf(costs: readonly ProfileCost[], limits: Limits | null, scrapeMs: number, share = headroom): Pace {
  const usual: Pace = { stepMs: scrapeMs, everySteps: 1, reason: '' };
  if (limits === null) return usual;
  const over = (pace: Pick<Pace, 'stepMs' | 'everySteps'>): (typeof resources)[number][] => {
    const cost = perMinute(costs, pace);
    return resources.filter((name) => cost[name] > (limits[name] ?? Number.POSITIVE_INFINITY) * share);
  };
  const tooMuch = over(usual);
  if (tooMuch.length === 0) return usual;
  const because = tooMuch
    .map((name) => `${amount(perMinute(costs, usual)[name])} ${name} a minute of ${amount(limits[name] ?? 0)}`)
    .join(', ');
  let slowest = usual;
  for (let times = 1; times * scrapeMs <= longestStepMs; times++) {
    const stepMs = times * scrapeMs;
    for (let everySteps = 1; everySteps * stepMs <= Math.max(stepMs, longestWaitMs); everySteps++) {
      slowest = { stepMs, everySteps, reason: '' };
      if (over(slowest).length > 0) continue;
      const how = [
        ...(times === 1 ? [] : [`the step is ${formatDuration(stepMs)} instead of ${formatDuration(scrapeMs)}`]),
        ...(everySteps === 1 ? [] : [`${everySteps} steps are read at once`]),
      ].join(' and ');
      return { ...slowest, reason: `to keep within the query budget, ${how}: every scrape would cost ${because}` };
    }
  }
  return {
    ...slowest,
    reason: `the query budget is too small even for a step of ${formatDuration(slowest.stepMs)}, so scoring falls behind: every scrape would cost ${because}`,
  };
}

export function sum(a: Cost, b: Cost): Cost {
  return { series: a.series + b.series, samples: a.samples + b.samples, seconds: a.seconds + b.seconds };
}

/** Three digits are enough for an estimate. */
export function amount(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en');
}
