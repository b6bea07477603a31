/**
 * One table of errors: code, sentence, HTTP status, exit code. docs/errors.md is printed from it.
 * A sentence names the thing, the number and the fix; `{x}` is filled from the parameters.
 */
export interface ErrorRow {
  readonly sentence: string;
  readonly status: number;
  readonly exit: number;
}

const row = (status: number, exit: number, sentence: string): ErrorRow => ({ sentence, status, exit });

export const errorTable = {
  // Configuration and command line
  usage: row(400, 64, '{problem}. See "vigia --help".'),
  'config-unreadable': row(500, 78, 'Cannot read {file}: {reason}.'),
  'config-syntax': row(500, 78, '{file} is not valid YAML: {reason}.'),
  'config-invalid': row(500, 78, '{count} problem(s) in the configuration:\n{problems}'),
  'config-secret-file': row(500, 78, 'Cannot read the secret file {file} that {key} names: {reason}.'),
  'docker-tls': row(500, 78, 'Vigía cannot use {file} for the Docker engine {name}: {reason}.'),
  'kubernetes-access': row(500, 78, 'Vigía cannot use {file} to reach Kubernetes: {reason}.'),
  // Starting
  'data-unwritable': row(
    500,
    73,
    'Cannot write in the data folder {dir}: {reason}. Give another with --data DIR, or change its owner to {user}.',
  ),
  'data-in-use': row(
    500,
    75,
    'Another Vigía (pid {pid}) already uses the data folder {dir}. Stop it with "vigia down --data {dir}", or give another folder with --data DIR.',
  ),
  'data-damaged': row(
    500,
    65,
    'The database {file} is damaged: {reason}. It was left as it is. Move {file}* to another folder; then "vigia restore FILE --data {dir}" brings a backup back, and "vigia up" without one begins anew.',
  ),
  'data-newer': row(
    500,
    78,
    'The data in {dir} were written by a newer Vigía (schema {found}, this one knows {known}). Install that version again, or restore a backup made before.',
  ),
  'listen-in-use': row(
    500,
    69,
    'Port {port} on {host} is already taken. Stop what uses it ("ss -ltnp | grep :{port}" tells), or give another with --listen HOST:PORT.',
  ),
  'listen-refused': row(500, 77, 'Cannot listen on {host}:{port}: {reason}.'),
  'plain-http-off-loopback': row(
    500,
    78,
    'Vigía would serve passwords unencrypted on {host}. Set server.tls, put it behind a TLS proxy on loopback, or accept it with server.allowPlainHttp: true.',
  ),
  'part-missing': row(500, 69, '{part} is not installed and could not be had: {reason}. This helps: {help}'),
  'part-checksum': row(500, 69, 'The checksum of {file} is {found}, but {expected} was promised by {source}. Nothing was installed.'),
  'part-download': row(500, 69, 'The download of {url} failed: {reason}.'),
  'data-missing': row(
    500,
    66,
    'The data folder {dir} holds no data of Vigía. Name the right one with --data DIR, or start Vigía once: "vigia up --data {dir}".',
  ),
  'data-unreadable': row(500, 77, 'You may not look into the data folder {dir}. Ask as root or as its owner: "sudo vigia …".'),
  'not-running': row(500, 69, 'No Vigía runs on the data folder {dir}. Start one with "vigia up --data {dir}".'),
  'child-gave-up': row(500, 70, '{part} ended {count} times in {seconds} s and is not started again for now. Its last words: {words}'),
  'derived-refused': row(500, 70, '{tool} refuses the file made for {part}: {reason}. The old file stays.'),
  // Requests
  'not-found': row(404, 1, 'There is no {thing} "{id}".'),
  'input-invalid': row(400, 65, '{problems}'),
  conflict: row(409, 1, '{reason}'),
  'signin-required': row(401, 77, 'Sign in first.'),
  'signin-failed': row(401, 77, 'E-mail or password is wrong.'),
  'signin-limited': row(429, 75, 'Too many tries. Try again in {seconds} s.'),
  forbidden: row(403, 77, 'This needs the role {needed}; yours is {role}.'),
  'out-of-scope': row(403, 77, 'Your account may not see {what}.'),
  'cross-site': row(403, 77, 'The request came from another site ({origin}) and was refused.'),
  'setup-code': row(403, 77, 'The set-up code is wrong. It is in the words that "vigia up" printed.'),
  'setup-done': row(409, 1, 'Set-up is done: an administrator exists. Sign in.'),
  'too-large': row(413, 1, 'The request has more than {limit} bytes.'),
  'too-many': row(429, 75, 'Too many requests. Try again in {seconds} s.'),
  internal: row(500, 70, 'Something went wrong inside Vigía. It was logged as {id}.'),
  // Far sides
  'far-unreachable': row(502, 69, '{what} at {url} does not answer: {reason}.'),
  'far-status': row(502, 69, '{what} answered {status}: {reason}.'),
  'far-garbage': row(502, 65, '{what} answered something else than expected: {reason}.'),
  'far-too-large': row(502, 65, '{what} sent more than {limit} bytes and was cut off.'),
  'far-timeout': row(504, 69, '{what} did not finish its answer within {seconds} s.'),
  'far-limited': row(
    503,
    75,
    '{what} limits how often it may be asked (it answered {status}: {reason}). It is asked again in {seconds} s; prometheus.source.budget makes Vigía ask less.',
  ),
  'far-query-limit': row(
    502,
    69,
    '{what} refuses a query that passes one of its limits (it answered {status}: {reason}). Raise that limit there, or narrow prometheus.source.selectors.',
  ),
  'far-partial': row(
    502,
    69,
    '{what} has only a part of the answer: {reason}. Nothing is scored from a part; once it has the whole again, scoring goes on from where it stood. With prometheus.source.partial: take it is scored all the same.',
  ),
  'far-forbidden': row(403, 77, 'Vigía does not connect to {address}: {reason}.'),
  'cluster-too-large': row(502, 65, 'The cluster has more than {limit} {resource}, which is more than one Vigía watches.'),
  // Detection
  'model-corrupt': row(500, 65, 'The model of {entity} ({profile}) is damaged: {reason}. It was set aside and is learned again.'),
  'model-unfit': row(
    409,
    1,
    'Version {version} of {entity} ({profile}) was learned for an older version of the profile: it knows other features.',
  ),
  'too-little-data': row(409, 1, 'Only {have} usable steps of {need} are there for {entity}. Learning goes on until {until}.'),
  'csv-unreadable': row(500, 66, 'Cannot read {file}: {reason}.'),
  'csv-invalid': row(500, 65, '{file} cannot be used: {problem}.'),
  'backup-exists': row(500, 73, 'The file {file} exists already.'),
  'backup-invalid': row(500, 65, '{file} is no Vigía backup: {reason}.'),
  'file-unwritable': row(500, 73, 'Cannot write {file}: {reason}.'),
  'stop-refused': row(
    500,
    77,
    'Vigía (pid {pid}) belongs to somebody else and cannot be stopped from here. Do it as root: "sudo vigia down --data {dir}".',
  ),
  bug: row(500, 70, '{reason}'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;
export type ErrorParams = Readonly<Record<string, string | number>>;

/** An expected failure with a code; anything else that is thrown is a bug. */
export class VigiaError extends Error {
  readonly code: ErrorCode;
  readonly params: ErrorParams;

  constructor(code: ErrorCode, params: ErrorParams = {}, options?: { cause?: unknown }) {
    super(sentence(code, params), options);
    this.name = 'VigiaError';
    this.code = code;
    this.params = params;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get exit(): number {
    return errorTable[this.code].exit;
  }
}

/** The sentence of a code with its parameters filled in. */
export function sentence(code: ErrorCode, params: ErrorParams): string {
  return errorTable[code].sentence.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    return value === undefined ? whole : String(value);
  });
}

/** The message of anything thrown, for a sentence that names the file itself. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.replace(/, [a-z]+ '[^']*'$/, '') : String(thrown);
}
