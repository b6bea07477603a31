import { type ChildProcess, spawn } from 'node:child_process';
import { isMainThread } from 'node:worker_threads';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { executableIn } from './executable.ts';

/** What to start: always an argv array, never a line for a shell. `env` is added to a small fixed environment. */
export interface Command {
  /** Absolute path, or a name looked up on PATH: the command's own, or else this process's. */
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface RunLimits {
  /** After this long the whole process group is killed. */
  readonly timeoutMs: number;
  /** Kept of each of stdout and stderr; the rest is read and dropped. */
  readonly maxBytes: number;
  /** Written to standard input, which is empty otherwise. */
  readonly input?: string | Uint8Array;
}

export interface RunResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** Whether stdout or stderr was longer than `maxBytes`. */
  readonly truncated: boolean;
}

export interface Exit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

type Stream = 'stdout' | 'stderr';

/** A long-lived child. It dies with this process, whatever kills that. */
export interface Child {
  readonly pid: number;
  /** Resolves once the child has ended and its output is read; never rejects. */
  readonly exited: Promise<Exit>;
  /** Signals the child and everything it started; false when it has ended already. */
  kill(signal: NodeJS.Signals): boolean;
  /** The last lines it printed, bounded, for an error message. */
  lastWords(): string;
}

export interface StartOptions {
  onLine?(stream: Stream, line: string): void;
}

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const maxLine = 16_384;
const maxTail = 4_096;

/** Everything a child may know of the environment; a tool that needs more asks for it by name in `env`. */
function environment(command: Command): Record<string, string> {
  return { PATH: searchPath, LANG: 'C', LC_ALL: 'C', TZ: 'UTC', HOME: '/nonexistent', ...command.env };
}

const groups = new Set<number>();

function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false; // ESRCH: nobody of the group is left
  }
}

// pdeathsig reaches the children, this also reaches what they started, on every ordinary end of this process.
process.on('exit', () => {
  for (const pid of groups) signalGroup(pid, 'SIGKILL');
});

/**
 * Starts a command in a process group of its own through setpriv(1): it can gain no privileges, and the kernel kills it
 * when this process dies. The kernel means the *thread* that started it, so only the main thread may.
 */
function launch(command: Command, stdin: 'pipe' | 'ignore'): { child: ChildProcess; pid: number } {
  if (!isMainThread) throw new VigiaError('bug', { reason: `${command.file} was started from a worker thread` });
  const env = environment(command);
  const file = executableIn(command.file, command.env?.['PATH'] ?? `${process.env['PATH'] ?? ''}:${searchPath}`);
  if (file === null) {
    throw new VigiaError('part-missing', { part: command.file, reason: 'there is no such program', help: 'install it, or correct PATH' });
  }
  const args = ['--no-new-privs', '--pdeathsig', 'KILL', '--', file, ...command.args];
  const child = spawn('setpriv', args, { env, cwd: command.cwd, detached: true, stdio: [stdin, 'pipe', 'pipe'] });
  let reason = 'it did not start';
  child.on('error', (error) => (reason = reasonOf(error)));
  if (child.pid === undefined) {
    const help = 'check that setpriv (package util-linux) is installed, that the working folder exists and that process limits allow it';
    throw new VigiaError('part-missing', { part: command.file, reason, help });
  }
  groups.add(child.pid);
  return { child, pid: child.pid };
}

/** Resolves when the leader has ended, the rest of its group is killed, and the output is complete. */
function ended(child: ChildProcess, pid: number): Promise<Exit> {
  child.once('exit', () => {
    signalGroup(pid, 'SIGKILL'); // a grandchild that still holds the pipes would keep 'close' from coming
    groups.delete(pid);
  });
  return new Promise((resolve) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

/** Runs a command to its end. Rejects only when it cannot be started; the exit code is the caller's to judge. */
export async function run(command: Command, limits: RunLimits): Promise<RunResult> {
  const { child, pid } = launch(command, limits.input === undefined ? 'ignore' : 'pipe');
  const stdout = collector(child.stdout, limits.maxBytes);
  const stderr = collector(child.stderr, limits.maxBytes);
  child.stdin?.on('error', () => {}); // EPIPE: the command did not want all of its input
  child.stdin?.end(limits.input);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    signalGroup(pid, 'SIGKILL');
  }, limits.timeoutMs);
  const exit = await ended(child, pid);
  clearTimeout(timer);
  return { ...exit, stdout: stdout.text(), stderr: stderr.text(), timedOut, truncated: stdout.truncated() || stderr.truncated() };
}

/** Starts a long-lived child. Throws `part-missing` when it cannot be started. */
export function start(command: Command, options: StartOptions = {}): Child {
  const { child, pid } = launch(command, 'ignore');
  let tail = '';
  const listen = (stream: Stream): void => {
    const source = child[stream];
    if (source === null) return;
    splitLines(source, (line) => {
      tail = `${tail}${line}\n`.slice(-maxTail);
      options.onLine?.(stream, line);
    });
  };
  listen('stdout');
  listen('stderr');
  let over = false;
  const exited = ended(child, pid);
  child.once('exit', () => (over = true));
  return {
    pid,
    exited,
    kill: (signal) => !over && signalGroup(pid, signal),
    lastWords: () => tail.trimEnd(),
  };
}

function collector(source: NodeJS.ReadableStream | null, maxBytes: number): { text(): string; truncated(): boolean } {
  const chunks: Buffer[] = [];
  let left = maxBytes;
  let over = false;
  source?.on('data', (chunk: Buffer) => {
    if (chunk.length > left) over = true;
    if (left > 0) chunks.push(chunk.subarray(0, left));
    left = Math.max(0, left - chunk.length);
  });
  return { text: () => Buffer.concat(chunks).toString('utf8'), truncated: () => over };
}

/** Calls back per line without its end; a line longer than the bound comes in pieces. */
function splitLines(source: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  let inPieces = false;
  source.setEncoding('utf8');
  source.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      // The end alone of a line whose pieces were all handed over is no line of its own.
      if (line !== '' || !inPieces) onLine(line);
      inPieces = false;
    }
    if (rest.length > maxLine) {
      onLine(rest);
      rest = '';
      inPieces = true;
    }
  });
  source.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
