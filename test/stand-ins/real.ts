import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { start } from '../../src/tools/run.ts';

/** A folder of its own under the system's temporary one; `stop` removes it. */
export function scratch(): { dir: string; stop(): Promise<void> } {
  const dir = mkdtempSync(join(tmpdir(), 'vigia-test-'));
  return { dir, stop: async () => rmSync(dir, { recursive: true, force: true }) };
}

/** Writes files below a folder. */
export function write(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Tries until `probe` answers something other than undefined or false; the last failure is the error. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 30_000,
): Promise<T> {
  const until = performance.now() + ms;
  let last: unknown = 'nothing yet';
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() > until) throw new Error(`${what}: not within ${ms} ms`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface RealServer {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
  /** At once, as a crash would. */
  kill(): void;
}

/** A real child on a loopback port, up once its port answers HTTP (also 401). */
async function startReal(file: string, port: number, args: readonly string[]): Promise<RealServer> {
  const child = start({ file, args });
  const url = `http://127.0.0.1:${port}`;
  let over = false;
  void child.exited.then(() => (over = true));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await child.exited;
    clearTimeout(timer);
  };
  await eventually(`${file} at ${url}`, async () => {
    if (over) return true;
    return (await fetch(`${url}/-/ready`)).status < 500;
  });
  if (over) throw new Error(`${file} ended: ${child.lastWords()}`);
  return { url, port, stop, kill: () => child.kill('SIGKILL') };
}

export async function startPrometheus(dir: string, port: number, more: readonly string[] = []): Promise<RealServer> {
  return startReal('prometheus', port, [
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(dir, 'prometheus-data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-lifecycle',
    ...more,
  ]);
}

export async function startAlertmanager(dir: string, port: number, more: readonly string[] = []): Promise<RealServer> {
  return startReal('prometheus-alertmanager', port, [
    `--config.file=${join(dir, 'alertmanager.yml')}`,
    `--storage.path=${join(dir, 'alertmanager-data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
    ...more,
  ]);
}

/** InfluxDB 1.x; `backupPort` is that of its backup service, which cannot be switched off. */
export async function startInfluxdb(dir: string, port: number, backupPort: number): Promise<RealServer> {
  const at = (name: string) => JSON.stringify(join(dir, 'influxdb', name));
  write(dir, {
    'influxdb.conf': [
      'reporting-disabled = true',
      `bind-address = "127.0.0.1:${backupPort}"`,
      `[meta]\ndir = ${at('meta')}`,
      `[data]\ndir = ${at('data')}\nwal-dir = ${at('wal')}\nquery-log-enabled = false`,
      '[monitor]\nstore-enabled = false',
      `[http]\nbind-address = "127.0.0.1:${port}"\nlog-enabled = false`,
    ].join('\n'),
  });
  return startReal('influxd', port, ['run', '-config', join(dir, 'influxdb.conf')]);
}
