import { createGuardedFetch } from '../clients/guarded.ts';
import type { Config } from '../model/config.ts';
import type { Profile } from '../model/profile.ts';
import type { SourceState } from '../model/source.ts';
import { formatDuration } from '../model/time.ts';
import { amount, resources } from '../server/budget/cost.ts';
import { adoptedPlan } from '../server/budget/plan.ts';
import type { ConfigFiles } from '../server/config.ts';

const nothing = () => {};
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * What reading an adopted source would cost it per minute, in words; empty where none is adopted. Nothing is read for that:
 * the series that would be read are counted once.
 */
export async function costInWords(config: Config, files: ConfigFiles, profiles: ReadonlyMap<string, Profile>): Promise<string> {
  const adopted = config.prometheus.source;
  if (adopted === undefined) return '';
  const fetch = createGuardedFetch({
    proxy: config.network.proxy,
    noProxy: config.network.noProxy,
    caPem: files.caPem,
    forbiddenPorts: () => new Set<number>(),
  });
  try {
    const plan = adoptedPlan(config, fetch, { now: Date.now, log: silent });
    const used = [...profiles.values()].filter(({ slug }) => slug === 'linux-host' || slug in adopted.selectors);
    await plan?.estimate(used);
    const state = plan?.state();
    if (state?.profiles.length === 0) return `What reading the source costs is not known: ${state.reason}`;
    return state === undefined ? '' : inWords(state);
  } finally {
    await fetch.close();
  }
}

function inWords({ scrapeMs, stepMs, everySteps, profiles, budget, reason }: SourceState): string {
  const width = Math.max(...profiles.map(({ profile }) => profile.length));
  const cells = (cost: { series: number; samples: number; seconds: number }) =>
    resources.map((name) => `${amount(cost[name]).padStart(9)} ${name}`).join('  ');
  const every = everySteps === 1 ? '' : `, ${everySteps} steps at once`;
  return [
    `Reading the source costs it per minute, at a step of ${formatDuration(stepMs)}${every}:`,
    ...profiles.map((each) => `  ${each.profile.padEnd(width)}  ${amount(each.entities).padStart(7)} entities  ${cells(each)}`),
    ...(budget === null
      ? []
      : [`  the budget is ${resources.flatMap((name) => (budget[name] === null ? [] : [`${amount(budget[name])} ${name}`])).join(', ')}`]),
    ...(reason === '' ? [] : [`  ${reason}`]),
    ...(stepMs === scrapeMs && everySteps === 1 ? [] : ['  Every entity is still read.']),
  ].join('\n');
}
