import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { reasonOf, VigiaError } from '../model/errors.ts';

/** What a running Vigía says of itself to `vigia status` and `vigia down`, in DIR/running.json (0600). */
export interface Running {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot: a pid alone may belong to somebody else by now. */
  readonly startTicks: string;
  /** Empty until the page answers. */
  readonly url: string;
  readonly internalUrl: string;
  readonly token: string;
}

const lockName = 'running.json';

/** Makes the folder. @throws VigiaError `data-unwritable`. */
export function openDataFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.W_OK | constants.X_OK);
    const probe = join(dir, `.probe-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (thrown) {
    throw new VigiaError('data-unwritable', { dir, reason: reasonOf(thrown), user: userInfo().username });
  }
}

/** The Vigía that runs on a data folder, or null; a file left by one that was killed does not count. */
export function runningOn(dir: string): Running | null {
  const file = join(dir, lockName);
  if (!existsSync(file)) return null;
  try {
    const running = JSON.parse(readFileSync(file, 'utf8')) as Running;
    return startTicks(running.pid) === running.startTicks ? running : null;
  } catch {
    return null;
  }
}

/** A data folder that belongs to this process. */
export interface Taken {
  /** Says where the page is, once it answers. */
  announce(url: string): void;
  release(): void;
}

/** Takes the folder for this process, atomically. @throws VigiaError `data-in-use` when another Vigía runs on it. */
export function takeDataFolder(dir: string, self: Pick<Running, 'internalUrl' | 'token'>): Taken {
  const file = join(dir, lockName);
  const draft = join(dir, `.${lockName}.${process.pid}.${randomBytes(4).toString('hex')}`);
  const write = (url: string) => {
    const mine: Running = { ...self, url, pid: process.pid, startTicks: startTicks(process.pid) ?? '' };
    writeFileSync(draft, `${JSON.stringify(mine)}\n`, { mode: 0o600 });
  };
  write('');
  try {
    for (let tries = 0; tries < 3; tries++) {
      try {
        linkSync(draft, file);
        return {
          announce: (url) => {
            write(url);
            renameSync(draft, file);
          },
          release: () => {
            if (runningOn(dir)?.pid === process.pid) rmSync(file, { force: true });
          },
        };
      } catch {
        const other = runningOn(dir);
        if (other !== null) throw new VigiaError('data-in-use', { pid: other.pid, dir });
        rmSync(file, { force: true });
      }
    }
    throw new VigiaError('data-unwritable', { dir, reason: `${lockName} cannot be replaced`, user: userInfo().username });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Field 22 of /proc/PID/stat; null when there is no such process. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** A random credential that lives as long as the data folder; children's configuration names it. */
export function keptSecret(dir: string, name: string): string {
  const file = join(dir, name);
  if (existsSync(file)) {
    const secret = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{64}$/.test(secret)) return secret;
  }
  const secret = randomBytes(32).toString('hex');
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return secret;
}
