import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { VigiaError } from '../model/errors.ts';

/** The folder of the program: the nearest one above this file that holds `profiles/` and `package.json`. */
export const programDir: string = (() => {
  for (let dir = import.meta.dirname; dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(join(dir, 'profiles')) && existsSync(join(dir, 'package.json'))) return dir;
  }
  throw new VigiaError('bug', { reason: `no profiles/ above ${import.meta.dirname}` });
})();

export const version: string = (JSON.parse(readFileSync(join(programDir, 'package.json'), 'utf8')) as { version: string }).version;

export const isRoot: boolean = process.getuid?.() === 0;

export const rootDataDir = '/var/lib/vigia';
export const personDataDir: string = join(programDir, '.vigia', 'data');

/** Root's data live where a system service keeps them; a person's beside the program. */
export function dataDirOf(option: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const named = option ?? env['VIGIA_DATA'];
  if (named !== undefined && named !== '') return resolve(named);
  return isRoot ? rootDataDir : personDataDir;
}

/** A command to copy: it finds the same data folder. */
export function commandFor(command: string, data: string | undefined): string {
  if (data === undefined) return `vigia ${command}`;
  const dir = resolve(data);
  return `vigia ${command} --data ${/^[\w./+@:,-]+$/.test(dir) ? dir : `'${dir.replaceAll("'", "'\\''")}'`}`;
}

export const partsDir: string = join(programDir, '.vigia', 'parts');
export const pageDir: string = join(programDir, 'dist', 'page');
export const profilesDir: string = join(programDir, 'profiles');

/**
 * How Node.js runs Vigía: it allocates steadily and keeps little, so a small young generation and code optimized for size
 * save 65 MB with 100 hosts, for 40 ms more per tick with 1,000. So small a generation is collected by one thread: with
 * 2,000 hosts helpers save nothing, and where cores are busy the main thread waits for them. The start script says the same.
 */
export const nodeArguments: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=2',
  '--no-parallel-scavenge',
  '--optimize-for-size',
];
