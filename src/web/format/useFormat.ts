import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '../api/queries.ts';
import { knownTimeZone, timeFormat, type TimeFormat } from './times.ts';
import { unitFormat, type UnitFormat } from './units.ts';

export type Format = UnitFormat & TimeFormat;

/** The formats of the signed-in person: their language, their time zone (or the browser's). */
export function useFormat(): Format {
  const { i18n } = useTranslation();
  const { data: session } = useQuery(sessionQuery);
  const chosen = session?.account?.preferences.timeZone ?? 'auto';
  return useMemo(() => {
    const browser = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zone = chosen === 'auto' || !knownTimeZone(chosen) ? browser : chosen;
    return formatOf(localeOf(i18n.language), zone);
  }, [i18n.language, chosen]);
}

const made = new Map<string, Format>();

/** Made once for everybody: the parts of a long list ask hundreds of times, and the browser's formats are slow to make. */
function formatOf(locale: string, zone: string): Format {
  const key = `${locale} ${zone}`;
  const format = made.get(key) ?? { ...unitFormat(locale), ...timeFormat(locale, zone) };
  made.set(key, format);
  return format;
}

/** The browser's own variant of the language, so that a Briton reads "21 Nov" and an American "Nov 21". */
function localeOf(language: string): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}
