import { accessSync, constants, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { connectionReason } from '../clients/failure.ts';
import { type ErrorCode, errorTable, VigiaError } from '../model/errors.ts';
import { windowInWords } from '../model/maintenance.ts';
import { minuteText } from '../model/time.ts';
import { type Running, runningOn } from '../server/data-folder.ts';
import type { Status } from '../server/status.ts';
import type { Invocation } from './invocation.ts';
import { dataDirOf, isRoot, personDataDir, rootDataDir } from './paths.ts';

const stopMs = 20_000;

export async function down({ options, print, remark }: Invocation): Promise<number> {
  const dir = dataDirOf(options['data'] as string | undefined, process.env);
  const running = runningOn(dir);
  if (running === null) {
    remark('Nothing to stop.');
    return notRunning(dir, options, remark);
  }
  if (!signal(running.pid, 'SIGTERM')) throw new VigiaError('stop-refused', { pid: running.pid, dir });
  for (let waitedMs = 0; waitedMs < stopMs; waitedMs += 100) {
    await sleep(100);
    if (runningOn(dir)?.pid !== running.pid) {
      print('Stopped.');
      return 0;
    }
  }
  signal(running.pid, 'SIGKILL');
  print(`Vigía (pid ${running.pid}) did not stop within ${stopMs / 1000} s and was killed; its parts ended with it.`);
  return 0;
}

/** False where the process is somebody else's; one that ended meanwhile needs no signal. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (thrown) {
    return !(thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM');
  }
}

/** The Vigía that runs on the data folder asked for; the exit code, after words about it, when there is none. */
export function runningFor(options: Invocation['options'], remark: Invocation['remark']): Running | number {
  const dir = dataDirOf(options['data'] as string | undefined, process.env);
  return runningOn(dir) ?? notRunning(dir, options, remark);
}

/** Root and a person have different folders when none is named: whoever looks into the wrong one hears of the other. */
function notRunning(dir: string, options: Invocation['options'], remark: Invocation['remark']): number {
  if (!isReadable(dir)) throw new VigiaError('data-unreadable', { dir });
  const error = new VigiaError('not-running', { dir });
  remark(`vigia: ${error.message}`);
  const other = isRoot ? personDataDir : rootDataDir;
  if (options['data'] === undefined && dir !== other && existsSync(other)) {
    remark(
      `There is another data folder, ${other}: ${isRoot ? `"--data ${other}" looks there.` : 'if root started Vigía, ask as root ("sudo vigia …").'}`,
    );
  }
  return error.exit;
}

function isReadable(dir: string): boolean {
  try {
    accessSync(dir, constants.X_OK);
    return true;
  } catch (thrown) {
    return !(thrown instanceof Error && 'code' in thrown && thrown.code === 'EACCES');
  }
}

export async function status({ options, print, remark }: Invocation): Promise<number> {
  const dir = dataDirOf(options['data'] as string | undefined, process.env);
  const running = runningOn(dir);
  if (running === null) {
    if (options['json'] === true) print(JSON.stringify({ running: false, dataDir: dir }));
    return notRunning(dir, options, remark);
  }
  const found = await askStatus(running);
  print(options['json'] === true ? JSON.stringify({ running: true, ...found }) : inWords(found));
  return found.state === 'bad' ? 1 : 0;
}

const askStatus = (running: Running): Promise<Status> => askRunning<Status>(running, 'GET', 'status');

/** What it refused: its own words, and the exit code that belongs to them. */
export class Refusal extends Error {
  readonly exit: number;

  constructor({ code, message }: { code: string; message: string }) {
    super(message);
    this.name = 'Refusal';
    this.exit = Object.hasOwn(errorTable, code) ? errorTable[code as ErrorCode].exit : 1;
  }
}

/** @throws VigiaError `far-unreachable`, `far-status`: it is starting, or hangs; Refusal when it says why not. */
export async function askRunning<T>(
  { pid, internalUrl, token }: Running,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  const what = `Vigía (pid ${pid})`;
  const answer = await request(`${internalUrl}/internal/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headersTimeout: 10_000,
    bodyTimeout: 10_000,
  }).catch((thrown: unknown) => {
    throw new VigiaError('far-unreachable', { what, url: internalUrl, reason: `${connectionReason(thrown)}; it may still be starting` });
  });
  if (answer.statusCode !== 200) {
    const said = (await answer.body.json().catch(() => null)) as { code?: unknown; message?: unknown } | null;
    if (typeof said?.code === 'string' && typeof said.message === 'string') throw new Refusal({ code: said.code, message: said.message });
    throw new VigiaError('far-status', { what, status: answer.statusCode, reason: 'it may still be starting' });
  }
  return (await answer.body.json()) as T;
}

/** Samples as CSV, as they come. @throws VigiaError `far-unreachable`, `far-status`. */
export async function askExport(
  { pid, internalUrl, token }: Running,
  range: { match: string; fromMs: number; toMs: number },
): Promise<AsyncIterable<Uint8Array>> {
  const what = `Vigía (pid ${pid})`;
  const query = new URLSearchParams({ match: range.match, fromMs: String(range.fromMs), toMs: String(range.toMs) });
  const answer = await request(`${internalUrl}/internal/export?${query.toString()}`, {
    headers: { authorization: `Bearer ${token}` },
    headersTimeout: 120_000,
    bodyTimeout: 120_000,
  }).catch((thrown: unknown) => {
    throw new VigiaError('far-unreachable', { what, url: internalUrl, reason: connectionReason(thrown) });
  });
  if (answer.statusCode === 200) return answer.body;
  throw new VigiaError('far-status', { what, status: answer.statusCode, reason: (await answer.body.text()).trim().replace(/\.$/, '') });
}

const mark = { ok: 'ok     ', bad: 'BAD    ', unknown: 'unknown' } as const;

function inWords(found: Status): string {
  const megabytes = (bytes: number) => `${(bytes / 1_000_000).toFixed(1)} MB`;
  const width = Math.max(...found.parts.map((part) => part.part.length));
  const { learning, receivers } = found;
  return [
    `Vigía ${found.version}, pid ${found.pid}, up since ${new Date(found.startedMs).toISOString()}: ${found.state}`,
    ...found.parts.map((part) => `  ${mark[part.state]}  ${part.part.padEnd(width)}  ${part.reason === '' ? part.phase : part.reason}`),
    `  page     ${found.url}`,
    `  data     ${found.dataDir} (store ${megabytes(found.storeBytes)}, Prometheus ${megabytes(found.prometheusBytes)})`,
    `  memory   ${megabytes(found.rssBytes)}`,
    `  watched  ${found.targets} target(s), ${found.openIncidents} open incident(s)`,
    ...(learning === null
      ? []
      : [`  learning ${learning.targets} target(s), the last until ${minuteText(learning.untilMs)}: no score before`]),
    ...(receivers === 0 ? ['  messages go to nobody: there is no receiver yet (on the page: Settings, Receivers)'] : []),
    ...found.maintenance.map((window) => `  silent   ${windowInWords(window)}: nobody is messaged (maintenance window ${window.id})`),
  ].join('\n');
}
