import { afterEach, describe, expect, test } from 'vitest';
import { createBackOff } from '../../src/clients/back-off.ts';
import { createGuardedFetch } from '../../src/clients/guarded.ts';
import { configSchema } from '../../src/model/config.ts';
import { VigiaError } from '../../src/model/errors.ts';
import { adoptedSource } from '../../src/server/source.ts';
import { type PrometheusApi, startPrometheusApi } from '../stand-ins/prometheus-api.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A source as the configuration adopts it, and the far side. */
async function adopted(settings: object = {}, tenant = 'home'): Promise<{ far: PrometheusApi; client: Client }> {
  const far = await startPrometheusApi({ entities: ['a', 'b'], tenant });
  const fetch = createGuardedFetch({ forbiddenPorts: () => new Set() });
  stops.push(far.stop, fetch.close);
  const config = configSchema.parse({ prometheus: { source: { url: far.url, tenant: 'home', ...settings } } });
  const source = adoptedSource(config, fetch);
  if (source === null) throw new Error('nothing is adopted');
  return { far, client: source.client };
}
type Client = NonNullable<ReturnType<typeof adoptedSource>>['client'];

const range = { fromMs: 0, toMs: 10_000, stepMs: 5_000 };
const failure = async (asking: Promise<unknown>): Promise<VigiaError> => {
  const thrown: unknown = await asking.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(VigiaError);
  return thrown as VigiaError;
};

describe('an adopted source', () => {
  test('is asked in the name of its tenant, and says so where none is set', async () => {
    const { far, client } = await adopted();
    expect(await client.queryRange('x', range)).toHaveLength(2);
    expect(far.asked[0]?.headers['x-scope-orgid']).toBe('home');
    const { client: nameless } = await adopted({ tenant: undefined });
    expect((await failure(nameless.queryRange('x', range))).message).toMatch(/401: no org id; prometheus\.source\.tenant says whose/);
    const { client: stranger } = await adopted({ tenant: 'other' });
    expect((await failure(stranger.queryRange('x', range))).message).toMatch(/403: unknown tenant/);
  });

  test('that would answer in part fails instead, and nothing is taken for missing', async () => {
    const { far, client } = await adopted();
    far.away.add('b');
    expect((await failure(client.queryRange('x', range))).message).toMatch(/503: expanding series: a store is away/);
    expect(far.asked[0]?.form.get('deny_partial_response')).toBe('1');
    far.away.clear();
    expect(await client.queryRange('x', range)).toHaveLength(2);
  });

  test('that answers in part all the same is not believed; remarks on the query are no part of that', async () => {
    const { far, client } = await adopted();
    far.warnings = ['fetch series for {replica="b"}: rpc error: Unavailable'];
    const error = await failure(client.queryRange('x', range));
    expect(error.code).toBe('far-partial');
    expect(error.message).toMatch(
      /only a part of the answer: fetch series for \{replica="b"\}: rpc error: Unavailable\. Nothing is scored/,
    );
    far.warnings = ['PromQL info: metric might not be a counter, name does not end in _total: "x"'];
    expect(await client.queryRange('x', range)).toHaveLength(2);
  });

  test('may be taken in part where the configuration says so', async () => {
    const { far, client } = await adopted({ partial: 'take' });
    far.away.add('b');
    far.warnings = ['a store is away'];
    expect(await client.queryRange('x', range)).toHaveLength(1);
    expect(far.asked[0]?.form.has('partial_response')).toBe(false);
  });

  test('that limits its callers is left in peace until it may be asked again', async () => {
    const { far, client } = await adopted();
    far.fault = { status: 429, headers: { 'retry-after': '17' }, body: { status: 'error', error: 'the request rate limit is exceeded' } };
    const error = await failure(client.queryRange('x', range));
    expect(error.code).toBe('far-limited');
    expect(error.message).toMatch(/answered 429: the request rate limit is exceeded\)\. It is asked again in 17 s/);
    far.fault = null;
    const asked = far.asked.length;
    expect((await failure(client.nowMs())).params['seconds']).toBeGreaterThan(15);
    expect((await failure(client.queryRange('x', range))).code).toBe('far-limited');
    expect(far.asked.length).toBe(asked);
  });

  test('that has too much to do says when to come back; one that is down does not', async () => {
    const { far, client } = await adopted();
    far.fault = { status: 503, body: { status: 'error', error: 'shutting down' } };
    expect((await failure(client.nowMs())).code).toBe('far-status');
    far.fault = { status: 503, headers: { 'retry-after': '10' }, body: { error: 'no query slot' } };
    expect((await failure(client.nowMs())).params).toMatchObject({ status: 503, seconds: 10 });
  });

  test('whose limit a query passes says which', async () => {
    const { far, client } = await adopted();
    const body = {
      status: 'error',
      error: 'the query exceeded the maximum number of series (limit: 100000) (err-mimir-max-series-per-query)',
    };
    far.fault = { status: 422, body };
    const error = await failure(client.queryRange('x', range));
    expect(error.code).toBe('far-query-limit');
    expect(error.message).toMatch(/maximum number of series \(limit: 100000\).*narrow prometheus\.source\.selectors/);
    // The next query may be a smaller one.
    far.fault = null;
    expect(await client.queryRange('x', range)).toHaveLength(2);
    far.fault = { status: 422, body: { status: 'error', error: 'multiple matches for labels' } };
    expect((await failure(client.queryRange('x', range))).code).toBe('far-status');
  });
});

describe('backing off', () => {
  const answer = (status: number, retryAfter?: string) => ({
    status,
    headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
    body: Buffer.alloc(0),
  });
  const seconds = (error: VigiaError | null) => error?.params['seconds'];

  test('doubles from 5 s to 5 min where the far side names no time, and begins anew once it answered', () => {
    const backOff = createBackOff('It', { monotonicMs: () => 0, wallMs: () => 0 });
    const waits = Array.from({ length: 8 }, () => seconds(backOff.limited(answer(429), 'r')));
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300]);
    backOff.answered();
    expect(seconds(backOff.limited(answer(429), 'r'))).toBe(5);
  });

  test('believes seconds and dates, within an hour', () => {
    const backOff = createBackOff('It', { monotonicMs: () => 0, wallMs: () => Date.UTC(2026, 0, 1) });
    expect(seconds(backOff.limited(answer(503, '7'), 'r'))).toBe(7);
    expect(seconds(backOff.limited(answer(429, 'Thu, 01 Jan 2026 00:01:30 GMT'), 'r'))).toBe(90);
    expect(seconds(backOff.limited(answer(429, 'Wed, 31 Dec 2025 00:00:00 GMT'), 'r'))).toBe(1);
    expect(seconds(backOff.limited(answer(429, '999999'), 'r'))).toBe(3_600);
    expect(backOff.limited(answer(503), 'r')).toBeNull();
    expect(backOff.limited(answer(500, '7'), 'r')).toBeNull();
  });

  test('ends with its time', () => {
    let nowMs = 0;
    const backOff = createBackOff('It', { monotonicMs: () => nowMs, wallMs: () => 0 });
    backOff.limited(answer(429, '2'), 'r');
    nowMs = 1_900;
    expect(() => backOff.check()).toThrow(/asked again in 1 s/);
    nowMs = 2_000;
    expect(() => backOff.check()).not.toThrow();
  });
});
