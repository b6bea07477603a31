import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../model/config.ts';
import { VigiaError } from '../model/errors.ts';
import { openStore, type StoreLocation } from '../store/open.ts';
import type { Store } from '../store/contract.ts';

/** Which database a configuration and a data folder mean. */
export function storeLocation(config: Config, dataDir: string): StoreLocation {
  return config.database.url === undefined ? { file: join(dataDir, 'vigia.sqlite') } : { url: config.database.url };
}

/** The state that is there already: to read a folder named by mistake must not make an empty one. @throws VigiaError `data-missing`. */
export async function existingStore(config: Config, dataDir: string): Promise<Store> {
  const location = storeLocation(config, dataDir);
  if ('file' in location && !existsSync(location.file)) throw new VigiaError('data-missing', { dir: dataDir });
  return openStore(location, { now: Date.now, backupDir: dataDir });
}
