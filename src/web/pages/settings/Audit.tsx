import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { auditPerPage, auditQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { Pages } from '../../parts/Pages.tsx';

/** Every change: who, what, when, from where. */
export function Audit() {
  const { t } = useTranslation();
  const format = useFormat();
  const [page, setPage] = useState(1);
  const query = useQuery(auditQuery(page));
  return (
    <Answer query={query}>
      {({ entries, total }) =>
        total === 0 ? (
          <div className="sheet">
            <Empty>{t('settings.auditEmpty')}</Empty>
          </div>
        ) : (
          <>
            <div className="sheet scroll" tabIndex={0} role="region" aria-label={t('settings.audit')}>
              <table className="table">
                <thead>
                  <tr>
                    <th>{t('common.time')}</th>
                    <th>{t('settings.who')}</th>
                    <th>{t('settings.action')}</th>
                    <th>{t('settings.subject')}</th>
                    <th>{t('settings.detail')}</th>
                    <th>{t('settings.origin')}</th>
                  </tr>
                </thead>
                <tbody>
                  {entries.map((entry) => (
                    <tr key={entry.id}>
                      <td className="nowrap">{format.exact(entry.tsMs)}</td>
                      <td>{entry.who}</td>
                      <td className="nowrap">{entry.action}</td>
                      <td>{entry.subject}</td>
                      <td>{entry.detail}</td>
                      <td className="nowrap">{entry.address}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            <Pages page={page} total={total} perPage={auditPerPage} go={setPage} />
          </>
        )
      }
    </Answer>
  );
}
