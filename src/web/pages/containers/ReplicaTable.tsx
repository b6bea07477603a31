import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Application, Container } from '../../../model/docker.ts';
import { useFormat } from '../../format/useFormat.ts';
import { ScoreBar } from '../../parts/RangeBar.tsx';
import { StateMark } from '../../parts/StateMark.tsx';

const rowNamePx = 110;
const columnPx = 165;
const mostInSight = 7;
const order = { bad: 0, unknown: 1, ok: 2 } as const;
/** From where on rules fire: P31 and P30. */
const cpuHigh = 0.8;
const memoryHigh = 0.75;

interface CellProps {
  readonly container: Container;
}

/** P10: rows CPU, RAM, network, disk; a column per replica. */
export function ReplicaTable({ application }: { application: Application }) {
  const { t } = useTranslation();
  const { name } = application;
  const containers = ordered(application.containers);
  const label = t('containers.table', { application: name });
  const engines = new Set(containers.map(({ engine }) => engine));
  return (
    <div className="sheet scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="table replicas" style={{ minWidth: rowNamePx + containers.length * columnPx }}>
        <thead>
          <tr>
            <td />
            {containers.map((one) => (
              <th key={one.entity} scope="col" data-replica={one.name}>
                {hasPage(one) ? (
                  <Link to="/hosts/$id" params={{ id: one.entity }}>
                    {one.name}
                  </Link>
                ) : (
                  one.name
                )}
                {engines.size > 1 && <span className="soft"> {one.engine}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, Cell }) => (
            <tr key={key} data-row={key}>
              <th scope="row">{t(`containers.row.${key}`)}</th>
              {containers.map((one) => (
                <td key={one.entity} data-replica={one.name}>
                  <Cell container={one} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Beyond what is seen without scrolling, what is wrong comes first; fewer keep their places, so that one finds them again. */
function ordered(containers: readonly Container[]): readonly Container[] {
  if (containers.length <= mostInSight) return containers;
  return containers.toSorted((a, b) => order[a.verdict] - order[b.verdict]);
}

/** An entity has a page of its own once it has been read. */
const hasPage = ({ score, figures }: Container): boolean => score !== null || (figures['memory'] ?? null) !== null;

function State({ container }: CellProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const { state, health, restarts, exitCode, oomKilled, startedMs, finishedMs } = container;
  const running = state === 'running' || state === 'paused';
  const since = running ? startedMs : finishedMs;
  const facts = [
    since !== null && state !== 'created' && state !== 'unknown' ? t('containers.since', { since: format.moment(since) }) : '',
    !running && state !== 'ended' && state !== 'created' && exitCode !== null ? t('containers.exit', { code: exitCode }) : '',
    !running && oomKilled ? t('containers.oom') : '',
    restarts !== null && restarts > 0 ? t('containers.restarts', { count: restarts }) : '',
  ].filter((fact) => fact !== '');
  const words = [t(`containers.state.${state}`), ...(health === null || health === 'healthy' ? [] : [t(`containers.health.${health}`)])];
  return (
    <span className="replica-state">
      <StateMark state={container.verdict} word={words.join(', ')} />
      {container.verdict === 'unknown' && container.reason !== '' && <span className="small">{container.reason}</span>}
      {facts.map((fact) => (
        <span key={fact} className="soft small">
          {fact}
        </span>
      ))}
    </span>
  );
}

function Cpu({ container }: CellProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const used = container.figures['cpu'] ?? null;
  const limit = container.cpuLimitCores;
  const figure = (value: number | null) => format.value(value, 'count');
  if (used === null) return <None />;
  const word = limit === null ? figure(used) : t('containers.of', { used: figure(used), limit: figure(limit) });
  return <Usage word={t('containers.cores', { value: word })} share={used / (limit ?? 1)} high={cpuHigh} bar={limit !== null} />;
}

function Memory({ container }: CellProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const used = container.figures['memory'] ?? null;
  const limit = container.memoryLimitBytes;
  if (used === null) return <None />;
  const word = format.value(used, 'bytes');
  if (limit === null) {
    const share = container.figures['memory_of_limit'] ?? null;
    return <Usage word={word} share={share ?? 0} high={memoryHigh} bar={share !== null} />;
  }
  return (
    <Usage word={t('containers.of', { used: word, limit: format.value(limit, 'bytes') })} share={used / limit} high={memoryHigh} bar />
  );
}

/** A figure, and how much of its limit that is. */
function Usage({ word, share, high, bar }: { word: string; share: number; high: number; bar: boolean }) {
  const state = share > high ? 'bad' : undefined;
  return (
    <span className="usage" data-state={state}>
      <span className="nowrap">{word}</span>
      {bar && (
        <span className="usage-track" aria-hidden="true">
          <span className="usage-fill" style={{ width: `${Math.min(1, Math.max(0, share)) * 100}%` }} />
        </span>
      )}
    </span>
  );
}

function Network({ container: { figures } }: CellProps) {
  const { t } = useTranslation();
  return <Pair first={t('containers.in')} a={figures['network_receive']} second={t('containers.out')} b={figures['network_transmit']} />;
}

function Disk({ container: { figures } }: CellProps) {
  const { t } = useTranslation();
  return <Pair first={t('containers.reads')} a={figures['disk_read']} second={t('containers.writes')} b={figures['disk_write']} />;
}

interface PairProps {
  readonly first: string;
  readonly a: number | null | undefined;
  readonly second: string;
  readonly b: number | null | undefined;
}

function Pair({ first, a, second, b }: PairProps) {
  const format = useFormat();
  if ((a ?? null) === null && (b ?? null) === null) return <None />;
  return (
    <span className="replica-state">
      {[
        [first, a],
        [second, b],
      ].map(([name, value]) => (
        <span key={String(name)} className="nowrap">
          {format.value(value as number | null | undefined, 'bytes_per_second')} <span className="soft small">{name}</span>
        </span>
      ))}
    </span>
  );
}

/** What detection thinks of it, and the way to its model. */
function Score({ container }: CellProps) {
  const { t } = useTranslation();
  const { score, threshold, entity } = container;
  return (
    <span className="replica-state">
      {score === null ? <None /> : <ScoreBar score={score} threshold={threshold} />}
      <Link to="/ai" search={{ profile: 'container', entity }} aria-label={`${t('containers.model')}: ${container.name}`}>
        <span className="small">{t('containers.model')}</span>
      </Link>
    </span>
  );
}

function None() {
  const { t } = useTranslation();
  return (
    <span className="soft" title={t('common.noData')}>
      –
    </span>
  );
}

const rows = [
  { key: 'state', Cell: State },
  { key: 'cpu', Cell: Cpu },
  { key: 'memory', Cell: Memory },
  { key: 'network', Cell: Network },
  { key: 'disk', Cell: Disk },
  { key: 'score', Cell: Score },
] as const;
