import type { Receiver } from '../../../model/receiver.ts';

type Kind = Receiver['kind'];
export const kinds: readonly Kind[] = ['telegram', 'discord', 'email', 'webhook'];

const common = { name: '', enabled: true, sendResolved: true, severities: [], categories: [] };

/** A receiver as it starts, with the defaults of the model. */
export function blank(kind: Kind): Receiver {
  switch (kind) {
    case 'telegram':
      return { ...common, kind, botToken: '', chatId: '', apiUrl: 'https://api.telegram.org' };
    case 'discord':
      return { ...common, kind, webhookUrl: '' };
    case 'email':
      return { ...common, kind, to: '', from: '', smarthost: '', username: '', password: '', requireTls: true };
    case 'webhook':
      return { ...common, kind, url: '', bearerToken: '' };
  }
}

interface PlainField {
  readonly name: string;
  readonly word: `settings.${'botToken' | 'chatId' | 'apiUrl' | 'webhookUrl' | 'to' | 'from' | 'smarthost' | 'username' | 'mailPassword' | 'requireTls' | 'url' | 'bearerToken'}`;
  readonly hint?: `settings.${'chatIdHint' | 'smarthostHint' | 'secretHint'}`;
  readonly type: 'text' | 'url' | 'email' | 'password' | 'boolean';
  readonly required?: boolean;
}

/** The fields of each kind, in the order one fills them in. */
export const plainFields: Readonly<Record<Kind, readonly PlainField[]>> = {
  telegram: [
    { name: 'botToken', word: 'settings.botToken', hint: 'settings.secretHint', type: 'password', required: true },
    { name: 'chatId', word: 'settings.chatId', hint: 'settings.chatIdHint', type: 'text', required: true },
    { name: 'apiUrl', word: 'settings.apiUrl', type: 'url', required: true },
  ],
  // Not of type "url": the stored one is shown as ***.
  discord: [{ name: 'webhookUrl', word: 'settings.webhookUrl', hint: 'settings.secretHint', type: 'password', required: true }],
  email: [
    { name: 'to', word: 'settings.to', type: 'email', required: true },
    { name: 'from', word: 'settings.from', type: 'email', required: true },
    { name: 'smarthost', word: 'settings.smarthost', hint: 'settings.smarthostHint', type: 'text', required: true },
    { name: 'username', word: 'settings.username', type: 'text' },
    { name: 'password', word: 'settings.mailPassword', hint: 'settings.secretHint', type: 'password' },
    { name: 'requireTls', word: 'settings.requireTls', type: 'boolean' },
  ],
  webhook: [
    { name: 'url', word: 'settings.url', type: 'url', required: true },
    { name: 'bearerToken', word: 'settings.bearerToken', hint: 'settings.secretHint', type: 'password' },
  ],
};
