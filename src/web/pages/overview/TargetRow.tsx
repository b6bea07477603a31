import { Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import type { TargetOverview } from '../../../model/api.ts';
import type { IncidentSummary } from '../../../model/incident.ts';
import type { Format } from '../../format/useFormat.ts';
import { ScoreBar } from '../../parts/RangeBar.tsx';
import { Sparkline } from '../../parts/Sparkline.tsx';
import { type Shown, StateMark } from '../../parts/StateMark.tsx';

/** While a target learns it has no opinion yet, which is not the same as not answering. */
export function shownState(target: TargetOverview): Shown {
  return target.learningUntilMs !== null && target.state === 'ok' ? 'learning' : target.state;
}

/** What a row is put into words with: asked for once by the list, not again by each of its rows. */
export interface Words {
  readonly t: TFunction;
  readonly format: Format;
  readonly reason: (incident: IncidentSummary, most: number) => string | null;
}

/** An open incident of the target says why in the reader's language. */
export function TargetRow({ target, words: { t, format, reason } }: { target: TargetOverview; words: Words }) {
  const shown = shownState(target);
  const { incident } = target;
  const cause = (incident?.state === 'open' ? reason(incident, 2) : null) ?? target.reason;
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
