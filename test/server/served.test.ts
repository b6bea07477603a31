import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { configSchema } from '../../src/model/config.ts';
import { raise } from '../../src/server/raise.ts';
import { run } from '../../src/tools/run.ts';
import { type FakeHouse, fakeHouse } from './fake-house.ts';
import type { World } from './fake-source.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanUps.splice(0).toReversed()) await each();
});

async function houseWith(server: object): Promise<FakeHouse> {
  const world: World = { nowMs: Date.now(), down: false, queries: 0, entities: new Map() };
  const fake = await fakeHouse(world, { server });
  cleanUps.push(fake.stop);
  return fake;
}

const account = { name: 'Ana', email: 'ana@example.org', password: 'correct horse battery' };

describe('served anywhere', () => {
  it('speaks TLS with a certificate of its own, and then sends the session over nothing else', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'vigia-tls-'));
    cleanUps.push(() => rmSync(dir, { recursive: true }));
    const certFile = join(dir, 'cert.pem');
    const keyFile = join(dir, 'key.pem');
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const made = await run(
      {
        file: 'openssl',
        args: [
          'req',
          '-x509',
          '-config',
          '/dev/null',
          '-newkey',
          'rsa:2048',
          '-nodes',
          '-days',
          '2',
          ...names,
          '-keyout',
          keyFile,
          '-out',
          certFile,
        ],
      },
      { timeoutMs: 30_000, maxBytes: 100_000 },
    );
    expect(made.stderr, 'openssl').not.toContain('rror');
    const fake = await houseWith({ tls: { certFile, keyFile } });
    const url = await fake.app.listen({ host: '127.0.0.1', port: 0 });
    const fetch = createGuardedFetch({ caPem: readFileSync(certFile, 'utf8'), forbiddenPorts: () => new Set() });
    cleanUps.push(() => fetch.close());
    const limits = { deadlineMs: 10_000, maxBytes: 1_000_000, allowLoopback: true };
    expect((await fetch(`${url}/health`, limits)).status).toBe(200);
    const answer = await fetch(`${url}/api/setup`, {
      ...limits,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(account),
    });
    expect(answer.status).toBe(200);
    expect(String(answer.headers['set-cookie'])).toMatch(/^__Host-vigia=.*; Secure/);
    expect(String(answer.headers['strict-transport-security'])).toContain('max-age');
  });

  it('says which certificate cannot be read', async () => {
    await expect(houseWith({ tls: { certFile: '/nonexistent/cert.pem', keyFile: '/nonexistent/key.pem' } })).rejects.toThrow(
      'Cannot read /nonexistent/cert.pem',
    );
  });

  it('lives under a base path, links of messages too', async () => {
    const { app, ask } = await houseWith({ basePath: '/watch' });
    expect((await app.inject('/watch/incidents')).body).toContain('<base href="/watch/"');
    expect((await app.inject('/watch/api/session')).json()).toMatchObject({ account: null });
    const link = await ask(null, 'GET', '/watch/go/incident?profile=linux-host&entity=web1');
    expect(link.headers['location']).toBe('/watch/incidents?entity=web1');
  });

  it('refuses plain HTTP where others can listen, unless somebody accepts it', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'vigia-plain-'));
    cleanUps.push(() => rmSync(dir, { recursive: true }));
    const raising = raise({
      config: configSchema.parse({ server: { listen: '0.0.0.0:0' } }),
      profiles: new Map(),
      files: { tls: undefined, caPem: undefined },
      dataDir: join(dir, 'data'),
      storeLocation: { file: join(dir, 'data', 'vigia.sqlite') },
      pageDir: dir,
      parts: {} as never,
      exporterTools: {} as never,
      version: '0.0.0',
      now: Date.now,
      remark: () => {},
    });
    await expect(raising).rejects.toThrow('Vigía would serve passwords unencrypted on 0.0.0.0. Set server.tls');
  });
});
