import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Account } from '../../../model/account.ts';
import { segment } from '../../api/http.ts';
import { accountsQuery, sessionQuery } from '../../api/queries.ts';
import { Answer } from '../../parts/Answer.tsx';
import { Confirm } from '../../parts/Confirm.tsx';
import { Badge } from '../../parts/StateMark.tsx';
import { AccountForm } from './AccountForm.tsx';
import { useRemoval } from './useRemoval.ts';

/** P04: who may come in, and what they may see. */
export function Accounts() {
  const { t } = useTranslation();
  const query = useQuery(accountsQuery);
  const { data: session } = useQuery(sessionQuery);
  const [form, setForm] = useState<{ account: Account | null } | null>(null);
  const { leaving, ask, dialog } = useRemoval<Account>(({ id }) => `accounts/${segment(id)}`, 'accounts');
  return (
    <div className="stack">
      <div>
        <Button onClick={() => setForm({ account: null })}>{t('settings.addAccount')}</Button>
      </div>
      <Answer query={query}>
        {({ accounts }) => (
          <ul className="sheet plain-list grid-list entries">
            {accounts.map((account) => {
              const own = account.id === session?.account?.id;
              const sees = [account.scope.hosts && t('settings.hosts'), account.scope.containers && t('settings.containers')]
                .filter(Boolean)
                .join(', ');
              return (
                <li key={account.id} className="entry">
                  <span className="entry-main">
                    <strong>
                      {account.name} {own && <span className="soft">({t('settings.you')})</span>}
                    </strong>
                    <span className="soft small">{account.email}</span>
                  </span>
                  <span className="small">
                    {t(`role.${account.role}`)} <span className="soft">· {sees || '–'}</span>{' '}
                    {account.disabled && <Badge tone="plain">{t('settings.disabledBadge')}</Badge>}
                  </span>
                  <span className="row">
                    <Button
                      size="xs"
                      variant="default"
                      onClick={() => setForm({ account })}
                      aria-label={`${t('common.edit')} ${account.name}`}
                    >
                      {t('common.edit')}
                    </Button>
                    {!own && (
                      <Button size="xs" variant="default" onClick={() => ask(account)} aria-label={`${t('common.remove')} ${account.name}`}>
                        {t('common.remove')}
                      </Button>
                    )}
                  </span>
                </li>
              );
            })}
          </ul>
        )}
      </Answer>
      {form && <AccountForm account={form.account} onClose={() => setForm(null)} />}
      <Confirm {...dialog} title={t('settings.removeAccount', { name: leaving?.name ?? '' })} confirm={t('common.remove')}>
        {t('settings.removeAccountText')}
      </Confirm>
    </div>
  );
}
