import type { AlertmanagerInput } from '../../src/server/derive/alertmanager-files.ts';
import type { PrometheusInput } from '../../src/server/derive/prometheus-files.ts';
import type { RuleInput } from '../../src/server/derive/rules.ts';
import { type Profile, profileSchema } from '../../src/model/profile.ts';
import { type Receiver, receiverSchema } from '../../src/model/receiver.ts';
import { type Target, targetInputSchema } from '../../src/model/target.ts';

/** A small house to derive files from. */
export const profile: Profile = profileSchema.parse({
  slug: 'linux-host',
  version: 1,
  kind: 'host',
  title: { en: 'Linux host', es: 'Servidor Linux' },
  selector: 'profile="linux-host"',
  identity: ['target'],
  presence: 'max by ($by, job, instance) (count_over_time(node_time_seconds{$selector}[$step]))',
  features: [
    ['cpu', 'CPU busy', 'max by ($by) (cpu_ratio{$selector})', 'ratio'],
    ['memory', 'Memory used', 'max by ($by) (memory_ratio{$selector})', 'ratio'],
    ['disk_space', 'Fullest file system', 'max by ($by) (disk_ratio{$selector})', 'ratio'],
    ['network_receive', 'Network in', 'sum by ($by) (rate(received_bytes_total{$selector}[$rate]))', 'bytes_per_second'],
  ].map(([name, en, expr, unit]) => ({ name, title: { en, es: en }, expr, unit, direction: 'up', minimumChange: 0 })),
});

export function target(id: string, more: Partial<Target> = {}): Target {
  const input = targetInputSchema.parse({ name: 'web1', profile: profile.slug, address: 'web1:9100' });
  return { ...input, name: id, address: `${id}:9100`, id, managedBy: 'user', createdMs: 0, ...more };
}

export function rules(more: Partial<RuleInput> = {}): RuleInput {
  return {
    profiles: [profile],
    targets: [],
    scrapeIntervalMs: 15_000,
    keepFiringMs: 120_000,
    publicUrl: 'https://vigia.example/base',
    ...more,
  };
}

const credential = { username: 'vigia', password: 'pass word' };
export const internal = { port: 1, token: 'token' };

export function prometheus(more: Partial<PrometheusInput> = {}): PrometheusInput {
  return { scrapeIntervalMs: 15_000, internal, alertmanager: { ...credential, port: 2 }, own: credential, rules: rules(), ...more };
}

/** P33's timing. */
export function alertmanager(more: Partial<AlertmanagerInput> = {}): AlertmanagerInput {
  return { receivers: [], groupWaitMs: 30_000, groupIntervalMs: 60_000, repeatIntervalMs: 3_600_000, internal, own: credential, ...more };
}

const kinds = {
  telegram: { botToken: '123:abc', chatId: '-1001234567890' },
  discord: { webhookUrl: 'https://discord.example/api/webhooks/1/tok' },
  email: { to: 'ops@example.org', from: 'vigia@example.org', smarthost: 'mail.example.org:587' },
  webhook: { url: 'https://hook.example/x' },
};

export function receiver(kind: keyof typeof kinds, more: Record<string, unknown> = {}): Receiver {
  return receiverSchema.parse({ kind, name: 'ops', ...kinds[kind], ...more });
}

export const allReceivers: readonly Receiver[] = (['telegram', 'discord', 'email', 'webhook'] as const).map((kind) => receiver(kind));

/** Strings that break out of YAML, PromQL, Go templates, HTML or headers when somebody forgot to quote. */
export const hostile: readonly string[] = [
  '"',
  "'",
  '\\',
  '\n',
  '\r\nBcc: x@example.org',
  '{{ .Labels }}',
  '{{',
  '}}',
  '{{ end }}{{ define "vigia.telegram" }}',
  '"} or vector(1) or x{y="',
  '<b>',
  '</a><script>alert(1)</script>',
  '&amp; & &#0;',
  '@everyone <@1> [x](https://evil.example)',
  '$1 ${x} %s %!q',
  ': - # * &a !!js |',
  '\u0000\u0001\u007f\u0085\u2028\ufeff',
  '\ud800',
  '__proto__',
  '😀'.repeat(40),
  '`*_~|>',
  'x'.repeat(500),
];
