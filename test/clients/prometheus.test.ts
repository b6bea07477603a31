import { assert, double, property, record, string, tuple, array, nat } from 'fast-check';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createPrometheusClient, type PrometheusClient, type PrometheusOptions } from '../../src/clients/prometheus.ts';
import { parseMatrix, parseValue } from '../../src/clients/samples.ts';
import { Secret } from '../../src/clients/secret.ts';
import { VigiaError } from '../../src/model/errors.ts';
import { startHttp } from '../stand-ins/http.ts';
import { eventually, freePort, scratch, startPrometheus, write } from '../stand-ins/real.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

function client(baseUrl: string, more: Partial<PrometheusOptions> = {}): PrometheusClient {
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });
  open.push({ stop: () => fetch.close() });
  return createPrometheusClient({ name: 'Prometheus', baseUrl, fetch, ...more });
}

/** A far side that always answers the same. */
async function answering(body: unknown, status = 200, more: Partial<PrometheusOptions> = {}): Promise<PrometheusClient> {
  const server = await startHttp((_request, response) => {
    response.writeHead(status, { 'content-encoding': 'gzip' }).end(gzipSync(typeof body === 'string' ? body : JSON.stringify(body)));
  });
  open.push(server);
  return client(server.url, more);
}

const vector = (...result: unknown[]): unknown => ({ status: 'success', data: { resultType: 'vector', result } });
const matrix = (...result: unknown[]): unknown => ({ status: 'success', data: { resultType: 'matrix', result } });

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const thrown: unknown = await promise.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(VigiaError);
  return `${(thrown as VigiaError).code}: ${(thrown as VigiaError).message}`;
}

describe('answers of a Prometheus API', () => {
  test('numbers, NaN and infinities of a vector; labels have no prototype', async () => {
    const raw = `{"status":"success","data":{"resultType":"vector","result":[
      {"metric":{"__proto__":"x","a":"1"},"value":[1700000000.123,"1.5"]},
      {"metric":{},"value":[1700000000,"NaN"]},{"metric":{},"value":[1700000000,"+Inf"]},{"metric":{},"value":[1700000000,"-Inf"]},
      {"metric":{"native":"histogram"},"histogram":[1700000000,{}]}]}}`;
    const samples = await (await answering(raw)).query('up');
    expect(samples.map((sample) => sample.value)).toEqual([1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(samples[0]?.tsMs).toBe(1_700_000_000_123);
    expect(Object.keys(samples[0]?.labels ?? {})).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(samples[0]?.labels)).toBe(null);
  });

  test('a range is typed arrays of equal length', async () => {
    const far = await answering(
      matrix({
        metric: { a: 'b' },
        values: [
          [1, '1'],
          [2, 'NaN'],
          [3.5, '+Inf'],
        ],
      }),
    ); // prettier-ignore
    const [series] = await far.queryRange('up', { fromMs: 0, toMs: 10_000, stepMs: 1000 });
    expect([...(series?.tsMs ?? [])]).toEqual([1000, 2000, 3500]);
    expect([...(series?.values ?? [])]).toEqual([1, Number.NaN, Number.POSITIVE_INFINITY]);
  });

  test('queries are POST forms with credentials and tenant; the text arrives unchanged', async () => {
    const seen: string[] = [];
    const server = await startHttp((request, response, body) => {
      const { authorization, 'x-scope-orgid': tenant, 'x-token': token } = request.headers;
      seen.push(
        `${request.method} ${request.url} ${authorization} ${String(tenant)} ${String(token)} ${new URLSearchParams(body).get('query')}`,
      );
      response.end(JSON.stringify(vector()));
    });
    open.push(server);
    const credentials = { username: 'u', password: new Secret('p'), tenant: 't', headers: { 'X-Token': new Secret('s') } };
    await client(`${server.url}/prefix/`, credentials).query('up{a="&+%\n"}');
    expect(seen).toEqual([`POST /prefix/api/v1/query Basic ${Buffer.from('u:p').toString('base64')} t s up{a="&+%\n"}`]);
  });

  test('only a child on this machine is asked not to pack its answers', async () => {
    const seen: unknown[] = [];
    const server = await startHttp((request, response) => {
      seen.push(request.headers['accept-encoding']);
      response.end(JSON.stringify(vector()));
    });
    open.push(server);
    await client(server.url).query('up');
    await client(server.url, { ownChild: true }).query('up');
    expect(seen).toEqual(['gzip', 'identity']);
  });

  test.each([
    ['no JSON', '<html>Sign in</html>', 'no JSON, it begins with "<html>Sign in</html>"'],
    ['an empty body', '', 'an empty body'],
    ['JSON of something else', { hello: 1 }, 'no answer of a Prometheus API'],
    ['null', 'null', 'no answer of a Prometheus API'],
    ['no result', { status: 'success', data: null }, 'no query result'],
    ['another type', matrix(), 'a result of type "matrix" where a vector was asked'],
    ['a number for a value', vector({ metric: {}, value: [1, 1] }), 'a sample whose time or value is no number'],
    ['an empty value', vector({ metric: {}, value: [1, ''] }), 'a sample whose time or value is no number'],
    ['a text for a time', vector({ metric: {}, value: ['1', '1'] }), 'a sample whose time or value is no number'],
    ['labels that are no text', vector({ metric: { a: 1 }, value: [1, '1'] }), 'metric has a value that is no text'],
    ['no labels', vector({ value: [1, '1'] }), 'metric is no object'],
    [
      'too many series',
      vector(...Array.from({ length: 4 }, () => ({ metric: {}, value: [1, '1'] }))),
      '4 series, more than the 3 that are taken',
    ],
  ])('%s is garbage with a sentence', async (_name, body, reason) => {
    const message = await messageOf((await answering(body, 200, { maxSeries: 3 })).query('up'));
    expect(message).toBe(`far-garbage: Prometheus answered something else than expected: ${reason}.`);
  });

  test('ranges that run backwards or have too many samples are garbage', async () => {
    const range = { fromMs: 0, toMs: 9000, stepMs: 1000 };
    const backwards = await answering(
      matrix({
        metric: {},
        values: [
          [2, '1'],
          [1, '1'],
        ],
      }),
    ); // prettier-ignore
    expect(await messageOf(backwards.queryRange('up', range))).toContain('not in the order of time');
    const many = await answering(
      matrix({
        metric: {},
        values: [
          [1, '1'],
          [2, '1'],
        ],
      }),
      200,
      { maxSamples: 1 },
    ); // prettier-ignore
    expect(await messageOf(many.queryRange('up', range))).toContain('more than 1 samples');
    await expect(many.queryRange('up', { ...range, stepMs: 0.1 })).rejects.toThrow(RangeError);
  });

  test.each([400, 422, 500, 503])('status %i carries the words of the far side, cut to 200 characters', async (status) => {
    const far = await answering({ status: 'error', errorType: 'execution', error: `query\n timed out ${'x'.repeat(500)}` }, status);
    const message = await messageOf(far.query('up'));
    expect(message).toMatch(new RegExp(`^far-status: Prometheus answered ${status}: query timed out x+….$`));
    expect(message.length).toBeLessThan(270);
  });

  test('an error page of a proxy is told without its markup', async () => {
    const far = await answering('<html><style>a{}</style><h1>502 Bad Gateway</h1></html>', 502);
    expect(await messageOf(far.query('up'))).toBe('far-status: Prometheus answered 502: 502 Bad Gateway.');
  });

  test('warnings of a partial answer are told', async () => {
    const warnings: string[] = [];
    const far = await answering({ ...(vector() as object), warnings: ['store down'] }, 200, { onWarning: (text) => warnings.push(text) });
    expect(await far.query('up')).toEqual([]);
    expect(warnings).toEqual(['store down']);
  });

  test('an API without /-/ready is ready when it answers a query', async () => {
    const server = await startHttp((request, response) => {
      if (request.url === '/-/ready') response.writeHead(404).end('404 page not found');
      else response.end(JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [1700000000, '1700000000.5'] } }));
    });
    open.push(server);
    const far = client(server.url);
    await far.ready();
    expect(await far.nowMs()).toBe(1_700_000_000_500);
  });

  test('law: values come back as they were', () => {
    const written = (value: number): string => (Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN');
    assert(
      property(double(), (value) => {
        expect(parseValue(written(value))).toBe(value === 0 ? 0 : value);
      }),
    );
    for (const text of ['', ' 1', '1 ', 'x', '1e', null, 1]) expect(parseValue(text)).toBe(undefined);
  });

  test('law: labels of a matrix survive, whatever their names', () => {
    const bounds = { maxSeries: 100, maxSamples: 100 };
    assert(
      property(array(record({ labels: array(tuple(string(), string()), { maxLength: 4 }), start: nat() }), { maxLength: 5 }), (entries) => {
        const result = entries.map(({ labels, start }) => ({ metric: Object.fromEntries(labels), values: [[start, '1']] }));
        const series = parseMatrix('it', JSON.parse(JSON.stringify({ resultType: 'matrix', result })), bounds);
        expect(series.map((each) => Object.entries(each.labels))).toEqual(result.map((each) => Object.entries(each.metric)));
      }),
    );
  });
});

test('the real Prometheus: queries, rules, alerts, targets, reload', async () => {
  const { dir, stop } = scratch();
  open.push({ stop });
  const port = await freePort();
  const config =
    'global: {scrape_interval: 1s, scrape_timeout: 500ms, evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n  - job_name: self\n    static_configs: [{targets: ["127.0.0.1:' +
    String(port) +
    '"]}]\n'; // prettier-ignore
  write(dir, {
    'prometheus.yml': config,
    'rules.yml':
      'groups: [{name: g, rules: [{alert: Always, expr: vector(1), labels: {severity: info}, annotations: {summary: "it is"}}, {record: r, expr: vector(2)}]}]\n',
  });
  const server = await startPrometheus(dir, port);
  open.push(server);
  const far = client(server.url);
  await eventually('ready', async () => {
    await far.ready();
    return true;
  });
  const nowMs = await far.nowMs();
  expect(Math.abs(nowMs - Date.now())).toBeLessThan(60_000);
  expect((await far.query('vector(1) / 0')).map((sample) => sample.value)).toEqual([Number.POSITIVE_INFINITY]);
  const [line] = await far.queryRange('vector(7)', { fromMs: 1_700_000_000_000, toMs: 1_700_000_005_000, stepMs: 1000 });
  expect([...(line?.tsMs ?? [])]).toEqual([0, 1, 2, 3, 4, 5].map((step) => 1_700_000_000_000 + step * 1000));
  expect(await messageOf(far.query('up{'))).toMatch(/^far-status: Prometheus answered 400: .*parse error/);
  const target = await eventually('a scrape', async () => (await far.targets()).find((each) => each.health === 'up'));
  expect([target.labels['job'], target.scrapeInterval, target.lastError]).toEqual(['self', '1s', '']);
  const alert = await eventually('the alert', async () => (await far.alerts())[0]);
  expect([alert.labels['alertname'], alert.state, alert.annotations['summary']]).toEqual(['Always', 'firing', 'it is']);
  expect((await far.tsdbStatus()).numSeries).toBeGreaterThan(0);
  await far.reload();
  write(dir, { 'rules.yml': 'nonsense: true\n' });
  expect(await messageOf(far.reload())).toMatch(/^far-status: Prometheus answered 500: failed to reload config/);
}, 60_000);
