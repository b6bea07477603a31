import { VigiaError } from '../model/errors.ts';
import { type ModelInfo, pooledFrom } from '../model/score.ts';
import { minuteText } from '../model/time.ts';
import type { Store } from '../store/contract.ts';
import { runningOn } from '../server/data-folder.ts';
import { configOf } from './check.ts';
import type { Invocation } from './invocation.ts';
import { dataDirOf } from './paths.ts';
import { existingStore } from './place.ts';
import { askRunning } from './running.ts';

/** Lists the kept versions; with `--roll-back` one becomes the active one again, in the Vigía that runs or in the store. */
export async function models({ options, print }: Invocation): Promise<number> {
  const { config } = configOf(options);
  const dir = dataDirOf(options['data'] as string | undefined, process.env);
  const profile = options['profile'] as string | undefined;
  const entity = options['entity'] as string | undefined;
  const store = await existingStore(config, dir);
  try {
    const list = async () =>
      store.models.list({ ...(profile === undefined ? {} : { profile }), ...(entity === undefined ? {} : { entity }) });
    if (options['roll-back'] !== undefined) await rollBack(store, await list(), entity, Number(options['roll-back']), dir);
    const found = await list();
    if (options['json'] === true) print(JSON.stringify({ models: found }));
    else print(inWords(found));
    return 0;
  } finally {
    await store.close();
  }
}

async function rollBack(
  store: Store,
  found: readonly ModelInfo[],
  entity: string | undefined,
  version: number,
  dir: string,
): Promise<void> {
  if (entity === undefined) throw new VigiaError('usage', { problem: '--roll-back needs the --entity whose model it is' });
  if (!Number.isInteger(version) || version < 1) throw new VigiaError('usage', { problem: '--roll-back needs the number of a version' });
  const profiles = [...new Set(found.map((info) => info.profile))];
  if (profiles.length > 1)
    throw new VigiaError('usage', {
      problem: `${entity} has models of several profiles, name one of them with --profile: ${profiles.join(', ')}`,
    });
  const [profile] = profiles;
  if (profile === undefined) throw new VigiaError('not-found', { thing: 'model of', id: entity });
  const running = runningOn(dir);
  if (running === null) await store.models.activate(profile, entity, version);
  else await askRunning(running, 'POST', 'models/roll-back', { profile, entity, version });
}

function inWords(found: readonly ModelInfo[]): string {
  if (found.length === 0) return 'There is no model yet.';
  const lines: string[] = [];
  for (const [at, info] of found.entries()) {
    const before = found[at - 1];
    if (before?.profile !== info.profile || before.entity !== info.entity) lines.push(`${info.entity} (${info.profile})`);
    const state = info.pinned ? 'active, rolled back to' : info.state;
    const pooled = pooledFrom(info);
    const others = pooled === null ? '' : ` and ${pooled === 1 ? '1 similar entity' : `${pooled} similar entities`}`;
    lines.push(
      `  ${info.state === 'active' ? '*' : ' '} ${String(info.version).padStart(4)}  ${info.detector}  ${state}, made ${minuteText(info.createdMs)}`,
      `          ${info.steps} steps${others} from ${minuteText(info.trainedFromMs)} to ${minuteText(info.trainedToMs)}, ` +
        `${(info.bytes / 1000).toFixed(1)} kB, data ${info.dataSha256 === '' ? 'unknown' : info.dataSha256.slice(0, 12)}`,
    );
  }
  return lines.join('\n');
}
