import { createReadStream, createWriteStream, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { openDataFolder, runningOn } from '../server/data-folder.ts';
import { openStore } from '../store/open.ts';
import { configOf } from './check.ts';
import type { Invocation } from './invocation.ts';
import { become, giveFolder, ownUser } from './own-user.ts';
import { commandFor, dataDirOf, isRoot } from './paths.ts';
import { existingStore, storeLocation } from './place.ts';

/** One gzip file with the whole state; works while Vigía runs, too. */
export async function backup({ options, words, print }: Invocation): Promise<number> {
  const file = words[0] as string;
  if (existsSync(file)) throw new VigiaError('backup-exists', { file });
  const { config } = configOf(options);
  const store = await existingStore(config, dataDirOf(options['data'] as string | undefined, process.env));
  const draft = `${file}.new`;
  try {
    const gzip = createGzip();
    const written = pipeline(gzip, createWriteStream(draft, { mode: 0o600 }));
    // A disk that refuses is heard below, whichever write it meets.
    written.catch(() => {});
    let lines = 0;
    try {
      await store.dump(async (line) => {
        lines++;
        if (!gzip.write(`${line}\n`)) await Promise.race([once(gzip, 'drain'), written]);
      });
      gzip.end();
      await written;
      renameSync(draft, file);
    } catch (thrown) {
      if (isFileError(thrown)) throw new VigiaError('file-unwritable', { file, reason: reasonOf(thrown) });
      throw thrown;
    }
    print(`${lines} lines written to ${file}. It holds password hashes and receivers' secrets: keep it as safe as the data.`);
    return 0;
  } finally {
    if (existsSync(draft)) rmSync(draft);
    await store.close();
  }
}

const isFileError = (thrown: unknown): boolean => thrown instanceof Error && 'syscall' in thrown && 'code' in thrown;

export async function restore({ options, words, print, remark }: Invocation): Promise<number> {
  const file = words[0] as string;
  const dir = dataDirOf(options['data'] as string | undefined, process.env);
  const running = runningOn(dir);
  if (running !== null) throw new VigiaError('data-in-use', { pid: running.pid, dir });
  const { config } = configOf(options);
  const source = openBackup(file);
  if (isRoot) {
    // "vigia up" becomes this user: what root restored must be its own.
    const ids = await ownUser(remark);
    giveFolder(dir, ids);
    become(ids);
  }
  openDataFolder(dir);
  const store = await openStore(storeLocation(config, dir), { now: Date.now, backupDir: dir });
  try {
    await store.load(linesOf(file, source), file);
    print(`The state of ${file} is in place. Start Vigía with "${commandFor('up', options['data'] as string | undefined)}".`);
    return 0;
  } finally {
    await store.close();
  }
}

/** Opened before anything else, while root may still read it. */
function openBackup(file: string): number {
  if (!existsSync(file)) throw new VigiaError('not-found', { thing: 'file', id: file });
  try {
    return openSync(file, 'r');
  } catch (thrown) {
    throw new VigiaError('backup-invalid', { file, reason: reasonOf(thrown) });
  }
}

async function* linesOf(file: string, source: number): AsyncGenerator<string> {
  const stream = createReadStream(file, { fd: source });
  const plain = createGunzip();
  const read = pipeline(stream, plain);
  read.catch(() => {});
  try {
    for await (const line of createInterface({ input: plain, crlfDelay: Number.POSITIVE_INFINITY })) yield line;
    await read;
  } catch {
    throw new VigiaError('backup-invalid', { file, reason: 'it is cut off or no gzip file' });
  } finally {
    stream.destroy();
  }
}
