import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { run, start } from '../../src/tools/run.ts';

const limits = { timeoutMs: 20_000, maxBytes: 100_000 };
const runModule = pathToFileURL(join(import.meta.dirname, '../../src/tools/run.ts')).href;
const shell = (script: string) => ({ file: '/bin/sh', args: ['-c', script] });

vi.setConfig({ testTimeout: 60_000 });

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'vigia run '))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function alive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain until ${what}`);
}

function pidIn(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

describe('run', () => {
  test('returns output and exit code and does not reject for a failure', async () => {
    const result = await run(shell('echo out; echo err >&2; exit 3'), limits);
    expect(result).toEqual({ exitCode: 3, signal: null, stdout: 'out\n', stderr: 'err\n', timedOut: false, truncated: false });
  });

  test('passes arguments as they are, never through a shell', async () => {
    const nasty = ['$(id)', '; ls', '--help', 'a\'b"c', '', 'ñ\n'];
    const result = await run(
      { file: process.execPath, args: ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...nasty] },
      limits,
    );
    expect(JSON.parse(result.stdout)).toEqual(nasty);
  });

  test('gives the child a small environment of its own', async () => {
    process.env['VIGIA_TEST_SECRET'] = 'secret';
    const result = await run({ file: 'env', args: [], env: { HOME: dir, EXTRA: '1' } }, limits);
    delete process.env['VIGIA_TEST_SECRET'];
    const names = result.stdout.split('\n').map((line) => line.split('=')[0]);
    expect(names.toSorted().filter((name) => name !== '')).toEqual(['EXTRA', 'HOME', 'LANG', 'LC_ALL', 'PATH', 'TZ']);
    expect(result.stdout).toContain(`HOME=${dir}\n`);
  });

  test('writes input, and survives a command that does not read it', async () => {
    expect((await run({ file: 'cat', args: [] }, { ...limits, input: 'hello' })).stdout).toBe('hello');
    expect((await run({ file: 'true', args: [] }, { ...limits, input: 'x'.repeat(1_000_000) })).exitCode).toBe(0);
  });

  test('keeps no more output than allowed and says so', async () => {
    const result = await run(shell('head -c 300000 /dev/zero; echo end >&2'), { timeoutMs: 20_000, maxBytes: 1_000 });
    expect(result).toMatchObject({ exitCode: 0, truncated: true, stderr: 'end\n' });
    expect(result.stdout).toHaveLength(1_000);
  });

  test('kills the whole group when the time is over', async () => {
    const file = join(dir, 'pid');
    const result = await run({ ...shell('sleep 600 & echo $! > "$FILE"; wait'), env: { FILE: file } }, { timeoutMs: 1_500, maxBytes: 100 });
    expect(result).toMatchObject({ timedOut: true, exitCode: null, signal: 'SIGKILL' });
    expect(pidIn(file)).toBeGreaterThan(0);
    await until(() => !alive(pidIn(file)), 'the grandchild is gone');
  });

  test('does not wait for what a finished command left in the background', async () => {
    const result = await run(shell('sleep 600 & echo $!'), limits);
    expect(result.exitCode).toBe(0);
    await until(() => !alive(Number(result.stdout)), 'the background process is gone');
  });

  test('forbids the child to gain privileges', async () => {
    const result = await run({ file: 'grep', args: ['NoNewPrivs', '/proc/self/status'] }, limits);
    expect(result.stdout).toMatch(/^NoNewPrivs:\s+1$/m);
  });

  test('names a program or folder that is not there', async () => {
    await expect(run({ file: 'vigia-no-such-program', args: [] }, limits)).rejects.toMatchObject({ code: 'part-missing' });
    await expect(run({ file: 'true', args: [], cwd: '/no/such/folder' }, limits)).rejects.toThrow(/working folder exists/);
  });

  test('refuses to start from a worker thread, whose end would kill the child', async () => {
    const code = `import(${JSON.stringify(runModule)}).then(({ run }) => run({ file: 'true', args: [] }, { timeoutMs: 1000, maxBytes: 10 }))
      .catch((error) => require('node:worker_threads').parentPort.postMessage(error.message));`;
    const worker = new Worker(code, { eval: true });
    const [message] = (await once(worker, 'message')) as [string];
    expect(message).toMatch(/started from a worker thread/);
    await worker.terminate();
  });
});

describe('start', () => {
  test('hands over lines as they come and remembers the last words', async () => {
    const lines: string[] = [];
    const child = start(shell('echo one; printf two >&2; sleep 0.1; echo; echo last words; exit 7'), {
      onLine: (stream, line) => lines.push(`${stream} ${line}`),
    });
    expect(child.pid).toBeGreaterThan(1);
    expect(await child.exited).toEqual({ exitCode: 7, signal: null });
    expect(lines).toContain('stdout one');
    expect(lines).toContain('stderr two');
    expect(child.lastWords()).toContain('last words');
  });

  test('bounds what it remembers', async () => {
    const child = start(shell('head -c 2000000 /dev/zero | tr "\\0" x; echo; echo end'));
    await child.exited;
    expect(child.lastWords()).toMatch(/xend$|x\nend$/);
    expect(child.lastWords().length).toBeLessThanOrEqual(4_096);
  });

  test('the end of a line that came in pieces is no empty line, an empty line is one', async () => {
    const lines: string[] = [];
    // The pause parts the long line from its end.
    const child = start(shell('head -c 20000 /dev/zero | tr "\\0" x; sleep 0.3; echo; echo; echo end'), {
      onLine: (_, line) => lines.push(line),
    });
    await child.exited;
    expect(lines.join('\n').replace(/x[x\n]*x/, 'x')).toBe('x\n\nend');
  });

  test('signals the child with everything that it started, and says when there is nobody left', async () => {
    const child = start(shell('sleep 600 & sleep 600 & wait'));
    expect(child.kill('SIGTERM')).toBe(true);
    expect(await child.exited).toEqual({ exitCode: null, signal: 'SIGTERM' });
    expect(child.kill('SIGKILL')).toBe(false);
  });
});

describe('a parent that dies', () => {
  const parent = `
    import { writeFileSync } from 'node:fs';
    const { start } = await import(${JSON.stringify(runModule)});
    const child = start({ file: 'sleep', args: ['600'] });
    writeFileSync(process.argv[2], String(child.pid));
    process.on('SIGUSR2', () => process.exit(0));
    setInterval(() => {}, 1000);
  `;

  test.each(['SIGKILL', 'SIGTERM', 'SIGUSR2'] as const)('by %s leaves no child', async (signal) => {
    const script = join(dir, 'parent.mjs');
    const file = join(dir, 'pid');
    writeFileSync(script, parent);
    const parentProcess = spawn(process.execPath, [script, file], { stdio: 'ignore' });
    await until(() => pidIn(file) > 0, 'the child runs');
    const pid = pidIn(file);
    // Wait for setpriv to become sleep: only then is the death signal set.
    await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sleep', 'setpriv has handed over');
    parentProcess.kill(signal);
    await once(parentProcess, 'exit');
    await until(() => !alive(pid), 'the child is gone');
  });
});
