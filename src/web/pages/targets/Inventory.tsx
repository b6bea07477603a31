import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { TargetOverview } from '../../../model/api.ts';
import { finder } from '../../../model/find.ts';
import type { Target } from '../../../model/target.ts';
import { standingsQuery } from '../../api/queries.ts';
import { Empty } from '../../parts/Answer.tsx';
import { FindBox } from '../../parts/FindBox.tsx';
import { Pages } from '../../parts/Pages.tsx';
import { targetsSearch } from '../../search.ts';

const perPage = 25;
/** How a target stands. */
export type Stands = TargetOverview;

/** A page of the inventory, in the order of names, each row with how its target stands; in a long one somebody looks by typing. */
export function Inventory({
  targets,
  empty,
  children,
}: {
  targets: readonly Target[];
  empty: ReactNode;
  children: (target: Target, state: Stands | undefined) => ReactNode;
}) {
  const { t } = useTranslation();
  const search = useSearch({ from: '/inside/targets' });
  const navigate = useNavigate({ from: '/targets' });
  const show = (part: { find?: string; page?: number }) =>
    void navigate({ search: targetsSearch({ ...search, page: undefined, ...part }), replace: true, resetScroll: false });
  const found = targets.filter(finder(search.find ?? ''));
  const page = Math.min(search.page ?? 1, Math.max(1, Math.ceil(found.length / perPage)));
  const shown = found.slice((page - 1) * perPage, page * perPage);
  const { data } = useQuery(standingsQuery(shown.map(({ id }) => id)));
  const known = new Map(data?.targets.map((each) => [each.id, each]));
  return (
    <>
      {(targets.length > perPage || search.find !== undefined) && (
        <div className="row own-find">
          <FindBox label={t('overview.find')} value={search.find ?? ''} onFind={(find) => show({ find })} />
          <span className="soft small" role="status">
            {t('targets.found', { count: found.length })}
          </span>
        </div>
      )}
      <ul className="sheet plain-list grid-list own-list">
        {found.length === 0 && <li>{targets.length === 0 ? empty : <Empty>{t('overview.noneFound')}</Empty>}</li>}
        {shown.map((target) => children(target, known.get(target.id)))}
      </ul>
      <Pages page={page} total={found.length} perPage={perPage} go={(to) => show({ page: to })} />
    </>
  );
}
