import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { none } from '../../format/units.ts';
import { useFormat } from '../../format/useFormat.ts';
import { ScoreBar, ShareBar } from '../../parts/RangeBar.tsx';

/** A figure that says its name itself where there is no room for columns. */
export function Figure({ word, children }: { word: string; children: ReactNode }) {
  return (
    <span className="k8s-figure">
      <span className="k8s-word soft small">{word}</span>
      {children}
    </span>
  );
}

export function Used({ share }: { share: number | null }) {
  return share === null ? <span className="soft">{none}</span> : <ShareBar share={share} />;
}

/** What is used of something, and of which limit where there is one. Cores are often thousandths. */
export function Amount({ value, limit = null, unit }: { value: number | null; limit?: number | null; unit: 'bytes' | 'count' }) {
  const { t } = useTranslation();
  const format = useFormat();
  const shown = (amount: number) => (unit === 'bytes' ? format.value(amount, unit) : format.figure(amount, unit));
  return (
    <span>
      {value === null ? none : shown(value)}
      {limit !== null && <span className="soft small"> {t('kubernetes.ofLimit', { limit: shown(limit) })}</span>}
    </span>
  );
}

export function PodCount({ pods, bad, unknown }: { pods: number; bad: number; unknown: number }) {
  const { t } = useTranslation();
  return (
    <span className="k8s-pods">
      <span>{t('kubernetes.podCount', { count: pods })}</span>
      {bad > 0 && <span className="k8s-trouble">{t('kubernetes.bad', { count: bad })}</span>}
      {unknown > 0 && <span className="soft small">{t('kubernetes.unknown', { count: unknown })}</span>}
    </span>
  );
}

export function Score({ of }: { of: { readonly score: number | null; readonly threshold: number | null } }) {
  const { t } = useTranslation();
  return of.score === null ? (
    <span className="soft small k8s-score">{t('overview.noScore')}</span>
  ) : (
    <span className="k8s-score">
      <ScoreBar score={of.score} threshold={of.threshold} />
    </span>
  );
}
