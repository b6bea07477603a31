import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/http.ts';

const translated = ['offline', 'signin-failed', 'signin-required', 'setup-done', 'setup-code', 'out-of-scope'] as const;

/** The sentence of a failure: the server's own, but in the reader's language where it needs no figures. */
export function useSentence(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    const code = translated.find((name) => error instanceof ApiError && error.code === name);
    if (code !== undefined) return t(`failure.${code}`);
    // A proxy in front of a Vigía that is away.
    if (error instanceof ApiError && error.code === 'status' && error.status >= 502) return `${t('failure.offline')} (${error.message})`;
    return error instanceof Error ? error.message : String(error);
  };
}
