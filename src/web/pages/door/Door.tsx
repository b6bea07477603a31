import './door.css';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useTitle } from '../../parts/useTitle.ts';
import { LanguageMenu } from '../../shell/Menus.tsx';
import { Mark } from '../../shell/Mark.tsx';
import '../../shell/topbar.css';
import { ThemeSwitch } from '../../shell/TopBar.tsx';

/** The frame of sign-in and set-up: what this is, and one form. */
export function Door({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  const { t } = useTranslation();
  useTitle(title);
  return (
    <div className="door">
      <header className="door-top">
        <span className="brand">
          <Mark /> Vigía
        </span>
        <span className="row">
          <ThemeSwitch />
          <LanguageMenu />
        </span>
      </header>
      <main className="door-main">
        <h1>{title}</h1>
        {lead !== undefined && <p className="lead">{lead}</p>}
        <div className="sheet padded door-form">{children}</div>
        <p className="soft small">{t('door.what')}</p>
      </main>
    </div>
  );
}
