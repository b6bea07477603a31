import './moved.css';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { SimilarIncident } from '../../../model/explanation.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Empty } from '../../parts/Answer.tsx';
import { ShareBar } from '../../parts/RangeBar.tsx';

/** Past incidents like this one: when, where, how long, and what somebody wrote then. */
export function Similar({ incidents }: { incidents: readonly SimilarIncident[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <section className="section" aria-labelledby="similar">
      <header>
        <h2 id="similar">{t('similar.title')}</h2>
        <span className="soft small">{t('similar.hint')}</span>
      </header>
      <div className="sheet">
        {incidents.length === 0 ? (
          <Empty>{t('similar.none')}</Empty>
        ) : (
          <ul className="plain-list">
            {incidents.map((one) => (
              <li key={one.id} className="list-row similar-row">
                <span className="soft similar-when" title={format.exact(one.openedMs)}>
                  {format.moment(one.openedMs)}
                </span>
                <span className="similar-what">
                  <Link to="/incidents/$id" params={{ id: String(one.id) }}>
                    {one.name}: {one.title}
                  </Link>
                  {one.note !== null && (
                    <span>
                      <q>{one.note.text}</q>
                      {one.note.by !== null && <span className="soft"> {t('incident.by', { who: one.note.by })}</span>}
                    </span>
                  )}
                </span>
                <span className="soft small similar-lasted">
                  {one.closedMs !== null && t('similar.lasted', { span: format.span(one.closedMs - one.openedMs) })}
                </span>
                <span className="similar-alike">
                  <span className="soft small">{t('similar.alike')}</span>
                  <ShareBar share={one.similarity} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
