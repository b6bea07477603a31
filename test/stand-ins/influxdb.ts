import type { IncomingHttpHeaders } from 'node:http';
import { startHttp } from './http.ts';

/** One request as it came. */
interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface InfluxdbStandIn {
  readonly url: string;
  readonly calls: readonly Call[];
  /** Points by place, then by everything of a line but its value: the same point twice is one. */
  readonly points: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly made: readonly unknown[];
  /** Answers for the next requests, in order; when they are used up each request is judged. */
  readonly statuses: number[];
  /** Lines that it never takes. */
  poison: RegExp | null;
  stop(): Promise<void>;
}

/** A line as the protocol has it: name and tags, one float `value`, a time in milliseconds or none. */
const lineShape =
  /^(?:\\[, =]|[^, #\n])(?:\\[, =]|[^, \n])*(?:,(?:\\[, =]|[^,= \n])+=(?:\\[, =]|[^,= \n])+)* value=-?[\d.e+-]+(?: \d{1,13})?$/;

/** A strict stand-in of InfluxDB 2.x or 3.x: what the real one would not take, it does not take either. */
export async function startInfluxdbStandIn(
  version: 2 | 3,
  known: { database: string; token: string; org?: string },
): Promise<InfluxdbStandIn> {
  const calls: Call[] = [];
  const points = new Map<string, Map<string, string>>([[known.database, new Map()]]);
  const made: unknown[] = [];
  const statuses: number[] = [];
  const standIn = { calls, points, made, statuses, poison: null as RegExp | null };

  const judge = (call: Call): { status: number; body?: unknown; headers?: Record<string, string> } => {
    const scripted = statuses.shift();
    if (scripted !== undefined) return { status: scripted, body: { error: 'scripted' }, headers: { 'retry-after': '1' } };
    if (call.path === '/ping')
      return version === 2 ? { status: 204, headers: { 'x-influxdb-version': 'v2.7.10' } } : { status: 200, body: { version: '3.1.0' } };
    const wanted = `${version === 2 ? 'Token' : 'Bearer'} ${known.token}`;
    if (call.headers.authorization !== wanted) return { status: 401, body: { code: 'unauthorized', message: 'unauthorized access' } };
    const route = `${call.method} ${call.path}`;
    if (route === 'POST /query') return select(call);
    if (version === 2) {
      if (call.query['org'] !== undefined && call.query['org'] !== known.org)
        return { status: 404, body: { code: 'not found', message: 'organization name not found' } };
      if (route === 'GET /api/v2/orgs') return { status: 200, body: { orgs: [{ id: '0123456789abcdef', name: known.org }] } };
      if (route === 'GET /api/v2/buckets') {
        const name = call.query['name'] ?? '';
        return points.has(name)
          ? { status: 200, body: { buckets: [{ id: 'b', name }] } }
          : { status: 404, body: { code: 'not found', message: `bucket "${name}" not found` } };
      }
      if (route === 'POST /api/v2/buckets') {
        const body = JSON.parse(call.body) as { orgID: string; name: string };
        if (body.orgID !== '0123456789abcdef') return { status: 400, body: { code: 'invalid', message: 'orgID' } };
        made.push(body);
        points.set(body.name, new Map());
        return { status: 201, body };
      }
      if (route === 'POST /api/v2/write') return write(call, call.query['bucket'] ?? '', call.query['precision'] === 'ms');
    } else {
      if (route === 'POST /api/v3/configure/database') {
        const body = JSON.parse(call.body) as { db: string };
        if (points.has(body.db)) return { status: 409, body: { error: 'attempted to create a resource that already exists' } };
        made.push(body);
        points.set(body.db, new Map());
        return { status: 200 };
      }
      if (route === 'POST /api/v3/write_lp')
        return write(call, call.query['db'] ?? '', call.query['precision'] === 'millisecond' && call.query['accept_partial'] === 'true');
    }
    return { status: 404, body: { code: 'not found', message: 'path not found' } };
  };

  const write = (call: Call, place: string, rightParameters: boolean): { status: number; body?: unknown } => {
    const kept = points.get(place);
    if (!rightParameters) return { status: 400, body: { code: 'invalid', message: 'precision' } };
    if (kept === undefined) return { status: 404, body: { code: 'not found', message: `bucket "${place}" not found` } };
    const bad: { line_number: number; original_line: string; error_message: string }[] = [];
    for (const [at, line] of call.body.split('\n').entries()) {
      if (line === '') continue;
      if (!lineShape.test(line) || standIn.poison?.test(line) === true)
        bad.push({ line_number: at + 1, original_line: line, error_message: 'invalid column type' });
      else kept.set(line.replace(/ value=\S+/, ''), / value=(\S+)/.exec(line)?.[1] ?? '');
    }
    if (bad.length === 0) return { status: 204 };
    if (version === 3) return { status: 400, body: { error: 'partial write of line protocol occurred', data: bad } };
    return { status: 400, body: { code: 'invalid', message: `unable to parse '${bad[0]?.original_line}': missing fields` } };
  };

  /** InfluxQL, as far as the archive asks: everything of one measurement, by series. Bodies are forms; times come as `epoch` says. */
  const select = (call: Call): { status: number; body?: unknown } => {
    const kept = points.get(call.query['db'] ?? '');
    const q = call.headers['content-type'] === 'application/x-www-form-urlencoded' ? (new URLSearchParams(call.body).get('q') ?? '') : '';
    const [, name] = /^SELECT "value" FROM "([^"]+)" WHERE time >= \d+ms AND time <= \d+ms(?: AND .+)? GROUP BY \*$/.exec(q) ?? [];
    if (kept === undefined) return { status: 404, body: { error: `database not found: ${call.query['db']}` } };
    if (name === undefined || call.query['epoch'] !== 'ms') return { status: 400, body: { error: `error parsing query: ${q}` } };
    const series = new Map<string, [number, number][]>();
    for (const [key, value] of kept) {
      const [of = '', ms] = key.split(' ');
      if (of.split(',')[0] === name) series.set(of, [...(series.get(of) ?? []), [Number(ms), Number(value)]]);
    }
    const found = [...series].map(([of, values]) => ({
      name,
      tags: Object.fromEntries(
        of
          .split(',')
          .slice(1)
          .map((tag) => tag.split('=')),
      ) as Record<string, string>,
      columns: ['time', 'value'],
      values: values.sort(([a], [b]) => a - b),
    }));
    return { status: 200, body: { results: [{ statement_id: 0, ...(found.length === 0 ? {} : { series: found }) }] } };
  };

  const http = await startHttp((request, response, body) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const call = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body,
    };
    calls.push(call);
    const answer = judge(call);
    response
      .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      .end(answer.body === undefined ? '' : JSON.stringify(answer.body));
  });
  return Object.assign(standIn, { url: http.url, stop: http.stop });
}
