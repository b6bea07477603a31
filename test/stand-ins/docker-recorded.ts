import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';

/** What a real engine answered once (`test/recordings`), by the path that it was asked, without the version. */
export interface Recording {
  readonly version: { readonly Version: string; readonly ApiVersion: string; readonly MinAPIVersion?: string };
  readonly info: object;
  readonly list: readonly { readonly Id: string; readonly Names: readonly string[] }[];
  readonly inspect: Readonly<Record<string, RecordedContainer>>;
  /** Only of those that ran. */
  readonly stats: Readonly<Record<string, RecordedStats>>;
  readonly events: readonly object[];
}
export interface RecordedContainer {
  readonly Id: string;
  readonly Name: string;
  RestartCount: number;
  State: { Status: string; OOMKilled: boolean; ExitCode: number; StartedAt: string; FinishedAt: string; Health?: { Status: string } };
  HostConfig: { Memory: number; NanoCpus: number; RestartPolicy: { Name: string } };
  Config: { Image: string; Labels: Record<string, string> };
}
export interface RecordedStats {
  cpu_stats: { cpu_usage: { total_usage: number } };
}

export const recording = (): Recording =>
  JSON.parse(readFileSync(new URL('../recordings/docker-20.10.json', import.meta.url), 'utf8')) as Recording;

export interface RecordedEngine {
  readonly socket: string;
  readonly asked: string[];
  /** May be changed while it runs. */
  recording: Recording;
  /** Paths that never end their answer. */
  hang: RegExp | null;
  /** Answers in place of the recorded ones. */
  refuse: ((path: string) => { status: number; body: string } | null) | null;
  stop(): Promise<void>;
}

/** An engine that answers from a recording, over a Unix socket as the real one does; strict about paths, versions and parameters. */
export async function startRecordedEngine(file: string, from: Recording = recording()): Promise<RecordedEngine> {
  const engine: Omit<RecordedEngine, 'stop'> = { socket: `unix://${file}`, asked: [], recording: from, hang: null, refuse: null };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://docker');
    engine.asked.push(`${request.method} ${request.url}`);
    if (engine.hang?.test(url.pathname) === true) return;
    const refused = engine.refuse?.(url.pathname) ?? null;
    if (refused !== null) return void answer(response, refused.status, refused.body);
    const { status, body } =
      request.method === 'GET' ? answerOf(engine.recording, url) : { status: 405, body: { message: 'only GET is asked' } };
    answer(response, status, typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(file, resolve));
  return Object.assign(engine, {
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(body);
}

function answerOf(from: Recording, url: URL): { status: number; body: unknown } {
  const unknown = (id = '') => ({ status: 404, body: { message: `No such container: ${id}` } });
  if (url.pathname === '/version') return { status: 200, body: from.version };
  const [, version = '', path = ''] = /^\/v(\d+\.\d+)(\/.*)$/.exec(url.pathname) ?? [];
  const newer = (a: string, b: string) => Number(a.split('.')[1]) > Number(b.split('.')[1]);
  if (version === '' || newer(version, from.version.ApiVersion))
    return { status: 400, body: { message: `client version ${version} is too new` } };
  const query = (name: string) => url.searchParams.get(name);
  if (path === '/info') return { status: 200, body: from.info };
  if (path === '/containers/json') return { status: 200, body: query('all') === 'true' ? from.list : [] };
  if (path === '/events') {
    if (query('since') === null || query('until') === null) return { status: 400, body: { message: 'this stream would never end' } };
    return { status: 200, body: from.events.map((event) => JSON.stringify(event)).join('\n') };
  }
  const [, id = '', what = ''] = /^\/containers\/([^/]+)\/(json|stats)$/.exec(path) ?? [];
  if (what === 'json') return from.inspect[id] === undefined ? unknown(id) : { status: 200, body: from.inspect[id] };
  if (what === 'stats' && query('stream') === 'false')
    return from.stats[id] === undefined ? unknown(id) : { status: 200, body: from.stats[id] };
  return { status: 404, body: { message: 'page not found' } };
}
