import { z } from 'zod';
import { VigiaError } from '../model/errors.ts';
import {
  checked,
  type Credentials,
  garbage,
  isRecord,
  parseJson,
  quote,
  reasonIn,
  refusal,
  requestHeaders,
  stringPairs,
  timeMs,
  trimSlash,
} from './answer.ts';
import { createBackOff } from './back-off.ts';
import type { GuardedAnswer, GuardedFetch } from './guarded.ts';
import { type Bounds, type Labels, parseMatrix, parseVector, type RangeSeries, type VectorSample } from './samples.ts';

export type { Labels, RangeSeries, VectorSample } from './samples.ts';

export interface PrometheusOptions extends Credentials {
  /** How sentences call it, for example `Prometheus`. */
  readonly name: string;
  /** With the path prefix where there is one: `https://mimir.example/prometheus`. */
  readonly baseUrl: string;
  /** Sent as X-Scope-OrgID. */
  readonly tenant?: string | undefined;
  readonly fetch: GuardedFetch;
  /** For one request; 30 s by default. */
  readonly deadlineMs?: number | undefined;
  /** For one answer; 64 MiB by default. */
  readonly maxBytes?: number | undefined;
  readonly maxSeries?: number | undefined;
  readonly maxSamples?: number | undefined;
  /** It is Vigía's own child on loopback. */
  readonly ownChild?: boolean | undefined;
  /** Called with each warning of an answer: a partial answer of Thanos, for example. */
  readonly onWarning?: ((warning: string) => void) | undefined;
  /**
   * What becomes of a query that only some of the stores behind it answered: by default it is taken as it is. With `refuse`,
   * Thanos and VictoriaMetrics are asked to fail instead, and an answer with such a warning is `far-partial`.
   */
  readonly partial?: 'take' | 'refuse' | undefined;
}

export interface PrometheusAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: 'firing' | 'pending';
  readonly activeMs: number | null;
  readonly value: string;
}

export interface ScrapeTarget {
  readonly labels: Labels;
  readonly discoveredLabels: Labels;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastError: string;
  readonly lastScrapeMs: number | null;
  readonly scrapeInterval: string;
}

export interface SeriesFilter {
  /** A series selector. */
  readonly match?: string | undefined;
  readonly fromMs?: number | undefined;
}

export interface TsdbStatus {
  readonly numSeries: number;
  readonly minTimeMs: number | null;
  readonly maxTimeMs: number | null;
}

/** Any Prometheus-compatible API. Methods throw VigiaError `far-*` and nothing else for what a far side can do. */
export interface PrometheusClient {
  readonly name: string;
  readonly baseUrl: string;
  /** Resolves once it says that it is ready. */
  ready(): Promise<void>;
  /** The far side's clock, Unix ms. */
  nowMs(): Promise<number>;
  query(expr: string, atMs?: number): Promise<VectorSample[]>;
  /** The raw samples of a range selector such as `up[5m]` before `atMs`. Stale markers are no samples: Prometheus keeps them to itself. */
  queryMatrix(expr: string, atMs: number): Promise<RangeSeries[]>;
  /** At most 11,000 steps per series, Prometheus's own limit. */
  queryRange(expr: string, range: { fromMs: number; toMs: number; stepMs: number }): Promise<RangeSeries[]>;
  /** Names of labels, of the series that `match` selects and of those that have samples since `fromMs`. */
  labelNames(of?: SeriesFilter): Promise<string[]>;
  labelValues(label: string, of?: SeriesFilter): Promise<string[]>;
  /** A ReadRequest, packed by snappy; the answer is packed as well. Bounded like every answer. */
  remoteRead(request: Uint8Array): Promise<Uint8Array>;
  alerts(): Promise<PrometheusAlert[]>;
  targets(): Promise<ScrapeTarget[]>;
  tsdbStatus(): Promise<TsdbStatus>;
  /** Reads its files again; the old ones stay in force when the new ones are refused. */
  reload(): Promise<void>;
}

/** Prometheus refuses range queries with more steps per series. */
export const MAX_STEPS = 11_000;

const text = z.string().default('');
const alertShape = z.object({
  labels: z.unknown(),
  annotations: z.unknown().optional(),
  state: z.enum(['firing', 'pending']),
  activeAt: z.string().optional(),
  value: text,
});
const alertsShape = z.object({ alerts: z.array(alertShape) });
const targetsShape = z.object({
  activeTargets: z.array(
    z.object({
      labels: z.unknown(),
      discoveredLabels: z.unknown().optional(),
      scrapePool: text,
      scrapeUrl: text,
      health: z.enum(['up', 'down', 'unknown']).catch('unknown'),
      lastError: text,
      lastScrape: z.string().optional(),
      scrapeInterval: text,
    }),
  ),
});
const namesShape = z
  .array(z.string())
  .nullish()
  .transform((names) => names ?? []);
const tsdbShape = z.object({ headStats: z.object({ numSeries: z.number(), minTime: z.number(), maxTime: z.number() }) });

export function createPrometheusClient(options: PrometheusOptions): PrometheusClient {
  const what = options.name;
  const baseUrl = trimSlash(options.baseUrl);
  const bounds: Bounds = { maxSeries: options.maxSeries ?? 50_000, maxSamples: options.maxSamples ?? 5_000_000 };

  function commonHeaders(): Record<string, string> {
    const headers = requestHeaders(options);
    // On this machine packing and unpacking costs both sides more than it saves.
    if (options.ownChild === true) headers['accept-encoding'] = 'identity';
    if (options.tenant !== undefined) headers['x-scope-orgid'] = options.tenant;
    return headers;
  }

  async function send(method: 'GET' | 'POST', path: string, form?: Readonly<Record<string, string>>): Promise<GuardedAnswer> {
    const headers = commonHeaders();
    if (form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded';
    return options.fetch(`${baseUrl}${path}`, {
      method,
      headers,
      body: form === undefined ? undefined : new URLSearchParams(form).toString(),
      deadlineMs: options.deadlineMs ?? 30_000,
      maxBytes: options.maxBytes ?? 64 * 1024 * 1024,
      // The base URL comes from the administrator, who may mean this machine.
      allowLoopback: true,
      ownChild: options.ownChild,
      what,
    });
  }

  const backOff = createBackOff(what);

  /** `data` of an API answer. */
  async function api(method: 'GET' | 'POST', path: string, form?: Readonly<Record<string, string>>): Promise<unknown> {
    backOff.check();
    const whole = options.partial === 'refuse' && form !== undefined ? { ...form, ...wholeOnly } : form;
    const answer = await send(method, `/api/v1${path}`, whole);
    if (answer.status !== 200) throw refused(answer);
    backOff.answered();
    const body = parseJson(what, answer.body);
    if (!isRecord(body) || body['status'] !== 'success') throw garbage(what, 'no answer of a Prometheus API');
    const warnings = Array.isArray(body['warnings']) ? body['warnings'].slice(0, 20).map(String) : [];
    for (const warning of warnings) options.onWarning?.(warning);
    if (options.partial === 'refuse') {
      const missing = body['isPartial'] === true ? 'it says so itself' : warnings.find((warning) => !isAboutTheQuery(warning));
      if (missing !== undefined) throw new VigiaError('far-partial', { what, reason: quote(missing) });
    }
    return body['data'];
  }

  function refused(answer: GuardedAnswer): VigiaError {
    const { status } = answer;
    const reason = reasonIn(answer);
    const limited = backOff.limited(answer, reason);
    if (limited !== null) return limited;
    if (status === 422 && /limit|exceed|too many|maximum|\bmax/i.test(reason))
      return new VigiaError('far-query-limit', { what, status, reason });
    if (status === 401 && /org.?id|tenant/i.test(reason))
      return new VigiaError('far-status', { what, status, reason: `${reason}; prometheus.source.tenant says whose data are meant` });
    return refusal(what, answer);
  }

  async function plain(method: 'GET' | 'POST', path: string): Promise<void> {
    const answer = await send(method, path);
    if (answer.status < 200 || answer.status > 299) throw refusal(what, answer);
  }

  const pairs = (value: unknown, name: string): Labels => stringPairs(what, value ?? {}, name);

  async function query(expr: string, atMs?: number): Promise<VectorSample[]> {
    const form = atMs === undefined ? { query: expr } : { query: expr, time: seconds(atMs) };
    return parseVector(what, await api('POST', '/query', form), bounds);
  }

  async function nowMs(): Promise<number> {
    const [sample] = await query('time()');
    if (sample === undefined || !Number.isFinite(sample.value)) throw garbage(what, 'no time');
    return Math.round(sample.value * 1000);
  }

  async function names(path: string, { match, fromMs }: SeriesFilter = {}): Promise<string[]> {
    const asked = new URLSearchParams();
    if (match !== undefined) asked.set('match[]', match);
    if (fromMs !== undefined) asked.set('start', seconds(fromMs));
    return checked(what, namesShape, await api('GET', `${path}${asked.size === 0 ? '' : `?${asked.toString()}`}`));
  }

  const alertOf = (raw: z.infer<typeof alertShape>): PrometheusAlert => ({
    labels: pairs(raw.labels, 'labels'),
    annotations: pairs(raw.annotations, 'annotations'),
    state: raw.state,
    activeMs: timeMs(raw.activeAt),
    value: raw.value,
  });

  return {
    name: what,
    baseUrl,
    async ready() {
      try {
        await plain('GET', '/-/ready');
      } catch (thrown) {
        // Not every compatible API has this path; answering a query is as good.
        if (!(thrown instanceof VigiaError) || thrown.params['status'] !== 404) throw thrown;
        await nowMs();
      }
    },
    reload: () => plain('POST', '/-/reload'),
    nowMs,
    query,
    async queryMatrix(expr, atMs) {
      return parseMatrix(what, await api('POST', '/query', { query: expr, time: seconds(atMs) }), bounds);
    },
    async queryRange(expr, { fromMs, toMs, stepMs }) {
      if (!(stepMs > 0) || !(toMs >= fromMs) || (toMs - fromMs) / stepMs >= MAX_STEPS) {
        throw new RangeError(`queryRange: ${fromMs} to ${toMs} by ${stepMs} ms is not 1 to ${MAX_STEPS} steps`);
      }
      const form = { query: expr, start: seconds(fromMs), end: seconds(toMs), step: seconds(stepMs) };
      return parseMatrix(what, await api('POST', '/query_range', form), bounds);
    },
    async remoteRead(request) {
      const answer = await options.fetch(`${baseUrl}/api/v1/read`, {
        method: 'POST',
        headers: { ...commonHeaders(), 'content-type': 'application/x-protobuf', 'x-prometheus-remote-read-version': '0.1.0' },
        body: request,
        packed: true,
        deadlineMs: options.deadlineMs ?? 30_000,
        maxBytes: options.maxBytes ?? 64 * 1024 * 1024,
        allowLoopback: true,
        ownChild: options.ownChild,
        what,
      });
      if (answer.status !== 200) throw refusal(what, answer);
      return answer.body;
    },
    labelNames: (of) => names('/labels', of),
    labelValues: (label, of) => names(`/label/${encodeURIComponent(label)}/values`, of),
    async alerts() {
      return checked(what, alertsShape, await api('GET', '/alerts')).alerts.map(alertOf);
    },
    async targets() {
      const { activeTargets } = checked(what, targetsShape, await api('GET', '/targets?state=active'));
      return activeTargets.map((target) => ({
        labels: pairs(target.labels, 'labels'),
        discoveredLabels: pairs(target.discoveredLabels, 'discoveredLabels'),
        scrapePool: target.scrapePool,
        scrapeUrl: target.scrapeUrl,
        health: target.health,
        lastError: target.lastError,
        lastScrapeMs: timeMs(target.lastScrape),
        scrapeInterval: target.scrapeInterval,
      }));
    },
    async tsdbStatus() {
      const { headStats } = checked(what, tsdbShape, await api('GET', '/status/tsdb'));
      // An empty head says minTime = MaxInt64 and maxTime = MinInt64.
      const empty = headStats.maxTime < headStats.minTime;
      return {
        numSeries: headStats.numSeries,
        minTimeMs: empty ? null : headStats.minTime,
        maxTimeMs: empty ? null : headStats.maxTime,
      };
    },
  };
}

/** How Thanos and a cluster of VictoriaMetrics are told to fail rather than to answer in part; the others do not know these. */
const wholeOnly = { partial_response: 'false', deny_partial_response: '1' };

/** Prometheus's own remarks on an expression, beside a whole answer. */
const isAboutTheQuery = (warning: string): boolean => /^PromQL (info|warning)\b/.test(warning);

/** Prometheus takes seconds; three decimals keep the milliseconds and never become an exponent. */
const seconds = (ms: number): string => (ms / 1000).toFixed(3);
