import { VigiaError } from '../model/errors.ts';
import { garbage, isRecord, parseJson, quote, refusal, requestHeaders, stringPairs, trimSlash } from './answer.ts';
import type { GuardedAnswer, GuardedFetch } from './guarded.ts';
import type { Labels } from './samples.ts';
import { reveal, type Secret } from './secret.ts';

export interface InfluxOptions {
  /** How sentences call it, for example `InfluxDB`. */
  readonly name: string;
  readonly baseUrl: string;
  /** Which generation's endpoints it has. */
  readonly version: 1 | 2 | 3;
  /** 2.x only: the organization of the buckets. */
  readonly org?: string | undefined;
  /** 2.x and 3.x; 1.x takes it as a bearer token when there is no user. */
  readonly token?: string | Secret | undefined;
  readonly username?: string | undefined;
  readonly password?: string | Secret | undefined;
  readonly fetch: GuardedFetch;
  /** For one request; 30 s by default. */
  readonly deadlineMs?: number | undefined;
  /** For one answer; 64 MiB by default. */
  readonly maxBytes?: number | undefined;
  /** Lines of one request; 5,000 by default. */
  readonly batchLines?: number | undefined;
}

/** Where points lie: a database (1.x, 3.x) or bucket (2.x), and on 1.x its retention policy. */
export interface Place {
  readonly database: string;
  readonly retentionPolicy?: string | undefined;
}

export interface Written {
  readonly written: number;
  /** Lines that InfluxDB refuses however often they are sent; they are lost to the archive. */
  readonly refused: number;
  /** Why the first of them was refused. */
  readonly reason: string;
}

/** One series of a select of `value`: tags as they are kept, times in Unix ms. */
export interface InfluxSeries {
  readonly name: string;
  readonly tags: Labels;
  readonly tsMs: Float64Array;
  readonly values: Float64Array;
}

/** InfluxDB 1.x, 2.x or 3.x. Methods throw VigiaError `far-*` and nothing else for what a far side can do. */
export interface InfluxClient {
  readonly name: string;
  /** Its version, as it says itself. */
  ping(): Promise<string>;
  /** Makes the place where it is missing; `keepMs` null keeps for ever. Rights that are missing are left to `write` to meet. */
  prepare(place: Place, keepMs: number | null): Promise<void>;
  /**
   * Writes lines; the same lines again change nothing. A line that is refused is searched for by halves, so that all others
   * are kept. @throws VigiaError where trying again can help: nothing is known about the rest of the lines then.
   */
  write(place: Place, lines: readonly string[]): Promise<Written>;
  /** InfluxQL statements whose columns are time and value, each answered by its series. All three generations speak it. */
  select(database: string, statements: readonly string[]): Promise<InfluxSeries[][]>;
}

interface Sum {
  written: number;
  refused: number;
  reason: string;
  /** Whether this place took the control line. */
  controlled: boolean;
}

const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Refused alike by a far side that refuses everything; accepted by one that only minds a line's content. */
export const CONTROL_METRIC = 'vigia_archive_control';
const CONTROL_LINE = `${CONTROL_METRIC} value=1`;

export function createInfluxClient(options: InfluxOptions): InfluxClient {
  const what = options.name;
  const baseUrl = trimSlash(options.baseUrl);
  const { version } = options;

  function headers(): Record<string, string> {
    if (options.token === undefined) return requestHeaders(options);
    return { authorization: `${version === 2 ? 'Token' : 'Bearer'} ${reveal(options.token)}` };
  }

  async function send(method: 'GET' | 'POST', path: string, body?: { type: string; text: string }): Promise<GuardedAnswer> {
    return options.fetch(`${baseUrl}${path}`, {
      method,
      headers: { ...headers(), ...(body === undefined ? {} : { 'content-type': body.type }) },
      body: body?.text,
      deadlineMs: options.deadlineMs ?? 30_000,
      maxBytes: options.maxBytes ?? 64 * 1024 * 1024,
      // The base URL comes from the administrator, who may mean this machine.
      allowLoopback: true,
      what,
    });
  }
  const json = (value: unknown) => ({ type: 'application/json', text: JSON.stringify(value) });
  const form = (pairs: Record<string, string>) => ({
    type: 'application/x-www-form-urlencoded',
    text: new URLSearchParams(pairs).toString(),
  });

  function writePath({ database, retentionPolicy }: Place): string {
    const path = {
      1: () => ['/write', { db: database, ...(retentionPolicy === undefined ? {} : { rp: retentionPolicy }), precision: 'ms' }] as const,
      2: () => ['/api/v2/write', { org: options.org ?? '', bucket: database, precision: 'ms' }] as const,
      3: () => ['/api/v3/write_lp', { db: database, precision: 'millisecond', accept_partial: 'true' }] as const,
    }[version]();
    return `${path[0]}?${new URLSearchParams(path[1]).toString()}`;
  }

  const post = (place: Place, lines: readonly string[]): Promise<GuardedAnswer> =>
    send('POST', writePath(place), { type: 'text/plain; charset=utf-8', text: `${lines.join('\n')}\n` });

  /** Writes one batch, halving it until what is refused stands alone. */
  async function push(place: Place, lines: readonly string[], sum: Sum): Promise<void> {
    if (lines.length === 0) return;
    const answer = await post(place, lines);
    if (isSuccess(answer)) {
      sum.written += lines.length;
      return;
    }
    if (![400, 413, 422].includes(answer.status)) throw refusal(what, answer);
    // A wrong setting is answered by 400 too: lines are given up only where another line is taken.
    if (!sum.controlled) {
      const control = await post(place, [CONTROL_LINE]);
      if (!isSuccess(control)) throw refusal(what, control);
      sum.controlled = true;
    }
    const { reason, dropped, expired, lineNumbers } = verdict(answer);
    const bad = expired ? dropped : dropped >= lines.length || lines.length === 1 ? lines.length : 0;
    if (bad > 0) {
      sum.written += lines.length - bad;
      sum.refused += bad;
      sum.reason ||= reason;
      return;
    }
    const named = new Set(lineNumbers.filter((number) => number >= 1 && number <= lines.length));
    if (named.size > 0) {
      sum.refused += named.size;
      sum.reason ||= reason;
      await push(
        place,
        lines.filter((_, at) => !named.has(at + 1)),
        sum,
      );
      return;
    }
    const half = Math.ceil(lines.length / 2);
    await push(place, lines.slice(0, half), sum);
    await push(place, lines.slice(half), sum);
  }

  async function query(database: string, statement: string): Promise<unknown[]> {
    const answer = await send('POST', `/query?${new URLSearchParams({ db: database, epoch: 'ms' }).toString()}`, form({ q: statement }));
    if (!isSuccess(answer)) throw refusal(what, answer);
    const body = parseJson(what, answer.body);
    if (!isRecord(body) || !Array.isArray(body['results'])) throw garbage(what, 'no result of InfluxQL');
    for (const result of [body, ...(body['results'] as unknown[])]) {
      if (isRecord(result) && typeof result['error'] === 'string') {
        throw new VigiaError('far-status', { what, status: answer.status, reason: quote(result['error']) });
      }
    }
    return body['results'] as unknown[];
  }

  async function prepareFirst({ database, retentionPolicy }: Place, keepMs: number | null): Promise<void> {
    await query(database, `CREATE DATABASE ${identifier(database)}`);
    if (retentionPolicy === undefined) return;
    const policy = `RETENTION POLICY ${identifier(retentionPolicy)} ON ${identifier(database)}`;
    const duration = `DURATION ${keepMs === null ? 'INF' : `${Math.ceil(keepMs / 1000)}s`}`;
    try {
      await query(database, `CREATE ${policy} ${duration} REPLICATION 1`);
    } catch (thrown) {
      if (!(thrown instanceof VigiaError) || !/already exists/.test(thrown.message)) throw thrown;
      await query(database, `ALTER ${policy} ${duration}`);
    }
  }

  async function prepareBucket(name: string, keepMs: number | null): Promise<void> {
    const org = options.org ?? '';
    const found = await send('GET', `/api/v2/buckets?${new URLSearchParams({ org, name }).toString()}`);
    if (isSuccess(found) && firstOf(parseJson(what, found.body), 'buckets') !== null) return;
    if (!isSuccess(found) && found.status !== 404) throw refusal(what, found);
    const orgs = await send('GET', `/api/v2/orgs?${new URLSearchParams({ org }).toString()}`);
    if (!isSuccess(orgs)) throw refusal(what, orgs);
    const orgID = firstOf(parseJson(what, orgs.body), 'orgs')?.['id'];
    const retentionRules = keepMs === null ? [] : [{ type: 'expire', everySeconds: Math.ceil(keepMs / 1000) }];
    const made = await send('POST', '/api/v2/buckets', json({ orgID, name, retentionRules }));
    if (!isSuccess(made)) throw refusal(what, made);
  }

  async function prepareThird(db: string, keepMs: number | null): Promise<void> {
    const period = keepMs === null ? {} : { retention_period: `${Math.ceil(keepMs / 1000)}s` };
    const made = await send('POST', '/api/v3/configure/database', json({ db, ...period }));
    // 409 says that it is there already.
    if (!isSuccess(made) && made.status !== 409) throw refusal(what, made);
  }

  return {
    name: what,
    async ping() {
      const answer = await send('GET', '/ping');
      if (!isSuccess(answer)) throw refusal(what, answer);
      const said = answer.headers['x-influxdb-version'];
      if (said !== undefined) return said;
      const body = answer.body.length === 0 ? null : parseJson(what, answer.body);
      return isRecord(body) && typeof body['version'] === 'string' ? body['version'] : 'unknown';
    },
    async prepare(place, keepMs) {
      try {
        if (version === 1) await prepareFirst(place, keepMs);
        else if (version === 2) await prepareBucket(place.database, keepMs);
        else await prepareThird(place.database, keepMs);
      } catch (thrown) {
        const status = thrown instanceof VigiaError && thrown.code === 'far-status' ? thrown.params['status'] : null;
        if (status !== 401 && status !== 403) throw thrown;
      }
    },
    async write(place, lines) {
      const sum: Sum = { written: 0, refused: 0, reason: '', controlled: false };
      for (const batch of batches(lines, options.batchLines ?? 5_000)) await push(place, batch, sum);
      return { written: sum.written, refused: sum.refused, reason: sum.reason };
    },
    async select(database, statements) {
      const results = await query(database, statements.join('; '));
      if (results.length !== statements.length) throw garbage(what, `${results.length} results for ${statements.length} statements`);
      return results.map((result) => seriesOf(what, result));
    },
  };
}

const isSuccess = (answer: GuardedAnswer): boolean => answer.status >= 200 && answer.status <= 299;

/** What a refusal says of single lines: how many were dropped (1.x, 2.x), or which by number (3.x). */
function verdict(answer: GuardedAnswer): { reason: string; dropped: number; expired: boolean; lineNumbers: number[] } {
  const text = answer.body.subarray(0, 1024 * 1024).toString('utf8');
  const reason = String(refusal('', answer).params['reason']);
  const dropped = answer.status === 413 ? 0 : Number(/\bdropped=(\d+)/.exec(text)?.[1] ?? 0);
  let lineNumbers: number[] = [];
  try {
    const data: unknown = (JSON.parse(text) as Record<string, unknown>)['data'];
    if (Array.isArray(data)) lineNumbers = data.map((each) => Number(isRecord(each) ? each['line_number'] : Number.NaN));
  } catch {
    // Not every refusal is JSON; then halving finds the line.
  }
  return { reason, dropped, expired: dropped > 0 && /beyond retention/.test(text), lineNumbers };
}

function* batches(lines: readonly string[], most: number): Generator<readonly string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const each of lines) {
    const size = Buffer.byteLength(each) + 1;
    if (batch.length === most || (batch.length > 0 && bytes + size > MAX_BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(each);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

function seriesOf(what: string, result: unknown): InfluxSeries[] {
  if (!isRecord(result)) throw garbage(what, 'a result that is no object');
  const list = result['series'] ?? [];
  if (!Array.isArray(list)) throw garbage(what, 'series that are no list');
  return (list as unknown[]).map((each) => {
    if (!isRecord(each) || typeof each['name'] !== 'string' || !Array.isArray(each['values'])) throw garbage(what, 'a series of no shape');
    if (each['partial'] === true || result['partial'] === true)
      throw garbage(what, 'only a part of what was asked; its max-row-limit is too low');
    const rows = each['values'] as unknown[];
    const tsMs = new Float64Array(rows.length);
    const values = new Float64Array(rows.length);
    for (const [at, row] of rows.entries()) {
      if (!Array.isArray(row) || typeof row[0] !== 'number' || typeof row[1] !== 'number')
        throw garbage(what, 'a point that is no time and number');
      tsMs[at] = row[0];
      values[at] = row[1];
    }
    return { name: each['name'], tags: stringPairs(what, each['tags'] ?? {}, 'tags'), tsMs, values };
  });
}

function firstOf(body: unknown, key: string): Record<string, unknown> | null {
  const list = isRecord(body) ? body[key] : undefined;
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  return isRecord(first) ? first : null;
}

/** An identifier of InfluxQL. */
export const identifier = (name: string): string => `"${name.replace(/[\\"]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`;
/** A string of InfluxQL. */
export const literal = (text: string): string => `'${text.replace(/[\\']/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}'`;
