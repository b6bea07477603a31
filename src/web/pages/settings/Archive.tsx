import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { archiveQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { StateMark } from '../../parts/StateMark.tsx';

/** The rules of the archive: until when each is caught up, and what failed. */
export function Archive() {
  const { t } = useTranslation();
  const format = useFormat();
  const query = useQuery(archiveQuery);
  return (
    <Answer query={query}>
      {({ configured, url, rules }) =>
        configured ? (
          <>
            <p className="soft small">{t('settings.archiveHint', { url })}</p>
            <div className="sheet scroll" tabIndex={0} role="region" aria-label={t('settings.archive')}>
              <table className="table">
                <thead>
                  <tr>
                    <th>{t('settings.archiveRule')}</th>
                    <th>{t('settings.archiveUntil')}</th>
                    <th>{t('settings.archiveLag')}</th>
                    <th>{t('settings.archivePoints')}</th>
                    <th>{t('settings.archiveLeft')}</th>
                  </tr>
                </thead>
                <tbody>
                  {rules.map((rule) => (
                    <tr key={rule.name}>
                      <td className="archive-rule">
                        {rule.name} <code className="soft small">{rule.match}</code>
                        <span className="soft small">
                          {' '}
                          {t(`settings.archiveEvery.${rule.every}`)},{' '}
                          {rule.keepMs === null
                            ? t('settings.archiveForever')
                            : t('settings.archiveKeep', { span: format.span(rule.keepMs) })}
                        </span>
                        {rule.error !== '' && (
                          <div>
                            <StateMark state="bad" word={`${t('settings.archiveError')}: ${rule.error}`} />
                          </div>
                        )}
                      </td>
                      <td className="nowrap">{format.moment(rule.untilMs)}</td>
                      <td className="nowrap">{rule.lagMs === null ? '–' : format.span(rule.lagMs)}</td>
                      <td className="nowrap">{format.count(rule.points)}</td>
                      <td>
                        {t('settings.archiveLeftOf', {
                          refused: format.count(rule.refused),
                          nan: format.count(rule.notFinite - rule.infinite),
                          infinite: format.count(rule.infinite),
                          stale: format.count(rule.stale),
                        })}
                        {rule.refusal === '' ? '' : ` (${rule.refusal})`}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        ) : (
          <div className="sheet">
            <Empty>{t('settings.archiveEmpty')}</Empty>
          </div>
        )
      }
    </Answer>
  );
}
