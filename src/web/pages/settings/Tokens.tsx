import { Button, CopyButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiToken } from '../../../model/account.ts';
import { segment } from '../../api/http.ts';
import { tokensQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { Confirm } from '../../parts/Confirm.tsx';
import { TokenForm } from './TokenForm.tsx';
import { useRemoval } from './useRemoval.ts';

/** Keys for programs. A new one is shown once; only its hash is kept. Over plain HTTP a browser lets no page copy: a click marks it. */
export function Tokens() {
  const { t } = useTranslation();
  const format = useFormat();
  const query = useQuery(tokensQuery);
  const [form, setForm] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const { leaving, ask, dialog } = useRemoval<ApiToken>(({ id }) => `tokens/${segment(id)}`, 'tokens');
  return (
    <div className="stack">
      <div className="row apart">
        <span className="soft small">{t('settings.tokensHint')}</span>
        <Button onClick={() => setForm(true)}>{t('settings.addToken')}</Button>
      </div>
      {secret !== null && (
        <div className="sheet padded stack" role="status">
          <strong>{t('settings.tokenOnce')}</strong>
          <code className="secret">{secret}</code>
          <div className="row">
            {isSecureContext && (
              <CopyButton value={secret}>
                {({ copied, copy }) => (
                  <Button size="xs" variant="default" onClick={copy}>
                    {copied ? t('settings.copied') : t('settings.copy')}
                  </Button>
                )}
              </CopyButton>
            )}
            <Button size="xs" variant="subtle" onClick={() => setSecret(null)}>
              {t('common.close')}
            </Button>
          </div>
        </div>
      )}
      <Answer query={query}>
        {({ tokens }) => (
          <ul className="sheet plain-list grid-list entries">
            {tokens.length === 0 && (
              <li>
                <Empty>{t('settings.tokensEmpty')}</Empty>
              </li>
            )}
            {tokens.map((token) => (
              <li key={token.id} className="entry">
                <span className="entry-main">
                  <strong>{token.name}</strong>
                  <span className="soft small">{t(`role.${token.role}`)}</span>
                </span>
                <span className="soft small">
                  {t('settings.created')}: {format.moment(token.createdMs)} · {t('settings.lastUsed')}:{' '}
                  {token.lastUsedMs === null ? t('common.never') : format.ago(token.lastUsedMs)} · {t('settings.expires')}:{' '}
                  {token.expiresMs === null ? t('common.never') : format.moment(token.expiresMs)}
                </span>
                <Button size="xs" variant="default" onClick={() => ask(token)} aria-label={`${t('common.remove')} ${token.name}`}>
                  {t('common.remove')}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Answer>
      {form && (
        <TokenForm
          onClose={() => setForm(false)}
          onMade={(made) => {
            setForm(false);
            setSecret(made);
          }}
        />
      )}
      <Confirm {...dialog} title={t('settings.removeToken', { name: leaving?.name ?? '' })} confirm={t('common.remove')}>
        {t('settings.removeTokenText')}
      </Confirm>
    </div>
  );
}
