import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { programDir } from '../../src/cli/paths.ts';
import type { Backtest } from '../../src/model/backtest.ts';
import type { Search, Suggestion } from '../../src/model/discovery.ts';
import type { Status } from '../../src/server/status.ts';
import { running, side } from './backtests.ts';

/** `vigia status` and `vigia down` beside a process that looks like a Vigía: it has the lock file and answers what we say. */
let dir: string;
let child: ChildProcess;
let server: Server;
let answer: { status: number; body: string };
let asked: { authorization: string | undefined }[];
/** Method and path to answers, one after the other; the last stays. Without one `answer` is given. */
let answers: Map<string, { status: number; body: unknown }[]>;
let bodies: string[];

const status: Status = {
  version: '0.1.0',
  pid: 0,
  startedMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  state: 'ok',
  url: 'http://127.0.0.1:8080',
  dataDir: '/data',
  parts: [
    { part: 'prometheus', state: 'ok', phase: 'ready', reason: '', sinceMs: 0 },
    { part: 'reader', state: 'bad', phase: 'degraded', reason: 'Prometheus does not answer', sinceMs: 0 },
  ],
  pids: {},
  storeBytes: 1_500_000,
  prometheusBytes: 20_000_000,
  rssBytes: 90_000_000,
  targets: 3,
  openIncidents: 1,
  learning: null,
  receivers: 1,
  maintenance: [],
};

const window = {
  id: 12,
  profile: 'linux-host',
  entities: ['web1', 'web2'].map((entity) => ({ entity, name: entity })),
  fromMs: Date.UTC(2026, 0, 20, 2),
  toMs: Date.UTC(2026, 0, 20, 4),
  state: 'coming',
  text: 'new disks',
  by: 'Ana',
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'vigia-running-'));
  asked = [];
  answers = new Map();
  bodies = [];
  answer = { status: 200, body: JSON.stringify(status) };
  server = createServer((request, response) => {
    asked.push({ authorization: request.headers.authorization });
    const queue = answers.get(`${request.method} ${request.url}`) ?? [];
    const found = queue.length > 1 ? queue.shift() : queue[0];
    request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
    request.on('end', () => {
      if (found === undefined) response.writeHead(answer.status).end(answer.body);
      else response.writeHead(found.status).end(JSON.stringify(found.body));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  child = spawn(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1000)'], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((ready) => child.stdout?.once('data', ready));
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const internalUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  mkdirSync(join(dir, 'data'));
  const lock = { pid: child.pid, startTicks, url: 'http://127.0.0.1:8080', internalUrl, token: 'the-token' };
  writeFileSync(join(dir, 'data', 'running.json'), JSON.stringify(lock));
});

afterEach(async () => {
  child.kill('SIGKILL');
  await new Promise((closed) => server.close(closed));
  rmSync(dir, { recursive: true, force: true });
});

function vigia(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const main = join(programDir, 'src', 'cli', 'main.ts');
  const env = { PATH: process.env['PATH'] ?? '' };
  return new Promise((resolve) => {
    const argv = ['--disable-warning=ExperimentalWarning', main, ...args, '--data', join(dir, 'data')];
    execFile(process.execPath, argv, { env, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ stdout, stderr, code: error === null ? 0 : (error.code as number) }),
    );
  });
}

describe('a Vigía that runs', () => {
  test('says how it is, in words', async () => {
    const { stdout, stderr, code } = await vigia('status');
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout.split('\n')).toEqual([
      'Vigía 0.1.0, pid 0, up since 2026-01-02T03:04:05.000Z: ok',
      '  ok       prometheus  ready',
      '  BAD      reader      Prometheus does not answer',
      '  page     http://127.0.0.1:8080',
      '  data     /data (store 1.5 MB, Prometheus 20.0 MB)',
      '  memory   90.0 MB',
      '  watched  3 target(s), 1 open incident(s)',
      '',
    ]);
    expect(asked).toEqual([{ authorization: 'Bearer the-token' }]);
  });

  test('says who is silent, what still learns, and that nobody would be told', async () => {
    const silent = { ...window, entities: [], state: 'running', fromMs: Date.UTC(2026, 0, 2, 3), toMs: null };
    const learning = { targets: 2, untilMs: Date.UTC(2026, 0, 2, 3, 34) };
    answer.body = JSON.stringify({ ...status, learning, receivers: 0, maintenance: [silent] });
    const { stdout } = await vigia('status');
    expect(stdout.split('\n').slice(7)).toEqual([
      '  learning 2 target(s), the last until 2026-01-02 03:34 UTC: no score before',
      '  messages go to nobody: there is no receiver yet (on the page: Settings, Receivers)',
      '  silent   all of linux-host, from 2026-01-02 03:00 UTC until it is ended: nobody is messaged (maintenance window 12)',
      '',
    ]);
  });

  test('says it as one JSON object, and ends with 1 when something is bad', async () => {
    answer.body = JSON.stringify({ ...status, state: 'bad' });
    const { stdout, stderr, code } = await vigia('status', '--json');
    expect({ stderr, code }).toEqual({ stderr: '', code: 1 });
    expect(JSON.parse(stdout)).toEqual({ running: true, ...status, state: 'bad' });
  });

  test('that is still starting is no bug', async () => {
    answer = { status: 500, body: '{"statusCode":500}' };
    const { stdout, stderr, code } = await vigia('status');
    expect({ stdout, code }).toEqual({ stdout: '', code: 69 });
    expect(stderr).toBe(`vigia: Vigía (pid ${child.pid}) answered 500: it may still be starting.\n`);
  });

  test('that does not answer is said in a sentence', async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise((closed) => server.close(closed));
    const { stderr, code } = await vigia('status');
    expect(code).toBe(69);
    expect(stderr).toMatch(`vigia: Vigía (pid ${child.pid}) at http://127.0.0.1:${port} does not answer: `);
    expect(stderr).not.toContain('at async');
    server.listen(port, '127.0.0.1');
  });

  test('is stopped', async () => {
    const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    expect(await vigia('down')).toEqual({ stdout: 'Stopped.\n', stderr: '', code: 0 });
    expect(await ended).toBe('SIGTERM');
  });

  test('keeps its data folder: nobody else starts on it or restores into it', async () => {
    writeFileSync(join(dir, 'backup.gz'), 'anything');
    for (const args of [
      ['up', '--no-install'],
      ['restore', join(dir, 'backup.gz')],
    ]) {
      const { stderr, code } = await vigia(...args);
      expect(code).toBe(75);
      expect(stderr).toContain(`Another Vigía (pid ${child.pid}) already uses the data folder ${join(dir, 'data')}.`);
    }
  });
});

describe('a backtest', () => {
  const said = (...states: Partial<Backtest>[]) => {
    answers.set('POST /internal/backtest', [{ status: 200, body: running }]);
    answers.set(
      'GET /internal/backtest',
      states.map((state) => ({ status: 200, body: { backtest: { ...running, ...state } } })),
    );
  };

  test('shows how far it is, then both settings side by side', async () => {
    said({ progress: 0.55 }, { state: 'done', progress: 1, sides: [side('ensemble', null, 2), side('robust-z', 0.8, 0)] });
    const found = await vigia('backtest', '--entity', 'web1', '--days', '14', '--detector', 'ensemble', '--against', 'robust-z:0.8');
    expect(found.stderr).toBe('10 %\n55 %\n');
    expect(found.stdout.split('\n')).toEqual([
      'linux-host, web1, 2026-01-01 00:00 UTC to 2026-01-15 00:00 UTC',
      '',
      '                        ensemble  robust-z at 0.8',
      'steps scored                4990             4990',
      'findings                      80                0',
      'episodes                       2                0',
      'episodes a week              1.0              0.0',
      '  week from 2026-01-01         0                0',
      '  week from 2026-01-08         2                0',
      '',
      'Newest episodes of ensemble:',
      '  2026-01-20 10:00 UTC  web1  12 min  0.97 (from 0.90 on)  memory',
      '  2026-01-20 10:00 UTC  web1  12 min  0.87 (from 0.90 on)',
      '',
    ]);
    expect(found.code).toBe(0);
    expect(JSON.parse(bodies[0] ?? '')).toEqual({
      profile: 'linux-host',
      entity: 'web1',
      days: 14,
      settings: [
        { detector: 'ensemble', threshold: null },
        { detector: 'robust-z', threshold: 0.8 },
      ],
    });
  });

  test('over nothing says so: zeros alone look like a clean bill', async () => {
    said({ state: 'done', progress: 1, sides: [{ ...side('ensemble', null, 0), scored: 0 }] });
    const { stderr, code } = await vigia('backtest');
    expect(stderr).toContain('No step could be scored: there are no samples of that time, or too few to learn from first.\n');
    expect(code).toBe(0);
  });

  test('is one JSON object without progress, and says when it did not end well', async () => {
    said({ state: 'done', progress: 1, sides: [side('a', null, 1)] });
    const done = await vigia('backtest', '--json');
    expect({ ...done, stdout: JSON.parse(done.stdout) as unknown }).toMatchObject({
      code: 0,
      stderr: '',
      stdout: { state: 'done', id: 4 },
    });
    said({ state: 'failed', reason: 'Prometheus answered 500: it hurts.' });
    const failed = await vigia('backtest');
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toContain('vigia: The backtest failed: Prometheus answered 500: it hurts.\n');
    said({ state: 'cancelled' });
    expect((await vigia('backtest')).stderr).toContain('The backtest was cancelled.');
  });

  test('that is refused is told in the words of the one who refused', async () => {
    answers.set('POST /internal/backtest', [{ status: 409, body: { code: 'conflict', message: 'A backtest is running already.' } }]);
    expect(await vigia('backtest')).toEqual({ stdout: '', stderr: 'vigia: A backtest is running already.\n', code: 1 });
  });
});

describe('a search of the network', () => {
  const search = { id: 3, network: '192.168.1.0/24', state: 'running', addresses: 254, tried: 0, total: 1778, answered: 0 };
  const suggestions: Suggestion[] = [
    { address: '192.168.1.20:9100', profile: 'linux-host', name: 'nas', begins: 'node_', matching: 912, samples: 960 },
    { address: '192.168.1.21:9121', profile: 'redis', name: 'redis 192.168.1.21', begins: 'redis_', matching: 240, samples: 280 },
  ];
  const said = (...states: { search: Partial<Search>; suggestions?: Suggestion[]; dismissed?: number }[]) => {
    answers.set('POST /internal/discovery/search', [{ status: 200, body: search }]);
    answers.set(
      'GET /internal/discovery/found',
      states.map(({ search: now, suggestions: found = [], dismissed = 0 }) => ({
        status: 200,
        body: { search: { ...search, ...now }, suggestions: found, dismissed },
      })),
    );
  };

  test('shows how far it is, then what could be watched and why', async () => {
    said({ search: { tried: 889 } }, { search: { state: 'done', tried: 1778, answered: 4 }, suggestions, dismissed: 2 });
    const found = await vigia('discover', '--network', '192.168.1.0/24');
    expect(found.stderr).toBe('Asking 254 address(es) at 7 port(s) each.\n50 %\n');
    expect(found.stdout.split('\n')).toEqual([
      'Searched 192.168.1.0/24: 254 address(es), 4 answered with metrics that a profile knows.',
      '',
      'ADDRESS            PROFILE     NAME                WHY',
      '192.168.1.20:9100  linux-host  nas                 912 of its 960 samples begin with node_',
      '192.168.1.21:9121  redis       redis 192.168.1.21  240 of its 280 samples begin with redis_',
      '',
      'Watch one: vigia discover --add 192.168.1.20:9100',
      '2 suggestion(s) were dismissed and are not shown.',
      '',
    ]);
    expect(found.code).toBe(0);
    expect(bodies).toEqual(['{"network":"192.168.1.0/24"}']);
  });

  test('is one JSON object without progress, says when there is nothing, and when it was cancelled', async () => {
    said({ search: { state: 'done', network: null, addresses: 3 } });
    const json = await vigia('discover', '--json');
    expect({ ...json, stdout: JSON.parse(json.stdout) as unknown }).toMatchObject({ code: 0, stderr: '', stdout: { suggestions: [] } });
    expect(bodies).toEqual(['{}']);
    expect((await vigia('discover')).stdout).toBe(
      'Searched the neighbours of this machine: 3 address(es), 0 answered with metrics that a profile knows.\nNothing that is not watched already.\n',
    );
    said({ search: { state: 'cancelled' } });
    const cancelled = await vigia('discover');
    expect([cancelled.code, cancelled.stderr]).toEqual([1, expect.stringContaining('The search was cancelled')]);
  });

  test('adds and dismisses what it found, one at a time, and tells refusals in the words of the one who refused', async () => {
    const target = { id: 'nas', name: 'nas', profile: 'linux-host', address: '192.168.1.20:9100' };
    answers.set('POST /internal/discovery/add', [{ status: 200, body: target }]);
    answers.set('POST /internal/discovery/dismiss', [{ status: 200, body: { address: '192.168.1.21:9121', profile: 'redis' } }]);
    expect(await vigia('discover', '--add', '192.168.1.20:9100')).toEqual({
      stdout: 'nas (linux-host, 192.168.1.20:9100) is watched from now on.\n',
      stderr: '',
      code: 0,
    });
    expect((await vigia('discover', '--dismiss', '192.168.1.21:9121')).stdout).toBe('192.168.1.21:9121 (redis) is not suggested again.\n');
    expect(bodies).toEqual(['{"address":"192.168.1.20:9100"}', '{"address":"192.168.1.21:9121"}']);
    const message = 'Vigía does not connect to 8.8.8.0/24: only private networks are searched.';
    answers.set('POST /internal/discovery/search', [{ status: 403, body: { code: 'far-forbidden', message } }]);
    expect(await vigia('discover', '--network', '8.8.8.0/24')).toEqual({ stdout: '', stderr: `vigia: ${message}\n`, code: 77 });
  });
});

test('a reader that has read enough is no error', async () => {
  const main = join(programDir, 'src', 'cli', 'main.ts');
  const command = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  command.stdout.destroy();
  let words = '';
  command.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
  const code = await new Promise((resolve) => command.once('close', resolve));
  expect({ code, words }).toEqual({ code: 0, words: '' });
});

describe('vigia export', () => {
  const out = () => join(dir, 'out.csv');
  const ask = (...more: string[]) => vigia('export', '--match', '{job="a"}', '--from', '30d', '--out', out(), ...more);

  test('writes what the running Vigía sends, and says how much it was', async () => {
    answer = { status: 200, body: 'metric,labels,time,value\r\nup,{},2026-01-02T03:04:05.000Z,1\r\n' };
    expect(await ask()).toEqual({ stdout: `1 samples written to ${out()}.\n`, stderr: '', code: 0 });
    expect(readFileSync(out(), 'utf8')).toBe(answer.body);
    expect(asked).toEqual([{ authorization: 'Bearer the-token' }]);
    // And never over a file that is there.
    expect((await ask()).stderr).toContain('exists already');
  });

  test('says that nothing matches', async () => {
    answer = { status: 200, body: 'metric,labels,time,value\r\n' };
    const nothing = { stdout: `0 samples written to ${out()}.\n`, stderr: 'Nothing matches {job="a"} in that time.\n', code: 0 };
    expect(await ask()).toEqual(nothing);
  });

  test('leaves no file when it is refused or cut off', async () => {
    answer = { status: 502, body: 'Prometheus answered 400: no' };
    expect(await ask()).toMatchObject({ code: 69, stderr: expect.stringContaining('Prometheus answered 400: no') });
    server.removeAllListeners('request');
    server.on('request', (_, response: ServerResponse) => {
      response.writeHead(200).write('metric,labels,time,value\r\n');
      setTimeout(() => response.destroy(), 50);
    });
    expect(await ask()).toMatchObject({ code: 65, stderr: expect.stringContaining('the samples end before their time') });
    expect(readdirSync(dir)).toEqual(['data']);
  });
});

describe('vigia maintenance', () => {
  test('plans a window of some, of a group or of all, and says what it does', async () => {
    answers.set('POST /internal/maintenance', [{ status: 200, body: window }]);
    const times = ['--from', '2026-01-20T02:00:00Z', '--for', '2h'];
    expect(await vigia('maintenance', 'add', '--entity', 'web1, web2', ...times, '--note', 'new disks')).toEqual({
      stdout:
        'Maintenance window 12: web1, web2, from 2026-01-20 02:00 UTC to 2026-01-20 04:00 UTC. Its time is not learned, and nobody is messaged about it.\n',
      stderr: '',
      code: 0,
    });
    await vigia('maintenance', 'add', '--profile', 'container', '--group', 'web', '--from', '2026-01-20T02:00:00Z');
    await vigia('maintenance', 'add', '--profile', 'linux-host');
    const { fromMs, toMs } = window;
    expect(bodies.slice(0, 2).map((body) => JSON.parse(body) as unknown)).toEqual([
      { profile: 'linux-host', entities: ['web1', 'web2'], fromMs, toMs, text: 'new disks' },
      { profile: 'container', entities: [], group: 'web', fromMs, toMs: null, text: '' },
    ]);
    expect(JSON.parse(bodies[2] ?? '')).toMatchObject({ entities: [], toMs: null, fromMs: expect.any(Number) });
  });

  test('lists them, and ends one', async () => {
    const open = { ...window, id: 13, entities: [], toMs: null, state: 'running', text: '' };
    answers.set('GET /internal/maintenance', [
      { status: 200, body: { windows: [open, window] } },
      { status: 200, body: { windows: [] } },
    ]);
    expect((await vigia('maintenance', 'list')).stdout.split('\n')).toEqual([
      '   13  running  all of linux-host, from 2026-01-20 02:00 UTC until it is ended',
      '                by Ana',
      '   12  coming   web1, web2, from 2026-01-20 02:00 UTC to 2026-01-20 04:00 UTC',
      '                new disks, by Ana',
      '',
    ]);
    expect((await vigia('maintenance', 'list')).stdout).toBe('There is no maintenance window.\n');
    answers.set('POST /internal/maintenance/end', [{ status: 200, body: window }]);
    expect((await vigia('maintenance', 'end', '12')).stdout).toBe('Maintenance window 12 is over.\n');
    expect(JSON.parse(bodies.at(-1) ?? '')).toEqual({ window: 12 });
    answers.set('POST /internal/maintenance/end', [
      { status: 409, body: { code: 'conflict', message: 'The maintenance window 12 is over already.' } },
    ]);
    expect(await vigia('maintenance', 'end', '12')).toEqual({
      stdout: '',
      stderr: 'vigia: The maintenance window 12 is over already.\n',
      code: 1,
    });
  });
});
