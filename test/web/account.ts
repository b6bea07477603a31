import type { Account } from '../../src/model/account.ts';

/** Who is signed in where a scene does not say otherwise. */
export const account: Account = {
  id: 1,
  name: 'Ana García',
  email: 'ana@example.org',
  role: 'administrator',
  scope: { hosts: true, containers: true },
  disabled: false,
  createdMs: Date.now() - 40 * 86_400_000,
  preferences: { theme: 'auto', language: 'auto', timeZone: 'auto' },
};
