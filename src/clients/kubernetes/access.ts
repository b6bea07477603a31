import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { reasonOf, VigiaError } from '../../model/errors.ts';
import { trimSlash } from '../answer.ts';
import { Secret } from '../secret.ts';

/** How the API server is reached, and as whom. */
export interface KubernetesAccess {
  /** Base URL, with a path where a gateway has one. */
  readonly server: string;
  /** Authorities of the cluster, PEM; the system's are not asked then. */
  readonly caPem: string | undefined;
  /** The name its certificate bears, where that is not the URL's. */
  readonly serverName: string | undefined;
  readonly token: Secret | undefined;
  readonly certPem: string | undefined;
  readonly keyPem: Secret | undefined;
  /** Vigía runs in the cluster, and so reaches the addresses of pods. */
  readonly inCluster: boolean;
}

export interface AccessOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the service account is mounted; the usual place by default. */
  readonly serviceAccountDir?: string | undefined;
}

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Reads a kubeconfig file, or the service account of the pod this runs in. Tokens change: read again to have the newest.
 * Source: the Config type of client-go (tools/clientcmd/api/v1); fields that would run programs or switch checks off are refused.
 * @throws VigiaError `kubernetes-access` that names the file and what is wrong with it.
 */
export function readAccess(options: AccessOptions): KubernetesAccess {
  return options.kubeconfig === undefined ? serviceAccount(options) : kubeconfigAccess(options.kubeconfig, options.context);
}

function serviceAccount({ env, serviceAccountDir = SERVICE_ACCOUNT_DIR }: AccessOptions): KubernetesAccess {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  const file = `${serviceAccountDir}/token`;
  if (host === '')
    throw refused(file, 'KUBERNETES_SERVICE_HOST is not set, so this is no pod; name a kubeconfig file with kubernetes.kubeconfig');
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    caPem: textOf(file, `${serviceAccountDir}/ca.crt`),
    serverName: undefined,
    token: new Secret(textOf(file, file).trim()),
    certPem: undefined,
    keyPem: undefined,
    inCluster: true,
  };
}

const text = z.string().min(1).optional();
const clusterShape = z.object({
  server: z.url({ protocol: /^https?$/ }),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'tls-server-name': text,
  'insecure-skip-tls-verify': z.boolean().optional(),
  'proxy-url': text,
});
const userShape = z.object({
  token: text,
  tokenFile: text,
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  username: text,
  password: text,
  as: text,
  exec: z.unknown().optional(),
  'auth-provider': z.unknown().optional(),
});
const fileShape = z.object({
  'current-context': z.string().default(''),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) })),
  clusters: z.array(z.object({ name: z.string(), cluster: clusterShape })),
  users: z.array(z.object({ name: z.string(), user: userShape.nullish() })).default([]),
});

function kubeconfigAccess(file: string, wanted: string | undefined): KubernetesAccess {
  let tree: unknown;
  try {
    tree = parse(textOf(file, file), { maxAliasCount: 20 });
  } catch (thrown) {
    if (thrown instanceof VigiaError) throw thrown;
    throw refused(file, `it is not valid YAML: ${(reasonOf(thrown).split('\n')[0] ?? '').replace(/:$/, '')}`);
  }
  const parsed = fileShape.safeParse(tree);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(file, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is no kubeconfig'}`);
  }
  const { contexts, clusters, users } = parsed.data;
  const name = wanted ?? parsed.data['current-context'];
  const context = contexts.find((each) => each.name === name)?.context;
  if (context === undefined) {
    const known = contexts.map((each) => each.name).join(', ');
    throw refused(file, `it has no context "${name}"; ${known === '' ? 'it has none at all' : `kubernetes.context may be ${known}`}`);
  }
  const cluster = clusters.find((each) => each.name === context.cluster)?.cluster;
  if (cluster === undefined) throw refused(file, `the context "${name}" names the cluster "${context.cluster}", which is not there`);
  const user = users.find((each) => each.name === context.user)?.user;
  if (user === undefined || user === null) throw refused(file, `the context "${name}" names the user "${context.user}", who is not there`);
  refuseUnsafe(file, context.user, cluster, user);

  const read = (data: string | undefined, path: string | undefined): string | undefined =>
    data !== undefined ? Buffer.from(data, 'base64').toString('utf8') : path === undefined ? undefined : beside(file, path);
  const certPem = read(user['client-certificate-data'], user['client-certificate']);
  const keyPem = read(user['client-key-data'], user['client-key']);
  const token = user.token ?? (user.tokenFile === undefined ? undefined : beside(file, user.tokenFile).trim());
  if ((certPem === undefined) !== (keyPem === undefined))
    throw refused(file, `the user "${context.user}" has a certificate or a key, not both`);
  if (token === undefined && certPem === undefined)
    throw refused(file, `the user "${context.user}" has no token and no client certificate`);
  return {
    server: trimSlash(cluster.server),
    caPem: read(cluster['certificate-authority-data'], cluster['certificate-authority']),
    serverName: cluster['tls-server-name'],
    token: token === undefined ? undefined : new Secret(token),
    certPem,
    keyPem: keyPem === undefined ? undefined : new Secret(keyPem),
    inCluster: false,
  };
}

/** What would start programs, switch checks off, or act as somebody else. */
function refuseUnsafe(file: string, name: string, cluster: z.infer<typeof clusterShape>, user: z.infer<typeof userShape>): void {
  const instead = 'make a service account for Vigía (docs/kubernetes.md) and give its token';
  if (user.exec !== undefined && user.exec !== null)
    throw refused(file, `the user "${name}" has its token made by a program (exec), which Vigía does not run; ${instead}`);
  if (user['auth-provider'] !== undefined && user['auth-provider'] !== null)
    throw refused(file, `the user "${name}" has an auth-provider, which Vigía does not run; ${instead}`);
  if (user.username !== undefined || user.password !== undefined)
    throw refused(file, `the user "${name}" has a password, which API servers no longer take; ${instead}`);
  if (user.as !== undefined) throw refused(file, `the user "${name}" acts as somebody else (as); ${instead}`);
  if (cluster['insecure-skip-tls-verify'] === true)
    throw refused(file, 'insecure-skip-tls-verify would give the token to anybody; give the authority in certificate-authority-data');
  if (cluster['proxy-url'] !== undefined) throw refused(file, 'proxy-url is not used; set network.proxy');
}

const refused = (file: string, reason: string): VigiaError => new VigiaError('kubernetes-access', { file, reason });

/** A file that the kubeconfig names, from its own folder. */
const beside = (kubeconfig: string, path: string): string => textOf(kubeconfig, resolve(dirname(kubeconfig), path));

function textOf(named: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw refused(named, path === named ? reasonOf(thrown) : `${path}: ${reasonOf(thrown)}`);
  }
}
