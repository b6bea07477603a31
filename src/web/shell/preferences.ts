import { useMantineColorScheme } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { Preferences } from '../../model/account.ts';
import type { Session } from '../../model/api.ts';
import { send } from '../api/http.ts';
import { sessionQuery } from '../api/queries.ts';
import { chooseLanguage } from '../words/language.ts';

/** A person's theme, language and time zone: shown at once, kept in this browser, and in their account. */
export function usePreferences() {
  const client = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const { setColorScheme } = useMantineColorScheme();
  const present: Preferences = session?.account?.preferences ?? { theme: 'auto', language: 'auto', timeZone: 'auto' };

  const change = async (part: Partial<Preferences>): Promise<void> => {
    const next = { ...present, ...part };
    if (part.theme !== undefined) setColorScheme(part.theme);
    if (part.language !== undefined) await chooseLanguage(part.language);
    const account = session?.account;
    if (!account) return;
    client.setQueryData<Session>(sessionQuery.queryKey, { ...session, account: { ...account, preferences: next } });
    await send('PUT', 'session/preferences', next);
  };
  return { present, change };
}

/** On sign-in the account's own choices replace what this browser had; "auto" leaves it as it is. */
export function usePreferencesOnce(): void {
  const { data: session } = useQuery(sessionQuery);
  const { setColorScheme } = useMantineColorScheme();
  const account = session?.account;
  const applied = useRef<number>(undefined);
  useEffect(() => {
    // Once per account: later changes are applied as they are made.
    if (!account || applied.current === account.id) return;
    applied.current = account.id;
    if (account.preferences.theme !== 'auto') setColorScheme(account.preferences.theme);
    if (account.preferences.language !== 'auto') void chooseLanguage(account.preferences.language);
  }, [account, setColorScheme]);
}
