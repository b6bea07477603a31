import { useTranslation } from 'react-i18next';
import type { Collected, Detected, Evaluation } from '../../../model/api.ts';
import type { ModelInfo } from '../../../model/score.ts';
import { useFormat } from '../../format/useFormat.ts';
import { useNames } from '../../parts/names.ts';

export function CollectedResult({ result }: { result: Collected }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { feature } = useNames();
  return (
    <>
      <p>
        {t('ai.collected', {
          steps: format.count(result.steps),
          from: format.moment(result.fromMs, 0),
          to: format.moment(result.toMs, 0),
          missing: format.count(result.missing),
        })}
      </p>
      <div className="scroll" tabIndex={0} role="region" aria-label={t('ai.collect')}>
        <table className="table">
          <thead>
            <tr>
              <th>{t('common.feature')}</th>
              <th className="number">{t('ai.min')}</th>
              <th className="number">{t('ai.median')}</th>
              <th className="number">{t('ai.max')}</th>
            </tr>
          </thead>
          <tbody>
            {result.features.map((one) => (
              <tr key={one.name}>
                <td>{feature(result.profile, one.name).title}</td>
                <td className="number">{format.value(one.min, one.unit)}</td>
                <td className="number">{format.value(one.median, one.unit)}</td>
                <td className="number">{format.value(one.max, one.unit)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

export function TrainedResult({ result }: { result: ModelInfo }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <p>
      {t('ai.trained', {
        version: result.version,
        steps: format.count(result.steps),
        from: format.moment(result.trainedFromMs, 0),
        to: format.moment(result.trainedToMs, 0),
        bytes: format.value(result.bytes, 'bytes'),
      })}
    </p>
  );
}

/** Without labels precision and recall are said to be unknown, not invented. */
export function EvaluatedResult({ result }: { result: Evaluation }) {
  const { t } = useTranslation();
  const format = useFormat();
  const measure = (value: number | null) => (value === null ? t('ai.noLabels') : format.value(value, 'ratio'));
  return (
    <>
      <p>
        {t('ai.evaluated', {
          scored: format.count(result.scored),
          steps: format.count(result.steps),
          above: format.count(result.aboveThreshold),
          perWeek: format.count(result.perWeek),
        })}
      </p>
      <dl className="ai-measures">
        <div>
          <dt>{t('ai.precision')}</dt>
          <dd>{measure(result.precision)}</dd>
        </div>
        <div>
          <dt>{t('ai.recall')}</dt>
          <dd>{measure(result.recall)}</dd>
        </div>
      </dl>
      {result.labelledSteps > 0 && <p className="soft small">{t('ai.labelled', { count: result.labelledSteps })}</p>}
      {result.note !== '' && <p className="soft small">{result.note}</p>}
    </>
  );
}

export function DetectedResult({ result }: { result: Detected }) {
  const { t } = useTranslation();
  const format = useFormat();
  return <p>{t('ai.detected', { count: result.findings.length, steps: format.count(result.steps) })}</p>;
}
