import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { ClusterWorkload } from '../../../model/kubernetes.ts';
import { Empty } from '../../parts/Answer.tsx';
import { StateMark } from '../../parts/StateMark.tsx';
import { Score } from './figures.tsx';

/** Of the whole cluster those that lack replicas, of a namespace all. */
export function Workloads({ workloads, all }: { workloads: readonly ClusterWorkload[]; all: boolean }) {
  const { t } = useTranslation();
  const shown = all ? workloads : workloads.filter(({ state }) => state !== 'ok');
  if (workloads.length === 0 && !all) return null;
  return (
    <section className="section" aria-labelledby="workloads">
      <header>
        <h2 id="workloads">{t('kubernetes.workloads')}</h2>
      </header>
      <div className="sheet">
        {shown.length === 0 ? (
          <Empty>{t(workloads.length === 0 ? 'kubernetes.noWorkloads' : 'kubernetes.workloadsFine')}</Empty>
        ) : (
          <ul className="plain-list">
            {shown.map((each) => (
              <li key={`${each.kind} ${each.id}`} className="list-row k8s-row k8s-workload" data-workload={each.id}>
                <span className="k8s-name">
                  <Link to="/hosts/$id" params={{ id: each.id }}>
                    <strong>{each.name}</strong>
                  </Link>
                  <span className="soft small">
                    {each.kind} · {each.namespace}
                  </span>
                </span>
                <span className="k8s-state">
                  <StateMark state={each.state} word={t('kubernetes.replicas', { available: each.available, desired: each.desired })} />
                </span>
                <Score of={each} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
