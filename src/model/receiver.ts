import { z } from 'zod';

/** What a secret looks like when it is shown; sending it back keeps the stored one. */
export const MASKED = '***';

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'lower-case letters, digits and "-"');
const httpUrl = z.url({ protocol: /^https?$/ });

/** Which alerts a receiver gets: severities, and categories of warnings (P33). Empty means "all". */
const routing = {
  name,
  enabled: z.boolean().default(true),
  sendResolved: z.boolean().default(true),
  severities: z.array(z.enum(['critical', 'warning', 'info'])).default([]),
  categories: z.array(z.enum(['anomaly', 'availability', 'cpu', 'memory', 'disk', 'network', 'other'])).default([]),
};

export const receiverSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...routing,
    kind: z.literal('telegram'),
    botToken: z.string().min(1),
    chatId: z.string().regex(/^-?\d{1,19}$/, 'a chat id, for example -1001234567890'),
    apiUrl: httpUrl.default('https://api.telegram.org'),
  }),
  z.strictObject({ ...routing, kind: z.literal('discord'), webhookUrl: httpUrl }),
  z.strictObject({
    ...routing,
    kind: z.literal('email'),
    to: z.email(),
    from: z.email(),
    smarthost: z.string().regex(/^[^\s:]+:\d{1,5}$/, 'HOST:PORT of the mail server'),
    username: z.string().default(''),
    password: z.string().default(''),
    requireTls: z.boolean().default(true),
  }),
  z.strictObject({ ...routing, kind: z.literal('webhook'), url: httpUrl, bearerToken: z.string().default('') }),
]);
export type Receiver = z.infer<typeof receiverSchema>;

/** Fields of receivers that are never shown. */
export const receiverSecrets: ReadonlySet<string> = new Set(['botToken', 'webhookUrl', 'password', 'bearerToken']);
