import { Button } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/http.ts';
import { useSentence } from './sentence.ts';
import { Missing } from '../shell/Failures.tsx';

/** A question's answer once it is there; until then that it loads, or why it failed and what to do. */
export function Answer<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  const { t } = useTranslation();
  const sentence = useSentence();
  if (query.data !== undefined) return children(query.data);
  if (query.isPending) return <Loading />;
  if (query.error instanceof ApiError && query.error.code === 'not-found') return <Missing />;
  return (
    <div className="sheet padded" role="alert">
      <h2>{t('failure.title')}</h2>
      <p className="lead">{sentence(query.error)}</p>
      <Button variant="default" mt="sm" onClick={() => void query.refetch()}>
        {t('common.retry')}
      </Button>
    </div>
  );
}

export function Loading() {
  const { t } = useTranslation();
  return (
    <p className="soft loading" role="status">
      {t('common.loading')}
    </p>
  );
}

/** What to do next where there is nothing yet. */
export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <p>{children}</p>
      {action}
    </div>
  );
}
