import { chmod, mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VigiaError } from '../../model/errors.ts';
import type { Command, RunLimits, RunResult } from '../../tools/run.ts';

export interface InstallInput {
  /** The folder of one child's files, and of nothing else. */
  readonly dir: string;
  /** All its files by name. The last one is renamed last: the main file, which names the others. */
  readonly files: Readonly<Record<string, string>>;
  /** For sentences: `Prometheus`. */
  readonly part: string;
  /** The commands that must agree with the files, given the folder where they lie on trial. */
  readonly check: (dir: string) => readonly Command[];
  readonly run: (command: Command, limits: RunLimits) => Promise<RunResult>;
}

/**
 * Puts derived files into place: written beside, checked by the real tool, synced, renamed. Readable by their owner alone,
 * as most hold a secret. Answers whether anything changed; files that are the same already are neither checked nor touched.
 * @throws VigiaError `derived-refused` with the tool's own words; the old files stay.
 */
export async function installFiles({ dir, files, part, check, run }: InstallInput): Promise<{ changed: boolean }> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const changed = await changedFiles(dir, files);
  if (changed.length === 0) return { changed: false };
  const trial = await mkdtemp(`${join(dirname(dir), basename(dir))}.new-`);
  try {
    for (const [name, text] of Object.entries(files)) await writeSynced(join(trial, name), text);
    for (const command of check(trial)) await agree(command, part, trial, run);
    for (const name of changed) await rename(join(trial, name), join(dir, name));
    await syncFolder(dir);
    return { changed: true };
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

async function changedFiles(dir: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  const changed: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    if (basename(name) !== name) throw new VigiaError('bug', { reason: `derived file "${name}" is no plain file name` });
    const path = join(dir, name);
    const before = await readFile(path, 'utf8').catch(() => null);
    if (before === text) await chmod(path, 0o600);
    else changed.push(name);
  }
  return changed;
}

async function agree(command: Command, part: string, trial: string, run: InstallInput['run']): Promise<void> {
  const result = await run(command, { timeoutMs: 30_000, maxBytes: 64 * 1024 });
  if (result.exitCode === 0) return;
  const tool = basename(command.file);
  const words = result.timedOut ? 'it did not finish within 30 s' : lastWords(`${result.stdout}\n${result.stderr}`, trial);
  throw new VigiaError('derived-refused', { tool, part, reason: words });
}

/** What the tool said about a failure, without the folder that is gone by the time it is read. */
function lastWords(output: string, trial: string): string {
  const lines = output
    .replaceAll(`${trial}/`, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const failed = lines.findIndex((line) => /fail|error/i.test(line));
  const words = lines.slice(failed === -1 ? -3 : failed).join(' ');
  return words === '' ? 'it gave no reason' : words.slice(0, 500);
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes renames durable: they are entries of the folder. */
async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
