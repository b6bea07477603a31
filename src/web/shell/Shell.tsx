import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Outlet, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { follow } from '../api/live.ts';
import { profilesQuery } from '../api/queries.ts';
import { TopBar } from './TopBar.tsx';
import { usePreferencesOnce } from './preferences.ts';

/** What stands around every page behind the door: skip link, top bar, the event stream. */
export function Shell() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const main = useRef<HTMLElement>(null);
  useEffect(() => follow(client), [client]);
  useQuery(profilesQuery);
  usePreferencesOnce();
  useFocusOnNavigation(main);
  return (
    <>
      <a
        className="skip"
        href="#content"
        onClick={(event) => {
          // A plain "#content" would leave the page: addresses are relative to the base.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t('nav.skip')}
      </a>
      <TopBar />
      <main id="content" ref={main} tabIndex={-1} className="page">
        <Outlet />
      </main>
    </>
  );
}

/** After a step to another page, reading and tabbing start at its beginning, as after a full load. */
function useFocusOnNavigation(main: React.RefObject<HTMLElement | null>): void {
  const { pathname } = useLocation();
  const last = useRef(pathname);
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    main.current?.focus({ preventScroll: true });
  }, [pathname, main]);
}
