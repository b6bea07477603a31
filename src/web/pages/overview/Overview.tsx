import './overview.css';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Overview as Answered, PartHealth } from '../../../model/api.ts';
import { overviewQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer } from '../../parts/Answer.tsx';
import { StateMark } from '../../parts/StateMark.tsx';
import { IncidentRow } from '../incident/IncidentRow.tsx';
import { TargetList } from './TargetList.tsx';
import { VerdictLine } from './VerdictLine.tsx';

/** What is wrong, where, since when; then everything that is watched. */
export function Overview() {
  const query = useQuery(overviewQuery);
  return (
    <Answer query={query}>
      {(overview) => (
        <>
          <VerdictLine overview={overview} />
          {overview.incidents.length > 0 && <OpenIncidents overview={overview} />}
          <TargetList overview={overview} />
          <Parts parts={overview.parts} />
        </>
      )}
    </Answer>
  );
}

function OpenIncidents({ overview: { incidents, incidentsTotal } }: { overview: Answered }) {
  const { t } = useTranslation();
  const more = incidentsTotal - incidents.length;
  return (
    <section className="section" aria-labelledby="open-incidents">
      <header>
        <h2 id="open-incidents">{t('overview.incidents')}</h2>
        {more > 0 && (
          <Link to="/incidents" search={{ state: 'open' }}>
            {t('overview.moreIncidents', { count: more })}
          </Link>
        )}
      </header>
      <ul className="sheet plain-list">
        {incidents.map((incident) => (
          <IncidentRow key={incident.id} incident={incident} />
        ))}
      </ul>
    </section>
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
              {t(`overview.phase.${part.phase}`)} {t('overview.since', { since: format.moment(part.sinceMs) })}
            </span>
            <span>{part.reason}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
