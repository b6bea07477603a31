import './features.css';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../format/useFormat.ts';
import { useNames } from './names.ts';
import { isOutside, RangeBar, ShareBar } from './RangeBar.tsx';

export interface FeatureFigures {
  readonly feature: string;
  readonly value: number | null;
  readonly expectedLow: number | null;
  readonly expectedHigh: number | null;
  readonly share: number | null;
}

export function FeatureHead({ shares = true }: { shares?: boolean }) {
  const { t } = useTranslation();
  return (
    <div className="list-row list-head feature-row feature-head" aria-hidden="true">
      <span>{t('common.feature')}</span>
      <span className="number">{t('common.value')}</span>
      <span />
      <span>{t('common.expected')}</span>
      <span>{shares && t('incident.shareOf')}</span>
    </div>
  );
}

/** Expected against actual, and the share of the score where there is one. */
export function FeatureRows({ profile, features }: { profile: string; features: readonly FeatureFigures[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = useNames();
  return (
    <ul className="plain-list">
      {features.map(({ feature, value, expectedLow, expectedHigh, share }) => {
        const { title, unit } = names.feature(profile, feature);
        return (
          <li key={feature} className="list-row feature-row">
            <span>{title}</span>
            <span className="number feature-value" data-state={isOutside(value, expectedLow, expectedHigh) ? 'bad' : undefined}>
              {format.value(value, unit)}
            </span>
            <RangeBar value={value} low={expectedLow} high={expectedHigh} unit={unit} />
            <span className="soft">
              <span className="narrow-word">{t('common.expected')} </span>
              {format.range(expectedLow, expectedHigh, unit)}
            </span>
            {share === null ? <span /> : <ShareBar share={share} />}
          </li>
        );
      })}
    </ul>
  );
}
