import './settings.css';
import { Link, useParams } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { useTranslation } from 'react-i18next';
import type { Role } from '../../../model/account.ts';
import { useMay, useNeeds } from '../../parts/RoleButton.tsx';
import type { Section } from '../../search.ts';
import { useTitle } from '../../parts/useTitle.ts';
import { Accounts } from './Accounts.tsx';
import { Archive } from './Archive.tsx';
import { Audit } from './Audit.tsx';
import { Maintenance } from './Maintenance.tsx';
import { Preferences } from './Preferences.tsx';
import { Receivers } from './Receivers.tsx';
import { Silences } from './Silences.tsx';
import { Tokens } from './Tokens.tsx';

const parts: readonly { readonly section: Section; readonly needs: Role; readonly Body: ComponentType }[] = [
  { section: 'preferences', needs: 'viewer', Body: Preferences },
  { section: 'silences', needs: 'viewer', Body: Silences },
  { section: 'maintenance', needs: 'viewer', Body: Maintenance },
  { section: 'receivers', needs: 'operator', Body: Receivers },
  { section: 'archive', needs: 'operator', Body: Archive },
  { section: 'accounts', needs: 'administrator', Body: Accounts },
  { section: 'tokens', needs: 'administrator', Body: Tokens },
  { section: 'audit', needs: 'administrator', Body: Audit },
];

export function Settings() {
  const { t } = useTranslation();
  const may = useMay();
  const needs = useNeeds();
  const { section } = useParams({ from: '/inside/settings/$section' });
  const part = parts.find((one) => one.section === section) ?? parts[0];
  useTitle(t(`settings.${section}`));
  if (!part) return null;
  return (
    <>
      <h1>{t('settings.title')}</h1>
      <div className="settings">
        <nav aria-label={t('settings.sections')} className="settings-nav">
          {parts
            .filter((one) => may(one.needs))
            .map((one) => (
              <Link
                key={one.section}
                to="/settings/$section"
                params={{ section: one.section }}
                className="settings-link"
                activeProps={{ 'aria-current': 'page' }}
              >
                {t(`settings.${one.section}`)}
              </Link>
            ))}
        </nav>
        <div className="settings-body">
          <h2>{t(`settings.${part.section}`)}</h2>
          {may(part.needs) ? <part.Body /> : <p className="lead">{needs(part.needs)}</p>}
        </div>
      </div>
    </>
  );
}
