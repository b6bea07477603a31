import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Host } from '../../../model/api.ts';
import { useFormat } from '../../format/useFormat.ts';
import { StateMark } from '../../parts/StateMark.tsx';

/** What the score rests on; a damaged model is said, never hidden. */
export function ModelLine({ host }: { host: Host }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { model, pooledFrom, target } = host;
  return (
    <section className="section" aria-labelledby="model">
      <header>
        <h2 id="model">{t('host.model')}</h2>
        <Link to="/ai" search={{ profile: target.profile, entity: target.id }}>
          <span className="small">{t('host.openAi')}</span>
        </Link>
      </header>
      <div className="sheet padded stack small">
        {host.corruptModels > 0 && <StateMark state="unknown" word={t('host.corrupt', { count: host.corruptModels })} />}
        <span>
          {model === null
            ? target.learningUntilMs === null
              ? t('host.noModel')
              : t('ai.noModel', { until: format.moment(target.learningUntilMs) })
            : t('host.modelLine', {
                version: model.version,
                detector: model.detector,
                created: format.moment(model.createdMs),
                steps: format.count(model.steps),
                from: format.moment(model.trainedFromMs, 0),
                to: format.moment(model.trainedToMs, 0),
              })}
        </span>
        {pooledFrom !== null && <span>{t('host.pooled', { count: pooledFrom })}</span>}
      </div>
    </section>
  );
}
