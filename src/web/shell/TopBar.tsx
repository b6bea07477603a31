import './topbar.css';
import { ActionIcon, Burger, Drawer, Menu, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';
import IconChevronDown from '@tabler/icons-react/dist/esm/icons/IconChevronDown.mjs';
import IconMoon from '@tabler/icons-react/dist/esm/icons/IconMoon.mjs';
import IconSun from '@tabler/icons-react/dist/esm/icons/IconSun.mjs';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { overviewQuery, sessionQuery } from '../api/queries.ts';
import { StateMark } from '../parts/StateMark.tsx';
import { AccountMenu, LanguageMenu } from './Menus.tsx';
import { LiveLight } from './LiveLight.tsx';
import { Mark } from './Mark.tsx';
import { usePreferences } from './preferences.ts';

const pages = [
  { to: '/', word: 'nav.overview' },
  { to: '/containers', word: 'nav.containers' },
  { to: '/incidents', word: 'nav.incidents' },
  { to: '/ai', word: 'nav.ai' },
  { to: '/kubernetes', word: 'nav.kubernetes', part: 'Kubernetes' },
  { to: '/targets', word: 'nav.targets' },
  { to: '/settings', word: 'nav.settings' },
  { to: '/help', word: 'nav.help' },
] as const;

/** Pages that show a part of everything, beside the dashboards of the targets. */
const views = [
  { to: '/energy', word: 'nav.energy' },
  { to: '/explore', word: 'nav.explore' },
  { to: '/wall', word: 'nav.wall' },
] as const;

/** Name, the pages, the dashboards, and what concerns the person: light, theme, language, account. */
export function TopBar() {
  const { t } = useTranslation();
  const [open, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  useEffect(close, [pathname, close]);
  return (
    <header className="topbar">
      <div className="topbar-inner">
        <Link to="/" className="brand">
          <Mark />
          Vigía
        </Link>
        <nav className="topbar-nav" aria-label={t('nav.label')}>
          <PageLinks />
          <Dashboards />
        </nav>
        <div className="topbar-side">
          <LiveLight />
          <ThemeSwitch />
          <div className="wide-only">
            <LanguageMenu />
          </div>
          <div className="wide-only">
            <AccountMenu />
          </div>
          <Burger className="narrow-only" size="sm" opened={open} onClick={toggle} aria-label={t('nav.menu')} />
        </div>
      </div>
      <Drawer
        opened={open}
        onClose={close}
        position="right"
        size="min(320px, 88vw)"
        title={t('nav.menu')}
        closeButtonProps={{ 'aria-label': t('nav.closeMenu') }}
      >
        <nav className="drawer-nav" aria-label={t('nav.label')}>
          <PageLinks />
          {views.map(({ to, word }) => (
            <Link key={to} to={to} className="topbar-link" activeProps={{ 'aria-current': 'page' }}>
              {t(word)}
            </Link>
          ))}
        </nav>
        <div className="drawer-side">
          <LanguageMenu />
          <AccountMenu />
        </div>
      </Drawer>
    </header>
  );
}

function PageLinks() {
  const { t } = useTranslation();
  const { data: session } = useQuery(sessionQuery);
  const { data: overview } = useQuery(overviewQuery);
  // P04: who may not see containers need not be led to a refusal; what is not configured has no place among the pages.
  const mayContainers = session?.account?.scope.containers === true;
  const shown = pages
    .filter(({ to }) => to !== '/containers' || mayContainers)
    .filter((page) => !('part' in page) || overview?.parts.some(({ part }) => part === page.part));
  return shown.map(({ to, word }) => (
    <Link
      key={to}
      to={to}
      className="topbar-link"
      activeOptions={{ exact: to === '/', includeSearch: false }}
      activeProps={{ 'aria-current': 'page' }}
    >
      {t(word)}
    </Link>
  ));
}

/** Straight to the charts of a target, and to those of many. */
function Dashboards() {
  const { t } = useTranslation();
  const { data } = useQuery(overviewQuery);
  const targets = data?.targets ?? [];
  const all = Object.values(data?.summary.counts ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <UnstyledButton className="topbar-link">
          {t('nav.dashboards')} <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown mah="70vh" style={{ overflowY: 'auto' }}>
        {views.map(({ to, word }) => (
          <Menu.Item key={to} renderRoot={(props) => <Link to={to} {...props} />}>
            {t(word)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        {targets.length === 0 && <Menu.Item disabled>{t('nav.noDashboards')}</Menu.Item>}
        {targets.map((target) => (
          <Menu.Item
            key={target.id}
            leftSection={<StateMark state={target.state} bare />}
            renderRoot={(props) => <Link to="/hosts/$id" params={{ id: target.id }} {...props} />}
          >
            {target.name}
          </Menu.Item>
        ))}
        {all > targets.length && (
          <Menu.Item renderRoot={(props) => <Link to="/" hash="targets" {...props} />}>{t('nav.allTargets', { count: all })}</Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

export function ThemeSwitch() {
  const { t } = useTranslation();
  const scheme = useComputedColorScheme('light');
  const { change } = usePreferences();
  const dark = scheme === 'dark';
  const word = dark ? t('theme.toLight') : t('theme.toDark');
  return (
    <ActionIcon variant="subtle" size="lg" aria-label={word} title={word} onClick={() => void change({ theme: dark ? 'light' : 'dark' })}>
      {dark ? <IconSun size={18} aria-hidden /> : <IconMoon size={18} aria-hidden />}
    </ActionIcon>
  );
}
