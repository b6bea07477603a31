import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Steps through a long list; hidden while one page holds it all. */
export function Pages({ page, total, perPage, go }: { page: number; total: number; perPage: number; go: (page: number) => void }) {
  const { t } = useTranslation();
  const pages = Math.max(1, Math.ceil(total / perPage));
  if (pages === 1 && page === 1) return null;
  return (
    <div className="row" style={{ marginTop: 12 }}>
      <Button variant="default" size="xs" disabled={page <= 1} onClick={() => go(page - 1)}>
        {t('common.previous')}
      </Button>
      <span className="soft small">{t('common.page', { page, pages })}</span>
      <Button variant="default" size="xs" disabled={page >= pages} onClick={() => go(page + 1)}>
        {t('common.next')}
      </Button>
    </div>
  );
}
