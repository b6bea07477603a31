import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Overview } from '../../../model/api.ts';
import type { Standing } from '../../../model/fleet.ts';
import { firstTargets, targetRowsQuery } from '../../api/queries.ts';
import { useFormat } from '../../format/useFormat.ts';
import { Answer, Empty } from '../../parts/Answer.tsx';
import { FindBox } from '../../parts/FindBox.tsx';
import { useMay } from '../../parts/RoleButton.tsx';
import { useReason } from '../../parts/useReason.ts';
import { mostRows, overviewSearch } from '../../search.ts';
import { Standings } from './Standings.tsx';
import { TargetRow } from './TargetRow.tsx';
import { useOpenFound } from './useOpenFound.ts';

/** What is watched, the worst first and few at a time: of thousands one finds one by typing. The address says what is shown. */
export function TargetList({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const search = useSearch({ from: '/inside/' });
  const navigate = useNavigate({ from: '/' });
  const open = useOpenFound(search.standing);
  const all = Object.values(overview.summary.counts).reduce((sum, count) => sum + count, 0);
  const limit = search.rows ?? firstTargets;
  const isFirst = search.find === undefined && search.standing === undefined && limit === firstTargets;
  const query = useQuery({ ...targetRowsQuery({ find: search.find, standing: search.standing, limit }), enabled: !isFirst });
  const [readFrom, setReadFrom] = useState<number | null>(null);
  const show = (part: { find?: string; standing?: Standing | undefined; rows?: number }, from: number | null = null) => {
    setReadFrom(from);
    void navigate({ search: overviewSearch({ ...search, rows: undefined, ...part }), replace: true, resetScroll: false });
  };
  const first = { targets: overview.targets, total: all };
  // Until the first answer comes, what was there stays.
  const page = isFirst || query.isPending ? first : query.data;
  return (
    <section className="section" aria-labelledby="targets">
      <header>
        <h2 id="targets">{t('overview.targets')}</h2>
        {(all > firstTargets || !isFirst) && (
          <FindBox label={t('overview.find')} value={search.find ?? ''} onFind={(find) => show({ find })} onEnter={open} />
        )}
      </header>
      {(all > firstTargets || !isFirst) && (
        <Standings counts={overview.summary.counts} chosen={search.standing} choose={(standing) => show({ standing })} />
      )}
      <div className="sheet" aria-busy={!isFirst && (query.isPending || query.isPlaceholderData)}>
        {all === 0 ? (
          <Nothing />
        ) : page === undefined ? (
          <Answer query={query}>{() => null}</Answer>
        ) : page.total === 0 ? (
          <Empty action={<Link to="/">{t('overview.showAll')}</Link>}>{t('overview.noneFound')}</Empty>
        ) : (
          <Rows targets={page.targets} readFrom={readFrom} />
        )}
      </div>
      {page !== undefined && all > firstTargets && (
        <div className="row target-more">
          {page.targets.length < page.total && limit < mostRows && (
            <Button
              variant="default"
              size="xs"
              onClick={() => show({ rows: Math.min(mostRows, limit + firstTargets) }, page.targets.length)}
            >
              {t('overview.more', { count: Math.min(firstTargets, page.total - page.targets.length) })}
            </Button>
          )}
          <span className="soft small" role="status">
            {t('overview.shown', { shown: page.targets.length, count: page.total })}
          </span>
        </div>
      )}
    </section>
  );
}

/** Who asked for more goes on reading at the first new row, `readFrom`. */
function Rows({ targets, readFrom }: { targets: Overview['targets']; readFrom: number | null }) {
  const { t } = useTranslation();
  const words = { t, format: useFormat(), reason: useReason() };
  const list = useRef<HTMLUListElement>(null);
  const isThere = readFrom !== null && targets.length > readFrom;
  useEffect(() => {
    if (isThere) list.current?.children[readFrom]?.querySelector('a')?.focus();
  }, [isThere, readFrom]);
  return (
    <>
      <div className="target-row target-head" aria-hidden="true">
        <span>{t('overview.target')}</span>
        <span>{t('overview.stateAndReason')}</span>
        <span>{t('overview.scoreNow')}</span>
        <span>{t('overview.lastHour')}</span>
      </div>
      <ul className="plain-list" ref={list}>
        {targets.map((target) => (
          <TargetRow key={target.id} target={target} words={words} />
        ))}
      </ul>
    </>
  );
}

function Nothing() {
  const { t } = useTranslation();
  const may = useMay()('operator');
  return (
    <Empty action={may && <Button renderRoot={(props) => <Link to="/targets" {...props} />}>{t('overview.addTarget')}</Button>}>
      {may ? t('overview.emptyNext') : t('overview.emptyViewer')}
    </Empty>
  );
}
