import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { ClusterNamespace } from '../../../model/kubernetes.ts';
import { StateMark } from '../../parts/StateMark.tsx';
import { Amount, Figure, PodCount } from './figures.tsx';

export function Namespaces({ namespaces }: { namespaces: readonly ClusterNamespace[] }) {
  const { t } = useTranslation();
  if (namespaces.length === 0) return null;
  return (
    <section className="section" aria-labelledby="namespaces">
      <header>
        <h2 id="namespaces">{t('kubernetes.namespaces')}</h2>
      </header>
      <div className="sheet">
        <div className="list-row k8s-row k8s-namespace list-head k8s-columns" aria-hidden="true">
          <span>{t('kubernetes.namespace')}</span>
          <span>{t('kubernetes.state')}</span>
          <span>{t('kubernetes.pods')}</span>
          <span>{t('kubernetes.cores')}</span>
          <span>{t('kubernetes.memory')}</span>
        </div>
        <ul className="plain-list">
          {namespaces.map((each) => (
            <li key={each.name} className="list-row k8s-row k8s-namespace" data-namespace={each.name}>
              <span className="k8s-name">
                <Link to="/kubernetes" search={(before) => ({ ...before, namespace: each.name })}>
                  <strong>{each.name}</strong>
                </Link>
              </span>
              <span className="k8s-state">{each.pods > 0 && <StateMark state={each.state} />}</span>
              <PodCount pods={each.pods} bad={each.badPods} unknown={each.unknownPods} />
              <Figure word={t('kubernetes.cores')}>
                <Amount value={each.cpuCores} unit="count" />
              </Figure>
              <Figure word={t('kubernetes.memory')}>
                <Amount value={each.memoryBytes} unit="bytes" />
              </Figure>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
