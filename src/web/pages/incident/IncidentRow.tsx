import './incident.css';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { IncidentSummary } from '../../../model/incident.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Badge, SeverityMark, StateMark } from '../../parts/StateMark.tsx';
import { useNow } from '../../parts/useNow.ts';
import { useReason } from '../../parts/useReason.ts';

/** Where, what and since when, with the feature that carries most. */
export function IncidentRow({ incident }: { incident: IncidentSummary }) {
  const { t } = useTranslation();
  const format = useFormat();
  const reason = useReason();
  const now = useNow();
  const why = reason(incident, 1);
  const { openedMs, closedMs } = incident;
  const from = format.moment(openedMs);
  const span = format.span((closedMs ?? now) - openedMs);
  return (
    <li className="list-row incident-row">
      <span className="incident-state">
        <IncidentState state={incident.state} />
      </span>
      <span className="incident-what">
        <Link to="/incidents/$id" params={{ id: String(incident.id) }}>
          {incident.name}: {incident.title}
        </Link>
        {why !== null && <span className="soft small">{why}</span>}
      </span>
      <span className="incident-severity">
        <SeverityMark severity={incident.severity} />
      </span>
      <span className="soft small incident-when">
        {closedMs === null
          ? `${t('overview.since', { since: from })}, ${t('overview.lasting', { span })}`
          : `${from}, ${t('similar.lasted', { span })}`}
      </span>
    </li>
  );
}

const tones = { open: 'bad', closed: 'ok', unknown: 'unknown' } as const;

export function IncidentState({ state }: { state: IncidentSummary['state'] }) {
  const { t } = useTranslation();
  return (
    <Badge tone={tones[state]}>
      <StateMark state={tones[state]} word={t(`incident.${state}`)} size={15} />
    </Badge>
  );
}
