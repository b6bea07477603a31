import './overview.css';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PartHealth } from '../../../model/api.ts';
import { overviewQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { Pages } from '../../parts/Pages.tsx';
import { useMay } from '../../parts/RoleButton.tsx';
import { StateMark } from '../../parts/StateMark.tsx';
import { IncidentRow } from '../incident/IncidentRow.tsx';
import { TargetRow } from './TargetRow.tsx';
import { VerdictLine } from './VerdictLine.tsx';

const order = { bad: 0, unknown: 1, ok: 2 } as const;
/** More rows than anybody reads, and no more than a phone draws at once; the worst are on the first page. */
const rowsPerPage = 50;
const { compare } = new Intl.Collator();

export function Overview() {
  const { t } = useTranslation();
  const may = useMay();
  const query = useQuery(overviewQuery);
  const [wanted, setPage] = useState(1);
  return (
    <Answer query={query}>
      {(overview) => {
        const open = overview.incidents.filter(({ state }) => state !== 'closed');
        const targets = overview.targets.toSorted((a, b) => order[a.state] - order[b.state] || compare(a.name, b.name));
        const page = Math.min(wanted, Math.max(1, Math.ceil(targets.length / rowsPerPage)));
        return (
          <>
            <VerdictLine overview={overview} />
            {open.length > 0 && (
              <section className="section" aria-labelledby="open-incidents">
                <header>
                  <h2 id="open-incidents">{t('overview.incidents')}</h2>
                </header>
                <ul className="sheet plain-list">
                  {open.map((incident) => (
                    <IncidentRow key={incident.id} incident={incident} />
                  ))}
                </ul>
              </section>
            )}
            <section className="section" aria-labelledby="targets">
              <header>
                <h2 id="targets">{t('overview.targets')}</h2>
              </header>
              <div className="sheet">
                {targets.length === 0 ? (
                  <Empty
                    action={
                      may('operator') && (
                        <Button renderRoot={(props) => <Link to="/targets" {...props} />}>{t('overview.addTarget')}</Button>
                      )
                    }
                  >
                    {may('operator') ? t('overview.emptyNext') : t('overview.emptyViewer')}
                  </Empty>
                ) : (
                  <>
                    <div className="target-row target-head" aria-hidden="true">
                      <span>{t('overview.target')}</span>
                      <span>{t('overview.stateAndReason')}</span>
                      <span>{t('overview.scoreNow')}</span>
                      <span>{t('overview.lastHour')}</span>
                    </div>
                    <ul className="plain-list">
                      {targets.slice((page - 1) * rowsPerPage, page * rowsPerPage).map((target) => (
                        <TargetRow
                          key={target.id}
                          target={target}
                          incident={open.find(({ entity, state }) => entity === target.id && state === 'open')}
                        />
                      ))}
                    </ul>
                  </>
                )}
              </div>
              <Pages page={page} total={targets.length} perPage={rowsPerPage} go={setPage} />
            </section>
            <Parts parts={overview.parts} />
          </>
        );
      }}
    </Answer>
  );
}

/** Vigía's own health: folded while all is well. */
function Parts({ parts }: { parts: readonly PartHealth[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const wrong = parts.filter(({ state }) => state !== 'ok');
  const state = wrong.length === 0 ? 'ok' : wrong.some((part) => part.state === 'bad') ? 'bad' : 'unknown';
  const word =
    wrong.length === 0
      ? t('overview.partsOk', { count: parts.length })
      : t('overview.partsBad', { count: wrong.length, total: parts.length });
  return (
    <details className="section parts" open={wrong.length > 0}>
      <summary>
        <h2>{t('overview.parts')}</h2> <StateMark state={state} word={word} />
      </summary>
      <ul className="sheet plain-list">
        {parts.map((part) => (
          <li key={part.part} className="part-row">
            <span>{part.part}</span>
            <StateMark state={part.state} />
            <span className="soft">
              {part.phase} {t('overview.since', { since: format.moment(part.sinceMs) })}
            </span>
            <span>{part.reason}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
