import { useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useMemo, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '../api/queries.ts';
import { knownTimeZone, timeFormat, type TimeFormat } from './times.ts';
import { unitFormat, type UnitFormat } from './units.ts';

export type Format = UnitFormat & TimeFormat;

/** Made once for the whole page (Formats.tsx): the parts of a long list ask hundreds of times. */
export const FormatContext = createContext<Format | null>(null);

/** The formats of the signed-in person: their language, their time zone (or the browser's). */
export function useFormat(): Format {
  const format = useContext(FormatContext);
  if (format === null) throw new Error('a part of the page stands outside of <Formats>');
  return format;
}

/** The same, for the one that provides them. */
export function usePersonsFormat(): Format {
  const { i18n } = useTranslation();
  const client = useQueryClient();
  // Whoever is signed in next has a question of their own: an observer would stay with the old one.
  const chosen = useSyncExternalStore(
    useCallback((changed) => client.getQueryCache().subscribe(changed), [client]),
    () => client.getQueryData(sessionQuery.queryKey)?.account?.preferences.timeZone ?? 'auto',
  );
  return useMemo(() => {
    const browser = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zone = chosen === 'auto' || !knownTimeZone(chosen) ? browser : chosen;
    return formatOf(localeOf(i18n.language), zone);
  }, [i18n.language, chosen]);
}

function formatOf(locale: string, zone: string): Format {
  return { ...unitFormat(locale), ...timeFormat(locale, zone) };
}

/** The browser's own variant of the language, so that a Briton reads "21 Nov" and an American "Nov 21". */
function localeOf(language: string): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}
