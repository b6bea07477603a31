import { ruleFiles } from '../server/derive/rules.ts';
import { loadProfiles } from '../server/profiles.ts';
import { ruleInput } from '../server/rule-input.ts';
import { configOf } from './check.ts';
import type { Invocation } from './invocation.ts';
import { dataDirOf, profilesDir } from './paths.ts';
import { existingStore } from './place.ts';

/** Prints every rule, ready for another Prometheus. */
export async function rules({ options, print }: Invocation): Promise<number> {
  const { config } = configOf(options);
  const store = await existingStore(config, dataDirOf(options['data'] as string | undefined, process.env));
  try {
    const files = ruleFiles(await ruleInput({ config, store, profiles: loadProfiles(profilesDir) }));
    for (const [name, text] of Object.entries(files)) print(`# ${name}\n${text}`);
    return 0;
  } finally {
    await store.close();
  }
}
