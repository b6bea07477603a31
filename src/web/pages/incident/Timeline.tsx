import { useTranslation } from 'react-i18next';
import type { IncidentEvent } from '../../../model/incident.ts';
import { useFormat } from '../../format/useFormat.ts';

const tones: Partial<Record<IncidentEvent['kind'], 'ok' | 'bad' | 'unknown'>> = {
  opened: 'bad',
  'alert-firing': 'bad',
  'alert-resolved': 'ok',
  accepted: 'ok',
  closed: 'ok',
  unknown: 'unknown',
};

/** What happened, oldest first. */
export function Timeline({ events }: { events: readonly IncidentEvent[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <ol className="sheet plain-list timeline">
      {events.map((event, index) => (
        <li key={`${event.tsMs}-${event.kind}-${index}`} data-state={tones[event.kind]}>
          <time className="soft small nowrap" dateTime={new Date(event.tsMs).toISOString()} title={format.exact(event.tsMs)}>
            {format.moment(event.tsMs)}
          </time>
          <span className="timeline-text">
            <strong>{t(`incident.kind.${event.kind}`)}</strong> {event.text}
            {event.by !== null && <span className="soft"> {t('incident.by', { who: event.by })}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}
