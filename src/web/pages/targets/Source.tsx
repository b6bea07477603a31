import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { SourceState } from '../../../model/source.ts';
import { sourceQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { useNames } from '../../parts/names.ts';

/** What reading the adopted source costs it, and how that keeps within the budget; nothing where none is adopted. */
export function Source() {
  const { data } = useQuery(sourceQuery);
  return data?.source ? <Costs source={data.source} /> : null;
}

/** A reason stands alone here, as a sentence. */
const sentence = (reason: string): string => (reason === '' ? '' : `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`);

const resources = ['series', 'samples', 'seconds'] as const;

function Costs({ source }: { source: SourceState }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { profile } = useNames();
  const { budget, used, reason, stepMs, everySteps, waiting } = source;
  const cells = (cost: Record<(typeof resources)[number], number | null>) =>
    resources.map((name) => (
      <td key={name} className="number">
        {cost[name] === null ? '–' : format.figure(cost[name], 'count')}
      </td>
    ));
  return (
    <section className="section" aria-labelledby="source">
      <header>
        <h2 id="source">{t('targets.source')}</h2>
      </header>
      <p className="soft small">
        {t('targets.sourcePace', { step: format.span(stepMs), count: everySteps })} {sentence(reason)}{' '}
        {waiting > 0 && t('targets.sourceWaiting', { count: waiting })}
      </p>
      <div className="sheet scroll" tabIndex={0} role="region" aria-labelledby="source">
        <table className="table">
          <thead>
            <tr>
              <th>{t('targets.sourcePerMinute')}</th>
              <th className="number">{t('targets.sourceEntities')}</th>
              <th className="number">{t('targets.sourceSeries')}</th>
              <th className="number">{t('targets.sourceSamples')}</th>
              <th className="number">{t('targets.sourceSeconds')}</th>
            </tr>
          </thead>
          <tbody>
            {source.profiles.map((each) => (
              <tr key={each.profile}>
                <td>{profile(each.profile)}</td>
                <td className="number">{format.count(each.entities)}</td>
                {cells(each)}
              </tr>
            ))}
            <tr>
              <td>{t('targets.sourceUsed')}</td>
              <td />
              {cells(used)}
            </tr>
            {budget && (
              <tr>
                <td>{t('targets.sourceBudget')}</td>
                <td />
                {cells(budget)}
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </section>
  );
}
