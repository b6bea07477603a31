import { createHash } from 'node:crypto';
import { encodeBase64, hashSync } from 'bcryptjs';

import { reveal, type Secret } from '../../clients/secret.ts';
import { yamlText } from './yaml-text.ts';

/** A credential made for one child; random, so a cheap hash is enough. */
export interface ChildCredential {
  readonly username: string;
  readonly password: string | Secret;
}

/** bcrypt's cheapest: the password is random, and the child computes the hash again for new connections. */
const COST = 4;

/**
 * The `--web.config.file` of Prometheus, Alertmanager and node_exporter: nobody is answered without the credential.
 * The salt comes from the password, so that the same credential gives the same file.
 */
export function webFile(credential: ChildCredential): string {
  const password = reveal(credential.password);
  const salt = createHash('sha256').update(`web-file ${password}`).digest().subarray(0, 16);
  const hash = hashSync(password, `$2b$0${COST}$${encodeBase64([...salt], 16)}`);
  return yamlText({ basic_auth_users: { [credential.username]: hash } });
}
