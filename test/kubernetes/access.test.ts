import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readAccess } from '../../src/clients/kubernetes/access.ts';
import { reveal } from '../../src/clients/secret.ts';
import { scratch, write } from '../stand-ins/real.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

function folder(files: Readonly<Record<string, string>>): string {
  const { dir, stop } = scratch();
  open.push({ stop });
  write(dir, files);
  return dir;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig of two clusters and two users; a test changes what it is about. */
function config(part: { cluster?: object; user?: object | null; current?: string } = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': part.current ?? 'home',
    contexts: [
      { name: 'home', context: { cluster: 'home', user: 'reader', namespace: 'default' } },
      { name: 'far', context: { cluster: 'far', user: 'certified' } },
      { name: 'nowhere', context: { cluster: 'gone', user: 'reader' } },
    ],
    clusters: [
      { name: 'home', cluster: { server: 'https://10.0.0.1:6443/', 'certificate-authority-data': base64('HOME CA'), ...part.cluster } },
      {
        name: 'far',
        cluster: { server: 'https://rancher.example/k8s/clusters/c-1', 'certificate-authority': 'ca.pem', 'tls-server-name': 'api' },
      },
    ],
    users: [
      { name: 'reader', user: part.user === undefined ? { token: 'secret' } : part.user },
      { name: 'certified', user: { 'client-certificate': 'pki/cert.pem', 'client-key-data': base64('KEY') } },
    ],
  });
}

const read = (text: string, context?: string, more: Readonly<Record<string, string>> = {}) =>
  readAccess({ kubeconfig: join(folder({ config: text, ...more }), 'config'), context, env: {} });

test('a kubeconfig with a token, and another context with a certificate in files of its own folder', () => {
  const home = read(config());
  expect(home).toMatchObject({ server: 'https://10.0.0.1:6443', caPem: 'HOME CA', certPem: undefined, inCluster: false });
  expect(reveal(home.token ?? '')).toBe('secret');
  expect(JSON.stringify(home)).not.toContain('secret');
  const far = read(config(), 'far', { 'ca.pem': 'FAR CA', 'pki/cert.pem': 'CERT' });
  expect(far).toMatchObject({ server: 'https://rancher.example/k8s/clusters/c-1', caPem: 'FAR CA', serverName: 'api', certPem: 'CERT' });
  expect(reveal(far.keyPem ?? '')).toBe('KEY');
  expect(far.token).toBeUndefined();
});

test('a token in a file is read anew each time', () => {
  const dir = folder({ config: config({ user: { tokenFile: 'token' } }), token: 'first\n' });
  const now = () => reveal(readAccess({ kubeconfig: join(dir, 'config'), env: {} }).token ?? '');
  expect(now()).toBe('first');
  write(dir, { token: 'second\n' });
  expect(now()).toBe('second');
});

test('inside of a cluster, the service account of the pod', () => {
  const dir = folder({ token: 'mounted\n', 'ca.crt': 'CLUSTER CA' });
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  const access = readAccess({ env, serviceAccountDir: dir });
  expect(access).toMatchObject({ server: 'https://[fd00::1]:443', caPem: 'CLUSTER CA', inCluster: true });
  expect(reveal(access.token ?? '')).toBe('mounted');
  expect(() => readAccess({ env: {}, serviceAccountDir: dir })).toThrow(/KUBERNETES_SERVICE_HOST is not set.*kubernetes\.kubeconfig/);
  expect(() => readAccess({ env, serviceAccountDir: join(dir, 'none') })).toThrow(/ENOENT/);
});

describe('what cannot be used is refused with the file, the reason and the way out', () => {
  test.each<[string, string, string | undefined, RegExp]>([
    [
      'a program',
      config({ user: { exec: { command: 'aws', apiVersion: 'v1' } } }),
      undefined,
      /made by a program \(exec\).*service account.*docs\/kubernetes\.md/,
    ],
    ['an auth-provider', config({ user: { 'auth-provider': { name: 'gcp' } } }), undefined, /auth-provider/],
    ['a password', config({ user: { username: 'a', password: 'hunter2' } }), undefined, /has a password/],
    ['somebody else', config({ user: { token: 't', as: 'admin' } }), undefined, /acts as somebody else/],
    [
      'no check of certificates',
      config({ cluster: { 'insecure-skip-tls-verify': true } }),
      undefined,
      /insecure-skip-tls-verify.*certificate-authority-data/,
    ],
    ['a proxy', config({ cluster: { 'proxy-url': 'http://p:1' } }), undefined, /network\.proxy/],
    ['nothing to show', config({ user: {} }), undefined, /no token and no client certificate/],
    ['a certificate without its key', config({ user: { 'client-certificate-data': base64('C') } }), undefined, /not both/],
    ['no user', config({ user: null }), undefined, /the user "reader", who is not there/],
    ['a context that is not there', config(), 'moon', /no context "moon"; kubernetes\.context may be home, far, nowhere/],
    ['a cluster that is not there', config(), 'nowhere', /the cluster "gone", which is not there/],
    ['a file that is not there', config({ user: { tokenFile: 'none' } }), undefined, /none: ENOENT/],
    ['no YAML', 'a: [', undefined, /not valid YAML/],
    ['another YAML', 'a: 1', undefined, /contexts: /],
    ['an address that is none', config({ cluster: { server: 'ftp://x' } }), undefined, /clusters\.0\.cluster\.server/],
  ])('%s', (_, text, context, reason) => {
    let thrown: unknown;
    try {
      read(text, context);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'kubernetes-access', message: expect.stringMatching(reason) });
    expect(String(thrown)).toContain('config');
    expect(String(thrown)).not.toContain('hunter2');
  });
});
