import type { IncomingHttpHeaders } from 'node:http';
import { startHttp } from './http.ts';
import { received, type StandIn } from './received.ts';

export interface WebhookCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as JSON: Alertmanager's version "4". */
  readonly body: {
    readonly status: string;
    readonly alerts: readonly {
      readonly status: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  };
}

/** A stand-in that takes Alertmanager's webhook. */
export async function startWebhook(): Promise<StandIn<WebhookCall> & { readonly url: string }> {
  const calls = received<WebhookCall>('The webhook');
  const statuses: number[] = [];
  const http = await startHttp((request, response, body) => {
    const status = statuses.shift() ?? 200;
    if (status === 200) calls.add({ path: request.url ?? '', headers: request.headers, body: JSON.parse(body) as WebhookCall['body'] });
    response.writeHead(status).end();
  });
  return { url: `${http.url}/hook`, port: http.port, statuses, received: calls.list, waitFor: calls.waitFor, stop: http.stop };
}
