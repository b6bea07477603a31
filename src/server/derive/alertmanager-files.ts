import { bypassesProxy } from '../../clients/address.ts';
import { reveal, type Secret } from '../../clients/secret.ts';
import type { Receiver } from '../../model/receiver.ts';
import { formatDuration } from '../../model/time.ts';
import { messageTemplates } from './message-templates.ts';
import { receiverName, routesOf, TEST_LABEL } from './routing.ts';
import { downNames } from './target-rules.ts';
import { type ChildCredential, webFile } from './web-file.ts';
import { yamlText } from './yaml-text.ts';

export interface AlertmanagerInput {
  readonly receivers: readonly Receiver[];
  /** False where another instance sends: receivers can be tested, and get nothing else. */
  readonly sends?: boolean;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** Vigía's listener for its own children, on 127.0.0.1: the webhook that wakes incidents. */
  readonly internal: { readonly port: number; readonly token: string | Secret };
  /** What Alertmanager itself asks of its callers. */
  readonly own: ChildCredential;
  readonly proxy?: string | undefined;
  readonly noProxy?: readonly string[] | undefined;
}

export const ALERTMANAGER_FILE = 'alertmanager.yml';
export const ALERTMANAGER_WEB_FILE = 'web.yml';
const TEMPLATE_FILE = 'vigia.tmpl';
const TOKEN_FILE = 'internal-token';

/** All files of the Alertmanager child by name, for a folder of their own. Paths in them are relative to that folder. */
export function alertmanagerFiles(input: AlertmanagerInput): Record<string, string> {
  const enabled = input.receivers.filter((receiver) => receiver.enabled);
  const down = downNames.join('|');
  const config = {
    global: { resolve_timeout: '5m' },
    templates: [TEMPLATE_FILE],
    route: {
      receiver: 'none',
      // P33: one message per kind of alert, whatever the number of hosts.
      group_by: ['alertname'],
      group_wait: formatDuration(input.groupWaitMs),
      group_interval: formatDuration(input.groupIntervalMs),
      repeat_interval: formatDuration(input.repeatIntervalMs),
      routes: [...testRoutes(enabled), ownRoute, ...(input.sends === false ? [] : routesOf(enabled))],
    },
    // A host that is down has no other news.
    inhibit_rules: [{ source_matchers: [`alertname=~"${down}"`], target_matchers: [`alertname!~"${down}"`], equal: ['entity', 'profile'] }],
    receivers: [
      { name: 'none' },
      { name: 'vigia', webhook_configs: [ownWebhook(input)] },
      ...enabled.map((receiver) => ({ name: receiverName(receiver), ...settingsOf(receiver, input) })),
    ],
  };
  return {
    [TOKEN_FILE]: reveal(input.internal.token),
    [TEMPLATE_FILE]: messageTemplates,
    [ALERTMANAGER_WEB_FILE]: webFile(input.own),
    [ALERTMANAGER_FILE]: yamlText(config),
  };
}

/** Each alert for itself and at once: incidents must not wait for people's timing. */
const ownRoute = { receiver: 'vigia', continue: true, group_by: ['...'], group_wait: '0s', group_interval: '1s', repeat_interval: '1h' };

const testRoutes = (receivers: readonly Receiver[]): unknown[] =>
  receivers.map((receiver) => ({
    receiver: receiverName(receiver),
    matchers: [`${TEST_LABEL}=${JSON.stringify(receiverName(receiver))}`],
    group_by: ['...'],
    group_wait: '0s',
  }));

function ownWebhook(input: AlertmanagerInput): unknown {
  return {
    url: `http://127.0.0.1:${input.internal.port}/internal/webhook`,
    send_resolved: true,
    max_alerts: 0,
    http_config: { authorization: { type: 'Bearer', credentials_file: TOKEN_FILE }, follow_redirects: false },
  };
}

function settingsOf(receiver: Receiver, input: AlertmanagerInput): Record<string, unknown[]> {
  const send_resolved = receiver.sendResolved;
  switch (receiver.kind) {
    case 'telegram':
      return {
        telegram_configs: [
          {
            send_resolved,
            api_url: goUrl(receiver.apiUrl).replace(/\/+$/, ''),
            bot_token: receiver.botToken,
            chat_id: BigInt(receiver.chatId),
            parse_mode: 'HTML',
            message: '{{ template "vigia.telegram" . }}',
            http_config: httpConfig(receiver.apiUrl, input),
          },
        ],
      };
    case 'discord':
      return {
        discord_configs: [
          {
            send_resolved,
            webhook_url: goUrl(receiver.webhookUrl),
            title: '{{ template "vigia.subject" . }}',
            message: '{{ template "vigia.discord" . }}',
            http_config: httpConfig(receiver.webhookUrl, input),
          },
        ],
      };
    case 'email':
      return {
        email_configs: [
          {
            send_resolved,
            to: receiver.to,
            from: receiver.from,
            smarthost: receiver.smarthost,
            ...(receiver.username === '' ? {} : { auth_username: receiver.username, auth_password: receiver.password }),
            // On port 465 TLS comes first and STARTTLS is never offered; asking for it would fail.
            require_tls: receiver.requireTls && !receiver.smarthost.endsWith(':465'),
            headers: { Subject: '{{ template "vigia.subject" . }}' },
            text: '{{ template "vigia.email.text" . }}',
            html: '{{ template "vigia.email.html" . }}',
          },
        ],
      };
    case 'webhook':
      return {
        webhook_configs: [
          {
            send_resolved,
            url: goUrl(receiver.url),
            http_config: {
              ...httpConfig(receiver.url, input),
              ...(receiver.bearerToken === '' ? {} : { authorization: { type: 'Bearer', credentials: receiver.bearerToken } }),
            },
          },
        ],
      };
  }
}

/** A URL as Go takes it: a `%` that escapes nothing is an error there. */
const goUrl = (address: string): string => new URL(address).href.replace(/%(?![0-9a-fA-F]{2})/g, '%25');

/** No redirects, so that credentials stay where they were meant; the proxy where one stands between. */
function httpConfig(address: string, input: AlertmanagerInput): Record<string, unknown> {
  const url = new URL(address);
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const proxied = input.proxy !== undefined && !bypassesProxy(url.hostname, port, input.noProxy ?? []);
  return { follow_redirects: false, ...(proxied ? { proxy_url: goUrl(input.proxy as string) } : {}) };
}
