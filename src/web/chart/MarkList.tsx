import './chart.css';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Mark } from '../../model/mark.ts';
import { useFormat } from '../format/useFormat.ts';

const most = 6;

/** What the signs in the charts mean, in words: the newest first, incidents as links. */
export function MarkList({ marks }: { marks: readonly Mark[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (marks.length === 0) return null;
  const shown = marks.toReversed().slice(0, most);
  return (
    <ul className="mark-list plain-list" aria-label={t('charts.marks')}>
      {shown.map(({ kind, fromMs, toMs, text, incident }) => (
        <li key={`${kind} ${fromMs} ${text}`}>
          <span className="mark-key" data-kind={kind} aria-hidden="true" />
          <span>{t(`charts.${kind}`)}</span>
          {incident === null ? (
            text !== '' && <span>{text}</span>
          ) : (
            <Link to="/incidents/$id" params={{ id: String(incident) }}>
              {text}
            </Link>
          )}
          <span className="soft">
            {toMs === fromMs
              ? format.moment(fromMs)
              : t('charts.between', { from: format.moment(fromMs), to: toMs === null ? t('charts.now') : format.moment(toMs) })}
          </span>
        </li>
      ))}
      {marks.length > most && <li className="soft">{t('charts.moreMarks', { count: marks.length - most })}</li>}
    </ul>
  );
}
