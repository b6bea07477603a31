import './kubernetes.css';
import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Cluster } from '../../../model/kubernetes.ts';
import { kubernetesQuery, sessionQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { StateMark } from '../../parts/StateMark.tsx';
import { useTitle } from '../../parts/useTitle.ts';
import { Namespaces } from './Namespaces.tsx';
import { Nodes } from './Nodes.tsx';
import { Pods } from './Pods.tsx';
import { Workloads } from './Workloads.tsx';

/** P12: from the cluster to a node, to a namespace, to a pod; what is wrong stands first everywhere. */
export function KubernetesPage() {
  const { t } = useTranslation();
  const { node, namespace } = useSearch({ from: '/inside/kubernetes' });
  const query = useQuery(kubernetesQuery(node, namespace));
  const { data: session } = useQuery(sessionQuery);
  useTitle(t('kubernetes.title'));
  return (
    <Answer query={query}>
      {(cluster) =>
        cluster.configured ? (
          <>
            <Head cluster={cluster} />
            <Where node={node} namespace={namespace} />
            <Nodes nodes={cluster.nodes.filter(({ name }) => node === undefined || name === node)} />
            <Namespaces namespaces={cluster.namespaces.filter(({ name }) => namespace === undefined || name === namespace)} />
            {/* A workload is on many nodes: of one node it says nothing. */}
            {node === undefined && <Workloads workloads={cluster.workloads} all={namespace !== undefined} />}
            <Pods
              pods={cluster.pods}
              total={cluster.podsTotal}
              visible={session?.account?.scope.containers === true}
              known={cluster.state === 'ok'}
            />
          </>
        ) : (
          <>
            <h1>{t('kubernetes.title')}</h1>
            <div className="sheet section">
              <Empty>{t('kubernetes.none')}</Empty>
            </div>
          </>
        )
      }
    </Answer>
  );
}

function Head({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation();
  const format = useFormat();
  const since = format.moment(cluster.sinceMs);
  const word = cluster.state === 'ok' ? t('kubernetes.connected', { since }) : t('kubernetes.old', { since, reason: cluster.reason });
  return (
    <>
      <h1>{t('kubernetes.cluster', { name: cluster.name })}</h1>
      <p className="row k8s-head" role="status">
        <StateMark state={cluster.state} word={word} />
        <span className="soft small">
          {cluster.stateMetrics === 'own' ? t('kubernetes.stateOwn', { server: cluster.server }) : t('kubernetes.stateExporter')}
        </span>
      </p>
    </>
  );
}

/** The way down to here, each step a way back up. */
function Where({ node, namespace }: { node: string | undefined; namespace: string | undefined }) {
  const { t } = useTranslation();
  if (node === undefined && namespace === undefined) return null;
  return (
    <nav className="k8s-where" aria-label={t('kubernetes.where')}>
      <ol>
        <li>
          <Link to="/kubernetes">{t('kubernetes.whole')}</Link>
        </li>
        {node !== undefined && (
          <li>
            {namespace === undefined ? (
              <span aria-current="page">{t('kubernetes.nodeIs', { name: node })}</span>
            ) : (
              <Link to="/kubernetes" search={{ node }}>
                {t('kubernetes.nodeIs', { name: node })}
              </Link>
            )}
          </li>
        )}
        {namespace !== undefined && (
          <li>
            <span aria-current="page">{t('kubernetes.namespaceIs', { name: namespace })}</span>
          </li>
        )}
      </ol>
    </nav>
  );
}
