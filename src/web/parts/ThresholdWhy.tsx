import { useTranslation } from 'react-i18next';
import type { ThresholdBasis } from '../../model/score.ts';
import { useFormat } from '../format/useFormat.ts';

interface Props {
  readonly basis: ThresholdBasis | null | undefined;
  /** What the threshold `budget` allows. */
  readonly perWeek: number | undefined;
}

/** Of which kind the threshold in force is, and why; nothing where nobody wrote that down. */
export function ThresholdWhy({ basis, perWeek }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  if (!basis) return null;
  const why = t(`basis.why.${basis}`, { perWeek: format.value(perWeek ?? 1, 'count') });
  return <span className="soft small">{t('basis.line', { name: t(`basis.name.${basis}`), why })}</span>;
}
