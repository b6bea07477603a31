import './host.css';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { dashboardOf } from '../../../../dashboards/index.ts';
import type { Host } from '../../../model/api.ts';
import { hostQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { AlertList } from '../../parts/AlertList.tsx';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { FeatureHead, FeatureRows } from '../../parts/FeatureRows.tsx';
import { useNames } from '../../parts/names.ts';
import { StateMark } from '../../parts/StateMark.tsx';
import { useReason } from '../../parts/useReason.ts';
import { useTitle } from '../../parts/useTitle.ts';
import { IncidentRow } from '../incident/IncidentRow.tsx';
import { shownState } from '../overview/TargetRow.tsx';
import { ModelLine } from './ModelLine.tsx';
import { Panels } from './Panels.tsx';
import { Rules } from './Rules.tsx';
import { Tiles } from './Tiles.tsx';

export function HostPage() {
  const { id } = useParams({ from: '/inside/hosts/$id' });
  const query = useQuery(hostQuery(id));
  return <Answer query={query}>{(host) => <Known host={host} />}</Answer>;
}

function Known({ host }: { host: Host }) {
  const { t } = useTranslation();
  const { target } = host;
  const dashboard = dashboardOf(target.profile);
  const { profiles } = useNames();
  const profile = profiles.find(({ slug }) => slug === target.profile);
  const names = profile?.features.map(({ name }) => name) ?? [];
  // Figures and a model belong to an entity; a target that brings many has only charts, with a line for each.
  const isEntity = profile === undefined || profile.identity.length === 1 || target.id.includes('/');
  // Below the threshold there is nothing to share out: the figures would only alarm.
  const abnormal = target.score !== null && target.threshold !== null && target.score >= target.threshold;
  const shown = host.features.map((one) => (abnormal ? one : { ...one, share: null }));
  // What carries the score comes first, the rest as the profile lists it.
  const features = shown.toSorted((a, b) => (b.share ?? 0) - (a.share ?? 0) || names.indexOf(a.feature) - names.indexOf(b.feature));
  useTitle(target.name);
  return (
    <>
      <Head host={host} />
      {profile && isEntity && (
        <section className="section" aria-labelledby="summary">
          <header>
            <h2 id="summary">{t('host.summary')}</h2>
          </header>
          <Tiles profile={profile} summary={host.summary} features={host.features} />
        </section>
      )}
      <div className="columns">
        <section className="section" aria-labelledby="alerts">
          <header>
            <h2 id="alerts">{t('host.alerts')}</h2>
            <Link to="/settings/$section" params={{ section: 'maintenance' }} search={{ profile: target.profile, entity: target.id }}>
              <span className="small">{t('maintenance.plan')}</span>
            </Link>
          </header>
          <AlertList alerts={host.alerts.filter(({ state }) => state !== 'resolved')} unheard={target.state === 'unknown'} />
        </section>
        <section className="section" aria-labelledby="incidents">
          <header>
            <h2 id="incidents">{t('host.incidents')}</h2>
            <Link to="/incidents" search={{ entity: target.id }}>
              <span className="small">{t('host.allIncidents')}</span>
            </Link>
          </header>
          {host.incidents.length === 0 ? (
            <div className="sheet">
              <Empty>{t('host.noIncidents')}</Empty>
            </div>
          ) : (
            <ul className="sheet plain-list host-incidents">
              {host.incidents.map((incident) => (
                <IncidentRow key={incident.id} incident={incident} />
              ))}
            </ul>
          )}
        </section>
      </div>
      {dashboard && <Panels target={target} dashboard={dashboard} />}
      {isEntity && (
        <section className="section" aria-labelledby="against">
          <header>
            <h2 id="against">{t('host.against')}</h2>
          </header>
          <div className="sheet">
            <FeatureHead shares={abnormal} />
            <FeatureRows profile={target.profile} features={features} />
          </div>
        </section>
      )}
      <section className="section" aria-labelledby="rules">
        <header>
          <h2 id="rules">{t('host.rules')}</h2>
        </header>
        <Rules rules={host.rules} />
      </section>
      {isEntity && <ModelLine host={host} />}
    </>
  );
}

function Head({ host }: { host: Host }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { target, maintenance } = host;
  const reason = useReason();
  const shown = shownState(target);
  const open = host.incidents.find(({ state }) => state === 'open');
  const why = (open && reason(open, 3)) ?? target.reason;
  return (
    <div className="host-head">
      <div className="row">
        <h1>{target.name}</h1>
        <StateMark state={shown} size={20} />
        <span className="soft small">{target.address}</span>
      </div>
      <p className="row host-why" role="status">
        {shown !== 'ok' && target.sinceMs !== null && <span>{t('overview.since', { since: format.moment(target.sinceMs) })}</span>}
        {why !== '' && <strong>{why}</strong>}
        {target.learningUntilMs !== null && <span>{t('overview.learning', { until: format.moment(target.learningUntilMs) })}</span>}
        {target.score !== null && (
          <span className="soft">
            {t('common.scoreOf', { score: format.score(target.score), threshold: format.score(target.threshold) })}
          </span>
        )}
        {maintenance !== null && (
          <Link to="/settings/$section" params={{ section: 'maintenance' }}>
            {maintenance.toMs === null ? t('maintenance.runs') : t('maintenance.runsUntil', { to: format.moment(maintenance.toMs) })}
            {maintenance.text !== '' && `: ${maintenance.text}`}
          </Link>
        )}
        {!target.realtime && <span className="soft">{t('overview.realtimeOff')}</span>}
      </p>
    </div>
  );
}
