import { startHttp } from '../stand-ins/http.ts';

/** What the source answers: a Prometheus API, an error of a gateway, a page that is no API. */
type Mood = 'works' | '500' | 'garbage';

interface Source {
  readonly url: string;
  feel(mood: Mood): void;
  /** From now on, for one second in `every`, all features are NaN; for the next one the series is stale: no sample at all. */
  spoil(every: number): void;
  /** Aligned steps in (fromMs, toMs] that it holds, and those of them whose features are numbers. */
  holds(fromMs: number, toMs: number): { present: number; scorable: number };
  stop(): Promise<void>;
}

const stepMs = 1_000;
const historyMs = 600_000;

/**
 * A stand-in of a Prometheus-compatible API with one host, whose samples are a function of their time: what it answers
 * today about yesterday is what it would have answered yesterday.
 */
export async function startSource(): Promise<Source> {
  const beganMs = Date.now() - historyMs;
  let mood: Mood = 'works';
  let spoiltMs = Number.POSITIVE_INFINITY;
  let period = 1;
  const phase = (tsMs: number): number => (tsMs < spoiltMs ? 2 : Math.round(tsMs / stepMs) % period);
  const isStale = (tsMs: number): boolean => tsMs < beganMs || phase(tsMs) === 1;
  const isNaNs = (tsMs: number): boolean => phase(tsMs) === 0;

  const matrix = (form: URLSearchParams): unknown => {
    const isPresence = form.get('query')?.includes('count_over_time') === true;
    const [startMs, endMs, askedMs] = ['start', 'end', 'step'].map((name) => Math.round(Number(form.get(name)) * 1000)) as [
      number,
      number,
      number,
    ];
    const values: [number, string][] = [];
    for (let tsMs = startMs; tsMs <= endMs; tsMs += askedMs) {
      if (isStale(tsMs)) continue;
      const value = 0.2 + 0.01 * Math.sin(tsMs / 7_000);
      values.push([tsMs / 1000, isPresence ? '1' : isNaNs(tsMs) ? 'NaN' : String(value)]);
    }
    return { resultType: 'matrix', result: values.length === 0 ? [] : [{ metric: { instance: 'far1:9100', job: 'node' }, values }] };
  };

  const http = await startHttp((request, response, body) => {
    const answer = (status: number, data: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(data));
    };
    if (mood === '500') return answer(500, { status: 'error', errorType: 'internal', error: 'the store gateway is away' });
    if (mood === 'garbage') return response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Maintenance</h1>');
    const form = new URLSearchParams(body);
    switch (request.url?.split('?')[0]) {
      case '/api/v1/query':
        return answer(200, {
          status: 'success',
          data: { resultType: 'vector', result: [{ metric: {}, value: [Date.now() / 1000, String(Date.now() / 1000)] }] },
        });
      case '/api/v1/query_range':
        return answer(200, { status: 'success', data: matrix(form) });
      case '/api/v1/targets':
        return answer(200, { status: 'success', data: { activeTargets: [] } });
      default:
        return answer(404, { status: 'error', error: 'not found' });
    }
  });
  return {
    url: http.url,
    feel: (next) => {
      mood = next;
    },
    spoil(every) {
      period = every;
      spoiltMs = Date.now();
    },
    holds(fromMs, toMs) {
      let present = 0;
      let scorable = 0;
      for (let tsMs = fromMs + stepMs; tsMs <= toMs; tsMs += stepMs) {
        if (isStale(tsMs)) continue;
        present++;
        if (!isNaNs(tsMs)) scorable++;
      }
      return { present, scorable };
    },
    stop: http.stop,
  };
}
