import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDockerClient } from '../../src/clients/docker.ts';
import { engineFetch, readEngineCertificates } from '../../src/clients/docker-tls.ts';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import type { EngineTls } from '../../src/model/docker.ts';
import { loadConfig, readConfigFiles } from '../../src/server/config.ts';
import { executableIn } from '../../src/tools/executable.ts';
import { run, start } from '../../src/tools/run.ts';
import { recording, startRecordedEngine } from '../stand-ins/docker-recorded.ts';
import { eventually, freePort, scratch } from '../stand-ins/real.ts';

/** An engine that asks its callers for a certificate, as `dockerd --tlsverify` does: the recorded one behind a TLS listener. */
const outward = { forbiddenPorts: () => new Set<number>() };
const place = scratch();
const open: { stop(): Promise<unknown> }[] = [place];
const at = (...names: string[]): string => join(place.dir, ...names);

async function openssl(args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await run({ file: 'openssl', args }, { timeoutMs: 30_000, maxBytes: 10_000 });
  if (exitCode !== 0) throw new Error(stderr);
}
const made = ['req', '-x509', '-config', '/dev/null', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
/** A folder like that of DOCKER_CERT_PATH: an authority, a certificate by it and its key. */
async function folder(name: string, subject: string): Promise<string> {
  mkdirSync(at(name));
  const files = (cert: string, key: string) => ['-out', at(name, cert), '-keyout', at(name, key)];
  await openssl([
    ...made,
    ...files('ca.pem', 'ca-key.pem'),
    '-subj',
    `/CN=authority of ${name}`,
    '-addext',
    'basicConstraints=critical,CA:TRUE',
  ]);
  await sign(name, name, 'cert.pem', 'key.pem', subject);
  return at(name);
}
const sign = (authority: string, to: string, cert: string, key: string, subject: string): Promise<void> =>
  openssl([
    ...made,
    '-CA',
    at(authority, 'ca.pem'),
    '-CAkey',
    at(authority, 'ca-key.pem'),
    '-out',
    at(to, cert),
    '-keyout',
    at(to, key),
    '-subj',
    `/CN=${to}`,
    '-addext',
    `subjectAltName=${subject}`,
  ]);

const reaches = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const trial = connect(port, '127.0.0.1');
    trial.once('connect', () => resolve(true)).once('error', () => resolve(false));
    trial.once('connect', () => trial.destroy());
  });

describe.skipIf(executableIn('openssl', process.env['PATH'] ?? '') === null)('a Docker engine that listens with TLS', () => {
  let socket: string;
  let elsewhere: string;
  const listen = async (certificate: string, engine: string): Promise<string> => {
    const text = (name: string) => readFileSync(at(name), 'utf8');
    const options = { cert: text(`${certificate}.pem`), key: text(`${certificate}-key.pem`), ca: text('lab/ca.pem') };
    const server = createServer({ ...options, requestCert: true, rejectUnauthorized: true }, (near) => {
      const far = connect(engine);
      for (const each of [near, far]) each.on('error', () => {});
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({ stop: () => new Promise((resolve) => server.close(resolve)) });
    return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  beforeAll(async () => {
    await folder('lab', 'DNS:vigia');
    await folder('stranger', 'DNS:vigia');
    await sign('lab', '.', 'server.pem', 'server-key.pem', 'IP:127.0.0.1');
    await sign('lab', '.', 'other.pem', 'other-key.pem', 'DNS:other.example');
    const engine = await startRecordedEngine(at('docker.sock'));
    open.push(engine);
    socket = await listen('server', at('docker.sock'));
    elsewhere = await listen('other', at('docker.sock'));
  }, 60_000);
  afterAll(async () => {
    for (const each of open.toReversed()) await each.stop();
  });

  const opensslServer = async (): Promise<string> => {
    const port = await freePort();
    const own = ['-cert', at('server.pem'), '-key', at('server-key.pem'), '-CAfile', at('lab', 'ca.pem')];
    const args = ['s_server', '-accept', `127.0.0.1:${port}`, ...own, '-Verify', '1', '-tls1_2', '-verify_return_error', '-www', '-quiet'];
    const child = start({ file: 'openssl', args });
    open.push({
      stop: () => {
        child.kill('SIGKILL');
        return child.exited;
      },
    });
    await eventually('openssl s_server', () => reaches(port));
    return `tcp://127.0.0.1:${port}`;
  };
  const asked = async (tls: EngineTls, from = socket): Promise<unknown> => {
    const fetch = createGuardedFetch(outward);
    const secure = engineFetch(readEngineCertificates('lab', tls), outward);
    const client = createDockerClient({ name: 'lab', socket: from, fetch, secure });
    try {
      return await client.engine();
    } finally {
      await client.close();
      await fetch.close();
    }
  };

  test('answers whoever shows its certificate, by a folder as Docker names one or by single files', async () => {
    const answer = { release: recording().version.Version };
    expect(await asked({ certPath: at('lab') })).toMatchObject(answer);
    const files = { caFile: at('lab', 'ca.pem'), certFile: at('lab', 'cert.pem'), keyFile: at('lab', 'key.pem') };
    expect(await asked(files)).toMatchObject(answer);
    // A single file comes before the one of the folder.
    expect(await asked({ ...files, certPath: at('stranger') })).toMatchObject(answer);
  });

  test('says what is wrong with either side', async () => {
    // OpenSSL's own server, which says why it refuses somebody, as an engine does; and one that hangs up without a word. With TLS 1.3
    // the word comes after the handshake, and too late at times.
    const strict = await opensslServer();
    const none = { caFile: at('lab', 'ca.pem') };
    const wrong = { certPath: at('stranger'), caFile: at('lab', 'ca.pem') };
    for (const from of [strict, socket]) {
      await expect(asked(none, from)).rejects.toThrow(/^Docker engine lab at https:.*(client certificate|our certificate)/);
      await expect(asked(wrong, from)).rejects.toThrow(/^Docker engine lab at https:.*our certificate/);
    }
    await expect(asked({ certPath: at('lab'), caFile: at('stranger', 'ca.pem') })).rejects.toThrow(
      'its certificate comes from an unknown authority; trust that with tls.caFile of the engine',
    );
    await expect(asked({ certPath: at('lab') }, elsewhere)).rejects.toThrow('its certificate is for another name');
  });

  test('is configured by names of files, which are read at the start and must fit', () => {
    const file = at('vigia.yml');
    const read = (tls: unknown, listens = socket) => {
      writeFileSync(file, JSON.stringify({ docker: [{ name: 'lab', socket: listens, tls }] }));
      return readConfigFiles(loadConfig({ file, env: {} }).config).engines;
    };
    expect([...(read({ certPath: at('lab') })?.keys() ?? [])]).toEqual([socket]);
    expect(read(undefined)?.size).toBe(0);
    expect(JSON.stringify([...(read({ certPath: at('lab') })?.values() ?? [])])).not.toContain('PRIVATE KEY');
    expect(() => read({ certPath: at('none') })).toThrow(`Vigía cannot use ${at('none', 'ca.pem')} for the Docker engine lab: `);
    expect(() => read({ certPath: at('lab'), keyFile: at('stranger', 'key.pem'), certFile: at('lab', 'cert.pem') })).toThrow(
      `it is not the key of the certificate in ${at('lab', 'cert.pem')}`,
    );
    expect(() => read({ certPath: at('lab'), caFile: at('lab', 'key.pem') })).toThrow('it holds no certificate in PEM');
    expect(() => read({ certFile: at('lab', 'cert.pem'), keyFile: at('lab', 'ca.pem') })).toThrow('it holds no private key in PEM');
    expect(() => read({ certFile: at('lab', 'cert.pem') })).toThrow('docker.0.tls: certFile and keyFile belong together');
    expect(() => read({})).toThrow('docker.0.tls: certPath, or caFile, certFile and keyFile');
    expect(() => read({ certPath: at('lab') }, at('docker.sock'))).toThrow('docker.0.tls: TLS is for tcp://HOST:PORT');
    expect(() => read({ caPath: at('lab') })).toThrow('docker.0.tls.caPath: there is no such setting');
  });
});
