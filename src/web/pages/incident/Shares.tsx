import { useTranslation } from 'react-i18next';
import type { FeatureShare } from '../../../model/score.ts';
import { Empty } from '../../parts/Answer.tsx';
import { FeatureHead, FeatureRows } from '../../parts/FeatureRows.tsx';
import { isOutside } from '../../parts/RangeBar.tsx';

/** Below this share, and inside its range, a feature is folded away. */
const small = 0.05;

/** Expected against actual per feature, largest share first. */
export function Shares({ profile, shares }: { profile: string; shares: readonly FeatureShare[] }) {
  const { t } = useTranslation();
  if (shares.length === 0) return <Empty>{t('incident.noShares')}</Empty>;
  const telling = shares.filter((one) => one.share >= small || isOutside(one.value, one.expectedLow, one.expectedHigh));
  const rest = shares.filter((one) => !telling.includes(one));
  return (
    <>
      <FeatureHead />
      <FeatureRows profile={profile} features={telling} />
      {rest.length > 0 && (
        <details className="list-rest">
          <summary>
            {t('incident.rest')} ({rest.length})
          </summary>
          <FeatureRows profile={profile} features={rest} />
        </details>
      )}
    </>
  );
}
