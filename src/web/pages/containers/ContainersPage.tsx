import '../host/host.css';
import './containers.css';
import { Checkbox } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Application, Containers } from '../../../model/docker.ts';
import { applicationRulesQuery, containersQuery } from '../../api/queries.ts';
import { AlertList } from '../../parts/AlertList.tsx';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { ticked } from '../../parts/form.tsx';
import { useMay } from '../../parts/RoleButton.tsx';
import { StateMark } from '../../parts/StateMark.tsx';
import { useTitle } from '../../parts/useTitle.ts';
import { Rules } from '../host/Rules.tsx';
import { About } from './About.tsx';
import { Charts } from './Charts.tsx';
import { AddEngine, Engines } from './Engines.tsx';
import { ReplicaTable } from './ReplicaTable.tsx';

/** P10: all applications, or the one that the address names. */
export function ContainersPage() {
  const { t } = useTranslation();
  const { application } = useSearch({ from: '/inside/containers' });
  const query = useQuery(containersQuery);
  useTitle(application ?? t('containers.title'));
  return (
    <Answer query={query}>
      {(containers) => (application === undefined ? <All containers={containers} /> : <One name={application} containers={containers} />)}
    </Answer>
  );
}

function All({ containers }: { containers: Containers }) {
  const { t } = useTranslation();
  const may = useMay();
  const [said, setSaid] = useState('');
  const { trouble = false } = useSearch({ from: '/inside/containers' });
  const navigate = useNavigate({ from: '/containers' });
  const { engines, applications } = containers;
  const troubled = applications.filter(isTroubled);
  const shown = trouble ? troubled : [...troubled, ...applications.filter((one) => !isTroubled(one))];
  const choose = (only: boolean) => void navigate({ search: { trouble: only || undefined }, replace: true, resetScroll: false });
  return (
    <>
      <div className="row apart">
        <h1>{t('containers.title')}</h1>
        <AddEngine suggestion={containers.suggestion} onSaid={setSaid} />
      </div>
      <p className="lead">{t('containers.hint')}</p>
      <p role="status" className="small engines-said">
        {said}
      </p>
      <Engines engines={engines} suggestion={containers.suggestion} onSaid={setSaid} />
      {applications.length === 0 && (
        <div className="sheet section">
          <Empty>
            {engines.length > 0 ? t('containers.noContainers') : may('administrator') ? t('containers.empty') : t('containers.emptyViewer')}
          </Empty>
        </div>
      )}
      {applications.length > 1 && (
        <div className="section">
          <Checkbox size="xs" label={t('common.onlyTrouble')} checked={trouble} onChange={ticked(choose)} />
        </div>
      )}
      {applications.length > 0 && shown.length === 0 && (
        <div className="sheet section">
          <Empty>{t('containers.allFine')}</Empty>
        </div>
      )}
      <div className={shown.some(({ containers: { length } }) => length === 1) ? 'applications' : undefined}>
        {shown.map((application, index) => (
          <section
            key={application.name}
            className="section"
            aria-labelledby={`app-${index}`}
            data-application={application.name}
            data-width={widthOf(application.containers.length)}
          >
            <header>
              <h2 id={`app-${index}`} className="app-name">
                <Link to="/containers" search={{ application: application.name }} activeOptions={{ exact: true, includeSearch: true }}>
                  {application.name}
                </Link>
              </h2>
              <Summary application={application} />
            </header>
            <ReplicaTable application={application} />
            {application.alerts.length > 0 && (
              <div className="app-alerts">
                <AlertList alerts={application.alerts} />
              </div>
            )}
          </section>
        ))}
      </div>
    </>
  );
}

const isTroubled = ({ alerts, containers }: Application): boolean =>
  alerts.length > 0 || containers.some(({ verdict }) => verdict !== 'ok');

/** Thirds of the page that a table takes, where there is room for three and some are of one container: a house has many of those. */
const widthOf = (replicas: number): 1 | 2 | 3 => (replicas < 2 ? 1 : replicas < 5 ? 2 : 3);

function One({ name, containers }: { name: string; containers: Containers }) {
  const { t } = useTranslation();
  const application = containers.applications.find((one) => one.name === name);
  return (
    <>
      <p className="small back">
        <Link to="/containers" activeOptions={{ exact: true, includeSearch: true }}>
          {t('containers.all')}
        </Link>
      </p>
      <div className="row">
        <h1 className="app-name">{name}</h1>
        {application && <Summary application={application} />}
      </div>
      {application === undefined ? (
        <div className="sheet section">
          <Empty>{t('containers.gone', { application: name })}</Empty>
        </div>
      ) : (
        <>
          <section className="section" data-application={name}>
            <ReplicaTable application={application} />
          </section>
          <section className="section" aria-labelledby="alerts">
            <header>
              <h2 id="alerts">{t('host.alerts')}</h2>
            </header>
            <AlertList alerts={application.alerts} />
          </section>
          <Charts application={name} />
          <section className="section" aria-labelledby="rules">
            <header>
              <h2 id="rules">{t('host.rules')}</h2>
            </header>
            <ApplicationRules application={name} />
          </section>
          <About application={application} />
        </>
      )}
    </>
  );
}

function ApplicationRules({ application }: { application: string }) {
  const query = useQuery(applicationRulesQuery(application));
  return <Answer query={query}>{({ rules }) => <Rules rules={rules} />}</Answer>;
}

/** How many replicas, and P07: how many alerts, or a green "no alerts" where nothing else is wrong either. */
function Summary({ application }: { application: Application }) {
  const { t } = useTranslation();
  const { containers, alerts } = application;
  const bad = containers.filter(({ verdict }) => verdict === 'bad').length;
  const unknown = containers.some(({ verdict }) => verdict === 'unknown');
  return (
    <span className="row small">
      <span className="soft">{t('containers.replicas', { count: containers.length })}</span>
      {alerts.length > 0 ? (
        <StateMark state="bad" word={t('containers.firing', { count: alerts.length })} />
      ) : bad > 0 ? (
        <StateMark state="bad" word={t('containers.troubled', { count: bad })} />
      ) : (
        <StateMark state={unknown ? 'unknown' : 'ok'} word={unknown ? undefined : t('host.noAlerts')} />
      )}
    </span>
  );
}
