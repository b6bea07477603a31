import {
  chownSync,
  cpSync,
  existsSync,
  globSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { run } from '../tools/run.ts';
import { programDir, version } from './paths.ts';

/** As root, Vigía installs and then becomes this user, which owns the data folder and nothing else. */
const user = 'vigia';
const limits = { timeoutMs: 60_000, maxBytes: 100_000 };

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

export async function ownUser(progress: (line: string) => void): Promise<Ids> {
  const known = lookUp();
  if (known !== null) return known;
  progress(`Making the system user "${user}"`);
  const args = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', user];
  const result = await run({ file: 'useradd', args }, limits);
  const made = lookUp();
  if (made === null) {
    throw new VigiaError('part-missing', {
      part: `the user "${user}"`,
      reason: result.stderr.trim() || `useradd ended with ${result.exitCode}`,
      help: `useradd --system ${user}`,
    });
  }
  return made;
}

function lookUp(): Ids | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** Gives the data folder, and what an earlier start left in it, to the user. */
export function giveFolder(dir: string, ids: Ids): void {
  try {
    // Folders above it are made for everybody to pass: the user must get through.
    mkdirSync(dirname(dir), { recursive: true, mode: 0o755 });
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw new VigiaError('data-unwritable', { dir, reason: reasonOf(thrown), user });
  }
  const isOurs = statSync(dir).uid === ids.uid;
  const names = readdirSync(dir);
  // Somebody else's folder, named by mistake, must not change its owner.
  if (!isOurs && names.length > 0 && !names.includes('ports.json')) {
    throw new VigiaError('data-unwritable', { dir, reason: "it holds files that are not Vigía's", user });
  }
  chownSync(dir, ids.uid, ids.gid);
  if (isOurs) return;
  for (const name of globSync('**/*', { cwd: dir })) lchownSync(join(dir, name), ids.uid, ids.gid);
}

/** Whether the user can read the program where it is; a checkout below /root it cannot. */
export async function canRead(ids: Ids, path: string): Promise<boolean> {
  const args = [`--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups', '--', 'test', '-r', path];
  return (await run({ file: 'setpriv', args }, limits)).exitCode === 0;
}

/** Copies the installed program to where the user can read it. @returns the folder of the copy. */
export function copyProgram(into: string, progress: (line: string) => void): string {
  const changed = ['src', 'dashboards', 'profiles'].map((part) => newest(join(programDir, part)));
  const stamp = `${version} ${statSync(join(programDir, 'package-lock.json')).mtimeMs} ${Math.max(...changed)}`;
  const stampFile = join(into, '.copied-from');
  const isThere = (): boolean => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
  if (isThere()) return into;
  progress(`Copying the program to ${into}, because the user "${user}" cannot read ${programDir}`);
  for (const left of globSync(`${into}.new-*`))
    if (!isRunning(Number(left.split('-').at(-1)))) rmSync(left, { recursive: true, force: true });
  // Two that start at once copy side by side, and the first to end counts.
  const draft = `${into}.new-${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o755 });
  for (const part of ['package.json', 'package-lock.json', 'profiles', 'dashboards', 'src', 'dist', 'node_modules', '.vigia/parts']) {
    if (existsSync(join(programDir, part))) cpSync(join(programDir, part), join(draft, part), { recursive: true, verbatimSymlinks: true });
  }
  writeFileSync(join(draft, '.copied-from'), stamp);
  if (!isThere()) {
    rmSync(into, { recursive: true, force: true });
    try {
      renameSync(draft, into);
    } catch (thrown) {
      if (!isThere()) throw thrown;
    }
  }
  rmSync(draft, { recursive: true, force: true });
  return into;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function newest(dir: string): number {
  return Math.max(...globSync('**/*', { cwd: dir }).map((name) => statSync(join(dir, name)).mtimeMs));
}

/** Becomes the user, for good, with the groups that an administrator gave it: that of a Docker socket, if any. */
export function become(ids: Ids): void {
  process.setgroups?.(groupsOf(readFileSync('/etc/group', 'utf8')));
  process.setgid?.(ids.gid);
  process.setuid?.(ids.uid);
}

/** The groups that list the user as a member. */
function groupsOf(file: string): number[] {
  return file.split('\n').flatMap((line) => {
    const [, , gid, members = ''] = line.split(':');
    return members.split(',').includes(user) ? [Number(gid)] : [];
  });
}
