import type { TFunction } from 'i18next';
import { Link } from '@tanstack/react-router';
import IconAlertOctagon from '@tabler/icons-react/dist/esm/icons/IconAlertOctagon.mjs';
import IconCircleCheck from '@tabler/icons-react/dist/esm/icons/IconCircleCheck.mjs';
import IconHelpCircle from '@tabler/icons-react/dist/esm/icons/IconHelpCircle.mjs';
import { useTranslation } from 'react-i18next';
import type { Overview } from '../../../model/api.ts';
import type { IncidentSummary } from '../../../model/incident.ts';
import { useReason } from '../../parts/useReason.ts';
import { type Format, useFormat } from '../../format/useFormat.ts';
import { useTitle } from '../../parts/useTitle.ts';
import { stateOf, type Verdict, verdictOf } from './verdict.ts';

const icons = { ok: IconCircleCheck, bad: IconAlertOctagon, unknown: IconHelpCircle } as const;

/** The answer of two seconds: is anything wrong, where, since when, why. Also the tab's title. */
export function VerdictLine({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const format = useFormat();
  const reason = useReason();
  const verdict = verdictOf(overview);
  const state = stateOf(verdict);
  const Icon = icons[state];
  const sentence = words(verdict, t, format, reason);
  useTitle(sentence);
  return (
    <div className="verdict" data-state={state} role="status">
      <Icon size={30} stroke={1.8} aria-hidden />
      <div>
        <h1>
          {verdict.kind === 'incident' ? (
            <Link to="/incidents/$id" params={{ id: String(verdict.incident.id) }}>
              {sentence}
            </Link>
          ) : (
            sentence
          )}
        </h1>
        {verdict.kind === 'part' && verdict.part.reason !== '' && <p className="lead">{verdict.part.reason}</p>}
      </div>
    </div>
  );
}

function words(verdict: Verdict, t: TFunction, format: Format, reason: (incident: IncidentSummary, most: number) => string | null): string {
  switch (verdict.kind) {
    case 'empty':
      return t('overview.empty');
    case 'part':
      return t(verdict.part.part === 'Prometheus' ? 'overview.unknownPart' : 'overview.brokenPart', {
        part: verdict.part.part,
        since: format.moment(verdict.part.sinceMs),
      });
    case 'incident': {
      const { incident } = verdict;
      const since = format.moment(incident.openedMs);
      const why = reason(incident, 1);
      return why === null
        ? t('overview.alertWhy', { name: incident.name, since, why: incident.title })
        : t('overview.badWhy', { name: incident.name, since, why });
    }
    case 'bad': {
      const { target } = verdict;
      if (target.sinceMs === null) return `${target.name}: ${target.reason || t('state.bad')}`;
      const since = format.moment(target.sinceMs);
      return target.reason === ''
        ? t('overview.bad', { name: target.name, since })
        : t('overview.alertWhy', { name: target.name, since, why: target.reason });
    }
    case 'many':
      return t('overview.badMany', {
        count: verdict.count,
        since: format.moment(verdict.sinceMs),
        names: some(verdict.names, verdict.count),
      });
    case 'unknown': {
      const { count, targets } = verdict;
      const [only] = targets;
      if (!only) return t('overview.unknown');
      if (count > 1) {
        const names = targets.map(({ name }) => name);
        return t('overview.unknownMany', { count, names: some(names, count) });
      }
      return only.sinceMs === null
        ? t('overview.unknownWhy', { name: only.name, why: only.reason })
        : t('overview.unknownTarget', { name: only.name, since: format.moment(only.sinceMs) });
    }
    case 'learning':
      return t('overview.allLearning', { count: verdict.watched, until: format.moment(verdict.untilMs) });
    case 'fine': {
      const watched = t('overview.fine', { count: verdict.watched });
      return verdict.learning === 0
        ? watched
        : `${watched} ${t('overview.learningTail', { count: verdict.learning, until: format.moment(verdict.untilMs) })}`;
    }
  }
}

/** A first line holds three names; the rest is below it. */
function some(names: readonly string[], count: number): string {
  const shown = names.slice(0, 3).join(', ');
  return count <= 3 ? shown : `${shown} …`;
}
