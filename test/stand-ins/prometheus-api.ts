import type { IncomingHttpHeaders } from 'node:http';
import { startHttp } from './http.ts';

/** What a Prometheus-compatible API of someone else says, and what it was asked. */
export interface PrometheusApi {
  readonly url: string;
  readonly asked: { readonly path: string; readonly form: URLSearchParams; readonly headers: IncomingHttpHeaders }[];
  /** In place of the next answers, as long as it is set. */
  fault: { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body: unknown } | null;
  /** Beside a whole answer, or one that lacks some entities: what Thanos says of a store that is away. */
  warnings: readonly string[];
  /** Entities that a store which is away does not answer for. */
  readonly away: Set<string>;
  stop(): Promise<void>;
}

/** Multiplied with the number of the entity and of the query, it gives waves that are alike to nobody. */
const golden = 0.6180339887;

/**
 * As strict as Mimir and Thanos are: an unknown path, another tenant, or a query that is no form is refused; a query that may
 * not be answered in part fails when a store is away. Every entity has history from the beginning of time: a value for each
 * expression, near 0.3, the same whoever asks.
 */
export async function startPrometheusApi(options: { entities: readonly string[]; tenant?: string }): Promise<PrometheusApi> {
  const api: Omit<PrometheusApi, 'url' | 'stop'> = { asked: [], fault: null, warnings: [], away: new Set() };
  const server = await startHttp((request, response, text) => {
    const form = new URLSearchParams(text);
    const path = request.url ?? '';
    api.asked.push({ path, form, headers: request.headers });
    const answer = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    if (options.tenant !== undefined && request.headers['x-scope-orgid'] === undefined) return response.writeHead(401).end('no org id\n');
    if (options.tenant !== undefined && request.headers['x-scope-orgid'] !== options.tenant)
      return answer(403, { status: 'error', error: 'unknown tenant' });
    if (api.fault !== null) return answer(api.fault.status, api.fault.body, api.fault.headers);
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/x-www-form-urlencoded')
      return answer(405, { status: 'error', error: 'a form is needed' });
    const expr = form.get('query') ?? '';
    if (api.away.size > 0 && form.get('partial_response') === 'false')
      return answer(503, { status: 'error', errorType: 'execution', error: 'expanding series: a store is away' });
    const warnings = api.warnings.length === 0 ? {} : { warnings: api.warnings };
    const success = (data: unknown) => answer(200, { status: 'success', ...warnings, data });
    const entities = options.entities.filter((entity) => !api.away.has(entity) && names(expr, entity));
    if (path === '/api/v1/query') {
      if (expr === 'time()') return success({ resultType: 'scalar', result: [Date.now() / 1000, String(Date.now() / 1000)] });
      if (expr.startsWith('count('))
        return success({ resultType: 'vector', result: [{ metric: {}, value: [0, String(entities.length)] }] });
      return answer(400, { status: 'error', errorType: 'bad_data', error: `unexpected query ${expr}` });
    }
    if (path !== '/api/v1/query_range') return response.writeHead(404).end('404 page not found\n');
    const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(form.get(name)));
    if (start === undefined || end === undefined || step === undefined || !(end >= start) || !(step > 0))
      return answer(400, { status: 'error', errorType: 'bad_data', error: 'a range is needed' });
    const times = Array.from({ length: Math.floor((end - start) / step + 1e-9) + 1 }, (_, at) => start + at * step);
    const presence = expr.includes('count_over_time');
    const wave = [...expr].reduce((sum, char) => sum + char.charCodeAt(0), 0);
    return success({
      resultType: 'matrix',
      result: entities.map((entity) => ({
        metric: presence ? { job: 'node', instance: entity } : { instance: entity },
        values: times.map((time) => [time, String(presence ? 1 : valueOf(options.entities.indexOf(entity) + wave, time))]),
      })),
    });
  });
  return Object.assign(api, { url: server.url, stop: () => server.stop() });
}

const valueOf = (number: number, time: number): number => 0.3 + 0.05 * Math.sin(time * (0.1 + ((number * golden) % 1)) + number);

/** Whether an expression is about an entity: about all, or about those that it names. */
function names(expr: string, entity: string): boolean {
  const [, wanted] = /instance=~"([^"]*)"/.exec(expr) ?? [];
  return wanted === undefined || wanted.split('|').includes(entity);
}
