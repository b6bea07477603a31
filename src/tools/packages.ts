import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { executableIn, isExecutable } from './executable.ts';
import { type Command, run } from './run.ts';

/**
 * Packages of a Debian-like distribution, unpacked into a folder instead of installed: no root, no daemon, nothing of the
 * system touched. apt verifies the signatures as always; its lists and its cache are private and thrown away afterwards.
 */
export interface PackageOptions {
  /** Folder of trees; each installation becomes one tree in it, by a rename. */
  readonly into: string;
  progress(line: string): void;
  /** Whether the unpacked tree holds what it was made for; if not, it is thrown away. */
  complete(tree: string): boolean;
}

const searchPath = '/usr/sbin:/usr/bin:/sbin:/bin';
/** The C library of the running system must stay: another one would not fit its own loader. */
const neverUnpacked = /^libc6_/;
/** Packages whose programs open files of their own by absolute paths: the file, and the folder that it looks for. */
const absolutePaths = [{ file: 'usr/bin/prometheus-alertmanager', folder: '/usr/share/prometheus/alertmanager' }];

export function packagesAvailable(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  const path = env['PATH'] ?? searchPath;
  return executableIn('apt-get', path) !== null && executableIn('dpkg-deb', path) !== null;
}

/** Downloads packages with all that they need and the system lacks, and unpacks them. Throws an Error with apt's reason. */
export async function installPackages(packages: readonly string[], options: PackageOptions): Promise<void> {
  mkdirSync(options.into, { recursive: true });
  const work = mkdtempSync(join(options.into, '.work-'));
  try {
    const apt = await privateApt(work);
    options.progress("Reading the lists of the distribution's packages");
    await must('apt-get update', apt(['update', '-qq']), 300_000);
    const archives = await plan(apt, packages);
    const total = archives.reduce((sum, archive) => sum + archive.bytes, 0);
    options.progress(`Downloading ${archives.length} packages, ${megabytes(total)} MB`);
    await download(apt(['install', '--download-only', '-qq', '-y', ...choose(packages)]), join(work, 'cache', 'archives'), total, options);
    options.progress(`Unpacking ${archives.length} packages`);
    const tree = join(work, 'tree');
    mkdirSync(tree);
    for (const { name } of archives) {
      const file = join(work, 'cache', 'archives', name);
      if (!neverUnpacked.test(name)) await must(`dpkg-deb -x ${name}`, { file: 'dpkg-deb', args: ['-x', file, tree] }, 300_000);
    }
    const published = join(options.into, packages.join('+'));
    relocate(tree, published);
    if (!options.complete(tree)) throw new Error(`the packages ${packages.join(', ')} do not hold the programs they are known for`);
    chmodSync(tree, 0o755);
    publish(tree, published);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What a program of an unpacked tree needs to run from there: its libraries, modules and fonts, and where it must stand. */
export function treeSettings(tree: string, file: string): { env: Record<string, string>; cwd?: string } {
  const env: Record<string, string> = {};
  const libraries = new Set(globSync(['{usr/,}lib/*-linux-gnu*/*.so*', '{usr/,}lib/*-linux-gnu*/*/*.so*'], { cwd: tree }).map(dirname));
  if (libraries.size > 0) env['LD_LIBRARY_PATH'] = [...libraries].map((folder) => join(tree, folder)).join(':');
  const modules = join(tree, 'usr', 'lib', 'python3', 'dist-packages');
  if (existsSync(modules)) env['PYTHONPATH'] = modules;
  const fonts = join(tree, 'fonts.conf');
  if (existsSync(fonts)) env['FONTCONFIG_FILE'] = fonts;
  return absolutePaths.some((each) => join(tree, each.file) === file) ? { env, cwd: tree } : { env };
}

type Apt = (args: readonly string[]) => Command;

/** apt-get with the system's sources and keys, and everything it writes in a folder of its own. */
async function privateApt(work: string): Promise<Apt> {
  for (const folder of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(work, folder), { recursive: true });
  const settings = {
    'Dir::State': work,
    'Dir::State::lists': join(work, 'lists'),
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': join(work, 'cache'),
    'Debug::NoLocking': 'true',
    'APT::Sandbox::User': 'root', // as root, apt would download as a user who may not write here
    'APT::Install-Recommends': 'false',
    'APT::Get::ReInstall': 'true', // the program is missing, whatever the status file says
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
  };
  const given = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const passed = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'APT_CONFIG'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const env = { ...Object.fromEntries(passed), HOME: work, DEBIAN_FRONTEND: 'noninteractive' };
  return (args) => ({ file: 'apt-get', args: [...given, ...args], env });
}

interface Archive {
  readonly name: string;
  readonly bytes: number;
}

async function plan(apt: Apt, packages: readonly string[]): Promise<Archive[]> {
  const listed = await must('apt-get install', apt(['install', '--print-uris', '-qq', '-y', ...choose(packages)]), 120_000);
  return listed.split('\n').flatMap((line) => {
    const [, name, bytes] = /^'[^']+' (\S+\.deb) (\d+) /.exec(line) ?? [];
    return name === undefined ? [] : [{ name, bytes: Number(bytes) }];
  });
}

/** After `--`, so that a name can never be an option. */
function choose(packages: readonly string[]): string[] {
  return ['--', ...packages];
}

async function download(command: Command, archives: string, total: number, options: PackageOptions): Promise<void> {
  const timer = setInterval(() => options.progress(`Downloaded ${megabytes(folderBytes(archives))} of ${megabytes(total)} MB`), 5_000);
  try {
    await must('apt-get install --download-only', command, 3_600_000);
  } finally {
    clearInterval(timer);
  }
}

async function must(what: string, command: Command, timeoutMs: number): Promise<string> {
  const result = await run(command, { timeoutMs, maxBytes: 1_000_000 });
  if (result.timedOut) throw new Error(`${what} did not end within ${timeoutMs / 1000} s`);
  if (result.exitCode === 0) return result.stdout;
  const said = result.stderr.split('\n').filter((line) => line !== '');
  throw new Error(`${what} failed: ${said.findLast((line) => line.startsWith('E:')) ?? said.at(-1) ?? `exit code ${result.exitCode}`}`);
}

/** Gives the tree its own fonts, by the path that it will have, and turns absolute paths inside programs into ones relative to the tree (their `cwd`). */
function relocate(tree: string, published: string): void {
  if (existsSync(join(tree, 'usr/share/fonts'))) writeFileSync(join(tree, 'fonts.conf'), fontsConfig(published));
  for (const { file, folder } of absolutePaths) {
    const path = join(tree, file);
    if (isExecutable(path)) writeFileSync(path, replaceBytes(readFileSync(path), folder, `${folder.slice(1)}/`));
  }
}

/** Replaces every occurrence of an ASCII text by one of the same length, in place. */
function replaceBytes(bytes: Buffer, from: string, to: string): Buffer {
  for (let at = bytes.indexOf(from, 0, 'latin1'); at !== -1; at = bytes.indexOf(from, at + to.length, 'latin1'))
    bytes.write(to, at, 'latin1');
  return bytes;
}

function fontsConfig(published: string): string {
  const escaped = published.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const folders = [`${escaped}/usr/share/fonts`, '/usr/share/fonts'].map((folder) => `  <dir>${folder}</dir>\n`).join('');
  return `<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">\n<fontconfig>\n${folders}</fontconfig>\n`;
}

/** Renames a finished folder into place; when another process was first, its result stays. */
function publish(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false }))
    .reduce((sum, entry) => sum + (entry?.isFile() === true ? entry.size : 0), 0);
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0);
}
