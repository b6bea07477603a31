import './moved.css';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Moved } from '../../../model/explanation.ts';
import type { Incident } from '../../../model/incident.ts';
import { movedQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { MovedRows } from './MovedRows.tsx';

/** Rows that are seen at once. */
const shown = 10;

/** Every series of the target and its peers, before and after. It is asked for after the page is there: it takes a second. */
export function WhatMoved({ incident }: { incident: Pick<Incident, 'id' | 'name' | 'profile'> }) {
  const { t } = useTranslation();
  const format = useFormat();
  const query = useQuery(movedQuery(incident.id));
  const { data } = query;
  return (
    <section className="section" aria-labelledby="moved" aria-busy={query.isPending}>
      <header>
        <h2 id="moved">{t('moved.title')}</h2>
        {data !== undefined && (
          <span className="soft small">
            {t('moved.hint', {
              name: incident.name,
              before: format.span(data.startMs - data.fromMs),
              after: format.span(Math.max(0, data.toMs - data.startMs)),
            })}
          </span>
        )}
      </header>
      {query.isPending ? (
        <div className="sheet padded" role="status">
          <p className="moved-wait">{t('moved.loading', { name: incident.name })}</p>
          <div className="moved-progress" aria-hidden="true" />
        </div>
      ) : (
        <Answer query={query}>{(moved) => <Known moved={moved} profile={incident.profile} />}</Answer>
      )}
    </section>
  );
}

function Known({ moved, profile }: { moved: Moved; profile: string }) {
  const { t } = useTranslation();
  const rest = moved.rows.slice(shown);
  return (
    <>
      <div className="sheet">
        {moved.rows.length === 0 ? (
          <Empty>{t(moved.compared.series === 0 ? 'moved.nothing' : 'moved.none')}</Empty>
        ) : (
          <MovedRows moved={moved} rows={moved.rows.slice(0, shown)} profile={profile} head />
        )}
        {rest.length > 0 && (
          <details className="list-rest">
            <summary>
              {t('moved.more')} ({rest.length})
            </summary>
            <MovedRows moved={moved} rows={rest} profile={profile} />
          </details>
        )}
      </div>
      <Counts moved={moved} />
    </>
  );
}

/** What was compared, and what a bound left out. */
function Counts({ moved: { compared, movedSeries, left, tookMs, complete } }: { moved: Moved }) {
  const { t } = useTranslation();
  const format = useFormat();
  const what = [
    ...(left.series > 0 ? [t('moved.leftSeries', { series: format.count(left.series) })] : []),
    ...(left.entities > 0 ? [t('moved.targets', { count: left.entities })] : []),
  ].join(', ');
  return (
    <p className="soft small moved-counts">
      {t('moved.compared', {
        series: format.count(compared.series),
        targets: t('moved.targets', { count: compared.entities }),
        took: format.value(tookMs / 1000, 'seconds'),
        moved: format.count(movedSeries),
      })}{' '}
      {what !== '' && t('moved.left', { what })} {!complete && t('moved.young')}
    </p>
  );
}
