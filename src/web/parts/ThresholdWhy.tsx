import { useTranslation } from 'react-i18next';
import type { ThresholdBasis } from '../../model/score.ts';
import { useFormat } from '../format/useFormat.ts';

interface Props {
  readonly threshold: number | null;
  readonly basis: ThresholdBasis | null | undefined;
  /** What the threshold `budget` allows. */
  readonly perWeek: number | undefined;
}

/** The threshold in force, of which kind it is, and why; nothing where nobody wrote that down. */
export function ThresholdWhy({ threshold, basis, perWeek }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  if (threshold === null || !basis) return null;
  const why = t(`basis.why.${basis}`, { perWeek: format.value(perWeek ?? 1, 'count') });
  return (
    <span className="soft small threshold-why">
      {t('basis.line', { threshold: format.score(threshold), name: t(`basis.name.${basis}`), why })}
    </span>
  );
}
