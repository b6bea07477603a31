import { useTranslation } from 'react-i18next';
import type { ModelComparison } from '../../../model/backtest.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Episodes } from './Episodes.tsx';

/** Two versions on the same rows. */
export function Comparison({ result }: { result: ModelComparison }) {
  const { t } = useTranslation();
  const format = useFormat();
  const versionOf = (version: number) => `${t('models.version')} ${version}`;
  return (
    <div className="ai-tables" data-testid="comparison">
      <dl className="ai-measures">
        <div>
          <dt>{t('models.correlation')}</dt>
          <dd>{format.score(result.correlation)}</dd>
        </div>
        <div>
          <dt>{t('models.shared')}</dt>
          <dd>{format.count(result.shared)}</dd>
        </div>
        {result.sides.map((side) => (
          <div key={side.version}>
            <dt>
              {t('models.findings')}: {versionOf(side.version)}
            </dt>
            <dd>{format.count(side.findings)}</dd>
          </div>
        ))}
      </dl>
      <p className="soft small">{t('models.correlationHint', { steps: format.count(result.steps) })}</p>
      <div className="columns">
        {result.sides.map((side) => (
          <div key={side.version}>
            <h3 className="ai-side">
              {versionOf(side.version)} · {side.detector} · {t('common.threshold')} {format.score(side.threshold)}
            </h3>
            <Episodes profile={result.profile} label={versionOf(side.version)} episodes={side.episodes} />
          </div>
        ))}
      </div>
    </div>
  );
}
