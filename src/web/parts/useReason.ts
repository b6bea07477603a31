import { useTranslation } from 'react-i18next';
import type { IncidentSummary } from '../../model/incident.ts';
import { useFormat } from '../format/useFormat.ts';
import { useNames } from './names.ts';

/** Why, in the reader's language: the features that carry most; null for incidents that a plain rule opened. */
export function useReason(): (incident: IncidentSummary, most: number) => string | null {
  const { t } = useTranslation();
  const format = useFormat();
  const { feature } = useNames();
  return ({ top, profile }, most) => {
    const sentences = top.slice(0, most).map((one) => {
      const { title, unit } = feature(profile, one.feature);
      return t('overview.why', {
        feature: title,
        value: format.value(one.value, unit),
        range: format.range(one.expectedLow, one.expectedHigh, unit),
      });
    });
    return sentences.length === 0 ? null : sentences.join(', ');
  };
}
