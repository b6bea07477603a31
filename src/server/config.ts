import { existsSync, readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { detectors } from '../detect/index.ts';
import { type Config, configSchema, configSecrets } from '../model/config.ts';
import { type EngineCertificates, readEngineCertificates } from '../clients/docker-tls.ts';
import { type AccessOptions, type KubernetesAccess, readAccess } from '../clients/kubernetes/access.ts';
import { reasonOf, VigiaError } from '../model/errors.ts';
import { MASKED, receiverSecrets } from '../model/receiver.ts';

/** Where a configuration comes from: file, then environment, then command line; the later wins. */
export interface ConfigInput {
  /** Named by a person: must exist. */
  readonly file?: string | undefined;
  /** Read only when it exists. */
  readonly defaultFile?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly listen?: string | undefined;
}

type Tree = { [key: string]: unknown };

/**
 * Reads `vigia.yml` and VIGIA_SECTION__KEY.
 * @throws VigiaError `config-unreadable`, `config-syntax`, `config-secret-file`, or `config-invalid` with every problem found.
 */
export function loadConfig(input: ConfigInput): { config: Config; file: string | null } {
  const file = input.file ?? (input.defaultFile !== undefined && existsSync(input.defaultFile) ? input.defaultFile : null);
  const problems: string[] = [];
  const tree: Tree = file === null ? {} : parseFile(file);
  readEnvironment(tree, input.env, problems);
  if (input.listen !== undefined) set(tree, ['server', 'listen'], input.listen);
  readSecretFiles(tree);
  const result = configSchema.safeParse(tree);
  if (!result.success) problems.push(...result.error.issues.flatMap((issue) => describe(issue, tree)));
  problems.push(...detectionProblems(result.success ? result.data.detection : tree['detection']));
  if (!result.success || problems.length > 0) {
    throw new VigiaError('config-invalid', { count: problems.length, problems: problems.map((problem) => `  ${problem}`).join('\n') });
  }
  return { config: result.data, file };
}

function parseFile(file: string): Tree {
  const document = parseDocument(textOf(file), { uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) throw new VigiaError('config-syntax', { file, reason: (error.message.split('\n')[0] ?? '').replace(/:$/, '') });
  const tree: unknown = document.toJS({ maxAliasCount: 20 });
  if (tree === null || tree === undefined) return {};
  if (!isTree(tree)) throw new VigiaError('config-syntax', { file, reason: 'it must hold sections, like "server:"' });
  return tree;
}

/** VIGIA_PROMETHEUS__SCRAPE_INTERVAL=5s is prometheus.scrapeInterval; other VIGIA_ names without "__" belong to the launcher. */
function readEnvironment(tree: Tree, env: ConfigInput['env'], problems: string[]): void {
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !name.startsWith('VIGIA_') || !name.includes('__')) continue;
    const path = name
      .slice('VIGIA_'.length)
      .split('__')
      .map((part) => part.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
    const schema = schemaAt(path);
    if (schema === null && !path.at(-1)?.endsWith('File')) {
      problems.push(`${name}: there is no setting ${path.join('.')}${nearest(path.at(-1) ?? '', keysAt(path.slice(0, -1)))}`);
      continue;
    }
    set(tree, path, schema === null ? value : fromText(schema, value));
  }
  const plain: readonly [string, string[]][] = [
    ['DATABASE_URL', ['database', 'url']],
    ['HTTPS_PROXY', ['network', 'proxy']],
  ];
  for (const [name, path] of plain) {
    if (env[name] && get(tree, path) === undefined) set(tree, path, env[name]);
  }
  if (env['NO_PROXY'] && get(tree, ['network', 'noProxy']) === undefined) {
    set(
      tree,
      ['network', 'noProxy'],
      env['NO_PROXY'].split(',').map((host) => host.trim()),
    );
  }
}

/** A text from the environment as the type that its setting has. */
function fromText(schema: z.ZodType, text: string): unknown {
  if (schema.safeParse(text).success) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** `passwordFile: /run/secrets/x` stands for the password that the file holds. */
function readSecretFiles(tree: Tree, path: readonly string[] = []): void {
  for (const [key, value] of Object.entries(tree)) {
    const here = [...path, key];
    if (Array.isArray(value)) for (const [at, item] of value.entries()) if (isTree(item)) readSecretFiles(item, [...here, String(at)]);
    if (isTree(value)) readSecretFiles(value, here);
    const secret = key.replace(/(_file|File)$/, '');
    const isSecret = receiverSecrets.has(secret) || configSecrets.includes([...path, secret].join('.'));
    if (secret === key || !isSecret || typeof value !== 'string') continue;
    try {
      tree[secret] = readFileSync(value, 'utf8').trimEnd();
      delete tree[key];
    } catch (thrown) {
      throw new VigiaError('config-secret-file', { file: value, key: here.join('.'), reason: reasonOf(thrown) });
    }
  }
}

/** What the schema cannot know: which detectors and time zones there are. Of a section that it refuses, what is text is looked at all the same. */
function detectionProblems(section: unknown): string[] {
  if (!isTree(section)) return [];
  const { detector, timeZone } = section;
  const problems: string[] = [];
  if (typeof detector === 'string' && !detectors.has(detector))
    problems.push(`detection.detector: there is no "${detector}"${nearest(detector, [...detectors.keys()])}`);
  if (typeof timeZone !== 'string') return problems;
  try {
    Intl.DateTimeFormat('en', { timeZone });
  } catch {
    problems.push(`detection.timeZone: "${timeZone}" is no time zone; write an IANA name like Europe/Madrid`);
  }
  return problems;
}

/** What only the profiles tell. @throws VigiaError `config-invalid` where the configuration names one that is not there. */
export function mustKnowProfiles({ discovery }: Config, profiles: ReadonlyMap<string, unknown>): void {
  const known = [...profiles.keys()];
  const named = [
    ...(discovery?.dns ?? []).map(({ profile }, at) => ({ key: `discovery.dns.${at}.profile`, profile })),
    ...(discovery?.files ?? []).map(({ profile }, at) => ({ key: `discovery.files.${at}.profile`, profile })),
  ];
  const problems = named
    .filter(({ profile }) => !profiles.has(profile))
    .map(({ key, profile }) => `  ${key}: there is no profile "${profile}"${nearest(profile, known)}`);
  if (problems.length > 0) throw new VigiaError('config-invalid', { count: problems.length, problems: problems.join('\n') });
}

function describe(issue: z.core.$ZodIssue, tree: Tree): string[] {
  const at = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(issue.path.map(String));
    return issue.keys.map((key) => `${at === '' ? '' : `${at}.`}${key}: there is no such setting${nearest(key, known)}`);
  }
  // What the schema says in words of its own says it better.
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return [`${at}: ${issue.message}`];
  const value = issue.path.reduce<unknown>((node, key) => (node as Record<PropertyKey, unknown> | undefined)?.[key], tree);
  const key = String(issue.path.at(-1));
  if (value === undefined) return [`${at}: it is missing${receiverSecrets.has(key) ? `; ${key}File may name a file that holds it` : ''}`];
  // The number itself is not repeated: it may be a secret.
  if (issue.expected === 'string' && typeof value === 'number') return [`${at}: a text is wanted, not a number; write it in quotes`];
  return [`${at}: ${issue.message}`];
}

/** ", did you mean …?" for the nearest known name, or the names there are. */
function nearest(name: string, known: readonly string[]): string {
  const ranked = known.map((each) => ({ each, far: distance(name.toLowerCase(), each.toLowerCase()) })).sort((a, b) => a.far - b.far);
  const [best] = ranked;
  if (best === undefined) return '';
  const begun = known.filter((each) => each.startsWith(name));
  if (begun.length === 1) return `, did you mean "${begun[0]}"?`;
  return best.far <= Math.max(2, name.length / 3) ? `, did you mean "${best.each}"?` : `; known here: ${known.join(', ')}`;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, charA] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, charB] of [...b].entries()) {
      next.push(Math.min((next[j] as number) + 1, (row[j + 1] as number) + 1, (row[j] as number) + (charA === charB ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) as number;
}

/** The schema under a path of keys, through defaults and optionals. */
function schemaAt(path: readonly string[], intoLists = false): z.ZodType | null {
  let schema: z.ZodType | null = configSchema;
  for (const key of path) {
    const inner: z.ZodType = unwrap(schema);
    if (inner instanceof z.ZodRecord) return z.string();
    if (intoLists && inner instanceof z.ZodArray) {
      schema = inner.element as z.ZodType;
      continue;
    }
    schema = inner instanceof z.ZodObject ? ((inner.shape as Record<string, z.ZodType>)[key] ?? null) : null;
    if (schema === null) return null;
  }
  return schema;
}

function keysAt(path: readonly string[]): string[] {
  const schema = schemaAt(path, true);
  const inner = schema === null ? null : unwrap(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

export function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return unwrap(schema.unwrap() as z.ZodType);
  return schema;
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

function get(tree: Tree, path: readonly string[]): unknown {
  return path.reduce<unknown>((node, key) => (isTree(node) && Object.hasOwn(node, key) ? node[key] : undefined), tree);
}

function set(tree: Tree, path: readonly string[], value: unknown): void {
  let node = tree;
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(node, key) ? node[key] : undefined;
    const child: Tree = isTree(next) ? next : {};
    node[key] = child;
    node = child;
  }
  node[path.at(-1) as string] = value;
}

/** Files that the configuration names, read while they can be: as root, before Vigía becomes a user of its own. */
export interface ConfigFiles {
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly caPem: string | undefined;
  readonly kubernetes?: KubernetesAccess | undefined;
  /** Of Docker engines with TLS, by their sockets. */
  readonly engines?: ReadonlyMap<string, EngineCertificates>;
}

/** How the cluster of a configuration is found. */
export function accessOptions(kubernetes: NonNullable<Config['kubernetes']>, env: AccessOptions['env'] = process.env): AccessOptions {
  return { kubeconfig: kubernetes.kubeconfig, context: kubernetes.context, env };
}

/** @throws VigiaError `config-unreadable`, `kubernetes-access`, `docker-tls`. */
export function readConfigFiles(config: Config): ConfigFiles {
  const { tls } = config.server;
  const { caFile } = config.network;
  return {
    tls: tls === undefined ? undefined : { cert: textOf(tls.certFile), key: textOf(tls.keyFile) },
    caPem: caFile === undefined ? undefined : textOf(caFile),
    kubernetes: config.kubernetes === undefined ? undefined : readAccess(accessOptions(config.kubernetes)),
    engines: new Map(
      config.docker.flatMap(({ name, socket, tls }) => (tls === undefined ? [] : [[socket, readEngineCertificates(name, tls)] as const])),
    ),
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new VigiaError('config-unreadable', { file, reason: reasonOf(thrown) });
  }
}

const loopbackHosts = new Set(['127.0.0.1', '::1', 'localhost']);

/** Where the page listens. @throws VigiaError `plain-http-off-loopback` before anything is installed or opened for it. */
export function listenOf(config: Config): { host: string; port: number; isLoopback: boolean } {
  const { listen, tls, allowPlainHttp } = config.server;
  const at = listen.lastIndexOf(':');
  const host = listen.slice(0, at).replace(/^\[|\]$/g, '');
  const isLoopback = loopbackHosts.has(host);
  if (!isLoopback && tls === undefined && !allowPlainHttp) throw new VigiaError('plain-http-off-loopback', { host });
  return { host, port: Number(listen.slice(at + 1)), isLoopback };
}

/** The configuration as a person may see it: secrets masked. */
export function maskedConfig(config: Config): Tree {
  const copy = structuredClone(config) as unknown as Tree;
  for (const secret of configSecrets) {
    const path = secret.split('.');
    if (get(copy, path) !== undefined) set(copy, path, MASKED);
  }
  for (const receiver of config.alerts.receivers.keys()) {
    const shown = (copy['alerts'] as { receivers: Tree[] }).receivers[receiver] as Tree;
    for (const key of Object.keys(shown)) if (receiverSecrets.has(key) && shown[key] !== '') shown[key] = MASKED;
  }
  return copy;
}
