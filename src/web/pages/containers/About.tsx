import { useTranslation } from 'react-i18next';
import type { Application } from '../../../model/docker.ts';

/** What each replica was made of. */
export function About({ application }: { application: Application }) {
  const { t } = useTranslation();
  return (
    <section className="section" aria-labelledby="about">
      <header>
        <h2 id="about">{t('containers.about')}</h2>
      </header>
      <ul className="sheet plain-list">
        {application.containers.map(({ entity, name, engine, image, labels }) => (
          <li key={entity} className="list-row about-row">
            <span>
              <strong>{name}</strong> <span className="soft small">{engine}</span>
            </span>
            <code title={t('containers.image')}>{image}</code>
            <span className="about-labels small">
              {Object.entries(labels).map(([label, value]) => (
                <code key={label}>
                  {label}={value}
                </code>
              ))}
              {Object.keys(labels).length === 0 && <span className="soft">{t('containers.noLabels')}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
