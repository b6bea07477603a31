import { Button } from '@mantine/core';
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { useCallback, useEffect } from 'react';
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

const againMs = 4_000;

/** The page could not be shown at all: the server does not answer, which is asked again and again, or the page has a bug. */
export function Broken({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  const asked = useSentence();
  const sentence = error instanceof ApiError ? asked(error) : t('failure.broken', { reason: asked(error) });
  const again = useCallback(() => {
    reset();
    void router.invalidate();
  }, [reset, router]);
  const isAway = error instanceof ApiError && (error.status === 0 || error.status >= 502);
  useEffect(() => {
    if (!isAway) return undefined;
    // A screen on the wall has nobody who would press the button.
    const timer = setInterval(again, againMs);
    return () => clearInterval(timer);
  }, [isAway, again]);
  return (
    <div className="page" role="alert">
      <h1>{t('failure.title')}</h1>
      <p className="lead">{sentence}</p>
      <Button mt="md" onClick={again}>
        {t('common.retry')}
      </Button>
    </div>
  );
}
