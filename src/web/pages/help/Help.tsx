import './help.css';
import { Link, type LinkProps } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useNames } from '../../parts/names.ts';
import { RangeBar, ScoreBar, ShareBar } from '../../parts/RangeBar.tsx';
import { useTitle } from '../../parts/useTitle.ts';

/** Every answer ends at the control it speaks of. */
const questions: readonly { readonly key: 'refresh' | 'csv' | 'strict' | 'quiet' | 'add' | 'told' | 'off'; readonly link: LinkProps }[] = [
  { key: 'refresh', link: { to: '/' } },
  { key: 'csv', link: { to: '/ai' } },
  { key: 'strict', link: { to: '/ai', hash: 'threshold' } },
  { key: 'quiet', link: { to: '/incidents' } },
  { key: 'add', link: { to: '/targets' } },
  { key: 'told', link: { to: '/settings/$section', params: { section: 'receivers' } } },
  { key: 'off', link: { to: '/ai', hash: 'realtime' } },
];

export function Help() {
  const { t } = useTranslation();
  const { profiles, language } = useNames();
  useTitle(t('help.title'));
  return (
    <div className="help">
      <h1>{t('help.title')}</h1>
      <section className="section">
        <h2>{t('help.seesTitle')}</h2>
        <p>{t('help.sees')}</p>
        <p>{t('help.features')}</p>
        {profiles.map((profile) => (
          <details key={profile.slug}>
            <summary>{profile.title[language]}</summary>
            <p>{profile.features.map(({ title }) => title[language]).join(', ')}.</p>
          </details>
        ))}
      </section>
      <section className="section">
        <h2>{t('help.scoreTitle')}</h2>
        <p>{t('help.score')}</p>
        <div className="sheet padded help-example">
          <ScoreBar score={0.81} threshold={0.62} />
          <RangeBar value={0.97} low={0.02} high={0.15} unit="ratio" />
          <ShareBar share={0.71} />
        </div>
        <p>{t('help.shareText')}</p>
        <p>{t('help.learningText')}</p>
        <p>{t('help.statesText')}</p>
      </section>
      <section className="section">
        <h2>{t('help.faqTitle')}</h2>
        <dl>
          {questions.map(({ key, link }) => (
            <div key={key}>
              <dt>{t(`help.faq.${key}.q`)}</dt>
              <dd>
                {t(`help.faq.${key}.a`)} <Link {...link}>{t(`help.faq.${key}.go`)}</Link>
              </dd>
            </div>
          ))}
        </dl>
      </section>
      <section className="section">
        <h2>{t('help.commandsTitle')}</h2>
        <p>
          <code>./vigia up</code> {t('help.up')}
        </p>
        <p>
          <code>./vigia test</code> {t('help.test')}
        </p>
      </section>
    </div>
  );
}
