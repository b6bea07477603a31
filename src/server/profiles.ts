import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { reasonOf, VigiaError } from '../model/errors.ts';
import type { Config } from '../model/config.ts';
import { ENERGY_PROFILE } from '../model/energy.ts';
import { type Profile, profileSchema } from '../model/profile.ts';
import { formatDuration } from '../model/time.ts';

/** Reads every `*.yml` of a folder as a profile. @throws VigiaError `config-invalid` that names the file and the problem. */
export function loadProfiles(folder: string): Map<string, Profile> {
  const profiles = new Map<string, Profile>();
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.yml'))
    .sort()) {
    const result = profileSchema.safeParse(yamlOf(join(folder, file)));
    const problems = result.success
      ? nameProblems(result.data, file)
      : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    if (!result.success || problems.length > 0) {
      throw new VigiaError('config-invalid', {
        count: problems.length,
        problems: problems.map((problem) => `  ${file}: ${problem}`).join('\n'),
      });
    }
    profiles.set(result.data.slug, result.data);
  }
  return profiles;
}

function yamlOf(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    throw new VigiaError('config-syntax', { file, reason: (reasonOf(thrown).split('\n')[0] ?? '').replace(/:$/, '') });
  }
}

function nameProblems(profile: Profile, file: string): string[] {
  const problems: string[] = [];
  if (`${profile.slug}.yml` !== file) problems.push(`slug "${profile.slug}" differs from the file's name`);
  const names = profile.features.map((feature) => feature.name);
  for (const name of new Set(names.filter((each, at) => names.indexOf(each) !== at))) problems.push(`feature "${name}" stands there twice`);
  return problems;
}

/** P13: the bounds of watts that the configuration gives in the place of those of the profile. */
export function withEnergyLevels(profiles: ReadonlyMap<string, Profile>, energy: Config['energy']): ReadonlyMap<string, Profile> {
  const profile = profiles.get(ENERGY_PROFILE);
  if (energy === undefined || profile === undefined) return profiles;
  const levels = { raised: energy.raisedWatts, high: energy.highWatts };
  const features = profile.features.map((feature) => (feature.unit === 'watts' ? { ...feature, levels } : feature));
  return new Map(profiles).set(profile.slug, { ...profile, features });
}

/** What the placeholders of an expression stand for on one source. */
export interface Binding {
  /** Label matchers without braces. */
  readonly selector: string;
  /** Identity labels, for `by (…)`. */
  readonly by: readonly string[];
  readonly rateMs: number;
  readonly stepMs: number;
}

/** PromQL with `$selector`, `$by`, `$rate` and `$step` filled in. */
export function bind(expr: string, binding: Binding): string {
  return fillIn(expr, {
    selector: binding.selector,
    by: binding.by.join(', '),
    rate: formatDuration(binding.rateMs),
    step: formatDuration(binding.stepMs),
  });
}

/** The same with texts: other programs have variables of their own where Vigía has durations. */
export function fillIn(expr: string, values: Readonly<Record<'selector' | 'by' | 'rate' | 'step', string>>): string {
  return expr.replace(/\$(selector|by|rate|step)\b/g, (_, name: keyof typeof values) => values[name]);
}
