import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

const NOBODY = 65534;

/** A real PostgreSQL of this test alone: no port, trust on a socket in a folder that only its user may enter. */
export interface Postgresql {
  /** A new empty database. */
  url(): Promise<string>;
  stop(): Promise<void>;
}

/** `forEveryUser`: also a Vigía that became a user of its own may connect. */
export async function startPostgresql({ forEveryUser = false } = {}): Promise<Postgresql> {
  const bin = binaries();
  const dir = mkdtempSync(join(tmpdir(), 'vigia-pg-'));
  const data = join(dir, 'data');
  mkdirSync(data, { mode: 0o700 });
  // PostgreSQL refuses to run as root.
  const root = process.getuid?.() === 0;
  if (root) for (const folder of [dir, data]) chownSync(folder, NOBODY, NOBODY);
  if (forEveryUser) chmodSync(dir, 0o755);
  const dropped = root ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
  const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', HOME: dir };
  execFileSync('setpriv', [...dropped, join(bin, 'initdb'), '-D', data, '-U', 'vigia', '-A', 'trust', '-E', 'UTF8', '--no-sync'], {
    env,
    cwd: dir,
    stdio: 'pipe',
  });
  const options = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', listen_addresses: '', unix_socket_directories: dir };
  const child = spawn(
    'setpriv',
    [
      ...dropped,
      '--pdeathsig',
      'QUIT',
      join(bin, 'postgres'),
      '-D',
      data,
      ...Object.entries(options).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    { env, cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const urlOf = (database: string) => `postgresql://vigia@/${database}?host=${encodeURIComponent(dir)}`;
  await ready(child, urlOf('postgres'));
  let databases = 0;
  return {
    async url() {
      databases += 1;
      await query(urlOf('postgres'), `create database test${databases}`);
      return urlOf(`test${databases}`);
    },
    async stop() {
      child.kill('SIGQUIT');
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function binaries(): string {
  const named = process.env['VIGIA_POSTGRES_BIN'];
  if (named !== undefined) return named;
  const base = '/usr/lib/postgresql';
  try {
    const newest = readdirSync(base).sort((a, b) => Number(b) - Number(a))[0];
    if (newest !== undefined) return join(base, newest, 'bin');
  } catch {
    // Said below.
  }
  throw new Error(
    'No PostgreSQL server was found in /usr/lib/postgresql. Install it ("apt-get install postgresql", which ./vigia test does), or name the folder of initdb and postgres in VIGIA_POSTGRES_BIN.',
  );
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000);
  });
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null) break;
    try {
      await query(url, 'select 1');
      return;
    } catch {
      await sleep(100);
    }
  }
  throw new Error(`PostgreSQL did not start: ${words}`);
}

async function query(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
