import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { incidentsPerPage, incidentsQuery, overviewQuery, targetRowsQuery } from '../../api/queries.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { FindBox } from '../../parts/FindBox.tsx';
import { Pages } from '../../parts/Pages.tsx';
import { incidentsSearch } from '../../search.ts';
import { useTitle } from '../../parts/useTitle.ts';
import { IncidentRow } from './IncidentRow.tsx';

/** A longer list is no list to choose from: somebody types first. */
const mostNames = 100;

/** All incidents, newest first; the filters live in the address. */
export function Incidents() {
  const { t } = useTranslation();
  const search = useSearch({ from: '/inside/incidents' });
  const navigate = useNavigate({ from: '/incidents' });
  const page = search.page ?? 1;
  const query = useQuery(incidentsQuery({ state: search.state, entity: search.entity, page }));
  const [find, setFind] = useState('');
  const { data: known } = useQuery(targetRowsQuery({ find, limit: mostNames }));
  const { data: overview } = useQuery(overviewQuery);
  const all = Object.values(overview?.summary.counts ?? {}).reduce((sum, count) => sum + count, 0);
  const filtered = search.state !== undefined || search.entity !== undefined;
  const filter = (part: { state?: string; entity?: string; page?: number }) =>
    void navigate({ search: incidentsSearch({ ...search, page: undefined, ...part }) });
  useTitle(t('incident.list'));

  const targets = (known?.targets ?? []).map(({ id, name }) => ({ value: id, label: name })).sort((a, b) => a.label.localeCompare(b.label));
  // A link may name a target that is no longer there; its incidents still are.
  if (search.entity !== undefined && !targets.some(({ value }) => value === search.entity))
    targets.push({ value: search.entity, label: search.entity });
  return (
    <>
      <h1>{t('incident.list')}</h1>
      <div className="row bottom section">
        <NativeSelect
          label={t('incident.filterState')}
          value={search.state ?? ''}
          onChange={(event) => filter({ state: event.currentTarget.value })}
          data={[
            { value: '', label: t('common.all') },
            { value: 'open', label: t('incident.open') },
            { value: 'closed', label: t('incident.closed') },
            { value: 'unknown', label: t('incident.unknown') },
          ]}
        />
        {all > mostNames && <FindBox label={t('overview.find')} value={find} onFind={setFind} />}
        <NativeSelect
          label={t('incident.filterEntity')}
          value={search.entity ?? ''}
          onChange={(event) => filter({ entity: event.currentTarget.value })}
          data={[{ value: '', label: t('common.all') }, ...targets]}
        />
      </div>
      <section className="section">
        <Answer query={query}>
          {({ incidents, total }) =>
            incidents.length === 0 ? (
              <div className="sheet">
                <Empty action={filtered && <Link to="/incidents">{t('incident.clear')}</Link>}>
                  {filtered ? t('incident.none') : t('incident.noneEver')}
                </Empty>
              </div>
            ) : (
              <>
                <ul className="sheet plain-list">
                  {incidents.map((incident) => (
                    <IncidentRow key={incident.id} incident={incident} />
                  ))}
                </ul>
                <Pages page={page} total={total} perPage={incidentsPerPage} go={(to) => filter({ page: to })} />
              </>
            )
          }
        </Answer>
      </section>
    </>
  );
}
