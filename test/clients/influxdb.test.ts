import { array, assert, asyncProperty, constantFrom, dictionary, double, integer, oneof, string, tuple, uniqueArray } from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { createInfluxClient, identifier, type InfluxClient, type InfluxOptions } from '../../src/clients/influxdb.ts';
import { keptMetric, line, plainText, seriesKey } from '../../src/clients/line-protocol.ts';
import { archiveSchema } from '../../src/model/archive.ts';
import { VigiaError } from '../../src/model/errors.ts';
import { readBack } from '../../src/server/archive/read-back.ts';
import { startHttp } from '../stand-ins/http.ts';
import { startInfluxdbStandIn } from '../stand-ins/influxdb.ts';
import { freePort, type RealServer, scratch, startInfluxdb } from '../stand-ins/real.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

function client(baseUrl: string, more: Partial<InfluxOptions> & Pick<InfluxOptions, 'version'>): InfluxClient {
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });
  open.push({ stop: () => fetch.close() });
  return createInfluxClient({ name: 'InfluxDB', baseUrl, fetch, ...more });
}

const lines = (count: number, metric = 'm'): string[] =>
  Array.from({ length: count }, (_, at) => line(seriesKey({ metric, labels: { n: String(at) } }), at / 3, 1_700_000_000_000 + at));

async function failure(promise: Promise<unknown>): Promise<VigiaError> {
  const thrown: unknown = await promise.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(VigiaError);
  return thrown as VigiaError;
}

describe.each([2, 3] as const)('InfluxDB %i.x', (version) => {
  const known = { database: 'vigia', token: 'se cret', org: 'home' };
  const settings = { version, token: known.token, org: known.org };
  const place = { database: 'vigia' };

  async function standIn() {
    const far = await startInfluxdbStandIn(version, known);
    open.push(far);
    return far;
  }

  test('says its version, is asked at its own endpoints, and makes a place that is missing, once', async () => {
    const far = await standIn();
    const influx = client(far.url, settings);
    expect(await influx.ping()).toMatch(version === 2 ? /^v2/ : /^3/);
    await influx.prepare(place, 3_600_000);
    expect(far.made).toEqual([]);
    await influx.prepare({ database: 'other' }, 3_600_000);
    await influx.prepare({ database: 'other' }, 3_600_000);
    const made =
      version === 2
        ? { orgID: '0123456789abcdef', name: 'other', retentionRules: [{ type: 'expire', everySeconds: 3600 }] }
        : { db: 'other', retention_period: '3600s' };
    expect(far.made).toEqual([made]);
    expect(await influx.write({ database: 'other' }, lines(3))).toEqual({ written: 3, refused: 0, reason: '' });
    expect(far.points.get('other')?.size).toBe(3);
  });

  test('the same points twice are the same points, in batches of a bounded size', async () => {
    const far = await standIn();
    const influx = client(far.url, { ...settings, batchLines: 40 });
    await influx.write(place, lines(100));
    await influx.write(place, lines(100));
    expect(far.points.get('vigia')?.size).toBe(100);
    const sizes = far.calls.map((call) => call.body.trimEnd().split('\n').length);
    expect(sizes).toEqual([40, 40, 20, 40, 40, 20]);
  });

  test('a line that is refused for ever is found, and all others are kept', async () => {
    const far = await standIn();
    far.poison = /n=(17|18|63) /;
    const written = await client(far.url, settings).write(place, lines(100));
    expect(written).toMatchObject({ written: 97, refused: 3 });
    expect(written.reason).not.toBe('');
    expect([...(far.points.get('vigia')?.keys() ?? [])].filter((key) => key.startsWith('m,')).length).toBe(97);
    expect(far.calls.length).toBeLessThan(60);
  });

  test('a setting that is wrong costs no point: it is an error, not a refusal of lines', async () => {
    const far = await standIn();
    far.poison = /./;
    expect((await failure(client(far.url, settings).write(place, lines(50)))).code).toBe('far-status');
    far.poison = null;
    expect((await failure(client(far.url, { ...settings, token: 'wrong' }).write(place, lines(1)))).params['status']).toBe(401);
    expect((await failure(client(far.url, settings).write({ database: 'nowhere' }, lines(1)))).params['status']).toBe(404);
  });

  test.each([429, 500, 503])('%i is to be tried again, and then everything is there', async (status) => {
    const far = await standIn();
    const influx = client(far.url, settings);
    far.statuses.push(status);
    expect((await failure(influx.write(place, lines(10)))).params['status']).toBe(status);
    await influx.write(place, lines(10));
    expect(far.points.get('vigia')?.size).toBe(10);
  });

  test('what was written is read back by the archive in InfluxQL', async () => {
    const far = await standIn();
    const influx = client(far.url, settings);
    await influx.write(place, [...lines(3), line(seriesKey({ metric: 'm', labels: { n: '0' } }), 7.5, 1_700_000_000_009)]);
    const config = archiveSchema.parse({ ...settings, url: far.url, rules: [{ name: 'all', match: 'm' }] });
    const query = { fromMs: 0, toMs: 1_800_000_000_000, matchers: [{ op: '=' as const, name: '__name__', value: 'm' }] };
    const found = await readBack(config, influx, query);
    expect(found.map(({ labels, tsMs, values }) => [{ ...labels }, Array.from(tsMs), Array.from(values)])).toEqual([
      [{ __name__: 'm', n: '0' }, [1_700_000_000_000, 1_700_000_000_009], [0, 7.5]],
      [{ __name__: 'm', n: '1' }, [1_700_000_000_001], [1 / 3]],
      [{ __name__: 'm', n: '2' }, [1_700_000_000_002], [2 / 3]],
    ]);
    expect(await readBack({ ...config, database: 'nowhere' }, influx, query)).toEqual([]);
  });

  test('no secret is in what it says', async () => {
    const far = await standIn();
    far.statuses.push(500);
    expect((await failure(client(far.url, settings).write(place, lines(1)))).message).not.toContain('se cret');
  });
});

test('too large for the far side: smaller pieces, until a single line is given up', async () => {
  const bodies: number[] = [];
  const far = await startHttp((_request, response, body) => {
    bodies.push(body.length);
    response.writeHead(body.length > 300 ? 413 : 204).end('{"error":"Request Entity Too Large"}');
  });
  open.push(far);
  const long = line(seriesKey({ metric: 'm', labels: { text: 'x'.repeat(400) } }), 1, 1);
  const written = await client(far.url, { version: 1 }).write({ database: 'd' }, [...lines(40), long]);
  expect(written).toMatchObject({ written: 40, refused: 1 });
});

test('a far side that never ends its answer is left at the deadline', async () => {
  const far = await startHttp((_request, response) => response.write('x'));
  open.push(far);
  expect((await failure(client(far.url, { version: 1, deadlineMs: 200 }).write({ database: 'd' }, lines(1)))).code).toBe('far-timeout');
});

test('a select that answers only a part is no answer', async () => {
  const series = { name: 'm', columns: ['time', 'value'], values: [[1, 2]], partial: true };
  const far = await startHttp((_request, response) => response.end(JSON.stringify({ results: [{ statement_id: 0, series: [series] }] })));
  open.push(far);
  expect((await failure(client(far.url, { version: 1 }).select('d', ['SELECT']))).code).toBe('far-garbage');
});

describe('the real InfluxDB 1.x', () => {
  let real: RealServer;
  let dir: ReturnType<typeof scratch>;
  beforeAll(async () => {
    dir = scratch();
    real = await startInfluxdb(dir.dir, await freePort(), await freePort());
  });
  afterAll(async () => {
    await real?.stop();
    await dir?.stop();
  });
  const place = { database: 'vigia', retentionPolicy: 'raw' };

  test('keeps every name, label, time and bit of what the line protocol was given', async () => {
    const influx = client(real.url, { version: 1 });
    await influx.prepare(place, null);
    const text = array(
      oneof(constantFrom(',', '=', ' ', '\\', '"', "'", '\n', '\r', '\t', '␛', '#', '_', 'é', '😀', '1b'), string({ maxLength: 2 })),
      {
        minLength: 1,
        maxLength: 5,
      },
    )
      .map((parts) => parts.join(''))
      .filter((each) => !/\p{Cs}/u.test(each) && each !== '');
    const label = oneof(text, constantFrom('time', 'value', '_field', 'name'));
    const value = oneof(double({ noNaN: true, noDefaultInfinity: true }), constantFrom(-0, 5e-324, 1e21, 1.7976931348623157e308));
    const time = integer({ min: 1_500_000_000_000, max: 1_500_000_600_000 });
    const serie = tuple(
      text,
      dictionary(label, text, { maxKeys: 3 }),
      uniqueArray(tuple(time, value), { minLength: 1, maxLength: 3, selector: ([ts]) => ts }),
    );
    let round = 0;
    await assert(
      asyncProperty(array(serie, { minLength: 1, maxLength: 5 }), async (all) => {
        // A metric of its own for each round and series, so that nothing stands there already.
        const wanted = all.map(([metric, labels, samples], at) => ({ metric: `${metric}${round}/${at}`, labels, samples }));
        round++;
        const sent = wanted.flatMap((each) => each.samples.map(([ts, v]) => line(seriesKey(each), v, ts)));
        expect(await influx.write(place, sent)).toEqual({ written: sent.length, refused: 0, reason: '' });
        const found = await influx.select(
          'vigia',
          wanted.map(({ metric }) => `SELECT "value" FROM "raw".${identifier(keptMetric(metric))} GROUP BY *`),
        );
        for (const [at, { metric, labels, samples }] of wanted.entries()) {
          const [series, ...more] = found[at] ?? [];
          expect(more).toEqual([]);
          expect(plainText(series?.name ?? '')).toBe(metric);
          const tags = Object.entries(series?.tags ?? {}).map(([name, tag]) => [plainText(name), plainText(tag)]);
          expect(tags.sort()).toEqual(Object.entries(labels).sort());
          const points = samples.toSorted(([a], [b]) => a - b);
          expect([...(series?.tsMs ?? [])]).toEqual(points.map(([ts]) => ts));
          expect(new BigUint64Array((series?.values ?? new Float64Array()).buffer)).toEqual(
            new BigUint64Array(Float64Array.from(points, ([, v]) => v).buffer),
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a type conflict and a line that is none are refused alone', async () => {
    const influx = client(real.url, { version: 1 });
    await influx.prepare(place, null);
    await influx.write(place, ['typed value=1i 1700000000000']);
    const bad = [line(seriesKey({ metric: 'typed', labels: {} }), 1, 1_700_000_000_001), 'no line at all'];
    const written = await influx.write(place, [...lines(60, 'beside'), ...bad, ...lines(60, 'after')]);
    expect(written).toMatchObject({ written: 120, refused: 2 });
    // The control line, by which a wrong setting is told from a bad line, is nobody's sample.
    const config = archiveSchema.parse({ url: real.url, version: 1, rules: [{ name: 'control', match: 'm' }] });
    const control = { database: 'vigia', retentionPolicy: 'vigia_control' };
    await influx.prepare(control, null);
    await influx.write(control, ['no line at all', ...lines(1)]);
    const everything = { fromMs: 0, toMs: Date.now() + 60_000, matchers: [{ op: '=~' as const, name: '__name__', value: '.+' }] };
    expect((await readBack(config, influx, everything)).map(({ labels }) => labels['__name__'])).toEqual(['m']);
    const found = await influx.select(
      'vigia',
      ['beside', 'after'].map((name) => `SELECT "value" FROM "raw".${identifier(name)} GROUP BY *`),
    );
    expect(found.map((series) => series.length)).toEqual([60, 60]);
  });

  test('its retention policy follows the setting; what is older is counted as refused', async () => {
    const influx = client(real.url, { version: 1 });
    const short = { database: 'vigia', retentionPolicy: 'short' };
    await influx.prepare(short, 7_200_000);
    await influx.prepare(short, 86_400_000 * 9);
    await influx.prepare(short, 86_400_000 * 9);
    const now = Date.now();
    const at = (ms: number) => line(seriesKey({ metric: 'aged', labels: {} }), 1, ms);
    expect(await influx.write(short, [at(now), at(now - 86_400_000 * 8), at(now - 86_400_000 * 10)])).toMatchObject({
      written: 2,
      refused: 1,
    });
    expect(await influx.ping()).toMatch(/^1\./);
  });

  test('a database that is missing is an error that a preparation mends', async () => {
    const influx = client(real.url, { version: 1 });
    const late = { database: 'late', retentionPolicy: 'raw' };
    expect((await failure(influx.write(late, lines(1)))).code).toBe('far-status');
    await influx.prepare(late, null);
    expect(await influx.write(late, lines(1))).toMatchObject({ written: 1 });
  });
});
