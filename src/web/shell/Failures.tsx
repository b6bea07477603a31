import { Button } from '@mantine/core';
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/http.ts';
import { useSentence } from '../parts/sentence.ts';

/** No such page, or a link to something that was removed. */
export function Missing() {
  const { t } = useTranslation();
  return (
    <div className="page">
      <h1>{t('failure.notFoundTitle')}</h1>
      <p className="lead">{t('failure.notFound')}</p>
      <p>
        <Link to="/">{t('failure.home')}</Link>
      </p>
    </div>
  );
}

/** The page could not be shown at all: the server does not answer, or the page has a bug. */
export function Broken({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  const asked = useSentence();
  const sentence = error instanceof ApiError ? asked(error) : t('failure.broken', { reason: asked(error) });
  return (
    <div className="page" role="alert">
      <h1>{t('failure.title')}</h1>
      <p className="lead">{sentence}</p>
      <Button
        mt="md"
        onClick={() => {
          reset();
          void router.invalidate();
        }}
      >
        {t('common.retry')}
      </Button>
    </div>
  );
}
