import { Menu, UnstyledButton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useRouter } from '@tanstack/react-router';
import IconCheck from '@tabler/icons-react/dist/esm/icons/IconCheck.mjs';
import IconChevronDown from '@tabler/icons-react/dist/esm/icons/IconChevronDown.mjs';
import IconUser from '@tabler/icons-react/dist/esm/icons/IconUser.mjs';
import { useTranslation } from 'react-i18next';
import type { Session } from '../../model/api.ts';
import { send } from '../api/http.ts';
import { sessionQuery } from '../api/queries.ts';
import { usePreferences } from './preferences.ts';

const languages = ['auto', 'en', 'es'] as const;

export function LanguageMenu() {
  const { t, i18n } = useTranslation();
  const { present, change } = usePreferences();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <UnstyledButton className="topbar-link" aria-label={`${i18n.language.toUpperCase()} (${t('language.label')})`}>
          {i18n.language.toUpperCase()} <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {languages.map((choice) => (
          <Menu.Item
            key={choice}
            onClick={() => void change({ language: choice })}
            rightSection={present.language === choice ? <IconCheck size={14} aria-hidden /> : null}
            aria-current={present.language === choice || undefined}
          >
            {t(`language.${choice}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function AccountMenu() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const router = useRouter();
  const { data: session } = useQuery(sessionQuery);
  const account = session?.account;
  if (!account) return null;

  const signOut = async () => {
    await send('DELETE', 'session');
    client.clear();
    client.setQueryData<Session>(sessionQuery.queryKey, { ...session, account: null });
    await router.navigate({ to: '/login' });
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <UnstyledButton className="topbar-link account" aria-label={t('account.label', { name: account.name })}>
          <IconUser size={16} aria-hidden /> <span className="account-name">{account.name}</span> <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {account.email}
          <br />
          {t(`role.${account.role}`)}
        </Menu.Label>
        <Menu.Item renderRoot={(props) => <Link to="/settings/$section" params={{ section: 'preferences' }} {...props} />}>
          {t('account.preferences')}
        </Menu.Item>
        <Menu.Item onClick={() => void signOut()}>{t('account.signOut')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
