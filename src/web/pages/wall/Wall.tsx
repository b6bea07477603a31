import './wall.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import type { Overview, Session } from '../../../model/api.ts';
import { get } from '../../api/http.ts';
import { follow, useLive } from '../../api/live.ts';
import { firstTargets, overviewQuery, profilesQuery, sessionQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Loading } from '../../parts/Answer.tsx';
import { StateMark } from '../../parts/StateMark.tsx';
import { useNow } from '../../parts/useNow.ts';
import { useReason } from '../../parts/useReason.ts';
import { shownState } from '../overview/TargetRow.tsx';
import { VerdictLine } from '../overview/VerdictLine.tsx';

const everyMs = 10_000;
/** An older answer is no answer about now. */
const staleMs = 45_000;
const mostIncidents = 3;
const mostTiles = firstTargets;

/** P03 for a screen on the wall: read from three metres, touched by nobody, always dark, and back by itself after whatever happens. */
export function Wall() {
  const client = useQueryClient();
  useEffect(() => follow(client), [client]);
  useQuery(profilesQuery);
  useNewerPage();
  const { data, dataUpdatedAt } = useQuery({ ...overviewQuery, refetchInterval: everyMs, refetchIntervalInBackground: true });
  return (
    <main className="wall" id="content">
      {data === undefined ? <Loading /> : <Known overview={data} updatedMs={dataUpdatedAt} />}
    </main>
  );
}

/** Nobody is there to reload the page after an update of Vigía. */
function useNewerPage(): void {
  const { data: first } = useQuery(sessionQuery);
  const live = useLive();
  useEffect(() => {
    if (!live.live || first === undefined) return;
    void get<Session>('session').then(
      ({ version }) => version !== first.version && location.reload(),
      // It was away again; the next time it is back asks anew.
      () => {},
    );
  }, [live.live, first]);
}

function Known({ overview, updatedMs }: { overview: Overview; updatedMs: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow(1_000);
  const isStale = now - updatedMs > staleMs;
  return (
    <>
      <header className="wall-head">
        {isStale ? (
          <div className="verdict" data-state="unknown" role="status">
            <h1>{t('wall.stale', { since: format.clock(updatedMs) })}</h1>
          </div>
        ) : (
          <VerdictLine overview={overview} />
        )}
        <time className="wall-clock">{format.clock(now)}</time>
      </header>
      <div className="wall-body" data-stale={isStale}>
        <Incidents overview={overview} now={now} />
        <Tiles overview={overview} />
      </div>
    </>
  );
}

function Incidents({ overview, now }: { overview: Overview; now: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const reason = useReason();
  const open = overview.incidents.filter(({ state }) => state === 'open');
  // The answer holds the newest ones only.
  const all = overview.incidentsTotal > overview.incidents.length ? overview.incidentsTotal : open.length;
  const more = all - mostIncidents;
  // One incident is what the first line says already.
  if (open.length < 2) return null;
  return (
    <ul className="wall-incidents plain-list">
      {open.slice(0, mostIncidents).map((incident) => (
        <li key={incident.id}>
          <b>{incident.name}</b> {reason(incident, 1) ?? incident.title}
          <span className="soft"> {format.span(now - incident.openedMs)}</span>
        </li>
      ))}
      {more > 0 && <li className="soft">{t('wall.moreIncidents', { count: more })}</li>}
    </ul>
  );
}

/** The worst first; what does not fit is counted, so that nothing has to be scrolled to. */
function Tiles({ overview: { targets, summary } }: { overview: Overview }) {
  const { t } = useTranslation();
  const { counts } = summary;
  const watched = counts.bad + counts.unknown + counts.learning + counts.ok;
  const shown = targets.filter(({ enabled }) => enabled).slice(0, watched <= mostTiles ? mostTiles : mostTiles - 1);
  const rest = watched - shown.length;
  const restOk = counts.ok - shown.filter((target) => shownState(target) === 'ok').length;
  return (
    <ul className="wall-tiles plain-list">
      {shown.map((target) => (
        <li key={target.id} className="wall-tile" data-state={shownState(target)}>
          <span className="wall-name">{target.name}</span>
          <StateMark state={shownState(target)} size={34} />
        </li>
      ))}
      {rest > 0 && (
        <li className="wall-tile" data-state={restOk === rest ? 'ok' : 'unknown'}>
          <span className="wall-name">{t('wall.moreTargets', { count: rest })}</span>
          <span className="state">{t('wall.moreOk', { count: restOk })}</span>
        </li>
      )}
    </ul>
  );
}
