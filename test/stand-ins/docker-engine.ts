import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Agent, request } from 'undici';
import { findPart, type PartName } from '../../src/tools/parts.ts';
import { type Child, run, start } from '../../src/tools/run.ts';
import { eventually } from './real.ts';

/** A real Docker engine for a test, with an image made of busybox alone: no registry, no network, no rules of a firewall. */
export interface RealEngine {
  readonly socket: string;
  /** Makes and starts a container of the image. */
  run(name: string, wish: Wish): Promise<string>;
  /** Starts one more process in a running container. */
  exec(name: string, ...argv: string[]): Promise<void>;
  /** What a GET answers, as it comes. */
  text(path: string): Promise<string>;
  /** One call of the Engine API; anything but a 2xx is an error with its words. */
  call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T>;
  stop(): Promise<void>;
}

export interface Wish {
  readonly argv?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly memoryMb?: number;
  readonly cpus?: number;
  readonly restart?: 'no' | 'always';
  readonly healthy?: readonly string[];
}

export const IMAGE = 'vigia/busybox:1';
/** Ends at once when it is asked to. */
const idle = ['/bin/sh', '-c', 'trap "exit 1" TERM; while :; do sleep 1; done'];
const applets = ['sh', 'sleep', 'dd', 'cat', 'true', 'false', 'yes', 'wget'];

const programs = ['dockerd', 'containerd', 'containerd-shim-runc-v2', 'runc', 'busybox'] as const satisfies readonly PartName[];
// The system's own first; scripts on PATH that start unpacked ones would not do for what is copied into an image.
const found = () =>
  programs.map((name) => findPart(name, { partsDir: '/var/cache/vigia/parts', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } }));

/** Why no engine can run here; null where it can be tried. */
export async function whyNoEngine(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'a Docker engine runs as root alone';
  const parts = found();
  const missing = programs.filter((_, at) => parts[at] === null);
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (packages docker.io, busybox-static)`;
  const cgroups = existsSync('/proc/self/cgroup') ? readFileSync('/proc/self/cgroup', 'utf8') : '';
  if (cgroups === '' || !existsSync('/sys/fs/cgroup')) return 'this machine has no cgroups';
  const busybox = parts.at(-1)?.file ?? '';
  const linked = await run({ file: 'ldd', args: [busybox] }, { timeoutMs: 10_000, maxBytes: 10_000 });
  return linked.exitCode === 0 ? `${busybox} is not static (package busybox-static)` : null;
}

/** @param group whose members may open the socket. @throws Error with the engine's last words. */
export async function startEngine(dir: string, socket: string, group: string): Promise<RealEngine> {
  const parts = found().filter((part) => part !== null);
  const tool = parts[0];
  if (tool === undefined) throw new Error('no dockerd');
  const path = [...new Set(parts.map((part) => dirname(part.file))), '/usr/sbin:/usr/bin:/sbin:/bin'].join(':');
  const at = (name: string): string => join(dir, name);
  const child: Child = start({
    file: tool.file,
    env: { ...tool.env, PATH: path },
    args: [
      `--data-root=${at('root')}`,
      `--exec-root=${at('exec')}`,
      `--pidfile=${at('pid')}`,
      `--host=unix://${socket}`,
      `--group=${group}`,
      '--iptables=false',
      '--ip6tables=false',
      '--bridge=none',
      '--ip-forward=false',
      '--ip-masq=false',
      '--log-level=warn',
    ],
  });
  let over = false;
  void child.exited.then(() => (over = true));
  const agent = new Agent({ connect: { socketPath: socket }, headersTimeout: 30_000 });
  const send = async (method: string, where: string, body?: Buffer | string, type = 'application/json'): Promise<string> => {
    const answer = await request(`http://docker/v1.41${where}`, {
      dispatcher: agent,
      method: method as 'GET',
      headers: body === undefined ? {} : { 'content-type': type },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.body.text();
    if (answer.statusCode > 299 && answer.statusCode !== 304) throw new Error(`${method} ${where}: ${answer.statusCode} ${text}`);
    return text;
  };
  const call = async <T>(method: 'GET' | 'POST' | 'DELETE', where: string, body?: unknown): Promise<T> => {
    const text = await send(method, where, body === undefined ? undefined : JSON.stringify(body));
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await child.exited;
    clearTimeout(timer);
    await agent.destroy();
    // Layers that are still mounted would be deleted through their mounts.
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((mount) => mount.startsWith(dir));
    for (const mount of mounts.toReversed()) await run({ file: 'umount', args: ['--', mount] }, { timeoutMs: 10_000, maxBytes: 1_000 });
  };
  try {
    await eventually(
      'dockerd',
      async () => {
        if (over) return true;
        return (await send('GET', '/_ping')) === 'OK';
      },
      30_000,
    );
    if (over) throw new Error('dockerd ended');
    await send(
      'POST',
      '/images/create?fromSrc=-&repo=vigia/busybox&tag=1',
      await imageOf(dir, parts.at(-1)?.file ?? ''),
      'application/x-tar',
    );
  } catch (thrown) {
    await end();
    throw new Error(`the engine does not start here: ${child.lastWords().split('\n').slice(-3).join(' ')}`, { cause: thrown });
  }
  return {
    socket,
    call,
    text: (where) => send('GET', where),
    async run(name, wish) {
      const { Id } = await call<{ Id: string }>('POST', `/containers/create?name=${name}`, {
        Image: IMAGE,
        Cmd: wish.argv ?? idle,
        Labels: wish.labels ?? {},
        ...(wish.healthy === undefined
          ? {}
          : { Healthcheck: { Test: ['CMD', ...wish.healthy], Interval: 1_000_000_000, Timeout: 1_000_000_000, Retries: 2 } }),
        HostConfig: {
          NetworkMode: 'none',
          Memory: (wish.memoryMb ?? 0) * 1024 * 1024,
          MemorySwap: (wish.memoryMb ?? 0) * 1024 * 1024,
          NanoCpus: (wish.cpus ?? 0) * 1e9,
          RestartPolicy: { Name: wish.restart ?? 'no' },
        },
      });
      await call('POST', `/containers/${Id}/start`);
      return Id;
    },
    async exec(name, ...argv) {
      const { Id } = await call<{ Id: string }>('POST', `/containers/${name}/exec`, { Cmd: argv });
      await call('POST', `/exec/${Id}/start`, { Detach: true });
    },
    async stop() {
      const all = await call<{ Id: string }[]>('GET', '/containers/json?all=true').catch(() => []);
      await Promise.all(all.map(({ Id }) => call('DELETE', `/containers/${Id}?force=true`).catch(() => {})));
      await end();
    },
  };
}

/** A file system of busybox and links to it, as a tar archive. */
async function imageOf(dir: string, busybox: string): Promise<Buffer> {
  const tree = join(dir, 'image');
  for (const folder of ['bin', 'tmp', 'dev', 'proc', 'sys', 'etc']) mkdirSync(join(tree, folder), { recursive: true });
  cpSync(busybox, join(tree, 'bin', 'busybox'), { dereference: true });
  chmodSync(join(tree, 'bin', 'busybox'), 0o755);
  for (const applet of applets) symlinkSync('busybox', join(tree, 'bin', applet));
  const file = join(dir, 'image.tar');
  await run({ file: 'tar', args: ['-C', tree, '-cf', file, '.'] }, { timeoutMs: 30_000, maxBytes: 10_000 });
  const bytes = await readFile(file);
  rmSync(tree, { recursive: true });
  rmSync(file);
  return bytes;
}
