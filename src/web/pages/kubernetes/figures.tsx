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

/** Memory, as a part of its limit where there is one. */
export function Memory({ bytes, limit }: { bytes: number | null; limit: number | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <span>
      {format.value(bytes, 'bytes')}
      {limit !== null && <span className="soft small"> {t('kubernetes.ofLimit', { limit: format.value(limit, 'bytes') })}</span>}
    </span>
  );
}

export function PodCount({ pods, bad, unknown }: { pods: number; bad: number; unknown: number }) {
  const { t } = useTranslation();
  return (
    <span>
      {t('kubernetes.podCount', { count: pods })}
      {bad > 0 && <span className="k8s-trouble">{t('kubernetes.bad', { count: bad })}</span>}
      {unknown > 0 && <span className="soft small k8s-apart">{t('kubernetes.unknown', { count: unknown })}</span>}
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
