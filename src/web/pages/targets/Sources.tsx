import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { DiscoverySource } from '../../../model/discovery.ts';
import { discoverySourcesQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { useMay } from '../../parts/RoleButton.tsx';
import { StateMark } from '../../parts/StateMark.tsx';

/** DNS names and files of the configuration that name targets, each with what is wrong at which place; nothing where there is none. */
export function Sources() {
  const { t } = useTranslation();
  const may = useMay()('operator');
  const { data } = useQuery({ ...discoverySourcesQuery, enabled: may });
  if (!data || data.sources.length === 0) return null;
  return (
    <section className="section" aria-labelledby="sources">
      <header>
        <h2 id="sources">{t('discovery.sources')}</h2>
      </header>
      <ul className="sheet plain-list">
        {data.sources.map((source) => (
          <Row key={`${source.kind} ${source.name}`} source={source} />
        ))}
      </ul>
    </section>
  );
}

function Row({ source }: { source: DiscoverySource }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { kind, name, state, lookedMs, targets, skipped, places } = source;
  const problems = places.filter(({ problem }) => problem !== '');
  return (
    <li className="list-row found-row" data-source={name}>
      <span className="found-name">
        <strong>{t(kind === 'dns' ? 'discovery.dns' : 'discovery.files', { name })}</strong>
        {places.map(({ place }) => (
          <span key={place} className="soft small">
            {place}
          </span>
        ))}
      </span>
      <span className="found-why small">
        <StateMark state={state} />
        <span className="soft">
          {[
            t('discovery.count', { count: targets }),
            ...(skipped > 0 ? [t('discovery.skipped', { count: skipped })] : []),
            lookedMs === null ? t('discovery.notYet') : format.ago(lookedMs),
          ].join(', ')}
        </span>
        {problems.map(({ place, problem }) => (
          <span key={place}>{problem}</span>
        ))}
      </span>
    </li>
  );
}
