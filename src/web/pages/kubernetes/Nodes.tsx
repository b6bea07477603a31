import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { ClusterNode } from '../../../model/kubernetes.ts';
import { useFormat } from '../../format/useFormat.ts';
import { StateMark } from '../../parts/StateMark.tsx';
import { Figure, PodCount, Score, Used } from './figures.tsx';

export function Nodes({ nodes }: { nodes: readonly ClusterNode[] }) {
  const { t } = useTranslation();
  if (nodes.length === 0) return null;
  return (
    <section className="section" aria-labelledby="nodes">
      <header>
        <h2 id="nodes">{t('kubernetes.nodes')}</h2>
      </header>
      <div className="sheet">
        <div className="list-row k8s-row k8s-node list-head k8s-columns" aria-hidden="true">
          <span>{t('kubernetes.node')}</span>
          <span>{t('kubernetes.state')}</span>
          <span>{t('kubernetes.cpu')}</span>
          <span>{t('kubernetes.memory')}</span>
          <span>{t('kubernetes.pods')}</span>
          <span>{t('kubernetes.score')}</span>
        </div>
        <ul className="plain-list">
          {nodes.map((node) => (
            <NodeRow key={node.name} node={node} />
          ))}
        </ul>
      </div>
    </section>
  );
}

function NodeRow({ node }: { node: ClusterNode }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li className="list-row k8s-row k8s-node" data-node={node.name}>
      <span className="k8s-name">
        <Link to="/kubernetes" search={(before) => ({ ...before, node: node.name })}>
          <strong>{node.name}</strong>
        </Link>
        <span className="soft small">
          {node.version}{' '}
          <Link to="/hosts/$id" params={{ id: node.id }} aria-label={t('kubernetes.chartsOf', { name: node.name })}>
            {t('kubernetes.charts')}
          </Link>
        </span>
      </span>
      <span className="k8s-state">
        <StateMark state={node.state} />
        {node.state !== 'ok' && node.reason !== '' && <span className="small">{node.reason}</span>}
        {node.state !== 'ok' && node.sinceMs !== null && (
          <span className="soft small">{t('kubernetes.since', { since: format.moment(node.sinceMs) })}</span>
        )}
        {!node.schedulable && <span className="soft small">{t('kubernetes.cordoned')}</span>}
      </span>
      <Figure word={t('kubernetes.cpu')}>
        <Used share={node.cpuRatio} />
      </Figure>
      <Figure word={t('kubernetes.memory')}>
        <Used share={node.memoryRatio} />
      </Figure>
      <PodCount pods={node.pods} bad={node.badPods} unknown={0} />
      <Score of={node} />
    </li>
  );
}
