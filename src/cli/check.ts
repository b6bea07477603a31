import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Config, listenSchema } from '../model/config.ts';
import { VigiaError } from '../model/errors.ts';
import { formatDuration } from '../model/time.ts';
import { listenOf, loadConfig, maskedConfig, mustKnowProfiles, readConfigFiles } from '../server/config.ts';
import { loadProfiles } from '../server/profiles.ts';
import { costInWords } from './cost.ts';
import type { Invocation } from './invocation.ts';
import { programDir, profilesDir } from './paths.ts';
import { sourcesInWords } from './sources.ts';

const defaultFile = join(programDir, 'vigia.yml');

export function configOf(
  options: Invocation['options'],
  env: Readonly<Record<string, string | undefined>> = process.env,
): { config: Config; file: string | null } {
  const listen = options['listen'] as string | undefined;
  const problem = listen === undefined ? undefined : listenSchema.safeParse(listen).error?.issues[0]?.message;
  if (problem !== undefined) throw new VigiaError('usage', { problem: `--listen ${listen} is no address: ${problem}` });
  return loadConfig({
    file: options['config'] as string | undefined,
    defaultFile,
    env,
    listen,
  });
}

export async function check({ options, print, remark }: Invocation): Promise<number> {
  const { config, file } = configOf(options);
  listenOf(config);
  const files = readConfigFiles(config);
  const profiles = loadProfiles(profilesDir);
  mustKnowProfiles(config, profiles);
  print(stringify(asWritten(maskedConfig(config))));
  remark(
    `Configuration: ${file ?? `defaults (there is no ${defaultFile})`}, then the environment. Profiles: ${[...profiles.keys()].join(', ')}.`,
  );
  const cost = await costInWords(config, files, profiles);
  if (cost !== '') remark(cost);
  const sources = await sourcesInWords(config, profiles);
  if (sources.lines.length > 0) remark(sources.lines.join('\n'));
  if (sources.problems > 0) {
    remark(`${sources.problems} problem(s) in what names targets. What cannot be read leaves the targets as they are.`);
    return 1;
  }
  remark('No problem found.');
  return 0;
}

const durations = new Set([
  'scrapeInterval',
  'retention',
  'groupWait',
  'groupInterval',
  'repeatInterval',
  'keepFiring',
  'window',
  'retrain',
  'evictAfter',
  'acceptAfter',
  'refresh',
  'incidents',
  'findings',
  'audit',
]);

/** Durations as a person writes them, so that what is printed can be put into a file. */
function asWritten(value: unknown, key = ''): unknown {
  if (typeof value === 'number' && durations.has(key)) return formatDuration(value);
  if (Array.isArray(value)) return value.map((item) => asWritten(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asWritten(inner, name)]));
}
