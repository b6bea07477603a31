import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { IncidentDetail } from '../../../model/api.ts';
import { incidentQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { AlertList } from '../../parts/AlertList.tsx';
import { Answer } from '../../parts/Answer.tsx';
import { ThresholdWhy } from '../../parts/ThresholdWhy.tsx';
import { SeverityMark } from '../../parts/StateMark.tsx';
import { useNow } from '../../parts/useNow.ts';
import { Missing } from '../../shell/Failures.tsx';
import { useTitle } from '../../parts/useTitle.ts';
import { Act } from './Act.tsx';
import { IncidentState } from './IncidentRow.tsx';
import { WhatMoved } from './Moved.tsx';
import { Shares } from './Shares.tsx';
import { Similar } from './Similar.tsx';
import { Timeline } from './Timeline.tsx';

export function IncidentPage() {
  const { id } = useParams({ from: '/inside/incidents/$id' });
  return /^\d{1,15}$/.test(id) ? <Known id={Number(id)} /> : <Missing />;
}

function Known({ id }: { id: number }) {
  const { t } = useTranslation();
  const query = useQuery(incidentQuery(id));
  return (
    <Answer query={query}>
      {(incident) => (
        <>
          <Head incident={incident} />
          <section className="section" aria-labelledby="what">
            <header>
              <h2 id="what">{t('incident.what')}</h2>
              {incident.shares.length > 0 && <span className="soft small">{t('incident.whatHint')}</span>}
            </header>
            <div className="sheet">
              <Shares profile={incident.profile} shares={incident.shares} />
            </div>
          </section>
          <WhatMoved incident={incident} />
          {incident.shares.length > 0 && <Similar incidents={incident.similar} />}
          <div className="columns">
            <section className="section" aria-labelledby="alerts">
              <header>
                <h2 id="alerts">{t('incident.alerts')}</h2>
              </header>
              <AlertList alerts={incident.alerts} />
            </section>
            <section className="section" aria-labelledby="timeline">
              <header>
                <h2 id="timeline">{t('incident.timeline')}</h2>
              </header>
              <Timeline events={incident.timeline} />
            </section>
          </div>
          <Act incident={incident} />
        </>
      )}
    </Answer>
  );
}

/** What, where, and whether it is over: seen without scrolling, and spoken when it changes. */
function Head({ incident }: { incident: IncidentDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow();
  const { openedMs, closedMs } = incident;
  const title = `${incident.name}: ${incident.title}`;
  const acceptedMs = incident.timeline.findLast(({ kind }) => kind === 'accepted')?.tsMs;
  useTitle(title);
  return (
    <div className="incident-head" data-state={incident.state === 'closed' ? 'ok' : incident.state === 'open' ? 'bad' : 'unknown'}>
      <div className="row" role="status">
        <IncidentState state={incident.state} />
        {closedMs !== null && <strong>{t('incident.resolvedAt', { at: format.moment(closedMs) })}</strong>}
        {acceptedMs !== undefined && <span>{t('level.acceptedAt', { at: format.moment(acceptedMs) })}</span>}
        {incident.state === 'unknown' && <span>{t('incident.unknownWhy')}</span>}
        {incident.state !== 'closed' && incident.alerts.some(({ silenced }) => silenced) && (
          <span className="soft">{t('incident.silencedNow')}</span>
        )}
      </div>
      <h1>{title}</h1>
      <p className="row">
        <SeverityMark severity={incident.severity} />
        <span>
          {closedMs === null
            ? t('incident.lastingSpan', { from: format.moment(openedMs), span: format.span(now - openedMs) })
            : t('incident.lastedSpan', {
                span: format.span(closedMs - openedMs),
                from: format.moment(openedMs),
                to: format.moment(closedMs),
              })}
        </span>
        {incident.peakScore !== null && (
          <span className="soft">
            {t('incident.peak', { score: format.score(incident.peakScore), threshold: format.score(incident.threshold) })}
          </span>
        )}
        <Link to="/hosts/$id" params={{ id: incident.entity }}>
          {t('incident.openHost')}
        </Link>
      </p>
      <ThresholdWhy basis={incident.basis} perWeek={incident.falseAlarmsPerWeek} />
    </div>
  );
}
