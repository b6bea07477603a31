import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { grafanaFiles } from '../server/derive/grafana.ts';
import { loadProfiles } from '../server/profiles.ts';
import { configOf } from './check.ts';
import type { Invocation } from './invocation.ts';
import { profilesDir } from './paths.ts';

/** Writes the page's dashboards as Grafana reads them, and what provisions them. */
export async function dashboards({ options, print, remark }: Invocation): Promise<number> {
  const out = options['out'] as string | undefined;
  if (out === undefined || out === '') throw new VigiaError('usage', { problem: 'Where to? Usage: vigia dashboards --out DIR' });
  const { config } = configOf(options);
  const dir = resolve(out);
  const files = grafanaFiles({ config, profiles: loadProfiles(profilesDir), dashboardsDir: join(dir, 'dashboards') });
  for (const [name, text] of Object.entries(files)) {
    const file = join(dir, name);
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    } catch (thrown) {
      throw new VigiaError('file-unwritable', { file, reason: reasonOf(thrown) });
    }
    print(file);
  }
  const variables = [
    ...new Set(Object.values(files).flatMap((text) => [...text.matchAll(/\$(VIGIA_\w+)/g)].map(([, name]) => name ?? ''))),
  ];
  remark(`Start Grafana with GF_PATHS_PROVISIONING=${join(dir, 'provisioning')} and set ${variables.sort().join(', ')}: docs/grafana.md.`);
  return 0;
}
