import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { TargetOverview } from '../../../model/api.ts';
import type { IncidentSummary } from '../../../model/incident.ts';
import { useFormat } from '../../format/useFormat.ts';
import { ScoreBar } from '../../parts/RangeBar.tsx';
import { Sparkline } from '../../parts/Sparkline.tsx';
import { type Shown, StateMark } from '../../parts/StateMark.tsx';
import { useReason } from '../../parts/useReason.ts';

/** While a target learns it has no opinion yet, which is not the same as not answering. */
export function shownState(target: TargetOverview): Shown {
  return target.learningUntilMs !== null && target.state === 'ok' ? 'learning' : target.state;
}

/** `incident`: the open one of this target, which says why in the reader's language. */
export function TargetRow({ target, incident }: { target: TargetOverview; incident: IncidentSummary | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const reason = useReason();
  const shown = shownState(target);
  const cause = (incident && reason(incident, 2)) ?? target.reason;
  const why = !target.enabled ? t('overview.disabled') : cause !== '' ? cause : shown === 'ok' ? t('overview.usual') : '';
  return (
    <li className="target-row">
      <span className="target-name">
        <Link to="/hosts/$id" params={{ id: target.id }}>
          {target.name}
        </Link>
        <span className="soft small">{target.address}</span>
      </span>
      <span className="target-why">
        <StateMark
          state={shown}
          word={shown === 'learning' ? t('overview.learning', { until: format.moment(target.learningUntilMs) }) : undefined}
        />
        {shown !== 'ok' && target.sinceMs !== null && (
          <span className="soft small">{t('overview.since', { since: format.moment(target.sinceMs) })}</span>
        )}
        <span className={shown === 'ok' ? 'soft' : undefined}>{why}</span>
        {target.firing > 0 && <span className="soft small">{t('overview.firing', { count: target.firing })}</span>}
        {!target.realtime && <span className="soft small">{t('overview.realtimeOff')}</span>}
      </span>
      <span>
        {target.score === null ? (
          <span className="soft small">{t('overview.noScore')}</span>
        ) : (
          <ScoreBar score={target.score} threshold={target.threshold} />
        )}
      </span>
      <Sparkline points={target.spark} threshold={target.threshold} />
    </li>
  );
}
