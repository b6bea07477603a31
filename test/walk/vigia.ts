import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { nodeArguments } from '../../src/cli/paths.ts';
import { runningOn } from '../../src/server/data-folder.ts';
import type { Status } from '../../src/server/status.ts';
import { eventually, freePort } from '../stand-ins/real.ts';

/** A real Vigía, started as a person starts it: `vigia up` with a configuration file and a data folder. */
export interface Vigia {
  readonly url: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Everything it printed. */
  output(): string;
  /** The last lines of its log. */
  journal(): string;
  status(): Promise<Status>;
  /** Calls the API as the administrator; anything but a 2xx is an error with the answer's text. */
  api<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T>;
  /** `name=value` of the administrator's session, for a browser. */
  cookie(): string;
  /** Asks Vigía's own Prometheus. */
  query(expr: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]>;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
  stop(): Promise<void>;
}

export interface Place {
  readonly dir: string;
  readonly dataDir: string;
  readonly listen: string;
  remove(): void;
}

const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
export const administrator = { name: 'Ana', email: 'ana@example.org', password: 'correct horse battery' };

/** A folder and a port that outlive one Vigía, so that it can be started again. */
export async function place(): Promise<Place> {
  const dir = mkdtempSync(join(tmpdir(), 'vigia-walk-'));
  // As root, Vigía becomes a user of its own, which must get through here.
  chmodSync(dir, 0o755);
  return {
    dir,
    dataDir: join(dir, 'data'),
    listen: `127.0.0.1:${await freePort()}`,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export async function startVigia(at: Place, config: object, readyMs = 60_000): Promise<Vigia> {
  const configFile = join(at.dir, 'vigia.yml');
  writeFileSync(configFile, JSON.stringify(config));
  const args = [...nodeArguments, main, 'up', '--no-install', '--data', at.dataDir, '--config', configFile, '--listen', at.listen];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const url = `http://${at.listen}`;
  let cookie = '';

  await eventually(
    'vigia up',
    () => {
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}:\n${output}`);
      return output.includes('Vigía is watching');
    },
    readyMs,
  ).catch((thrown: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`Vigía did not start:\n${output}`, { cause: thrown });
  });

  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await request(`${url}${path}`, {
      method: method as 'GET',
      headers: { ...(cookie === '' ? {} : { cookie }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    const [set] = [answer.headers['set-cookie'] ?? []].flat();
    if (set !== undefined) cookie = set.split(';')[0] ?? '';
    if (answer.statusCode > 299) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return text;
  };
  await call('POST', '/api/setup', administrator).catch(() =>
    call('POST', '/api/session', { email: administrator.email, password: administrator.password }),
  );

  const running = () => {
    const found = runningOn(at.dataDir);
    if (found === null) throw new Error(`nothing runs on ${at.dataDir}`);
    return found;
  };
  return {
    url,
    dataDir: at.dataDir,
    pid: child.pid as number,
    output: () => output,
    journal: () => readFileSync(join(at.dataDir, 'vigia.ndjson'), 'utf8').trimEnd().split('\n').slice(-20).join('\n'),
    async status() {
      const { internalUrl, token } = running();
      const answer = await request(`${internalUrl}/internal/status`, { headers: { authorization: `Bearer ${token}` } });
      return (await answer.body.json()) as Status;
    },
    async api<T>(method: string, path: string, body?: unknown) {
      const text = await call(method, path, body);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    cookie: () => cookie,
    async query(expr) {
      const ports = JSON.parse(readFileSync(join(at.dataDir, 'ports.json'), 'utf8')) as { prometheus: number };
      const password = readFileSync(join(at.dataDir, 'children.secret'), 'utf8').trim();
      const answer = await request(`http://127.0.0.1:${ports.prometheus}/api/v1/query?query=${encodeURIComponent(expr)}`, {
        headers: { authorization: `Basic ${Buffer.from(`vigia:${password}`).toString('base64')}` },
      });
      const json = (await answer.body.json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
      return json.data.result;
    },
    kill: (signal) => void child.kill(signal),
    exited,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
