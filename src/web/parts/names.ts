import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { Feature, Profile, Unit } from '../../model/profile.ts';
import { profilesQuery } from '../api/queries.ts';

export interface FeatureName {
  readonly title: string;
  readonly unit: Unit;
  readonly direction: Feature['direction'];
}

/** Titles of profiles and features in the reader's language; an unknown name stands for itself. */
export function useNames() {
  const { i18n } = useTranslation();
  const { data } = useQuery(profilesQuery);
  const language = i18n.language === 'es' ? 'es' : 'en';

  const feature = useCallback(
    (profile: string, name: string): FeatureName => {
      const found = data?.profiles.find(({ slug }) => slug === profile)?.features.find((one) => one.name === name);
      return found
        ? { title: found.title[language], unit: found.unit, direction: found.direction }
        : { title: name, unit: 'count', direction: 'both' };
    },
    [data, language],
  );
  const profile = (slug: string): string => data?.profiles.find((one) => one.slug === slug)?.title[language] ?? slug;
  return { feature, profile, profiles: data?.profiles ?? ([] as readonly Profile[]), language } as const;
}
