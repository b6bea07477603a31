import './alerts.css';
import { useTranslation } from 'react-i18next';
import type { Alert } from '../../model/incident.ts';
import { useFormat } from '../format/useFormat.ts';
import { SeverityMark, StateMark } from './StateMark.tsx';

const states = { firing: 'bad', resolved: 'ok', unknown: 'unknown' } as const;

/**
 * Alerts with their severity; a green "no alerts" where there are none (P07). `unheard` when what they are about does not answer:
 * then no alert is no good news.
 */
export function AlertList({ alerts, unheard = false }: { alerts: readonly Alert[]; unheard?: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (alerts.length === 0) {
    return (
      <p className="sheet padded" style={{ margin: 0 }}>
        <StateMark state={unheard ? 'unknown' : 'ok'} word={t('host.noAlerts')} />
      </p>
    );
  }
  return (
    <ul className="sheet plain-list">
      {alerts.map((alert) => (
        <li key={`${alert.fingerprint}-${alert.startsMs}`} className="alert-row">
          <span className="row">
            <SeverityMark severity={alert.severity} />
            <strong className="alert-name">{alert.name}</strong>
            {alert.state !== 'firing' && <StateMark state={states[alert.state]} word={t(`host.${alert.state}`)} />}
            {alert.silenced && <span className="soft small">{t('host.silenced')}</span>}
          </span>
          <span className="alert-text">{alert.annotations['summary'] ?? alert.annotations['description'] ?? ''}</span>
          <span className="soft small">
            {format.moment(alert.startsMs)}
            {alert.endsMs !== null && ` – ${format.moment(alert.endsMs)}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
