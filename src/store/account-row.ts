import type { Account } from '../model/account.ts';
import { parse } from './context.ts';
import type { AccountRow } from './schema.ts';

/** Leaves the password's hash behind. */
export function toAccount(row: Omit<AccountRow, 'id' | 'passwordHash'> & { id: number }): Account {
  const { id, name, email, role, hosts, containers, disabled, createdMs, preferencesJson } = row;
  return {
    id,
    name,
    email,
    role: role as Account['role'],
    scope: { hosts: hosts === 1, containers: containers === 1 },
    disabled: disabled === 1,
    createdMs,
    preferences: parse(preferencesJson),
  };
}
