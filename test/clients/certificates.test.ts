import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createGuardedFetch, type GuardedFetch } from '../../src/clients/guarded.ts';
import { executableIn } from '../../src/tools/executable.ts';
import { run } from '../../src/tools/run.ts';
import { scratch } from '../stand-ins/real.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

function door(caPem?: string): GuardedFetch {
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set(), caPem });
  open.push({ stop: () => fetch.close() });
  return fetch;
}

/** A server with a certificate of its own making for a name. */
async function far(name: string): Promise<{ url: string; certificate: string }> {
  const { dir, stop } = scratch();
  open.push({ stop });
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${name}`];
  const args = [
    'req',
    '-x509',
    '-config',
    '/dev/null',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    key,
    '-out',
    cert,
  ];
  const made = await run({ file: 'openssl', args: [...args, ...subject] }, { timeoutMs: 30_000, maxBytes: 10_000 });
  expect([made.exitCode, made.stderr.includes('error')]).toEqual([0, false]);
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificate: readFileSync(cert, 'utf8') };
}

const local = { deadlineMs: 10_000, maxBytes: 1000, allowLoopback: true };

test.skipIf(executableIn('openssl', process.env['PATH'] ?? '') === null)(
  'certificates are checked, against the own authority too',
  async () => {
    const server = await far('IP:127.0.0.1');
    await expect(door()(server.url, local)).rejects.toMatchObject({
      code: 'far-unreachable',
      message: expect.stringContaining('network.caFile'),
    });
    expect((await door(server.certificate)(server.url, local)).body.toString()).toBe('hello');
    const other = await far('DNS:other.example');
    await expect(door(other.certificate)(other.url, local)).rejects.toMatchObject({
      message: expect.stringContaining('is for another name'),
    });
  },
);
