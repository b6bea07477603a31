import { array, assert, asyncProperty, constantFrom, property, record, uint8Array } from 'fast-check';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPrometheusClient, type PrometheusClient } from '../../src/clients/prometheus.ts';
import type { InfluxClient } from '../../src/clients/influxdb.ts';
import type { ArchiveConfig } from '../../src/model/archive.ts';
import { exportCsv } from '../../src/server/archive/export.ts';
import { VigiaError } from '../../src/model/errors.ts';
import { answerRead, readBack } from '../../src/server/archive/read-back.ts';
import { readRequest } from '../../src/server/archive/remote-read.ts';
import { snappyDecode, snappyEncode } from '../../src/server/archive/snappy.ts';
import { prometheusFiles } from '../../src/server/derive/prometheus-files.ts';
import { createInternalListener } from '../../src/server/internal.ts';
import { prometheus, rules } from '../derive/house.ts';
import { eventually, freePort, scratch, startInfluxdb, startPrometheus, write } from '../stand-ins/real.ts';
import { archiveConfig, archiveOf, guardedFetch, ledgerOf, log, pastBlocks, prometheusAt, untilArchived } from './house.ts';

const hourMs = 3_600_000;
const stepMs = 15_000;
const open: { stop(): Promise<void> }[] = [];
const fetch = guardedFetch();
/** Prometheus with the past; and one that begins now, whose past is in the archive. */
let old: PrometheusClient;
let young: PrometheusClient;
let influx: InfluxClient;
let config: ArchiveConfig;
let pastMs = 0;
/** Whether InfluxDB does not answer. */
let away = false;
const warnings: string[] = [];
let listener: ReturnType<typeof createInternalListener>;

beforeAll(async () => {
  open.push({ stop: () => fetch.close() });
  const before = scratch();
  open.push(before);
  pastMs = Math.floor(Date.now() / hourMs) * hourMs - 4 * hourMs;
  const at = (step: number) => ((pastMs + step * stepMs) / 1000).toFixed(3);
  const lines: string[] = [];
  for (const [series, labels] of [
    'host="web1"',
    'host="web2",zone="a"',
    'host="web1",zone="b/c"',
    String.raw`value="a,b= c",zone="\\"`,
  ].entries()) {
    for (let step = 1; step <= 240; step++) lines.push(`busy{job="past",${labels}} ${(series + step) / 7} ${at(step)}`);
  }
  for (let step = 1; step <= 240; step++) lines.push(`idle{job="past",host="web1"} ${step / 3} ${at(step)}`);
  await pastBlocks(before.dir, ['busy', 'idle'], lines);
  write(before.dir, { 'prometheus.yml': '{}' });
  const oldServer = await startPrometheus(before.dir, await freePort());
  open.push(oldServer);
  old = prometheusAt(oldServer.url, fetch);
  const influxPort = await freePort();
  open.push(await startInfluxdb(before.dir, influxPort, await freePort()));
  config = archiveConfig(`http://127.0.0.1:${influxPort}`, [
    { name: 'minutes', match: '{job="past"}', every: '1m' },
    { name: 'all', match: '{job="past",__name__!="idle"}' },
  ]);
  const made = archiveOf({ config, fetch, client: old, horizonMs: 5 * hourMs });
  influx = made.influx;
  await untilArchived(made.archive, pastMs + 2 * hourMs);

  const now = scratch();
  open.push(now);
  listener = createInternalListener({
    token: 'token',
    targetsOf: async () => [],
    commands: null as never,
    // The same series goes on here, where Prometheus scrapes Vigía.
    metrics: () => 'busy{job="past",host="web1",instance=""} 1000\n',
    take: async () => {},
    status: async () => ({}),
    exportCsv: (range) => exportCsv(young, range),
    read: (body) =>
      away
        ? Promise.reject(new VigiaError('far-unreachable', { what: 'InfluxDB', url: 'http://x', reason: 'gone' }))
        : answerRead(config, influx, body),
    log,
  });
  open.push({ stop: () => listener.close() });
  const internalPort = await freePort();
  await listener.listen({ host: '127.0.0.1', port: internalPort });
  const files = prometheusFiles(
    prometheus({
      scrapeIntervalMs: 1_000,
      internal: { port: internalPort, token: 'token' },
      archive: true,
      rules: rules({ scrapeIntervalMs: 1_000 }),
    }),
  );
  write(now.dir, files);
  const port = await freePort();
  open.push(await startPrometheus(now.dir, port, [`--web.config.file=${join(now.dir, 'web.yml')}`]));
  const own = prometheus().own;
  young = createPrometheusClient({
    name: 'Prometheus',
    baseUrl: `http://127.0.0.1:${port}`,
    fetch,
    onWarning: (warning) => warnings.push(warning),
    username: own.username,
    password: own.password,
  });
  await eventually('a scrape', async () => (await young.query('busy')).length === 1);
}, 60_000);
afterAll(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

describe('remote_read', () => {
  test('one range query that starts before the samples of Prometheus spans archive and Prometheus (P37)', async () => {
    const untilMs = Date.now();
    const afterMs = untilMs % stepMs;
    const range = { fromMs: pastMs + stepMs + afterMs, toMs: untilMs, stepMs };
    const [series, ...more] = await young.queryRange('busy{host="web1",zone=""}', range);
    expect(more).toEqual([]);
    const valueAt = new Map([...(series?.tsMs ?? [])].map((ms, index) => [ms, series?.values[index]]));
    for (let step = 1; step <= 240; step++) expect(valueAt.get(pastMs + step * stepMs + afterMs)).toBe(step / 7);
    expect(series?.values.at(-1)).toBe(1000);
    // And functions that reach back.
    const [counted] = await young.query('count_over_time(busy{host="web1",zone=""}[6h])');
    expect(counted?.value).toBeGreaterThan(240);
    expect(await young.query('sum(busy)', pastMs + 240 * stepMs)).toMatchObject([{ value: (240 + 241 + 242 + 243) / 7 }]);
    // Of a rule that only samples down, the last sample of each minute.
    const [idle] = await young.queryRange('idle', { fromMs: pastMs + 60_000, toMs: pastMs + hourMs, stepMs: 60_000 });
    expect([...(idle?.values ?? [])]).toEqual(Array.from({ length: 60 }, (_, minute) => (4 * (minute + 1)) / 3));
  });

  test('the archive answers any matchers as Prometheus does', async () => {
    const name = constantFrom('host', 'zone', 'value', 'absent', '__name__');
    const value = constantFrom('', 'web1', 'web2', 'a', 'b/c', 'busy', 'idle', 'a,b= c', '\\', 'it\'s "x"');
    const pattern = constantFrom('', '.*', '.+', 'web.', 'web1|web2', 'b/c|a', '(?i)WEB1', 'a.*', 'busy|idle', '[^a]+', 'x{1,2}');
    const matcher = record({ op: constantFrom('=', '!=', '=~', '!~'), name, value, pattern }).map(
      ({ op, name: of, value: text, pattern: re }) => ({
        op: op as '=',
        name: of,
        value: op.endsWith('~') ? re : text,
      }),
    );
    const range = { fromMs: pastMs, toMs: pastMs + 2 * hourMs };
    let found = 0;
    await assert(
      asyncProperty(array(matcher, { maxLength: 3 }), async (some) => {
        const matchers = [
          { op: '=' as const, name: 'job', value: 'past' },
          { op: '!=' as const, name: '__name__', value: 'idle' },
          ...some,
        ];
        const selector = matchers.map((each) => `${each.name}${each.op}${JSON.stringify(each.value)}`).join(',');
        const wanted = ledgerOf(await old.queryMatrix(`{${selector}}[2h]`, range.toMs)).ledger;
        found += wanted.size;
        expect(ledgerOf((await readBack(config, influx, { ...range, matchers })) as never).ledger).toEqual(wanted);
      }),
      { numRuns: 150 },
    );
    expect(found).toBeGreaterThan(50);
  });

  test('an export holds every sample of both, to the bit', async () => {
    const toMs = Date.now();
    const query = new URLSearchParams({ match: '{job="past",host="web1"}', fromMs: String(pastMs), toMs: String(toMs) });
    const headers = { authorization: 'Bearer token' };
    const answer = await listener.inject({ method: 'GET', url: `/internal/export?${query.toString()}`, headers });
    expect(answer.headers['content-type']).toContain('text/csv');
    const [head, ...rows] = answer.body.trimEnd().split('\r\n');
    expect(head).toBe('metric,labels,time,value');
    const [wanted] = await young.queryMatrix('busy{host="web1",zone=""}[6h]', toMs);
    const found = rows
      .filter((row) => row.startsWith('busy,"{host=""web1"",job=""past""}",'))
      .map((row) => row.split(',').slice(-2))
      .map(([time = '', value]) => [Date.parse(time), Number(value)]);
    expect(found).toEqual([...(wanted?.tsMs ?? [])].map((ms, at) => [ms, wanted?.values[at]]));
    expect(found.length).toBeGreaterThan(240);
    const ask = (match: string) =>
      listener.inject({ method: 'GET', url: `/internal/export?match=${encodeURIComponent(match)}&fromMs=1&toMs=2`, headers });
    expect((await ask('up or down')).statusCode).toBe(400);
    expect(await ask('{job=""}')).toMatchObject({ statusCode: 502, body: expect.stringContaining('Prometheus answered 400') });
  });

  test('while InfluxDB is away Prometheus answers with what it holds itself, and says why it is not more', async () => {
    away = true;
    warnings.length = 0;
    const [series, ...more] = await young.queryMatrix('busy[6h]', Date.now());
    away = false;
    expect(more).toEqual([]);
    expect(new Set(series?.values)).toEqual(new Set([1000]));
    expect(warnings.join()).toContain('InfluxDB at http://x does not answer: gone');
  });

  test('without its token nothing is told, and what is no request is refused', async () => {
    expect((await listener.inject({ method: 'POST', url: '/internal/read' })).statusCode).toBe(401);
    const headers = { authorization: 'Bearer token', 'content-type': 'application/x-protobuf' };
    const bad = [Uint8Array.of(1, 2, 3), snappyEncode(Uint8Array.of(0x0a, 0x7f)), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0)];
    for (const body of bad) {
      const answer = await listener.inject({ method: 'POST', url: '/internal/read', headers, payload: Buffer.from(body) });
      expect(answer.statusCode).toBe(400);
    }
  });
});

test('a request as Prometheus 2.42 sent it', () => {
  const recorded =
    'W7AKWQiKxdCRojQQ6uzikaI0GgwSA2pvYhoFdmlnaWEaHRIIX19uYW1lX18aEXYBE2RfdGlja3NfdG90YWwiHBIIaW5jcmVhc2UYigVHKCDq7OKRojQ44KcS';
  expect(readRequest(snappyDecode(Buffer.from(recorded, 'base64'), 1_000))).toEqual([
    {
      fromMs: 1_795_870_171_786,
      toMs: 1_795_870_471_786,
      matchers: [
        { op: '=', name: 'job', value: 'vigia' },
        { op: '=', name: '__name__', value: 'vigia_ticks_total' },
      ],
    },
  ]);
});

describe('the snappy block format', () => {
  test('what was packed is what comes out, also over many literals', () => {
    assert(
      property(uint8Array({ maxLength: 300 }), (bytes) => {
        expect(snappyDecode(snappyEncode(bytes), 1_000)).toEqual(bytes);
      }),
    );
    const long = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
    expect(Buffer.from(snappyDecode(snappyEncode(long), long.length)).equals(long)).toBe(true);
    expect(() => snappyDecode(snappyEncode(long), long.length - 1)).toThrow(/200000 bytes, more than 199999/);
  });

  test('copies of all three kinds, also over themselves', () => {
    const text = (block: number[]): string => Buffer.from(snappyDecode(Uint8Array.from(block), 100)).toString();
    const abcd = [0x0c, 97, 98, 99, 100];
    expect(text([8, ...abcd, 0x01, 4])).toBe('abcdabcd');
    expect(text([9, ...abcd, 0x05, 1])).toBe('abcdddddd');
    expect(text([8, ...abcd, 0x0e, 4, 0])).toBe('abcdabcd');
    expect(text([8, ...abcd, 0x0f, 4, 0, 0, 0])).toBe('abcdabcd');
  });

  test('damaged, it is refused and nothing else', () => {
    assert(
      property(uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readRequest(snappyDecode(bytes, 1_000));
        } catch (thrown) {
          expect(thrown instanceof RangeError || thrown instanceof TypeError).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
