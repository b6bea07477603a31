import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineTls } from '../model/docker.ts';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { createGuardedFetch, type GuardedFetch, type GuardedFetchOptions } from './guarded.ts';
import { reveal, Secret } from './secret.ts';

/** What an engine that listens with TLS is known by, and what we show it. PEM. */
export interface EngineCertificates {
  /** Its authorities, which alone are trusted then; the usual ones where none is named. */
  readonly caPem: string | undefined;
  readonly certPem: string | undefined;
  readonly keyPem: Secret | undefined;
}

/**
 * Reads the files that the configuration names, by Docker's own names where it names a folder.
 * @throws VigiaError `docker-tls` that names the file and what is wrong with it.
 */
export function readEngineCertificates(name: string, tls: EngineTls): EngineCertificates {
  const refused = (file: string, reason: string): VigiaError => new VigiaError('docker-tls', { file, name, reason });
  const place = (own: string | undefined, usual: string): string | undefined =>
    own ?? (tls.certPath === undefined ? undefined : join(tls.certPath, usual));
  const read = (file: string | undefined): string | undefined => {
    try {
      return file === undefined ? undefined : readFileSync(file, 'utf8');
    } catch (thrown) {
      throw refused(file ?? '', reasonOf(thrown));
    }
  };
  const certificate = (file: string | undefined, pem: string | undefined): X509Certificate | undefined => {
    try {
      return pem === undefined ? undefined : new X509Certificate(pem);
    } catch {
      throw refused(file ?? '', 'it holds no certificate in PEM');
    }
  };
  const caFile = place(tls.caFile, 'ca.pem');
  const certFile = place(tls.certFile, 'cert.pem');
  const keyFile = place(tls.keyFile, 'key.pem');
  const [caPem, certPem, keyPem] = [read(caFile), read(certFile), read(keyFile)];
  certificate(caFile, caPem);
  const own = certificate(certFile, certPem);
  if (own !== undefined && keyPem !== undefined) {
    let key: KeyObject;
    try {
      key = createPrivateKey(keyPem);
    } catch {
      throw refused(keyFile ?? '', 'it holds no private key in PEM, or one with a password');
    }
    if (!own.checkPrivateKey(key)) throw refused(keyFile ?? '', `it is not the key of the certificate in ${certFile}`);
  }
  return { caPem, certPem, keyPem: keyPem === undefined ? undefined : new Secret(keyPem) };
}

/** A fetch for one engine alone; undefined where it has no certificates of its own. */
export function engineFetch(certificates: EngineCertificates | undefined, outward: GuardedFetchOptions): GuardedFetch | undefined {
  if (certificates === undefined) return undefined;
  const { caPem, certPem, keyPem } = certificates;
  const tls = { ca: caPem, cert: certPem, key: keyPem === undefined ? undefined : reveal(keyPem) };
  return createGuardedFetch({ ...outward, tls, caSetting: 'tls.caFile of the engine' });
}
