import { z } from 'zod';
import { VigiaError } from '../model/errors.ts';
import type { Silence } from '../model/incident.ts';
import { checked, type Credentials, parseJson, refusal, requestHeaders, stringPairs, timeMs, trimSlash } from './answer.ts';
import type { GuardedAnswer, GuardedFetch } from './guarded.ts';
import type { Labels } from './samples.ts';

export interface AlertmanagerOptions extends Credentials {
  /** How sentences call it, for example `Alertmanager`. */
  readonly name: string;
  readonly baseUrl: string;
  readonly fetch: GuardedFetch;
  /** For one request; 15 s by default. */
  readonly deadlineMs?: number | undefined;
  /** For one answer; 32 MiB by default. */
  readonly maxBytes?: number | undefined;
  /** It is Vigía's own child on loopback. */
  readonly ownChild?: boolean | undefined;
}

/** An alert that Alertmanager holds: it has not ended, or ended moments ago. */
export interface AlertmanagerAlert {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsMs: number;
  /** When it ends unless it is sent again: in the future while it fires. */
  readonly endsMs: number;
  readonly state: 'active' | 'suppressed' | 'unprocessed';
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
  readonly generatorUrl: string;
}

export interface KnownSilence extends Silence {
  readonly state: 'active' | 'pending' | 'expired';
}

export interface AlertInput {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsMs?: number | undefined;
  readonly endsMs?: number | undefined;
  readonly generatorUrl?: string | undefined;
}

/** Alertmanager's API v2. Methods throw VigiaError `far-*` (and `not-found` for a silence that is not there). */
export interface AlertmanagerClient {
  readonly name: string;
  ready(): Promise<void>;
  reload(): Promise<void>;
  alerts(): Promise<AlertmanagerAlert[]>;
  /** All it remembers, expired ones too. */
  silences(): Promise<KnownSilence[]>;
  /** Adds a silence, or changes the one with this id; answers the id, which may be a new one. */
  putSilence(silence: Omit<Silence, 'id'> & { readonly id?: string | undefined }): Promise<string>;
  deleteSilence(id: string): Promise<void>;
  postAlerts(alerts: readonly AlertInput[]): Promise<void>;
}

const time = z.string().transform((value, context) => {
  const ms = timeMs(value);
  if (ms !== null) return ms;
  context.addIssue({ code: 'custom', message: 'no time' });
  return z.NEVER;
});
const alertsShape = z.array(
  z.object({
    fingerprint: z.string().regex(/^[0-9a-f]{1,64}$/),
    labels: z.unknown(),
    annotations: z.unknown(),
    startsAt: time,
    endsAt: time,
    status: z.object({
      state: z.enum(['active', 'suppressed', 'unprocessed']),
      silencedBy: z.array(z.string()),
      inhibitedBy: z.array(z.string()),
    }),
    generatorURL: z.string().default(''),
  }),
);
const silencesShape = z.array(
  z.object({
    id: z.string(),
    matchers: z.array(z.object({ name: z.string(), value: z.string(), isRegex: z.boolean(), isEqual: z.boolean().default(true) })),
    startsAt: time,
    endsAt: time,
    createdBy: z.string(),
    comment: z.string(),
    status: z.object({ state: z.enum(['active', 'pending', 'expired']) }),
  }),
);
const madeShape = z.object({ silenceID: z.string().min(1) });

export function createAlertmanagerClient(options: AlertmanagerOptions): AlertmanagerClient {
  const what = options.name;
  const baseUrl = trimSlash(options.baseUrl);

  async function send(method: 'GET' | 'POST' | 'DELETE', path: string, json?: unknown): Promise<GuardedAnswer> {
    const headers = requestHeaders(options);
    if (json !== undefined) headers['content-type'] = 'application/json';
    const answer = await options.fetch(`${baseUrl}${path}`, {
      method,
      headers,
      body: json === undefined ? undefined : JSON.stringify(json),
      deadlineMs: options.deadlineMs ?? 15_000,
      maxBytes: options.maxBytes ?? 32 * 1024 * 1024,
      allowLoopback: true,
      ownChild: options.ownChild,
      what,
    });
    if (answer.status < 200 || answer.status > 299) throw refusal(what, answer);
    return answer;
  }

  return {
    name: what,
    async ready() {
      await send('GET', '/-/ready');
    },
    async reload() {
      await send('POST', '/-/reload');
    },
    async alerts() {
      const found = checked(what, alertsShape, parseJson(what, (await send('GET', '/api/v2/alerts')).body));
      return found.map((alert) => ({
        fingerprint: alert.fingerprint,
        labels: stringPairs(what, alert.labels, 'labels'),
        annotations: stringPairs(what, alert.annotations, 'annotations'),
        startsMs: alert.startsAt,
        endsMs: alert.endsAt,
        state: alert.status.state,
        silencedBy: alert.status.silencedBy,
        inhibitedBy: alert.status.inhibitedBy,
        generatorUrl: alert.generatorURL,
      }));
    },
    async silences() {
      const found = checked(what, silencesShape, parseJson(what, (await send('GET', '/api/v2/silences')).body));
      return found.map(({ startsAt, endsAt, status, ...rest }) => ({ ...rest, startsMs: startsAt, endsMs: endsAt, state: status.state }));
    },
    async putSilence({ startsMs, endsMs, ...rest }) {
      const body = { ...rest, startsAt: rfc3339(startsMs), endsAt: rfc3339(endsMs) };
      return checked(what, madeShape, parseJson(what, (await send('POST', '/api/v2/silences', body)).body)).silenceID;
    },
    async deleteSilence(id) {
      // The id goes into a path, so only what Alertmanager itself gives out is sent.
      if (!/^[0-9a-f-]{36}$/.test(id)) throw new VigiaError('not-found', { thing: 'silence', id });
      try {
        await send('DELETE', `/api/v2/silence/${id}`);
      } catch (thrown) {
        const missing = thrown instanceof VigiaError && thrown.code === 'far-status' && /not found/i.test(thrown.message);
        if (missing || (thrown instanceof VigiaError && thrown.params['status'] === 404)) {
          throw new VigiaError('not-found', { thing: 'silence', id });
        }
        throw thrown;
      }
    },
    async postAlerts(alerts) {
      const body = alerts.map(({ startsMs, endsMs, generatorUrl, labels, annotations }) => ({
        labels,
        annotations,
        ...(startsMs === undefined ? {} : { startsAt: rfc3339(startsMs) }),
        ...(endsMs === undefined ? {} : { endsAt: rfc3339(endsMs) }),
        ...(generatorUrl === undefined ? {} : { generatorURL: generatorUrl }),
      }));
      await send('POST', '/api/v2/alerts', body);
    },
  };
}

const rfc3339 = (ms: number): string => new Date(ms).toISOString();
