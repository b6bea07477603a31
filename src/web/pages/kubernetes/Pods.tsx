import { Checkbox } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { ClusterPod } from '../../../model/kubernetes.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Empty } from '../../parts/Answer.tsx';
import { ticked } from '../../parts/form.tsx';
import { StateMark } from '../../parts/StateMark.tsx';
import { Amount, Figure, Score } from './figures.tsx';

/** `visible`: the account may see pods at all; `known`: none means that there is none. */
export function Pods({ pods, total, visible, known }: { pods: readonly ClusterPod[]; total: number; visible: boolean; known: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { trouble = false } = useSearch({ from: '/inside/kubernetes' });
  const navigate = useNavigate({ from: '/kubernetes' });
  const choose = (only: boolean) => void navigate({ search: (before) => ({ ...before, trouble: only || undefined }), replace: true });
  const shown = trouble ? pods.filter(({ state }) => state !== 'ok') : pods;
  const none = !visible ? 'kubernetes.hiddenPods' : total === 0 ? (known ? 'kubernetes.noPods' : 'common.noData') : 'kubernetes.podsFine';
  return (
    <section className="section" aria-labelledby="pods">
      <header>
        <h2 id="pods">{t('kubernetes.pods')}</h2>
        {total > 0 && <Checkbox size="xs" label={t('common.onlyTrouble')} checked={trouble} onChange={ticked(choose)} />}
      </header>
      <div className="sheet">
        {shown.length === 0 ? (
          <Empty>{t(none)}</Empty>
        ) : (
          <>
            <div className="list-row k8s-row k8s-pod list-head k8s-columns" aria-hidden="true">
              <span>{t('kubernetes.pod')}</span>
              <span>{t('kubernetes.state')}</span>
              <span>{t('kubernetes.cores')}</span>
              <span>{t('kubernetes.memory')}</span>
              <span>{t('kubernetes.restarts')}</span>
              <span>{t('kubernetes.score')}</span>
            </div>
            <ul className="plain-list">
              {shown.map((pod) => (
                <PodRow key={pod.id} pod={pod} />
              ))}
            </ul>
          </>
        )}
      </div>
      {total > pods.length && <p className="soft small">{t('kubernetes.more', { shown: format.count(pods.length), count: total })}</p>}
    </section>
  );
}

function PodRow({ pod }: { pod: ClusterPod }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li className="list-row k8s-row k8s-pod" data-pod={pod.id}>
      <span className="k8s-name">
        <Link to="/hosts/$id" params={{ id: pod.id }}>
          <strong>{pod.name}</strong>
        </Link>
        <span className="soft small">
          {pod.namespace}
          {pod.owner !== null && <> · {pod.owner}</>}
          {' · '}
          {pod.node === null ? (
            t('kubernetes.unscheduled')
          ) : (
            <Link to="/kubernetes" search={{ node: pod.node }}>
              {pod.node}
            </Link>
          )}
        </span>
      </span>
      <PodState pod={pod} />
      <Figure word={t('kubernetes.cores')}>
        <Amount value={pod.cpuCores} limit={pod.cpuLimitCores} unit="count" />
      </Figure>
      <Figure word={t('kubernetes.memory')}>
        <Amount value={pod.memoryBytes} limit={pod.memoryLimitBytes} unit="bytes" />
      </Figure>
      <Figure word={t('kubernetes.restarts')}>{format.count(pod.restarts)}</Figure>
      <Score of={pod} />
    </li>
  );
}

/** Kubernetes's own word for it, and what a person asks next: why, since when, how it ended the last time. */
function PodState({ pod }: { pod: ClusterPod }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { state, status, reason, sinceMs, lastEnd, ready, containers } = pod;
  const end = lastEnd === null ? null : { reason: lastEnd.reason, code: lastEnd.exitCode };
  const said = [
    reason,
    ready < containers && status === 'Running' ? t('kubernetes.readyOf', { ready, containers }) : '',
    end === null
      ? ''
      : lastEnd?.atMs == null
        ? t('kubernetes.lastEndPlain', end)
        : t('kubernetes.lastEnd', { ...end, ago: format.ago(lastEnd.atMs) }),
  ].filter((each) => each !== '');
  return (
    <span className="k8s-state">
      <StateMark state={state} word={status} />
      {state !== 'ok' && (
        <>
          {sinceMs !== null && <span className="soft small">{t('kubernetes.since', { since: format.moment(sinceMs) })}</span>}
          {said.map((each) => (
            <span key={each} className="small">
              {each}
            </span>
          ))}
        </>
      )}
    </span>
  );
}
