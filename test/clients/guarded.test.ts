import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { assert, ipV4, property } from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createGuardedFetch, type GuardedFetch, type GuardedFetchOptions, type GuardedRequest } from '../../src/clients/guarded.ts';
import { bypassesProxy, classify } from '../../src/clients/address.ts';
import { Secret } from '../../src/clients/secret.ts';
import { VigiaError } from '../../src/model/errors.ts';
import { type HttpStandIn, startHttp } from '../stand-ins/http.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

async function far(handler: Parameters<typeof startHttp>[0]): Promise<HttpStandIn> {
  const server = await startHttp(handler);
  open.push(server);
  return server;
}

function door(options: Partial<GuardedFetchOptions> = {}): GuardedFetch {
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set(), ...options });
  open.push({ stop: () => fetch.close() });
  return fetch;
}

const local: GuardedRequest = { deadlineMs: 10_000, maxBytes: 10_000, allowLoopback: true };

async function failure(promise: Promise<unknown>): Promise<VigiaError> {
  const thrown: unknown = await promise.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(VigiaError);
  return thrown as VigiaError;
}

describe('the guarded fetch', () => {
  test('answers status, headers and the decompressed body, and keeps its connection', async () => {
    const ports = new Set<number | undefined>();
    const server = await far((request, response, body) => {
      ports.add(request.socket.remotePort);
      response.writeHead(201, { 'content-encoding': 'gzip', 'x-seen': `${request.method} ${request.url} ${body}` });
      response.end(gzipSync('hello'));
    });
    const fetch = door();
    for (let round = 0; round < 2; round++) {
      const answer = await fetch(`${server.url}/a?b=c`, { ...local, method: 'POST', body: 'body' });
      expect([answer.status, answer.headers['x-seen'], answer.body.toString()]).toEqual([201, 'POST /a?b=c body', 'hello']);
    }
    expect(ports.size).toBe(1);
  });

  test('follows no redirect, so credentials never travel on', async () => {
    let reached = 0;
    const second = await far((_request, response) => {
      reached++;
      response.end();
    });
    for (const location of ['http://169.254.169.254/latest/meta-data', second.url, '/elsewhere', 'http://user:pw@192.168.0.1/?token=x']) {
      const server = await far((_request, response) => response.writeHead(302, { location }).end());
      const error = await failure(door()(server.url, { ...local, headers: { authorization: 'Bearer abc' } }));
      expect(error.code).toBe('far-status');
      expect(error.message).toContain('answered 302: it redirects to');
      expect(error.message).not.toMatch(/pw|token/);
    }
    expect(reached).toBe(0);
  });

  test('an endless body is cut off at the cap', async () => {
    const server = await far((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(4096)));
      };
      response.on('drain', more);
      more();
    });
    const error = await failure(door()(server.url, local));
    expect(error.message).toBe(`127.0.0.1:${server.port} sent more than 10000 bytes and was cut off.`);
  });

  test('a gzip bomb is cut off at the cap of the decompressed body', async () => {
    const server = await far((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(4_000_000)));
    });
    expect((await failure(door()(server.url, local))).code).toBe('far-too-large');
  });

  test('damaged gzip and unknown compression are garbage', async () => {
    const server = await far((request, response) => {
      response.writeHead(200, { 'content-encoding': request.url === '/gzip' ? 'gzip' : '__proto__' }).end('no gzip');
    });
    expect((await failure(door()(`${server.url}/gzip`, local))).message).toContain('its gzip body is damaged');
    expect((await failure(door()(`${server.url}/other`, local))).message).toContain('its compression is unknown');
  });

  test('no answer, or a body that never ends, ends at the deadline', async () => {
    const server = await far((request, response) => {
      if (request.url === '/half') response.writeHead(200).write('half');
    });
    for (const path of ['/never', '/half']) {
      const error = await failure(door()(`${server.url}${path}`, { ...local, deadlineMs: 200, what: 'The exporter' }));
      expect(error.message).toBe('The exporter did not finish its answer within 0.2 s.');
    }
  });

  test('a name server that never answers ends at the deadline too', async () => {
    const fetch = door({ lookup: () => new Promise(() => {}) });
    expect((await failure(fetch('http://far.example/', { ...local, deadlineMs: 100 }))).code).toBe('far-timeout');
  });

  test('says what a person needs when nothing listens, nobody knows the name, or it is no HTTP or TLS', async () => {
    const gone = await startHttp(() => {});
    await gone.stop();
    expect((await failure(door()(gone.url, local))).message).toContain('connection refused');
    const unknown = door({ lookup: () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })) });
    expect((await failure(unknown('http://nobody.example', local))).message).toContain('no such host');
    const server = await far((request) => request.socket.end('SSH-2.0-OpenSSH\r\n\r\n'));
    expect((await failure(door()(server.url, local))).message).toContain('does not speak HTTP');
    expect((await failure(door()(`https://127.0.0.1:${server.port}`, local))).message).toContain('does not speak TLS');
  });

  test('secrets of a URL are in no message and travel as a header', async () => {
    const server = await far((request, response) => response.writeHead(200).end(`${request.headers.authorization} ${request.url}`));
    const answer = await door()(`http://me:s%40cret@127.0.0.1:${server.port}/x`, local);
    expect(answer.body.toString()).toBe(`Basic ${Buffer.from('me:s@cret').toString('base64')} /x`);
    await server.stop();
    open.length = 0;
    const error = await failure(door()(`http://me:s%40cret@127.0.0.1:${server.port}/bot123:TOKEN/x?key=KEY`, local));
    expect(`${error.message} ${inspect(error)}`).not.toMatch(/cret|TOKEN|KEY/);
  });

  test.each(['file:///etc/passwd', 'gopher://127.0.0.1/', 'ftp://192.168.0.1/', 'javascript:alert(1)', 'no url', 'http://', 'http://a b/'])(
    'refuses %s',
    async (url) => {
      expect((await failure(door()(url, local))).code).toBe('far-forbidden');
    },
  );

  test.each([
    'http://169.254.169.254/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0251.0376.0251.0376/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[2002:a9fe:a9fe::1]/',
    'http://[fd00:ec2::254]/',
    'http://[fe80::1]/',
    'http://100.100.100.200/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
  ])('never connects to %s, whatever is allowed', async (url) => {
    for (const allow of [{}, { allowLoopback: true }, { ownChild: true }]) {
      expect((await failure(door()(url, { deadlineMs: 5000, maxBytes: 100, ...allow }))).code).toBe('far-forbidden');
    }
  });

  test.each(['127.0.0.1', '127.1', '0', '2130706433', '[::1]', '[::]', '[::ffff:7f00:1]'])(
    'reaches this machine as %s only where an administrator may name it',
    async (host) => {
      let reached = 0;
      const server = await far((_request, response) => {
        reached++;
        response.end();
      });
      const error = await failure(door()(`http://${host}:${server.port}/`, { deadlineMs: 5000, maxBytes: 100 }));
      expect([error.code, reached]).toEqual(['far-forbidden', 0]);
    },
  );

  test("Vigía's own ports are reached for its own children only", async () => {
    let reached = 0;
    const server = await far((_request, response) => {
      reached++;
      response.end();
    });
    const fetch = door({ forbiddenPorts: () => new Set([server.port]) });
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '0.0.0.0']) {
      const error = await failure(fetch(`http://${host}:${server.port}/`, local));
      expect(error.message).toContain('it is a port of Vigía itself');
    }
    expect(reached).toBe(0);
    expect((await fetch(server.url, { ...local, ownChild: true })).status).toBe(200);
    // The connection kept for the child must not serve anybody else.
    expect((await failure(fetch(server.url, local))).code).toBe('far-forbidden');
    expect((await failure(fetch('http://192.168.1.1/', { ...local, ownChild: true }))).code).toBe('far-forbidden');
  });

  test('a name that resolves to metadata, even among others, is refused', async () => {
    for (const addresses of [['169.254.169.254'], ['192.168.1.1', '169.254.169.254'], ['::ffff:169.254.169.254']]) {
      const fetch = door({ lookup: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })) });
      expect((await failure(fetch('http://rebind.example/', local))).code).toBe('far-forbidden');
    }
  });

  test('resolves once and connects to the address that was checked', async () => {
    const server = await far((request, response) => response.end(request.headers.host));
    let asked = 0;
    const fetch = door({ lookup: async () => [{ address: asked++ === 0 ? '127.0.0.1' : '169.254.169.254', family: 4 }] });
    const answer = await fetch(`http://rebind.example:${server.port}/`, local);
    expect([answer.body.toString(), asked]).toEqual([`rebind.example:${server.port}`, 1]);
  });

  test('a proxy is used for far hosts, never for this machine, and never for metadata', async () => {
    const seen: (string | undefined)[] = [];
    const proxy = await far((request, response) => {
      seen.push(request.url);
      response.end('by proxy');
    });
    const server = await far((_request, response) => response.end('direct'));
    const fetch = door({ proxy: proxy.url, noProxy: ['.internal.example'], lookup: () => Promise.reject(new Error('must not resolve')) });
    expect((await fetch('http://far.example/x', local)).body.toString()).toBe('by proxy');
    expect((await fetch(server.url, local)).body.toString()).toBe('direct');
    for (const url of ['http://169.254.169.254/', 'http://metadata.google.internal/']) {
      expect((await failure(fetch(url, local))).code).toBe('far-forbidden');
    }
    expect((await failure(fetch('http://a.internal.example/', local))).code).toBe('far-unreachable');
    expect(seen).toEqual(['http://far.example/x']);
  });
});

describe('addresses', () => {
  test('private addresses are far sides like any other', () => {
    for (const address of ['10.0.0.1', '192.168.1.1', '172.16.0.1', 'fd12::1', '100.64.0.1', '203.0.113.1', '2001:db8::1']) {
      expect(classify(address).kind).toBe('far');
    }
  });

  test('law: every IPv4 address has one verdict, however it is written in IPv6', () => {
    assert(
      property(ipV4(), (address) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const low = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        expect(classify(`::ffff:${address}`).kind).toBe(classify(address).kind);
        expect(classify(`64:ff9b::${low}`).kind).toBe(classify(address).kind);
        if (a === 169 && b === 254) expect(classify(address).kind).toBe('denied');
      }),
      { examples: [['169.254.0.1'], ['127.0.0.1'], ['0.0.0.0']] },
    );
  });

  test('NO_PROXY knows names, suffixes, ports and CIDRs', () => {
    const list = ['example.org', '.corp', '10.0.0.0/8', 'one.example:8080'];
    const direct = (host: string, port = 80): boolean => bypassesProxy(host, port, list);
    expect(['example.org', 'www.example.org', 'a.corp', '10.1.2.3', 'localhost', '127.0.0.1', '[::1]'].map((host) => direct(host))).toEqual(
      Array(7).fill(true),
    );
    expect([direct('one.example', 8080), direct('one.example', 80), direct('notexample.org'), direct('11.0.0.1')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(bypassesProxy('any.example', 80, ['*'])).toBe(true);
  });
});

test('a secret prints *** in strings, JSON and inspect', () => {
  const secret = new Secret('hunter2');
  expect(`${secret} ${JSON.stringify({ secret })} ${inspect({ secret }, { showHidden: true })}`).toBe(
    '*** {"secret":"***"} { secret: *** }',
  );
  expect(secret.reveal()).toBe('hunter2');
});
