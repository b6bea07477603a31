import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LiveEvent } from '../../src/model/api.ts';
import { answer } from './answers.ts';
import type { Reply } from './reply.ts';
import { makeScene, type Scene, type SceneName } from './scenes.ts';

/** The policy the page must live with; the real server sends the same. */
const policy = (nonce: string): string =>
  `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'`;

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.html': 'text/html',
};

export interface Stub {
  readonly url: string;
  scene: Scene;
  use(name: SceneName): void;
  emit(event: Omit<LiveEvent, 'tsMs'>): void;
  /** Ends the event streams, as a restart would. */
  dropStreams(): void;
  /** Requests that changed something: "POST targets {...}". */
  readonly changes: string[];
  close(): Promise<void>;
}

/** A server with the page and made-up answers, under any base path. */
export async function startStub(pageDir: string, basePath = '/', port = 0): Promise<Stub> {
  const streams = new Set<ServerResponse>();
  const index = readFileSync(join(pageDir, 'index.html'), 'utf8').replace('<base href="/" />', `<base href="${basePath}" />`);

  const server = createServer((request, response) => {
    const nonce = randomBytes(16).toString('hex');
    response.setHeader('content-security-policy', policy(nonce));
    const url = new URL(request.url ?? '/', 'http://stub');
    if (!url.pathname.startsWith(basePath))
      return plain(response, { status: 404, body: { code: 'not-found', message: 'outside of the base path' } });
    const path = url.pathname.slice(basePath.length);
    if (path === 'api/events') return openStream(request, response);
    if (path.startsWith('api/')) return void api(request, response, path.slice(4), url.searchParams);
    if (path.startsWith('grafana/')) {
      response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'self'");
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(
        `<!doctype html><html lang="en"><title>Grafana</title><main><h1>Grafana</h1>${url.pathname}${url.search.replaceAll('&', ' ')}</main></html>`,
      );
      return;
    }
    const file = join(pageDir, normalize(path));
    if (path !== '' && file.startsWith(pageDir) && existsSync(file) && statSync(file).isFile()) {
      response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream');
      createReadStream(file).pipe(response);
      return;
    }
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(index.replaceAll('__CSP_NONCE__', nonce));
  });

  function openStream(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    streams.add(response);
    request.on('close', () => streams.delete(response));
  }

  async function api(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const method = request.method ?? 'GET';
    if (method !== 'GET') stub.changes.push(`${method} ${path} ${text}`.trim());
    plain(response, answer(stub.scene, method, path, query, text === '' ? undefined : (JSON.parse(text) as unknown)));
  }

  await new Promise<void>((ready) => server.listen(port, '127.0.0.1', ready));
  const stub: Stub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${basePath}`,
    scene: makeScene('calm'),
    changes: [],
    use: (name) => {
      stub.scene = makeScene(name);
    },
    emit: (event) => {
      for (const stream of streams) stream.write(`data: ${JSON.stringify({ ...event, tsMs: Date.now() })}\n\n`);
    },
    dropStreams: () => {
      for (const stream of streams) stream.destroy();
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return stub;
}

function plain(response: ServerResponse, { status = 200, body, type = 'application/json' }: Reply): void {
  response.statusCode = status;
  if (body === undefined) {
    response.end();
    return;
  }
  response.setHeader('content-type', type);
  response.end(type === 'application/json' ? JSON.stringify(body) : String(body));
}

// For a look by hand: node test/web/stub.ts calm|incident|empty [port]
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , name = 'incident', port = '8099'] = process.argv;
  const stub = await startStub(fileURLToPath(new URL('../../dist/page', import.meta.url)), '/', Number(port));
  stub.use(name as SceneName);
  process.stdout.write(`${stub.url}\n`);
}
