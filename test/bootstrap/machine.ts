import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';

/** The start script in a small clone, on a machine made of the few programs in `bin`: what it installs are stand-ins. */
const script = join(import.meta.dirname, '..', '..', 'vigia');
const coreutils =
  'awk cat chmod cksum cp date dirname env find flock grep gzip id ls mkdir mv printf readlink rm sed sh sha256sum sleep tail tar touch tr uname wc';
export const arch = process.arch;
export const version = '24.21.0';

vi.setConfig({ testTimeout: 60_000 });

export let dir = '';
export let bin = '';
export let clone = '';
export const servers: Server[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigia start '));
  bin = join(dir, 'bin');
  clone = join(dir, 'a clone');
  for (const name of coreutils.split(' ')) {
    const found = spawnSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    if (found.startsWith('/')) link(found, join(bin, name));
  }
  write(join(clone, 'package-lock.json'), lockfile('one'));
  write(join(clone, 'src', 'cli', 'main.ts'), 'main', 0o644);
  write(join(clone, 'test', 'all.ts'), 'all', 0o644);
  copyFileSync(script, join(clone, 'vigia'));
  chmodSync(join(clone, 'vigia'), 0o755);
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(dir, { recursive: true, force: true });
});

export function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

export function write(path: string, text: string, mode = 0o755): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}

export function lockfile(content: string): string {
  return `{
    "content": "${content}",
    "node_modules/node-linux-${arch}": {
      "version": "${version}",
      "integrity": "sha512-abc=="
    }
  }`;
}

/** A Node.js that says its version and otherwise tells how it was started. */
export function node(of: string): string {
  return `#!/bin/sh
if [ "$1" = --version ]; then echo v${of}; exit; fi
echo "node ${of} in $PWD:"; for argument; do echo "<$argument>"; done
`;
}

/** An npm whose "ci" writes what it was asked and brings Node.js where the lockfile names it. */
export function npm(options: { version?: string; fails?: string; brings?: string | null; slow?: boolean } = {}): string {
  const { version: own = '9.2.0', fails, brings = version, slow = false } = options;
  const bring =
    brings === null
      ? ''
      : `mkdir -p node_modules/node-linux-${arch}/bin
cat >node_modules/node-linux-${arch}/bin/node <<'NODE'
${node(brings)}NODE
chmod +x node_modules/node-linux-${arch}/bin/node`;
  return `#!/bin/sh
if [ "$1" = --version ]; then echo ${own}; exit; fi
echo "$PWD: npm $* (node $(node --version), cache \${npm_config_cache:-of its own})" >>"${dir}/asked"
${fails === undefined ? '' : `echo "${fails}" >&2; exit 1`}
${slow ? 'sleep 1' : ''}
rm -rf node_modules; mkdir -p node_modules
${bring}
`;
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export async function vigia(
  args: readonly string[] = ['up'],
  env: Readonly<Record<string, string>> = {},
  path = join(clone, 'vigia'),
  user: { uid?: number; gid?: number } = {},
): Promise<Ran> {
  const child = spawn(path, args, { cwd: dir, env: { PATH: bin, ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...user });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

export const asked = (): string[] => (existsSync(join(dir, 'asked')) ? readFileSync(join(dir, 'asked'), 'utf8').trim().split('\n') : []);
export const inState = (): string[] => (existsSync(join(clone, '.vigia')) ? readdirSync(join(clone, '.vigia')).toSorted() : []);
